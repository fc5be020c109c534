"""How requests are answered: partials, files, toasts, errors, the way back.

Views import from here; the modules tell how each answer is made.
"""

from __future__ import annotations

from photoshare.web.answers.corrected import current_author, flash_with_undo, look_again
from photoshare.web.answers.downloads import content_disposition, send_source
from photoshare.web.answers.htmx import (
    SEE_OTHER,
    redirect_or,
    render,
    wants_partial,
    with_address,
    with_event,
)
from photoshare.web.answers.namesake import ask_if_namesake
from photoshare.web.answers.pictures import picture_digest, send_picture
from photoshare.web.answers.same_photo import is_sure
from photoshare.web.answers.toasts import toast
from photoshare.web.answers.uploaded import UploadResult, answer_upload
from photoshare.web.answers.way_back import page_before

__all__ = [
    "SEE_OTHER",
    "UploadResult",
    "answer_upload",
    "ask_if_namesake",
    "content_disposition",
    "current_author",
    "flash_with_undo",
    "is_sure",
    "look_again",
    "page_before",
    "picture_digest",
    "redirect_or",
    "render",
    "send_picture",
    "send_source",
    "toast",
    "wants_partial",
    "with_address",
    "with_event",
]

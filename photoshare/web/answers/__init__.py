"""How requests are answered: partials, files, toasts, errors, the way back, and in which words.

Views import from here; the modules tell how each answer is made.
"""

from __future__ import annotations

from photoshare.web.answers.corrected import current_author, flash_with_undo, look_again
from photoshare.web.answers.deleted import gone_page, say_deleted
from photoshare.web.answers.downloads import content_disposition, send_source
from photoshare.web.answers.htmx import (
    SEE_OTHER,
    lead_away,
    redirect_or,
    render,
    wants_partial,
    with_address,
    with_event,
)
from photoshare.web.answers.namesake import ask_if_namesake
from photoshare.web.answers.photo_files import (
    answer_later,
    play_clip,
    play_unchanged,
    send_movie,
    send_photo,
    send_with_movie,
    send_zip,
    waiting_words,
)
from photoshare.web.answers.pictures import (
    picture_digest,
    picture_file,
    send_binned,
    send_face_picture,
    send_photo_picture,
    send_picture,
    send_tile,
)
from photoshare.web.answers.same_photo import is_sure
from photoshare.web.answers.toasts import toast
from photoshare.web.answers.uploaded import UploadResult, answer_upload
from photoshare.web.answers.way_back import faces_of, next_page, page_after, page_before
from photoshare.web.pages.words import count, isolated, number, photo_words, translate_error

__all__ = [
    "SEE_OTHER",
    "UploadResult",
    "answer_later",
    "answer_upload",
    "ask_if_namesake",
    "content_disposition",
    "count",
    "current_author",
    "faces_of",
    "flash_with_undo",
    "gone_page",
    "is_sure",
    "isolated",
    "lead_away",
    "look_again",
    "next_page",
    "number",
    "page_after",
    "page_before",
    "photo_words",
    "picture_digest",
    "picture_file",
    "play_clip",
    "play_unchanged",
    "redirect_or",
    "render",
    "say_deleted",
    "send_binned",
    "send_face_picture",
    "send_movie",
    "send_photo",
    "send_photo_picture",
    "send_picture",
    "send_source",
    "send_tile",
    "send_with_movie",
    "send_zip",
    "toast",
    "translate_error",
    "waiting_words",
    "wants_partial",
    "with_address",
    "with_event",
]

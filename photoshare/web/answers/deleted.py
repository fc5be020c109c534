"""Say what is deleted: photos with the way back, and a room with its report."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from flask import render_template, url_for
from flask_babel import gettext

from photoshare.services.photos import DeletedPhotos
from photoshare.services.rooms.bin import Report, report_name, report_text
from photoshare.web.answers.toasts import toast
from photoshare.web.pages.words import count


def say_deleted(done: Sequence[DeletedPhotos]) -> None:
    """Say how many photos are deleted; with Undo, if one deletion has them all.

    On a full disk they are gone for good, and whoever deleted them has to know.
    """
    photos = count(sum(some.count for some in done), "photo")
    if any(some.deletion_id is None for some in done):
        toast(
            gettext(
                "%(photos)s deleted for good: the server's disk is full, and the bin takes space.",
                photos=photos,
            )
        )
        return
    undo_url = None
    if len(done) == 1:
        undo_url = url_for("photos.undo_delete", deletion_id=done[0].deletion_id)
    toast(gettext("%(photos)s deleted.", photos=photos), undo_url=undo_url)


def gone_page(report: Report) -> str:
    """Show that a room is gone for good, and its report: inside the page, since nothing is left."""
    content = base64.b64encode(report_text(report).encode()).decode()
    return render_template(
        "bin/gone.html",
        report=report,
        report_url=f"data:application/json;base64,{content}",
        report_name=report_name(report),
    )

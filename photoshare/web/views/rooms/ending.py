"""End a room now, and open it again."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from photoshare.services.rooms import ending
from photoshare.web.answers import SEE_OTHER, page_before, toast
from photoshare.web.requests import current_access, host_only

blueprint = Blueprint("ending", __name__, url_prefix="/rooms/<room_code>")


@blueprint.post("/end")
@host_only
def end(room_code: str) -> Response:
    """End the room now: guests may still look and download."""
    access = current_access()
    ending.end_now(access.room, access.guest.id)
    toast(gettext("The room has ended."), undo_url=url_for("ending.reopen"))
    return redirect(page_before(url_for("rooms.settings")), SEE_OTHER)


@blueprint.post("/reopen")
@host_only
def reopen(room_code: str) -> Response:
    """Open a room that has ended."""
    access = current_access()
    ending.reopen(access.room, access.guest.id)
    toast(gettext("The room is open again."))
    return redirect(page_before(url_for("rooms.settings")), SEE_OTHER)

"""Choose how a photo is shown that is one with others: by itself, or in front of them."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from photoshare.services.versions.stacks import put_in_front, set_apart
from photoshare.web.answers import SEE_OTHER, page_before, toast
from photoshare.web.requests import current_access, current_site

blueprint = Blueprint("versions", __name__, url_prefix="/rooms/<room_code>/photos/<int:photo_id>")


@blueprint.post("/apart")
def apart(room_code: str, photo_id: int) -> BaseResponse:
    """Show a photo separately from now on, or as one with others again."""
    access, is_apart = current_access(), request.form.get("is_apart") == "1"
    set_apart(access, photo_id, is_apart=is_apart)
    if is_apart:
        toast(gettext("This photo is shown separately now."))
    else:
        current_site().jobs.find_versions(access.room.id)
        toast(gettext("This photo will be shown together with its versions again."))
    return _back(photo_id)


@blueprint.post("/front")
def front(room_code: str, photo_id: int) -> BaseResponse:
    """Let a photo stand for all that it is shown as one with."""
    put_in_front(current_access(), photo_id)
    toast(gettext("This photo is in front now."))
    return _back(photo_id)


def _back(photo_id: int) -> BaseResponse:
    return redirect(page_before(url_for("photos.show", photo_id=photo_id)), SEE_OTHER)

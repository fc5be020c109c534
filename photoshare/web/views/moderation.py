"""Show what waits for a host's yes: hosts decide, and who uploaded it may withdraw it."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from photoshare.errors import InvalidInputError, NotFoundError
from photoshare.services.moderation import waiting
from photoshare.services.moderation.deciding import add_waiting, discard_waiting
from photoshare.services.pictures import find_picture
from photoshare.web.answers import (
    SEE_OTHER,
    is_sure,
    picture_digest,
    play_unchanged,
    send_picture,
    toast,
    wants_partial,
)
from photoshare.web.pages.words import count
from photoshare.web.requests import current_access, current_site, host_only, page_argument

blueprint = Blueprint("moderation", __name__, url_prefix="/rooms/<room_code>/waiting")

PICTURE_TYPES = {"webp": "image/webp", "jpg": "image/jpeg"}
PREVIEWS = 12  # photos shown before all of a guest are refused


@blueprint.get("")
def index(room_code: str) -> str:
    """Show what waits: to a host all of the room, to a guest what they uploaded."""
    access = current_access()
    return render_template(
        "moderation/queue.html" if access.is_host else "moderation/own.html",
        access=access,
        page=waiting.list_waiting(access, page_argument()),
        counts=waiting.count_by_guest(access),
    )


@blueprint.get("/note")
def note(room_code: str) -> str:
    """Say how many photos wait, for a page that stays open."""
    return render_template("moderation/_note.html", access=current_access())


@blueprint.get("/<int:waiting_id>")
def show(room_code: str, waiting_id: int) -> str:
    """Show one photo that waits, large enough to decide."""
    access = current_access()
    photo = waiting.get_waiting(access, waiting_id)
    return render_template("moderation/show.html", access=access, photo=photo)


@blueprint.get("/<int:waiting_id>/<digest>-<int:side>.<any(webp, jpg):ending>")
def picture(room_code: str, waiting_id: int, digest: str, side: int, ending: str) -> Response:
    """Send a smaller picture of a photo that waits: its longer side in pixels, WebP or JPEG."""
    photo, site = waiting.get_waiting(current_access(), waiting_id), current_site()
    if digest != picture_digest(photo):
        raise NotFoundError("This picture no longer exists.")
    path = find_picture(photo, side, ending, site.storage, site.renders)
    return send_picture(path, PICTURE_TYPES[ending])


@blueprint.get("/<int:waiting_id>/<digest>/clip")
def clip(room_code: str, waiting_id: int, digest: str) -> Response:
    """Send a clip that waits to play in its page: a poster alone doesn't tell what is in it."""
    photo = waiting.get_waiting(current_access(), waiting_id)
    if digest != picture_digest(photo) or photo.duration_ms is None:
        raise NotFoundError("This picture no longer exists.")
    return play_unchanged(photo.room_id, photo)


@blueprint.post("/<int:waiting_id>")
@host_only
def decide(room_code: str, waiting_id: int) -> str | BaseResponse:
    """Add one photo that waits to the room, or refuse it."""
    is_yes = _is_yes()
    number = (_add if is_yes else _refuse)(waiting_id=waiting_id)
    if wants_partial():  # the card itself says it: no toast for each of fifty
        return render_template(
            "moderation/_decided.html",
            access=current_access(),
            waiting_id=waiting_id,
            is_added=is_yes,
        )
    _say(number, is_added=is_yes)
    return redirect(url_for("moderation.index"), SEE_OTHER)


@blueprint.post("/<int:waiting_id>/withdraw")
def withdraw(room_code: str, waiting_id: int) -> BaseResponse:
    """Take back a photo that one uploaded, before a host has decided."""
    discard_waiting(current_access(), current_site().storage, waiting_id=waiting_id)
    toast(gettext("You've taken the photo back. It's gone from here for good."))
    return redirect(url_for("moderation.index"), SEE_OTHER)


@blueprint.post("/all")
@host_only
def add_all(room_code: str) -> BaseResponse:
    """Add all that waits to the room."""
    _say(_add(), is_added=True)
    return redirect(url_for("moderation.index"), SEE_OTHER)


@blueprint.get("/of/<int:guest_id>")
@host_only
def confirm(room_code: str, guest_id: int) -> str:
    """Ask whether to really refuse all that waits of a guest."""
    access = current_access()
    photos = waiting.list_some(access, guest_id, at_most=PREVIEWS)
    if not photos:
        raise NotFoundError("This photo is no longer waiting.")
    return render_template(
        "moderation/refuse.html",
        access=access,
        photos=photos,
        guest=photos[0].guest,
        number=waiting.count_by_guest(access)[guest_id],
    )


@blueprint.post("/of/<int:guest_id>")
@host_only
def decide_guest(room_code: str, guest_id: int) -> BaseResponse:
    """Add all that waits of a guest to the room, or refuse it; that is asked first."""
    is_yes = _is_yes()
    if not is_yes and not is_sure():
        return redirect(url_for("moderation.confirm", guest_id=guest_id), SEE_OTHER)
    _say((_add if is_yes else _refuse)(guest_id=guest_id), is_added=is_yes)
    return redirect(url_for("moderation.index"), SEE_OTHER)


def _is_yes() -> bool:
    answer = request.form.get("answer", "")
    if answer not in ("yes", "no"):
        raise InvalidInputError("Please choose “Accept” or “Refuse”.")
    return answer == "yes"


def _add(*, waiting_id: int | None = None, guest_id: int | None = None) -> int:
    access, site = current_access(), current_site()
    number = add_waiting(access, site.storage, waiting_id=waiting_id, guest_id=guest_id)
    site.jobs.search_photos(access.room.id)
    return number


def _refuse(*, waiting_id: int | None = None, guest_id: int | None = None) -> int:
    storage = current_site().storage
    return discard_waiting(current_access(), storage, waiting_id=waiting_id, guest_id=guest_id)


def _say(number: int, *, is_added: bool) -> None:
    photos = count(number, "photo")
    toast(
        gettext("%(photos)s added to the room.", photos=photos)
        if is_added
        else gettext("%(photos)s refused.", photos=photos)
    )

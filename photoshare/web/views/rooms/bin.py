"""Show the bin of a room: restore what is in it, or delete it for good; and the room in the bin."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from photoshare.errors import NotFoundError
from photoshare.models import Room
from photoshare.services.people.people import get_person
from photoshare.services.photos import (
    count_photos,
    count_shared,
    delete_album,
    delete_now,
    empty_bin,
    get_binned_photo,
    list_bin,
    open_album,
)
from photoshare.services.rooms import bin
from photoshare.services.visibility.covering import WHOLE
from photoshare.web.answers import (
    SEE_OTHER,
    gone_page,
    picture_file,
    say_deleted,
    send_binned,
    toast,
)
from photoshare.web.pages.words import count
from photoshare.web.requests import (
    current_access,
    current_covering,
    current_site,
    forget_room,
    host_only,
    of_binned_room,
    page_argument,
)

blueprint = Blueprint("bin", __name__, url_prefix="/rooms/<room_code>")

SHOWN_PX = 320  # the smallest copy, which every photo has


@blueprint.get("/bin")
def index(room_code: str) -> str:
    """Show what this browser may restore: a host everything, a guest what they deleted."""
    access = current_access()
    return render_template(
        "bin/index.html",
        access=access,
        page=list_bin(access, page_argument()),
        bin_time=current_site().settings.bin_time,
    )


@blueprint.get("/deletions/<int:deletion_id>/<digest>.webp")
def picture(room_code: str, deletion_id: int, digest: str) -> Response:
    """Send a small picture of a photo in the bin, to whoever may restore it."""
    photo = get_binned_photo(current_access(), deletion_id, digest)
    cover = WHOLE if current_covering() else None  # who is on it isn't known any more
    return send_binned(picture_file(photo, SHOWN_PX, "webp", cover), "image/webp")


@blueprint.post("/deletions/<int:deletion_id>/now")
def now(room_code: str, deletion_id: int) -> BaseResponse:
    """Delete for good what one deletion put into the bin."""
    return _gone(delete_now(current_access(), deletion_id, current_site().storage))


@blueprint.post("/bin/empty")
def empty(room_code: str) -> BaseResponse:
    """Delete for good all that this browser sees in the bin."""
    return _gone(empty_bin(current_access(), current_site().storage))


def _gone(number: int) -> BaseResponse:
    toast(gettext("%(photos)s deleted for good.", photos=count(number, "photo")))
    return redirect(url_for("bin.index"), SEE_OTHER)


@blueprint.get("/deleted")
@of_binned_room
@host_only
def room(room_code: str) -> str | BaseResponse:
    """Show a room in the bin to its hosts: restore it, or delete it for good."""
    room = current_access().room
    if room.binned_at is None:
        return redirect(url_for("rooms.show"), SEE_OTHER)
    until = bin.gone_at(room, current_site().settings.bin_time)
    return render_template("bin/room.html", room=room, until=until)


@blueprint.post("/deleted/restore")
@of_binned_room
@host_only
def restore_room(room_code: str) -> BaseResponse:
    """Bring the room back from the bin."""
    access = current_access()
    bin.restore_room(access.room, current_site().storage, access.guest.id)
    toast(gettext("The room is back, with everything in it."))
    return redirect(url_for("rooms.show"), SEE_OTHER)


@blueprint.post("/deleted/now")
@of_binned_room
@host_only
def room_now(room_code: str) -> str:
    """Delete the room for good, and show the report."""
    room_id = current_access().room.id
    is_binned = Room.binned_at.is_not(None)
    report = bin.delete_for_good(room_id, current_site().storage, is_binned)
    if report is None:
        raise NotFoundError("This room is no longer in the bin.")
    forget_room(room_id)
    return gone_page(report)


@blueprint.get("/people/<int:person_id>/delete")
@host_only
def confirm_album(room_code: str, person_id: int) -> str:
    """Ask whether to delete a person's album: their photos, which others are on as well."""
    access = current_access()
    person, album = get_person(access, person_id), open_album(access, person_id=person_id)
    return render_template(
        "bin/album.html",
        access=access,
        person=person,
        album=album,
        photo_count=count_photos(album),
        shared_count=count_shared(access, person_id),
    )


@blueprint.post("/people/<int:person_id>/delete")
@host_only
def album(room_code: str, person_id: int) -> BaseResponse:
    """Put the photos of a person's album into the bin."""
    say_deleted(delete_album(current_access(), person_id, current_site().storage))
    return redirect(url_for("people.index"), SEE_OTHER)

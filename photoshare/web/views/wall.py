"""Show the live wall: a room's photos on the party's television."""

from __future__ import annotations

from collections.abc import Set

from flask import Blueprint, Response, jsonify, render_template
from flask_babel import gettext

from photoshare.models import Photo
from photoshare.services.photos import wall
from photoshare.services.rooms.entering import Access
from photoshare.web.answers import isolated, photo_words
from photoshare.web.pages.links import absolute_url, qr_code_uri
from photoshare.web.pages.template_helpers import clip_url, picture_url, visible_faces
from photoshare.web.requests import (
    cover_for_all,
    covering_mark,
    current_access,
    current_covering,
    number_argument,
)

blueprint = Blueprint("wall", __name__, url_prefix="/rooms/<room_code>")


@blueprint.get("/wall")
def show(room_code: str) -> str:
    """Show the photos one by one in full screen; new ones appear by themselves."""
    access = current_access()
    cover_for_all(access.room)
    guest_url = absolute_url("rooms.show", room_code=access.room.code)
    return render_template(
        "wall/show.html",
        access=access,
        photo=wall.find_before(access, number_argument("before")),
        guest_url=guest_url,
        guest_qr=qr_code_uri(guest_url),
    )


@blueprint.get("/wall/photos")
def photos(room_code: str) -> Response:
    """List the photos added after the one given by ``after``, for the wall's script."""
    access = current_access()
    cover_for_all(access.room)
    found = wall.list_newer(access, number_argument("after") or 0)
    withheld = current_covering().withheld_clips(access.room.id)
    response = jsonify([_entry(access, photo, withheld) for photo in found])
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Covering"] = covering_mark()  # who is covered: the script begins anew
    return response


def _entry(access: Access, photo: Photo, withheld: Set[int]) -> dict[str, object]:
    name = photo.guest.name if photo.guest else ""
    is_played = photo.duration_ms is not None and photo.id not in withheld
    return {
        "id": photo.id,
        "src": picture_url(photo, 2000),
        "backdrop": picture_url(photo, 320),
        "clip": clip_url(photo) if is_played else None,
        "words": photo_words(photo, visible_faces(photo, access)),
        "by": gettext("by %(name)s", name=isolated(name)) if name else "",
    }

"""Albums to take home: zips as streams."""

from __future__ import annotations

from flask import Blueprint, Response

from photoshare.services import albums
from photoshare.services.people import get_person
from photoshare.services.photos import Album
from photoshare.web.security import current_access
from photoshare.web.site import current_site

blueprint = Blueprint("albums", __name__, url_prefix="/rooms/<room_code>")


@blueprint.get("/photos.zip")
def room_zip(room_code: str) -> Response:
    """Send the originals of the whole room."""
    room = current_access().room
    return _zip(Album(room.id), room.title)


@blueprint.get("/people/<int:person_id>/album.zip")
def person_zip(room_code: str, person_id: int) -> Response:
    """Send the originals of one person's album."""
    access = current_access()
    room, person = access.room, get_person(access, person_id)
    return _zip(Album(room.id, person.id), f"{room.title} - {person.name or 'album'}")


def _zip(album: Album, title: str) -> Response:
    stream, size = albums.stream_zip(albums.list_zip_entries(album, current_site().storage))
    response = Response(stream, mimetype="application/zip")
    response.content_length = size
    response.headers.set(
        "Content-Disposition", "attachment", filename=albums.safe_name(title) + ".zip"
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response

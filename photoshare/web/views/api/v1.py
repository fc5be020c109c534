"""The API for scripts, version 1 (docs/api.md)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from flask_babel import gettext
from marshmallow import Schema, ValidationError
from werkzeug.wrappers import Response as BaseResponse

from photoshare.errors import InvalidInputError, ServerBusyError
from photoshare.models import Photo
from photoshare.pictures.best_time import TimeSource
from photoshare.pictures.formats import FORMATS
from photoshare.services import photos as album_photos
from photoshare.services.downloads.clean_originals import check_exact
from photoshare.services.people.people import get_person
from photoshare.services.people.room_people import load_room_people
from photoshare.services.photos import (
    Album,
    Order,
    clean_file_name,
    count_photos,
    cursor_of,
    get_photo,
    list_after,
    open_album,
)
from photoshare.services.rooms.entering import Access
from photoshare.services.visibility.sight import may_see_face
from photoshare.web.answers import send_photo, send_zip
from photoshare.web.api import shapes
from photoshare.web.api.document import JSON, Operation, documented, make_document, sends_file
from photoshare.web.requests import (
    ADD,
    READ,
    current_access,
    current_site,
    current_token,
    limit_uploads,
    may_upload,
    needs,
    open_to_strangers,
    rights_of,
)

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

ZIP_WAIT_S = 5  # as long as pages wait before they look again


@blueprint.get("/openapi.json")
@open_to_strangers
@documented(Operation({200: JSON}))
def openapi() -> Response:
    """Send this document."""
    return jsonify(make_document(current_app))


@blueprint.get("/room")
@needs(READ, ADD)
@documented(Operation({200: shapes.RoomShape}))
def room() -> Response:
    """Tell which room the token is for, and what it may do there."""
    access = current_access()
    return _answer(
        shapes.RoomShape,
        {
            "title": access.room.title,
            "ends_on": access.room.ends_on,
            "photo_count": count_photos(open_album(access)),
            "rights": rights_of(current_token()),
        },
    )


@blueprint.get("/photos")
@needs(READ)
@documented(Operation({200: shapes.PhotosShape}, query=shapes.PageQuery, problems=(422,)))
def photos() -> Response:
    """List the photos of the room, the newest first."""
    return _page(open_album(current_access(), order=Order.NEWEST))


@blueprint.post("/photos")
@needs(ADD)
@may_upload
@documented(
    Operation(
        {201: shapes.AddedShape, 200: shapes.AddedShape},
        form=shapes.PhotoForm,
        problems=(413, 422, 507),
    )
)
def add_photo() -> tuple[Response, int]:
    """Add a photo to the room; 200 if the room has the same bytes already."""
    access, site = current_access(), current_site()
    request.max_content_length = site.settings.max_upload_bytes
    file = request.files.get("photo")
    if file is None or len(request.files.getlist("photo")) > 1:
        raise InvalidInputError("Please send one photo, in the field “photo” of a form.")
    limit_uploads(1, site.settings.max_uploads_per_hour)
    added = album_photos.add_photo(
        access.room.id,
        file.stream,  # type: ignore[arg-type]  # werkzeug says IO[bytes]
        clean_file_name(file.filename or ""),
        guest_id=access.guest.id,
        storage=site.storage,
        settings=site.settings,
        decoders=site.decoders,
    )
    if not added.is_duplicate:
        site.jobs.search_photos(access.room.id)
    told = {"id": added.photo_id, "is_duplicate": added.is_duplicate}
    return _answer(shapes.AddedShape, told), 200 if added.is_duplicate else 201


@blueprint.get("/photos/<int:photo_id>")
@needs(READ)
@documented(Operation({200: shapes.PhotoShape}))
def photo(photo_id: int) -> Response:
    """Show one photo with its faces."""
    access = current_access()
    found = get_photo(access, photo_id, all_of_it=True)
    return _answer(shapes.PhotoShape, _tell_photo(access, found))


@blueprint.get("/photos/<int:photo_id>/original")
@needs(READ)
@documented(sends_file("*/*"))
def original(photo_id: int) -> BaseResponse:
    """Send a photo as guests get it: without locations and names, unless the room keeps them."""
    access = current_access()
    exact = check_exact(access, wants_exact=False)
    return send_photo(get_photo(access, photo_id), exact=exact, may_redirect=False)


@blueprint.get("/zip")
@needs(READ)
@documented(sends_file("application/zip"))
def room_zip() -> Response:
    """Send all photos as a zip; its length is known, and it can be resumed."""
    access = current_access()
    return _zip(open_album(access), access.room.title)


@blueprint.get("/people")
@needs(READ)
@documented(Operation({200: shapes.PeopleShape}))
def people() -> Response:
    """List the people of the room, most photos first."""
    cards = load_room_people(current_access()).people
    return _answer(shapes.PeopleShape, {"people": cards})


@blueprint.get("/people/<int:person_id>/photos")
@needs(READ)
@documented(Operation({200: shapes.PhotosShape}, query=shapes.PageQuery, problems=(422,)))
def photos_of_person(person_id: int) -> Response:
    """List the photos of one person, the newest first."""
    return _page(open_album(current_access(), person_id=person_id, order=Order.NEWEST))


@blueprint.get("/people/<int:person_id>/zip")
@needs(READ)
@documented(sends_file("application/zip"))
def person_zip(person_id: int) -> Response:
    """Send the photos of one person as a zip; its length is known, and it can be resumed."""
    access = current_access()
    name = get_person(access, person_id).name or gettext("album")
    return _zip(open_album(access, person_id=person_id), f"{access.room.title} - {name}")


def _answer(shape: type[Schema], told: dict[str, Any]) -> Response:
    return jsonify(shape().dump(told))


def _page(album: Album) -> Response:
    try:
        query = shapes.PageQuery().load(request.args)
    except ValidationError as error:
        raise InvalidInputError(
            "Please ask for 1 to %(number)s photos at a time, by “limit” and “cursor”.",
            number=shapes.MOST_PHOTOS,
        ) from error
    access = current_access()
    found, has_more = list_after(album, query.get("cursor"), size=query["limit"])
    return _answer(
        shapes.PhotosShape,
        {
            "photos": [_tell_photo(access, photo) for photo in found],
            "next_cursor": cursor_of(found[-1], album) if has_more else None,
        },
    )


def _tell_photo(access: Access, photo: Photo) -> dict[str, Any]:
    """Tell what a guest sees of a photo."""
    taken_at = None if photo.captured_by == TimeSource.ARRIVAL else photo.captured_at
    return {
        **{name: getattr(photo, name) for name in ("id", "file_name", "size_bytes")},
        **{name: getattr(photo, name) for name in ("width", "height", "is_searched")},
        "duration_ms": photo.duration_ms,
        "media_type": FORMATS[photo.image_format].mime_type,
        "uploader": (photo.guest.name or None) if photo.guest else None,
        "added_at": photo.created_at,
        "taken_at": taken_at.isoformat() if taken_at else None,
        "faces": [face for face in photo.faces if may_see_face(access, face)],
    }


def _zip(album: Album, title: str) -> Response:
    exact = check_exact(current_access(), wants_exact=False)
    answer = send_zip(album, title, exact=exact)
    if answer is None:
        raise ServerBusyError(
            "The photos are being made ready for the zip. Please try again in a few seconds.",
            retry_after_s=ZIP_WAIT_S,
        )
    return answer

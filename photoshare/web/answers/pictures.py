"""Send pictures: an address always means the same picture, so the browser may keep it."""

from __future__ import annotations

from pathlib import Path

from flask import Response, send_file

from photoshare.errors import NotFoundError
from photoshare.models import Photo, WaitingPhoto
from photoshare.services.people.shown_faces import get_face
from photoshare.services.pictures import (
    blurred_face,
    cover_maker,
    face_of_copy,
    find_covered_picture,
    find_face_picture,
    find_picture,
    get_tile,
)
from photoshare.services.visibility.covering import WHOLE, Cover
from photoshare.web.requests import (
    current_access,
    current_covering,
    current_site,
    is_at_present_address,
)

YEAR_S = 365 * 24 * 3600  # how long a browser may keep a picture; its address holds its hash
DIGEST_LENGTH = 16  # hexadecimal digits of the SHA-256 in an address


PICTURE_TYPES = {"webp": "image/webp", "jpg": "image/jpeg"}


def send_photo_picture(photo: Photo, side: int, ending: str) -> Response:
    """Send a smaller picture of a photo, with the faces covered that this browser must not see."""
    cover = current_covering().of_photo(photo)
    path = picture_file(photo, side, ending, cover)
    return _kept_if(cover, send_picture(path, PICTURE_TYPES[ending]))


def picture_file(photo: Photo, side: int, ending: str, cover: Cover | None = None) -> Path:
    """Return the file of a smaller picture of a photo on which this is covered."""
    site = current_site()
    if cover is None:
        return find_picture(photo, side, ending, site.storage, site.renders)
    return find_covered_picture(
        photo,
        side,
        ending,
        cover,
        storage=site.storage,
        renders=site.renders,
        make=cover_maker(site.decoders, site.settings),
    )


def send_face_picture(face_id: int) -> Response:
    """Send the small square picture of a face; who is beside it may be covered."""
    site, access = current_site(), current_access()
    cover = None
    if covering := current_covering():
        face = get_face(access, face_id)
        cover = covering.of_photo(face.photo)
    if cover is None:
        path = find_face_picture(access, face_id, site.storage, site.renders)
        return _kept_if(cover, send_picture(path, "image/jpeg"))
    make = cover_maker(site.decoders, site.settings)
    if cover is WHOLE:  # of a clip
        content = blurred_face(find_face_picture(access, face_id, site.storage, site.renders))
    else:
        content = face_of_copy(face, cover, site.storage, make)
    return _kept_if(cover, _for_this_browser(Response(content, mimetype="image/jpeg")))


def _kept_if(cover: Cover | None, response: Response) -> Response:
    """Let the browser keep a picture only at its present address, once it is what it stays."""
    if cover is WHOLE or not is_at_present_address():
        response.headers["Cache-Control"] = "no-store"
    return response


def send_picture(path: Path, mime_type: str) -> Response:
    """Send a picture that only this browser may cache; its address never means another picture.

    Raises
    ------
    NotFoundError
        If it has just been deleted.
    """
    return _for_this_browser(_send_file(path, mime_type))


def send_binned(path: Path, mime_type: str) -> Response:
    """Send a picture of a deleted photo, like `send_picture`; the browser keeps nothing of it."""
    response = _send_file(path, mime_type)
    response.headers["Cache-Control"] = "no-store"
    return response


def _send_file(path: Path, mime_type: str) -> Response:
    try:
        return send_file(path, mime_type)
    except FileNotFoundError:
        raise NotFoundError("This picture no longer exists.") from None


def send_tile(photo: Photo, factor: int, column: int, row: int) -> Response:
    """Send a tile of a photo, like `send_photo_picture`."""
    site, cover = current_site(), current_covering().of_photo(photo)
    content = get_tile(
        photo,
        factor,
        column,
        row,
        storage=site.storage,
        settings=site.settings,
        decoders=site.decoders,
        cutting=site.cutting,
        cover=cover,
    )
    return _kept_if(cover, _for_this_browser(Response(content, mimetype="image/webp")))


def _for_this_browser(response: Response) -> Response:
    response.headers["Cache-Control"] = f"private, max-age={YEAR_S}, immutable"
    return response


def picture_digest(photo: Photo | WaitingPhoto) -> str:
    """Return the part of a photo's hash that is used in its addresses."""
    return photo.sha256[:DIGEST_LENGTH]

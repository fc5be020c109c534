"""Send pictures: an address always means the same picture, so the browser may keep it."""

from __future__ import annotations

from pathlib import Path

from flask import Response, send_file

from photoshare.errors import NotFoundError
from photoshare.models import Photo, WaitingPhoto

YEAR_S = 365 * 24 * 3600  # how long a browser may keep a picture; its address holds its hash
DIGEST_LENGTH = 16  # hexadecimal digits of the SHA-256 in an address


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


def send_tile(content: bytes) -> Response:
    """Send a tile of a photo, like `send_picture`."""
    return _for_this_browser(Response(content, mimetype="image/webp"))


def _for_this_browser(response: Response) -> Response:
    response.headers["Cache-Control"] = f"private, max-age={YEAR_S}, immutable"
    return response


def picture_digest(photo: Photo | WaitingPhoto) -> str:
    """Return the part of a photo's hash that is used in its addresses."""
    return photo.sha256[:DIGEST_LENGTH]

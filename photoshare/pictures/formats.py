"""The formats that are taken in: Pillow's name, MIME type and ending of each, in one table."""

from __future__ import annotations

from typing import NamedTuple


class PictureFormat(NamedTuple):
    """A format of picture files."""

    mime_type: str
    ending: str  # of file names, with its dot
    other_endings: tuple[str, ...] = ()  # that mean the same


# By Pillow's name.
FORMATS = {
    "JPEG": PictureFormat("image/jpeg", ".jpg", (".jpeg", ".jpe")),
    # What Pillow calls a JPEG with more pictures behind the first; its JPEG decoder opens it.
    "MPO": PictureFormat("image/jpeg", ".jpg", (".jpeg", ".jpe")),
    "PNG": PictureFormat("image/png", ".png"),
    "WEBP": PictureFormat("image/webp", ".webp"),
    "HEIF": PictureFormat("image/heif", ".heic", (".heif",)),
    "AVIF": PictureFormat("image/avif", ".avif"),
    "GIF": PictureFormat("image/gif", ".gif"),
    "TIFF": PictureFormat("image/tiff", ".tif", (".tiff",)),
    "BMP": PictureFormat("image/bmp", ".bmp"),
}
# The allowlist: Pillow never tries another decoder on a guest's file.
ACCEPTED_FORMATS = tuple(name for name in FORMATS if name != "MPO")

"""Draw motion photos: a still, and a movie that really plays, behind it."""

from __future__ import annotations

import io
import struct

import pillow_heif

from tests.clips.drawing import draw_clip
from tests.fakes import BLUE, RED
from tests.metadata.samples import CITY, SERIAL, exif, picture
from tests.metadata.test_motion_photo import (
    ATTRIBUTES,
    ELEMENTS,
    MICRO_VIDEO,
    MOTION_PHOTO,
    SAMSUNG,
    box,
    directory,
    jpeg,
    with_xmp,
    xmp,
)

PLACE = CITY
KINDS = ("MicroVideo", "attributes", "elements", "Samsung", "HEIC")


def draw_movie(codec: str = "libx264") -> bytes:
    """Draw a movie of a second that tells where it was taken."""
    return draw_clip(RED, BLUE, codec=codec, seconds=1, metadata={"title": PLACE})


def draw_trailer(movie: bytes, *others: tuple[int, bytes, bytes]) -> bytes:
    """Draw what a Samsung writes behind a still: blocks of a kind with a name, and a directory.

    The movie stands between the others, the first of which come before it.
    """
    blocks = list(others)
    blocks.insert(len(others) // 2, (0x0A30, b"MotionPhoto_Data", movie))
    written = [
        (kind, struct.pack("<HHI", 0, kind, len(name)) + name + content)
        for kind, name, content in blocks
    ]
    end = sum(len(block) for _, block in written)
    entries, at = b"", 0
    for kind, block in written:
        entries += struct.pack("<HHII", 0, kind, end - at, len(block))
        at += len(block)
    listed = struct.pack("<4sII", b"SEFH", 106, len(written)) + entries
    blocks_alone = b"".join(block for _, block in written)
    return blocks_alone + listed + struct.pack("<I", len(listed)) + b"SEFT"


def draw_motion_photo(
    kind: str, movie: bytes, *, behind: bytes = b"", still: bytes | None = None
) -> bytes:
    """Draw a motion photo.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    movie : bytes
    behind : bytes
        What is behind the movie.
    still : bytes, optional
        A JPEG with a serial number and a place, by default.
    """
    still = jpeg() if still is None else still
    if kind == "Samsung":
        return still + SAMSUNG + movie + behind
    length = len(movie) + len(behind)
    owner = f' xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" aux:SerialNumber="{SERIAL}"'
    if kind == "HEIC":
        items = ("image/heic", "Primary", 0), ("video/mp4", "MotionPhoto", length)
        packet = xmp(MOTION_PHOTO + owner, directory(ATTRIBUTES, *items))
        buffer = io.BytesIO()
        pillow_heif.from_pillow(picture()).save(buffer, exif=exif(), xmp=packet)
        return buffer.getvalue() + box(b"mpvd", movie) + behind
    if kind == "MicroVideo":
        packet = xmp(MICRO_VIDEO % {"movie": length})
    else:
        form = ATTRIBUTES if kind == "attributes" else ELEMENTS
        items = ("image/jpeg", "Primary", 0), ("video/mp4", "MotionPhoto", length)
        packet = xmp(MOTION_PHOTO + owner, directory(form, *items))
    return with_xmp(still, packet) + movie + behind

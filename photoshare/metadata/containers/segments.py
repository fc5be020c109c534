"""Walk through the segments of a JPEG up to the end of its picture."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from photoshare.metadata.patches import Buffer, Patch, UncleanableError, apply

APP0, APP1, APP2, APP13, APP14, COMMENT = 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE
SOI = b"\xff\xd8\xff"  # with the first byte of the following marker
MAX_PAYLOAD = 0xFFFF - 2  # bytes; the length includes its own two
_SOI, _EOI, _SOS, _APP15 = 0xD8, 0xD9, 0xDA, 0xEF
_ALONE = 0x01  # a marker without a segment; restarts are skipped as part of the pixels
# In the coded pixels: a marker that is neither a stuffed zero nor a restart.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_JFIF, _ADOBE = b"JFIF\0", b"Adobe"
_COLOURS = (b"ICC_PROFILE\0", b"urn:iso:std:iso:ts:21496:-1\0")  # the second: gain maps

Clean = Callable[[int, bytes, int], bytes | None]


def keep_what_decoders_need(marker: int, payload: bytes, _start: int) -> bytes | None:
    """Keep only the application segments that define how the pixels are shown.

    APP0 contains JFIF, but also the CIFF block of old Canon cameras, with their owner's name.
    """
    is_needed = (
        (marker == APP0 and payload.startswith(_JFIF))
        or (marker == APP2 and payload.startswith(_COLOURS))
        or (marker == APP14 and payload.startswith(_ADOBE))
    )
    return payload if is_needed else None


def clean_picture(data: Buffer, start: int, clean: Clean) -> tuple[list[Patch], int]:
    """Clean the segments of one picture.

    Parameters
    ----------
    start : int
        Offset of its first marker.
    clean : callable
        Given the marker, the payload and the offset of each application segment and comment,
        returns the new payload; None to remove the segment.

    Returns
    -------
    patches, stop
        `stop`: where the picture ends.

    Raises
    ------
    UncleanableError
        If it does not have the structure of a JPEG.
    """
    if data[start : start + 2] != SOI[:2]:
        raise UncleanableError("not a JPEG")
    patches: list[Patch] = []
    at = start + 2
    while at < len(data):
        marker, before, at = _next_marker(data, at, patches)
        if marker == _EOI:
            break
        if marker == _SOI:
            raise UncleanableError("a picture begins inside another")
        if marker == _ALONE or at >= len(data):
            continue
        stop = _end_of_segment(data, at)
        if APP0 <= marker <= _APP15 or marker == COMMENT:
            payload = bytes(data[at + 2 : stop])
            cleaned = clean(marker, payload, at + 2)
            if cleaned is None:
                _cut(patches, before, stop)
            elif cleaned != payload:
                patches.append(Patch(at, stop, segment_head(cleaned) + cleaned))
        at = stop
        if marker == _SOS:
            found = _MARKER.search(data, at)
            at = found.start() if found else len(data)
    return patches, at


def _end_of_segment(data: Buffer, at: int) -> int:
    stop = at + int.from_bytes(data[at : at + 2])
    if stop < at + 2 or stop > len(data):
        raise UncleanableError("a segment of an impossible length")
    return stop


def segment_head(payload: bytes) -> bytes:
    """Return the length field that precedes a payload."""
    return struct.pack(">H", len(payload) + 2)


def clean_thumbnail(content: bytes) -> bytes:
    """Reduce a small JPEG to what its decoder needs; return nothing if it cannot be read."""
    try:
        patches, stop = clean_picture(content, 0, keep_what_decoders_need)
    except UncleanableError:
        return b""
    return apply(content[:stop], patches)


def _next_marker(data: Buffer, at: int, patches: list[Patch]) -> tuple[int, int, int]:
    """Find the next marker: its number, where it begins and where it ends.

    Decoders skip what is before it, so it can be removed.
    """
    found = _MARKER.search(data, at)
    if found is None:
        raise UncleanableError("a segment is missing")
    if data[at : found.start()].strip(b"\xff"):  # not only fill bytes
        _cut(patches, at, found.start())
    return data[found.start() + 1], found.start(), found.end()


def _cut(patches: list[Patch], start: int, stop: int) -> None:
    """Cut a range, merged with the one before it if they touch: a file may have millions."""
    if patches and patches[-1].stop == start and patches[-1].content == b"":
        start = patches.pop().start
    patches.append(Patch(start, stop))

"""JPEG: segments one after the other, perhaps with further pictures behind the first (MPO)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from photoshare.metadata.exif import clean_exif
from photoshare.metadata.patches import Buffer, Patch, UncleanableError, replace
from photoshare.metadata.text import clean_resources, clean_xmp

_SOI, _EOI, _SOS, _APP0, _APP1, _APP2 = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xE2
_APP12, _APP13, _APP14, _APP15 = 0xEC, 0xED, 0xEE, 0xEF
_ALONE = 0x01  # a marker without a segment; restarts are passed over as part of the pixels
# In the coded pixels: a marker that is neither a stuffed zero nor a restart.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_EXIF = b"Exif\0"  # and one more byte, zero unless it was written in a hurry
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_XMP_EXTENSION_HEADER = len(_XMP_EXTENSION) + 40  # GUID, whole length, offset of this part
_PHOTOSHOP = b"Photoshop 3.0\0"
_HARMLESS = {
    _APP0: (b"",),  # JFIF
    _APP2: (b"ICC_PROFILE\0", b"MPF\0", b"urn:iso:std:iso:ts:21496:-1\0"),  # the last: gain maps
    _APP12: (b"Ducky",),
    _APP14: (b"Adobe",),
}


def clean_jpeg(content: bytes) -> bytes:
    """Clean a small JPEG, such as a thumbnail; zeros where it cannot be read."""
    cleaned = bytearray(content)
    try:
        for patch in jpeg_patches(content):
            cleaned[patch.start : patch.stop] = patch.content or bytes(patch.stop - patch.start)
    except UncleanableError:
        return bytes(len(content))
    return bytes(cleaned)


def jpeg_patches(data: Buffer) -> Iterator[Patch]:
    """Find what is to be changed in a JPEG file.

    Pictures behind the first are cleaned in the same way; anything else there becomes zeros.

    Raises
    ------
    UncleanableError
        If the first picture is not built as JPEG is.
    """
    patches, stop = _picture(data, 0)
    yield from patches
    while stop < len(data):
        start = data.find(b"\xff\xd8\xff", stop)
        if start < 0:
            start = len(data)
        if start > stop:
            yield Patch(stop, start)
        if start == len(data):
            return
        try:
            patches, stop = _picture(data, start)
        except UncleanableError:
            patches, stop = [Patch(start, start + 3)], start + 3
        yield from patches


def _picture(data: Buffer, start: int) -> tuple[list[Patch], int]:
    """Go through one picture; return its patches and where it ends."""
    if data[start : start + 2] != b"\xff\xd8":
        raise UncleanableError("no JPEG")
    patches: list[Patch] = []
    extension: list[tuple[int, int]] = []  # the parts of a long XMP
    at = start + 2
    while at < len(data):
        marker, at = _next_marker(data, at, patches)
        if marker == _EOI:
            break
        if marker == _SOI:
            raise UncleanableError("a picture begins within another")
        if marker == _ALONE or at >= len(data):
            continue
        stop = at + int.from_bytes(data[at : at + 2])
        if stop < at + 2 or stop > len(data):
            raise UncleanableError("a segment of an impossible length")
        if _APP0 <= marker <= _APP15:
            if data[at + 2 : at + 2 + len(_XMP_EXTENSION)] == _XMP_EXTENSION:
                extension.append((at + 2, stop))
            else:
                patches += _application_segment(marker, bytes(data[at + 2 : stop]), at + 2)
        at = stop
        if marker == _SOS:
            found = _MARKER.search(data, at)
            at = found.start() if found else len(data)
    return patches + list(_xmp_extension(data, extension)), at


def _next_marker(data: Buffer, at: int, patches: list[Patch]) -> tuple[int, int]:
    """Find the next marker; decoders skip what lies before it, so that it may go."""
    found = _MARKER.search(data, at)
    if found is None:
        raise UncleanableError("a segment is missing")
    if data[at : found.start()].strip(b"\xff"):  # not only fill bytes
        patches.append(Patch(at, found.start()))
    return data[found.start() + 1], found.end()


def _application_segment(marker: int, payload: bytes, start: int) -> Iterator[Patch]:
    """Clean one application segment; one of an unknown kind becomes zeros."""
    if any(payload.startswith(name) for name in _HARMLESS.get(marker, ())):
        return
    if marker == _APP1 and payload.startswith(_EXIF):
        cleaned = payload[:6] + clean_exif(payload[6:])
    elif marker == _APP1 and payload.startswith(_XMP):
        cleaned = _XMP + clean_xmp(payload[len(_XMP) :])
    elif marker == _APP13 and payload.startswith(_PHOTOSHOP):
        cleaned = _PHOTOSHOP + clean_resources(payload[len(_PHOTOSHOP) :], clean_exif)
    else:
        cleaned = bytes(len(payload))
    yield from replace(start, payload, cleaned)


def _xmp_extension(data: Buffer, parts: list[tuple[int, int]]) -> Iterator[Patch]:
    """Keep the parts of a long XMP only if no sensitive name stands in any of them.

    They are not cleaned: the main packet holds the hash of their text.
    """
    text = b"".join(bytes(data[start + _XMP_EXTENSION_HEADER : stop]) for start, stop in parts)
    if clean_xmp(text) != text:
        for start, stop in parts:
            yield Patch(start, stop)

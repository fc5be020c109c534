"""Clean JPEG: a sequence of segments, perhaps with more pictures after the first (MPO).

Metadata is cut out, so that a motion photo becomes a plain still without its movie.
"""

from __future__ import annotations

from collections.abc import Iterable

from photoshare.metadata.containers import mpf
from photoshare.metadata.containers.segments import (
    APP1,
    APP2,
    APP13,
    MAX_PAYLOAD,
    SOI,
    clean_picture,
    keep_what_decoders_need,
)
from photoshare.metadata.exif import clean_exif
from photoshare.metadata.iptc import clean_resources
from photoshare.metadata.patches import Buffer, Patch, UncleanableError, apply
from photoshare.metadata.xmp import clean_xmp

_EXIF = b"Exif\0"  # and one more byte, zero unless a careless program wrote it
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"


def clean_jpeg(content: bytes) -> bytes:
    """Clean a JPEG embedded in another file; return nothing if it cannot be read."""
    try:
        return apply(content, jpeg_patches(content))
    except UncleanableError:
        return b""


def jpeg_patches(data: Buffer, *, keeps_movie: bool = False) -> Iterable[Patch]:
    """Find the changes to a JPEG file.

    Pictures after the first stay if they are directly after it or in its index; they are cleaned
    in the same way and keep their length. Anything else after it is cut.

    Parameters
    ----------
    data : bytes or mmap
    keeps_movie : bool
        Let the XMP of a motion photo name its movie, which the caller puts behind it.

    Raises
    ------
    UncleanableError
        If the first picture does not have the structure of a JPEG.
    """
    indexes: list[mpf.Index] = []

    def clean(marker: int, payload: bytes, start: int) -> bytes | None:
        cleaned = _clean_segment(marker, payload, start, keeps_movie=keeps_movie)
        if marker == APP2 and payload.startswith(mpf.NAME) and cleaned is not None:
            if indexes:
                return None
            indexes.append(mpf.Index(start, start + len(payload), cleaned))
        return cleaned

    patches, stop = clean_picture(data, 0, clean)
    pictures = {0: stop}
    listed = {start for index in indexes for start in index.pictures()}
    while stop < len(data):
        start = _next_picture(data, stop, listed)
        try:
            if start is None:
                raise UncleanableError("no picture")
            more, end = clean_picture(data, start, _clean_segment)
        except UncleanableError:
            patches.append(Patch(stop, len(data)))
            break
        if data[stop:start].strip(b"\0\xff"):  # not only padding
            patches.append(Patch(stop, start))
        patches += [_of_one_length(patch) for patch in more]
        pictures[start] = stop = end
    for index in indexes if patches else ():
        patches = index.add_to(patches, pictures)
    return patches


def _of_one_length(patch: Patch) -> Patch:
    """Pad with bytes allowed before any marker: XMP contains the length of a gain map."""
    content = patch.content or b""
    return Patch(patch.start, patch.stop, content.ljust(patch.stop - patch.start, b"\xff"))


def _next_picture(data: Buffer, stop: int, listed: set[int]) -> int | None:
    """Find where the next picture begins; elsewhere, bytes of a movie may look like one."""
    starts = sorted({stop} | {start for start in listed if start >= stop})
    return next((start for start in starts if data[start : start + 3] == SOI), None)


def _clean_segment(
    marker: int, payload: bytes, start: int, *, keeps_movie: bool = False
) -> bytes | None:
    """Clean one segment; unknown kinds are removed."""
    if marker == APP1 and payload.startswith(_EXIF):
        return payload[:6].ljust(6, b"\0") + clean_exif(payload[6:], MAX_PAYLOAD - 6)
    if marker == APP1 and payload.startswith(_XMP):
        return _XMP + clean_xmp(payload[len(_XMP) :], keeps_movie=keeps_movie)
    if marker == APP2 and payload.startswith(mpf.NAME):
        return mpf.clean_index(payload)
    if marker == APP13 and payload.startswith(_PHOTOSHOP):
        resources = clean_resources(payload[len(_PHOTOSHOP) :], clean_exif)
        return _PHOTOSHOP + resources if resources else None
    return keep_what_decoders_need(marker, payload, start)

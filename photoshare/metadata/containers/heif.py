"""Clean HEIC and AVIF: nested boxes, with Exif and XMP as items anywhere in the file."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from photoshare.metadata.containers.jpeg import clean_jpeg
from photoshare.metadata.exif import clean_exif
from photoshare.metadata.patches import Buffer, Patch, UncleanableError, blank, replace
from photoshare.metadata.xmp import clean_xmp

_TOP = (b"ftyp", b"styp", b"meta", b"mdat", b"moov", b"moof", b"sidx", b"mfra")
_META = (b"hdlr", b"pitm", b"iinf", b"iref", b"iprp", b"iloc", b"idat", b"dinf", b"grpl")
_DESCRIPTIONS = (b"udes", b"uuid", b"free", b"skip")  # of an item, among its properties
_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"moof", b"traf")
_OF_A_MOVIE = (b"udta", b"meta", b"uuid")  # a movie's metadata, including its location
_PICTURE_TRACKS = (b"vide", b"pict", b"auxv", b"soun")
_PREFIX = b"Exif\0\0"
_XMP_TYPE = b"application/rdf+xml"
MAX_DEPTH = 8  # of nested boxes; real files have 4
MAX_ITEMS = 10_000  # a picture of 48 megapixels in tiles has about 200


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    at: int  # of its head
    start: int  # of its content
    stop: int


def heif_patches(data: Buffer, *, movie: range | None = None) -> Iterator[Patch]:
    """Find the changes to a HEIC or AVIF file.

    Parameters
    ----------
    data : Buffer
    movie : range, optional
        One of `movies_of` that stays; the caller cleans it. The file keeps its length, as some
        programs count from its end to find the movie.

    Raises
    ------
    UncleanableError
        If the boxes do not follow ISO 23008-12, or are mixed with the movie.
    """
    try:
        yield from _file(data, movie)
    except (struct.error, IndexError) as error:
        raise UncleanableError("a damaged box") from error


def movies_of(data: Buffer) -> list[range]:
    """List where the movies of a motion photo are: the contents of its boxes ``mpvd``.

    Raises
    ------
    UncleanableError
        If a box of the picture is damaged.
    """
    return [range(box.start, box.stop) for box in _top_boxes(data) if box.kind == b"mpvd"]


def _boxes(data: Buffer, start: int, stop: int) -> Iterator[_Box]:
    while start < stop:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, start + 8)[0], 16
        elif size == 0:
            size = stop - start
        if size < head or start + size > stop:
            raise UncleanableError("a box of an impossible size")
        yield _Box(kind, start, start + head, start + size)
        start += size


def _file(data: Buffer, movie: range | None) -> Iterator[Patch]:
    boxes = _top_boxes(data)
    if not any(box.kind in (b"meta", b"moov") for box in boxes):
        raise UncleanableError("no box with pictures")
    # What follows the picture is cut, also the movie of a motion photo (mpvd) that doesn't stay.
    end = last = max(box.stop for box in boxes if box.kind in _TOP)
    if movie is not None:
        end = len(data)
        if boxes[-1].stop < end or movie.start < last:
            raise UncleanableError("a movie that isn't in a box behind the picture")
    for box in boxes:
        if movie is not None and box.start == movie.start:
            continue
        if box.kind == b"meta":
            media = [box for box in boxes if box.kind == b"mdat"]
            yield from _meta(data, box, media, last, keeps_movie=movie is not None)
        elif box.kind in _CONTAINERS:
            yield from _movie(data, box, 0)
        elif box.kind not in _TOP and box.stop <= end:
            yield from _free(data, box)
    if end < len(data):
        yield Patch(end, len(data))


def _top_boxes(data: Buffer) -> list[_Box]:
    """List the boxes of the file, up to anything that was appended."""
    boxes = []
    stop = 0
    try:
        for box in _boxes(data, 0, len(data)):
            boxes.append(box)
            stop = box.stop
    except (UncleanableError, struct.error):
        if data[stop + 4 : stop + 8] in _TOP:
            raise
    return boxes


def _free(data: Buffer, box: _Box) -> Iterator[Patch]:
    """Turn a box into free space of the same size, since offsets point to what follows it."""
    yield from replace(box.at + 4, bytes(data[box.at + 4 : box.at + 8]), b"free")
    yield from blank(data, box.start, box.stop)


def _movie(data: Buffer, parent: _Box, depth: int) -> Iterator[Patch]:
    if depth > MAX_DEPTH:
        raise UncleanableError("boxes nested too deeply")
    for box in _boxes(data, parent.start, parent.stop):
        if box.kind in _OF_A_MOVIE:
            yield from _free(data, box)
        elif box.kind in _CONTAINERS:
            yield from _movie(data, box, depth + 1)
        elif (box.kind, parent.kind) == (b"hdlr", b"mdia") and (
            data[box.start + 8 : box.start + 12] not in _PICTURE_TRACKS
        ):
            raise UncleanableError("a data track")


def _meta(
    data: Buffer, meta: _Box, media: list[_Box], end: int, *, keeps_movie: bool
) -> Iterator[Patch]:
    """Clean the list of items; their contents have to be before `end`."""
    boxes = {}
    for box in _boxes(data, meta.start + 4, meta.stop):
        if box.kind in boxes and box.kind in (b"iinf", b"iloc", b"idat"):
            raise UncleanableError("two lists of items, either of which a decoder may use")
        boxes[box.kind] = box
        if box.kind not in _META:
            yield from _free(data, box)
        elif box.kind == b"iprp":
            yield from _properties(data, box)
    if b"iinf" not in boxes:
        return  # the metadata of a movie
    if b"iloc" not in boxes:
        raise UncleanableError("items without locations")
    places = _item_places(data, boxes[b"iloc"], boxes.get(b"idat"))
    media = [*media, *(box for kind, box in boxes.items() if kind == b"idat")]
    for item_id, kind, content_type in _items(data, boxes[b"iinf"]):
        if kind in (b"Exif", b"mime", b"uri ", b"jpeg"):
            parts = places.get(item_id, [])
            _check_within(media, parts or ())
            yield from _item(data, kind, content_type, parts, keeps_movie=keeps_movie)
    if any(stop > end for parts in places.values() for _, stop in parts or ()):
        raise UncleanableError("an item in a part to be removed")


def _check_within(media: list[_Box], parts: Iterable[tuple[int, int]]) -> None:
    """Refuse an item over the heads of boxes, which would be blanked with it."""
    for start, stop in parts:
        if not any(box.start <= start and stop <= box.stop for box in media):
            raise UncleanableError("an item outside of the boxes for items")


def _properties(data: Buffer, parent: _Box) -> Iterator[Patch]:
    for box in _boxes(data, parent.start, parent.stop):
        if box.kind == b"ipco":
            yield from _properties(data, box)
        elif box.kind in _DESCRIPTIONS:
            yield from _free(data, box)


def _items(data: Buffer, box: _Box) -> Iterator[tuple[int, bytes, bytes]]:
    """List the number, kind and content type of every item."""
    head = 6 if data[box.start] == 0 else 8
    for entry in _boxes(data, box.start + head, box.stop):
        version = data[entry.start]
        if entry.kind != b"infe" or version not in (2, 3):
            raise UncleanableError("an unknown list of items")
        item_id, _, kind = struct.unpack_from(
            ">HH4s" if version == 2 else ">IH4s", data, entry.start + 4
        )
        names = bytes(data[entry.start + (12 if version == 2 else 14) : entry.stop])
        yield item_id, kind, names.split(b"\0")[1] if names.count(b"\0") > 1 else b""


def _item_places(
    data: Buffer, box: _Box, idat: _Box | None
) -> dict[int, list[tuple[int, int]] | None]:
    """Read the offsets of the parts of every item, as (start, stop); None: in another file."""
    version = data[box.start]
    if version > 2:
        raise UncleanableError("an unknown list of locations")
    sizes = data[box.start + 4], data[box.start + 5]
    offset_size, length_size, base_size = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4
    index_size = sizes[1] & 15 if version else 0
    at = box.start + 6
    number_size = 4 if version == 2 else 2

    def number(size: int) -> int:
        nonlocal at
        at += size
        if at > box.stop:
            raise UncleanableError("a damaged list of locations")
        return int.from_bytes(data[at - size : at])

    places: dict[int, list[tuple[int, int]] | None] = {}
    count = number(number_size)
    if count > MAX_ITEMS:
        raise UncleanableError("too many items")
    for _ in range(count):
        item_id = number(number_size)
        method = number(2) & 15 if version else 0
        is_elsewhere = number(2) != 0  # in another file
        base = number(base_size)
        origin = idat.start if method == 1 and idat else 0
        parts = []
        for _ in range(number(2)):
            number(index_size)
            start = origin + base + number(offset_size)
            parts.append((start, start + number(length_size)))
        places[item_id] = None if is_elsewhere or method > 1 else parts
    if len(places) < count:
        raise UncleanableError("an item in two locations")
    return places


def _item(
    data: Buffer,
    kind: bytes,
    content_type: bytes,
    parts: list[tuple[int, int]] | None,
    *,
    keeps_movie: bool,
) -> Iterator[Patch]:
    """Clean one item, whose bytes may be in several parts."""
    if parts is None or any(stop > len(data) or stop == start for start, stop in parts):
        raise UncleanableError("an item stored elsewhere")
    content = b"".join(bytes(data[start:stop]) for start, stop in parts)
    if kind == b"Exif":
        cleaned = _clean_exif_item(content)
    elif kind == b"jpeg":
        cleaned = clean_jpeg(content)
    elif content_type == _XMP_TYPE:
        cleaned = clean_xmp(content, keeps_movie=keeps_movie)
    else:
        cleaned = b""
    cleaned = cleaned[: len(content)].ljust(len(content), b"\0")  # offsets point past it
    for start, stop in parts:
        size = stop - start
        yield from replace(start, content[:size], cleaned[:size])
        content, cleaned = content[size:], cleaned[size:]


def _clean_exif_item(content: bytes) -> bytes:
    """Clean the Exif block that follows its four-byte offset."""
    start = 4 + int.from_bytes(content[:4])
    if start >= len(content):
        start = 4
    # libavif and Pillow only know this prefix.
    prefix = _PREFIX if content[4:start] == _PREFIX else b""
    block = content[start:]
    return len(prefix).to_bytes(4) + prefix + clean_exif(block, len(block))

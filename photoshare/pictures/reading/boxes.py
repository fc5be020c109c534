"""Read the colours of an AVIF from its boxes (ISO 23008-12), which Pillow does not tell."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

_MOST_BYTES = 1 << 20  # of the box that describes the file
_MOST_BOXES = 10_000
_FULL = 4  # bytes of version and flags


def nclx_of_avif(file: IO[bytes]) -> tuple[int, int] | None:
    """Return the primaries and the transfer of the first picture, as H.273 counts them.

    Raises
    ------
    ValueError, struct.error, IndexError
        If the boxes make no sense.
    """
    meta = _meta_of(file)
    boxes = dict(_boxes(meta[_FULL:]))
    main = int.from_bytes(boxes[b"pitm"][_FULL:])
    properties = list(_boxes(boxes[b"iprp"]))
    known = [box for kind, box in properties if kind == b"ipco"]
    linked = [box for kind, box in properties if kind == b"ipma"]
    colours = list(_boxes(known[0]))
    for number in _properties_of(linked[0], main):
        kind, content = colours[number - 1] if number else (b"", b"")
        if kind == b"colr" and content[:4] == b"nclx":
            primaries, transfer = struct.unpack_from(">HH", content, 4)
            return primaries, transfer
    return None


def _meta_of(file: IO[bytes]) -> bytes:
    file.seek(0)
    for _ in range(_MOST_BOXES):
        size, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"meta":
            return file.read(min(size - 8, _MOST_BYTES))
        if size < 8:
            raise ValueError("a box of an unusual size")
        file.seek(size - 8, 1)
    raise ValueError("no description")


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        if size < 8:
            raise ValueError("a box of an unusual size")
        yield kind, content[at + 8 : at + size]
        at += size


def _properties_of(links: bytes, item: int) -> list[int]:
    """List the properties of an item, by their numbers from 1."""
    version, is_wide = links[0], links[3] & 1
    (count,) = struct.unpack_from(">I", links, _FULL)
    at = _FULL + 4
    width = 4 if version else 2  # of an item's number
    for _ in range(min(count, _MOST_BOXES)):
        found = int.from_bytes(links[at : at + width])
        number_of_links = links[at + width]
        at += width + 1
        size = 2 if is_wide else 1
        mask = 0x7FFF if is_wide else 0x7F
        numbers = [
            int.from_bytes(links[place : place + size]) & mask
            for place in range(at, at + number_of_links * size, size)
        ]
        if found == item:
            return numbers
        at += number_of_links * size
    return []

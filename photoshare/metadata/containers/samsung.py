"""Clean the trailer in which Samsung's phones keep the movie of a motion photo, among other things.

Blocks follow the still, one of them with the movie; then a directory says how far before it each of
them begins. Others hold what nobody asked for, such as the country. ExifTool's Samsung.pm
(``ProcessSamsung``) describes it; all numbers are little-endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from photoshare.metadata.patches import Buffer

_MOVIE = 0x0A30
MARK = b"MotionPhoto_Data"  # directly before the movie
_HEAD = struct.pack("<HHI", 0, _MOVIE, len(MARK)) + MARK
_DIRECTORY = struct.Struct("<4sII")  # mark, version, number of entries
_ENTRY = struct.Struct("<HHII")  # nothing, kind, how far before the directory, size
_END = struct.Struct("<I4s")  # length of the directory, mark
MAX_ENTRIES = 1000  # phones write up to about twenty


@dataclass(frozen=True, slots=True)
class Trailer:
    """Where a movie is in a trailer.

    Attributes
    ----------
    head : int
        Where the block begins that holds it.
    stop : int
        Where it ends.
    rest : bytes
        What to write behind it, up to the end of the file: a directory that lists it alone.
    """

    head: int
    stop: int
    rest: bytes


def trailer_of(data: Buffer, movie_start: int) -> Trailer | None:
    """Find the trailer that holds a movie; None if nothing lists one that begins there."""
    head = movie_start - len(_HEAD)
    try:
        length, end_mark = _END.unpack_from(data, len(data) - _END.size)
        directory = len(data) - _END.size - length
        if end_mark != b"SEFT" or head < 0 or directory < movie_start:
            return None
        mark, version, count = _DIRECTORY.unpack_from(data, directory)
        if mark != b"SEFH" or data[head:movie_start] != _HEAD:
            return None
        if count > MAX_ENTRIES or length < _DIRECTORY.size + count * _ENTRY.size:
            return None
        for number in range(count):
            at = directory + _DIRECTORY.size + number * _ENTRY.size
            _, kind, distance, size = _ENTRY.unpack_from(data, at)
            stop = head + size
            if (kind, directory - distance) == (_MOVIE, head) and movie_start < stop <= directory:
                return Trailer(head, stop, _directory(version, head, stop, len(data)))
    except struct.error:
        pass
    return None


def _directory(version: int, head: int, stop: int, end: int) -> bytes:
    """Make the directory of a block; zeros before it, since also the still counts from the end."""
    length = _DIRECTORY.size + _ENTRY.size
    at = end - _END.size - length
    content = (
        _DIRECTORY.pack(b"SEFH", version, 1)
        + _ENTRY.pack(0, _MOVIE, at - head, stop - head)
        + _END.pack(length, b"SEFT")
    )
    return content.rjust(end - stop, b"\0")

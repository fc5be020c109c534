"""Find the movie of a motion photo: a still with some seconds of MP4 behind it, in one file.

Google's cameras say in XMP how far from the end of the file the movie begins, Samsung's also by a
mark before it, and HEIC has a box for it. What they say is believed only if a movie begins there
that we can vouch for (`containers.movie`).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from itertools import islice
from mmap import ACCESS_READ, mmap
from pathlib import Path

from photoshare.metadata.containers.heif import heif_patches, movies_of
from photoshare.metadata.containers.jpeg import jpeg_patches
from photoshare.metadata.containers.movie import movie_patches
from photoshare.metadata.containers.samsung import MARK, Trailer, trailer_of
from photoshare.metadata.containers.segments import APP1, clean_picture
from photoshare.metadata.patches import Buffer, Patch, UncleanableError, replace

MOST_STARTS = 20  # places where a movie is looked for; a camera names one, in two ways
MAX_MOVIE_BYTES = 64_000_000  # of three seconds; phones write 2 to 15 MB, and it is read whole
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_STILLS = ("JPEG", "MPO", "HEIF")
# GCamera:MicroVideoOffset (until 2019) is the length of the movie; later each item of a directory
# has its own, in the order in which they are in the file.
_OLD = re.compile(rb"""\bMicroVideoOffset\s*(?:=\s*["']|>\s*)(\d{1,10})\b""")
_ITEM = re.compile(rb"<rdf:li\b(?:(?!</?rdf:li\b).)*+</rdf:li>|<[^<>]*+>", re.S)
_FIELD = rb"""\b%s\s*(?:=\s*["']|>\s*)([^"'<>]{0,40})"""


def find_movie_start(path: Path, image_format: str) -> int | None:
    """Find where the movie of a motion photo begins; None if it has none that can be played.

    Parameters
    ----------
    path : Path
        The original.
    image_format : str
        Pillow's name of its format.
    """
    if image_format not in _STILLS:
        return None
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        for start in islice(_said_starts(data, image_format), MOST_STARTS):
            if 0 < start < len(data) and data[start + 4 : start + 8] == b"ftyp":
                try:
                    list(movie_only(data, start))
                except UncleanableError:
                    continue
                return start
    return None


def movie_only(data: Buffer, start: int) -> Iterator[Patch]:
    """Make of a motion photo its movie alone, without locations and names.

    Raises
    ------
    UncleanableError
        If the movie is one that we can't vouch for.
    """
    yield Patch(0, start)
    yield from movie_behind(data, start)


def movie_behind(data: Buffer, start: int, stop: int | None = None) -> Iterator[Patch]:
    """Find the changes to the movie behind a still.

    Raises
    ------
    UncleanableError
        If it is one that we can't vouch for, or too long to be of a photo.
    """
    movie = data[start:stop]
    if len(movie) > MAX_MOVIE_BYTES:
        raise UncleanableError("too long a movie")
    for patch in movie_patches(bytes(movie)):
        yield Patch(patch.start + start, patch.stop + start, patch.content)


def still_with_movie(data: Buffer, start: int) -> list[Patch]:
    """Find the changes to a photo that keeps its movie: both without locations and names.

    The movie keeps its length, by which the still finds it.

    Raises
    ------
    UncleanableError
        If either is one that we can't vouch for, or the movie would have another length.
    """
    if data[4:8] == b"ftyp":
        in_box = next((movie for movie in movies_of(data) if movie.start == start), None)
        if in_box is None:
            raise UncleanableError("a movie that isn't in a box of its own")
        stop = in_box.stop
        still = list(heif_patches(data, movie=in_box))
    else:
        trailer = trailer_of(data, start) or Trailer(start, len(data), b"")
        stop = trailer.stop
        still = list(jpeg_patches(bytes(data[: trailer.head]), keeps_movie=True))
        still += replace(stop, bytes(data[stop:]), trailer.rest)
    movie = list(movie_behind(data, start, stop))
    if any(patch.size != patch.stop - patch.start for patch in movie):
        raise UncleanableError("a movie with something behind it")
    return sorted([*still, *movie], key=lambda patch: patch.start)


def moving_patches(path: Path, start: int) -> list[Patch]:
    """Find the changes to the file of a motion photo that keeps its movie.

    Raises
    ------
    UncleanableError
        As `still_with_movie`, and if no movie begins there.
    """
    with _with_movie(path, start) as data:
        return still_with_movie(data, start)


def movie_patches_of(path: Path, start: int) -> list[Patch]:
    """Find the changes that make of the file of a motion photo its movie alone.

    Raises
    ------
    UncleanableError
        As `movie_only`, and if no movie begins there.
    """
    with _with_movie(path, start) as data:
        return list(movie_only(data, start))


@contextlib.contextmanager
def _with_movie(path: Path, start: int) -> Iterator[mmap]:
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        if data[start + 4 : start + 8] != b"ftyp":
            raise UncleanableError("no movie begins here")
        yield data


def _said_starts(data: Buffer, image_format: str) -> Iterator[int]:
    """List where a movie may begin, the surest first."""
    if image_format == "HEIF":
        with contextlib.suppress(UncleanableError):
            yield from (movie.start for movie in movies_of(data))
    else:
        yield from _said_in_xmp(data)
    mark = data.rfind(MARK)
    if mark >= 0:
        yield mark + len(MARK)


def _said_in_xmp(data: Buffer) -> Iterator[int]:
    packets: list[bytes] = []

    def note(marker: int, payload: bytes, _start: int) -> bytes:
        if marker == APP1 and payload.startswith(_XMP):
            packets.append(payload[len(_XMP) :])
        return payload

    try:
        clean_picture(data, 0, note)
    except UncleanableError:
        return
    for packet in packets:
        if length := _length_of_movie(packet):
            yield len(data) - length
        if old := _OLD.search(packet):
            yield len(data) - int(old[1])


def _length_of_movie(packet: bytes) -> int:
    """Add up the lengths of the movie and of what is behind it; 0 if the XMP names no movie."""
    total, length = 0, 0
    for item in reversed(_ITEM.findall(packet)):
        total += _number(item, b"Item:Length") + _number(item, b"Item:Padding")
        if _text(item, b"Item:Semantic") == b"MotionPhoto":
            length = total
    return length


def _text(item: bytes, name: bytes) -> bytes:
    found = re.search(_FIELD % name, item)
    return found[1].strip() if found else b""


def _number(item: bytes, name: bytes) -> int:
    text = _text(item, name)
    return int(text) if text.isdigit() and len(text) <= 10 else 0

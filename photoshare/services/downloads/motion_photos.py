"""The movie of a motion photo: alone, to be played, or behind its still, to be saved.

The usual download of a motion photo is its still alone (`photoshare.metadata`).
"""

from __future__ import annotations

from contextlib import closing
from enum import StrEnum
from mmap import ACCESS_READ, mmap
from pathlib import Path

from photoshare.errors import NotFoundError
from photoshare.metadata.motion import movie_only, moving_patches
from photoshare.metadata.patches import Patch, PatchedFile, UncleanableError
from photoshare.models import Photo
from photoshare.storage import Storage


class Part(StrEnum):
    """What of a motion photo is sent."""

    MOVIE = "movie"
    BOTH = "both"


def has_both(photo: Photo) -> bool:
    """Whether a photo can be saved with its movie."""
    return photo.moving_bytes is not None


def open_part(
    storage: Storage, room_id: int, sha256: str, start: int, part: Part, *, exact: bool
) -> PatchedFile:
    """Open the movie of a motion photo, or both of its parts, for reading at any offset.

    Parameters
    ----------
    start : int
        Where in the original the movie begins.
    exact : bool
        Bit for bit; else without locations, names and serial numbers.

    Raises
    ------
    NotFoundError
        If the file is lost, or one that can't be cleaned.
    StorageError
        If it is elsewhere, and can't be reached.
    """
    try:
        with storage.holding(storage.original(room_id, sha256)) as original:
            return PatchedFile(original, _patches(original, start, part, exact=exact))
    except (OSError, ValueError) as error:
        raise NotFoundError("This movie can't be played.") from error


def size_of_part(
    storage: Storage, room_id: int, sha256: str, start: int, part: Part, *, exact: bool
) -> int:
    """Return how many bytes `open_part` has; raises the same."""
    with closing(open_part(storage, room_id, sha256, start, part, exact=exact)) as opened:
        return opened.size_bytes


def _patches(original: Path, start: int, part: Part, *, exact: bool) -> list[Patch]:
    if part is Part.BOTH:
        return [] if exact else moving_patches(original, start)
    if exact:
        return [Patch(0, start)]
    with original.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        if data[start + 4 : start + 8] != b"ftyp":
            raise UncleanableError("no movie begins here")
        return list(movie_only(data, start))

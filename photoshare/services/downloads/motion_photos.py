"""The movie of a motion photo alone, to be played.

The usual download of a motion photo is its still alone (`photoshare.metadata`); together they are
`clean_originals.Form.MOVING`.
"""

from __future__ import annotations

from contextlib import closing

from photoshare.errors import NotFoundError
from photoshare.metadata.motion import movie_patches_of
from photoshare.metadata.patches import Patch, PatchedFile
from photoshare.models import Photo
from photoshare.storage import Storage


def has_both(photo: Photo) -> bool:
    """Whether a photo can be saved with its movie."""
    return photo.movie_start is not None and photo.moving_bytes is not None


def open_movie(
    storage: Storage, room_id: int, sha256: str, start: int, *, exact: bool
) -> PatchedFile:
    """Open the movie of a motion photo for reading at any offset.

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
            patches = [Patch(0, start)] if exact else movie_patches_of(original, start)
            return PatchedFile(original, patches)
    except (OSError, ValueError) as error:
        raise NotFoundError("This movie can't be played.") from error


def size_of_movie(storage: Storage, room_id: int, sha256: str, start: int, *, exact: bool) -> int:
    """Return how many bytes `open_movie` has; raises the same."""
    with closing(open_movie(storage, room_id, sha256, start, exact=exact)) as opened:
        return opened.size_bytes

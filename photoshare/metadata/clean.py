"""Find the bytes of a photo to replace before a guest gets it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from itertools import islice
from mmap import ACCESS_READ, mmap
from pathlib import Path

from photoshare.metadata.containers.chunks import gif_patches, png_patches, webp_patches
from photoshare.metadata.containers.heif import heif_patches
from photoshare.metadata.containers.jpeg import jpeg_patches
from photoshare.metadata.containers.movie import movie_patches
from photoshare.metadata.containers.webm import webm_patches
from photoshare.metadata.exif import tiff_patches
from photoshare.metadata.patches import Buffer, Patch, PatchedFile, UncleanableError

# The checksum of a cleaned photo in the database is valid for these rules only: increase this with
# every change of this package that could change a byte.
CLEANING_RULES = 5


# Real photos need ten, a clip some thousands, to blank what its sensors told between its frames; a
# file made of tiny segments could need millions.
MAX_PATCHES = 20_000


def _nothing(_data: Buffer) -> Iterable[Patch]:
    """Find nothing: BMP has no text about the photo."""
    return ()


def _by_makers_only(_data: Buffer) -> Iterable[Patch]:
    """Refuse what only its maker understands: some need a serial number to decode their pixels."""
    raise UncleanableError("a RAW file with an undocumented structure")


_CLEANERS: dict[str, Callable[[Buffer], Iterable[Patch]]] = {
    "JPEG": jpeg_patches,
    "MPO": jpeg_patches,
    "PNG": png_patches,
    "WEBP": webp_patches,
    "HEIF": heif_patches,
    "AVIF": heif_patches,
    "GIF": gif_patches,
    "TIFF": tiff_patches,
    "BMP": _nothing,
    "MP4": movie_patches,
    "MOV": movie_patches,
    "3GP": movie_patches,
    "WEBM": webm_patches,
    "DNG": tiff_patches,
    **dict.fromkeys(("CR2", "CR3", "NEF", "ARW", "RAF", "ORF", "RW2"), _by_makers_only),
}


def is_cleanable(path: Path, image_format: str) -> bool:
    """Whether `find_patches` can vouch for a file, and a `PatchedFile` can be made with them."""
    try:
        PatchedFile(path, find_patches(path, image_format)).close()
    except UncleanableError:
        return False
    return True


def find_patches(path: Path, image_format: str) -> list[Patch]:
    """Find the patches that remove what identifies a person, a device or a location.

    Parameters
    ----------
    path : Path
        The original.
    image_format : str
        Pillow's name of its format.

    Raises
    ------
    UncleanableError
        If the file has a structure that we cannot vouch for.
    FileNotFoundError
        If it does not exist.
    """
    with path.open("rb") as file:
        data = mmap(file.fileno(), 0, access=ACCESS_READ)
    try:
        patches = list(islice(_CLEANERS[image_format](data), MAX_PATCHES))
    except (struct.error, IndexError, RecursionError) as error:  # an invalid offset or size
        raise UncleanableError("a damaged file") from error
    if len(patches) == MAX_PATCHES:
        raise UncleanableError("a file with too many parts")
    return patches

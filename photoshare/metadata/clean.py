"""Which bytes of a photo are to be replaced before it is given to a guest."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path

from photoshare.metadata.chunks import gif_patches, png_patches, webp_patches
from photoshare.metadata.exif import tiff_patches
from photoshare.metadata.heif import heif_patches
from photoshare.metadata.jpeg import jpeg_patches
from photoshare.metadata.patches import Buffer, Patch, UncleanableError

# What the database keeps of a cleaned photo (its checksum) holds for these rules only: count up
# with every change of this package that could change a byte.
CLEANING_RULES = 1


def _nothing(_data: Buffer) -> Iterator[Patch]:
    """BMP holds no text about the photo."""
    return iter(())


_CLEANERS: dict[str, Callable[[Buffer], Iterator[Patch]]] = {
    "JPEG": jpeg_patches,
    "MPO": jpeg_patches,
    "PNG": png_patches,
    "WEBP": webp_patches,
    "HEIF": heif_patches,
    "AVIF": heif_patches,
    "GIF": gif_patches,
    "TIFF": tiff_patches,
    "BMP": _nothing,
}


def is_cleanable(path: Path, image_format: str) -> bool:
    """Whether `find_patches` can vouch for a file."""
    try:
        find_patches(path, image_format)
    except UncleanableError:
        return False
    return True


def find_patches(path: Path, image_format: str) -> list[Patch]:
    """Find what takes the place and the serial numbers out of a photo; nothing for most.

    Parameters
    ----------
    path : Path
        The original.
    image_format : str
        Pillow's name of its format.

    Raises
    ------
    UncleanableError
        If the file is built in a way that we cannot vouch for.
    FileNotFoundError
        If it is not there.
    """
    with path.open("rb") as file:
        data = mmap(file.fileno(), 0, access=ACCESS_READ)
    try:
        return list(_CLEANERS[image_format](data))
    except (struct.error, IndexError, RecursionError) as error:  # a number that leads nowhere
        raise UncleanableError("a damaged file") from error

"""How pictures are turned in their files, and where a part of the upright one is there."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from photoshare.pictures import decoding
from photoshare.pictures.reading.jpegs import exif_orientation

Box: TypeAlias = tuple[int, int, int, int]  # left, top, right, bottom, in pixels
UPRIGHT = 1  # of EXIF's orientations
# What turns these is in the container, and their decoders and all other programs follow it: what
# EXIF says beside it has been done already.
_TURNED_BY_CONTAINER = ("HEIF", "AVIF")


def orientation_of(path: Path) -> int:
    """Return the EXIF orientation, 1 to 8, by which programs turn a picture; decodes no pixels.

    Raises
    ------
    RejectedPhotoError
        If it is not a picture.
    """
    with decoding.open_picture(path, max_megapixels=decoding.ANY_MEGAPIXELS) as opened:
        if opened.format in _TURNED_BY_CONTAINER:
            return UPRIGHT
        if opened.format == "PNG":  # whose `getexif` decodes the picture to find some
            opened.info.setdefault("exif", b"")
        return exif_orientation(opened) or UPRIGHT


def in_file(box: Box, size: tuple[int, int], orientation: int) -> Box:
    """Return where a part of the upright picture is in one with this EXIF orientation.

    Parameters
    ----------
    box : Box
    size : tuple of int
        Width and height of the upright picture.
    orientation : int
        1 to 8; others are upright, too.
    """
    left, top, right, bottom = box
    width, height = size
    if orientation in (2, 3, 6, 7):  # upright, its first column comes from a last one
        left, right = width - right, width - left
    if orientation in (3, 4, 7, 8):  # and its first row
        top, bottom = height - bottom, height - top
    return (
        (top, left, bottom, right) if orientation in decoding.TURNED else (left, top, right, bottom)
    )

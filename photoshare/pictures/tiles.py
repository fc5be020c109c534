"""Cut a photo into tiles for a close look, up to the original's own pixels.

A picture of `encoding.VIEW_PX` shows no letter of a panorama. Tiles of a photo are made at
several reductions, so that a screen needs a handful of them however large the photo is. Runs in
the decoder processes (`pictures.worker`).
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from PIL import ExifTags
from PIL.ImageFile import ImageFile

from photoshare.pictures import decoding, encoding
from photoshare.pictures.orientation import Box, in_file

TILE_PX = 1024  # side: a phone shows 4 to 12 of them, and most photos have fewer than 20
# A reduction that is hardly larger than the picture already shown would be work for nothing.
WORTHWHILE = 1.25  # times `encoding.VIEW_PX`, the least longer side; our choice


def reductions(width: int, height: int) -> tuple[int, ...]:
    """List by what the sides of a photo may be divided for tiles: 1, 2, 4 and so on, or nothing.

    Parameters
    ----------
    width, height : int
        Pixels of the upright original.
    """
    found = []
    factor = 1
    while max(width, height) / factor > encoding.VIEW_PX * WORTHWHILE:
        found.append(factor)
        factor *= 2
    return tuple(found)


def grid_of(width: int, height: int, factor: int) -> tuple[int, int]:
    """Return how many columns and rows of tiles a photo has when its sides are divided."""
    columns, rows = (-(-side // (factor * TILE_PX)) for side in (width, height))
    return columns, rows


def tile_name(column: int, row: int) -> str:
    """Return the name of a tile in the file that `cut_tiles` makes; both count from 0."""
    return f"{column}-{row}.webp"


def cut_tiles(path: Path, *, factor: int, max_megapixels: int) -> bytes:
    """Cut a photo into WebP tiles, all of them in one decode.

    Parameters
    ----------
    path : Path
        The original.
    factor : int
        One of `reductions`.
    max_megapixels : int
        Larger pictures are refused before they are decoded.

    Returns
    -------
    bytes
        A zip, not compressed, with each tile under its `tile_name`.

    Raises
    ------
    RejectedPhotoError
        As `decoding.decode_upright`.
    """
    content = io.BytesIO()
    with (
        decoding.open_picture(path, max_megapixels=max_megapixels) as opened,
        zipfile.ZipFile(content, "w") as packed,
    ):
        left_over = _load_reduced(opened, factor)
        orientation = opened.getexif().get(ExifTags.Base.Orientation, 1)
        sides = [-(-side // left_over) for side in opened.size]
        width, height = reversed(sides) if orientation in decoding.TURNED else sides
        to_rgb, profile = decoding.rgb_converter(opened), decoding.profile_of_rgb(opened)
        for column in range(-(-width // TILE_PX)):
            for row in range(-(-height // TILE_PX)):
                left, top = column * TILE_PX, row * TILE_PX
                upright = left, top, min(left + TILE_PX, width), min(top + TILE_PX, height)
                box = in_file(upright, (width, height), orientation)
                tile = to_rgb(opened.crop(_enlarged(box, left_over, opened.size)))
                tile = tile.reduce(left_over)
                if orientation in decoding.TO_UPRIGHT:
                    tile = tile.transpose(decoding.TO_UPRIGHT[orientation])
                tile.info["icc_profile"] = profile
                packed.writestr(tile_name(column, row), encoding.to_webp(tile))
    return content.getvalue()


def _load_reduced(opened: ImageFile, factor: int) -> int:
    """Decode a file, JPEG already reduced; return by what its sides remain to be divided."""
    width, height = opened.size
    opened.draft(None, (max(width // factor, 1), max(height // factor, 1)))
    opened.load()
    return max(factor // max(round(max(width, height) / max(opened.size)), 1), 1)


def _enlarged(box: Box, factor: int, size: tuple[int, int]) -> Box:
    left, top, right, bottom = (edge * factor for edge in box)
    return left, top, min(right, size[0]), min(bottom, size[1])

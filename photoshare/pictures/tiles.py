"""Cut a photo into tiles for a close look, up to the original's own pixels.

A picture of `encoding.VIEW_PX` shows no letter of a panorama. Tiles of a photo are made at
several reductions, so that a screen needs a handful of them however large the photo is. Runs in
the decoder processes (`pictures.worker`).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from PIL.Image import Image
from PIL.ImageFile import ImageFile

from photoshare.pictures import decoding, encoding
from photoshare.pictures.orientation import UPRIGHT, Box, in_file
from photoshare.pictures.reading.jpegs import exif_orientation

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
        source, left_over = _load_reduced(opened, factor)
        orientation = exif_orientation(opened) or UPRIGHT
        sides = [-(-side // left_over) for side in source.size]
        width, height = reversed(sides) if orientation in decoding.TURNED else sides
        boxes = []
        for upright, name in _grid(width, height):
            box = in_file(upright, (width, height), orientation)
            boxes.append((_enlarged(box, left_over, source.size), name))
        for tile, name in _cut(source, boxes):
            reduced = source.in_srgb(tile.reduce(left_over))
            if orientation in decoding.TO_UPRIGHT:
                reduced = reduced.transpose(decoding.TO_UPRIGHT[orientation])
            reduced.info["icc_profile"] = source.profile
            packed.writestr(name, encoding.to_webp(reduced))
    return content.getvalue()


def _grid(width: int, height: int) -> Iterator[tuple[Box, str]]:
    """List where the tiles of an upright picture are, and what each is called."""
    for column in range(-(-width // TILE_PX)):
        for row in range(-(-height // TILE_PX)):
            left, top = column * TILE_PX, row * TILE_PX
            box = left, top, min(left + TILE_PX, width), min(top + TILE_PX, height)
            yield box, tile_name(column, row)


def _cut(source: decoding.Source, boxes: list[tuple[Box, str]]) -> Iterator[tuple[Image, str]]:
    """Cut tiles out of a file, in RGB, row by row: a large one is read from top to bottom."""
    to_rgb = source.rgb_converter()
    for (top, bottom), row in groupby(sorted(boxes, key=_rows_of), key=_rows_of):
        band = source.band(top, bottom)
        for (left, _, right, _), name in row:
            yield to_rgb(band.crop((left, 0, right, bottom - top))), name


def _rows_of(tile: tuple[Box, str]) -> tuple[int, int]:
    (_, top, _, bottom), _name = tile
    return top, bottom


def _load_reduced(opened: ImageFile, factor: int) -> tuple[decoding.Source, int]:
    """Decode a file, JPEG already reduced; return by what its sides remain to be divided."""
    width, height = opened.size
    decoding.draft(opened, (max(width // factor, 1), max(height // factor, 1)))
    source = decoding.source_of(opened, is_whole=True)
    source.load()
    left_over = factor // max(round(max(width, height) / max(source.size)), 1)
    return source, max(left_over, 1)


def _enlarged(box: Box, factor: int, size: tuple[int, int]) -> Box:
    left, top, right, bottom = (edge * factor for edge in box)
    return left, top, min(right, size[0]), min(bottom, size[1])

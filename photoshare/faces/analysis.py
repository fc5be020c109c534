"""From the file of a photo to its faces and thumbnails, by as little decoding as possible.

Runs in the thread of whoever calls it, touches no database, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from photoshare.faces.decoding import decode_upright
from photoshare.faces.search import (
    DEFAULT_EFFORT,
    SearchEffort,
    Size,
    find_faces,
    scaled_to,
)
from photoshare.faces.types import AnalysedFace, FaceEngine

FIRST_DECODE_PX = 1280  # enough for two looks: most photos are decoded once
LARGEST_DECODE_PIXELS = 25_000_000  # for encoding small faces; 75 MB, and twice that for a moment


@dataclass(frozen=True, slots=True)
class PhotoAnalysis:
    """What a photo holds.

    Attributes
    ----------
    size : (int, int)
        Width and height of the upright original, in pixels.
    faces : list of AnalysedFace
        The surest first; locations in pixels of the upright original.
    thumbnails : list of PIL.Image.Image
        RGB, upright, one for each size that was asked for, never larger than the photo.
    """

    size: Size
    faces: list[AnalysedFace]
    thumbnails: list[Image.Image]


def analyse_photo(
    path: Path,
    engine: FaceEngine,
    *,
    effort: SearchEffort = DEFAULT_EFFORT,
    thumbnail_sides_px: Sequence[int] = (),
) -> PhotoAnalysis:
    """Find and encode the faces of a photo; make its thumbnails from the same decode.

    Parameters
    ----------
    path : Path
        Any format that Pillow and pillow_heif read.
    engine : FaceEngine
        Locates and encodes.
    effort : SearchEffort
        How small the faces are that matter.
    thumbnail_sides_px : sequence of int
        Longer side of each thumbnail wanted.

    Raises
    ------
    OSError
        If the file is no readable photo (Pillow's UnidentifiedImageError is one).
    """
    photo = _Photo(path, max([FIRST_DECODE_PX, *thumbnail_sides_px]))
    longer_side_px = max(photo.size)
    thumbnails = [
        scaled_to(photo.picture(side), min(side, longer_side_px)) for side in thumbnail_sides_px
    ]
    return PhotoAnalysis(photo.size, find_faces(photo, engine, effort), thumbnails)


class _Photo:
    """A photo that is decoded again, larger, only when somebody needs more pixels of it."""

    def __init__(self, path: Path, longer_side_px: int) -> None:
        self._path = path
        self._decoded, self.size = decode_upright(path, longer_side_px)

    def picture(self, longer_side_px: float) -> Image.Image:
        """Return the photo with at least this longer side, unless it or the bound is less."""
        pixels = self.size[0] * self.size[1]
        largest_px = max(self.size) * min(1.0, (LARGEST_DECODE_PIXELS / pixels) ** 0.5)
        needed_px = int(min(longer_side_px, largest_px))
        if max(self._decoded.size) < needed_px:
            self._decoded, _ = decode_upright(self._path, needed_px)
        return self._decoded

"""From the file of a photo to its faces and thumbnails, by as little decoding as possible.

Runs in the thread of whoever calls it, touches no database, and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from photoshare.faces.decoding import decode_upright
from photoshare.faces.search import (
    DEFAULT_EFFORT,
    SearchEffort,
    Size,
    find_faces,
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
    picture : PIL.Image.Image
        RGB, upright, of at least the longer side that was asked for if the photo has it: for
        thumbnails and for the covers of people.
    """

    size: Size
    faces: list[AnalysedFace]
    picture: Image.Image


def analyse_photo(
    path: Path,
    engine: FaceEngine,
    *,
    effort: SearchEffort = DEFAULT_EFFORT,
    picture_side_px: int = 0,
) -> PhotoAnalysis:
    """Find and encode the faces of a photo, and return the picture decoded for it.

    Parameters
    ----------
    path : Path
        Any format that Pillow and pillow_heif read.
    engine : FaceEngine
        Locates and encodes.
    effort : SearchEffort
        How small the faces are that matter.
    picture_side_px : int
        Longer side that the returned picture must have at least.

    Raises
    ------
    OSError
        If the file is no readable photo (Pillow's UnidentifiedImageError is one).
    """
    photo = _Photo(path, max(FIRST_DECODE_PX, picture_side_px))
    picture = photo.picture(picture_side_px)
    return PhotoAnalysis(photo.size, find_faces(photo, engine, effort), picture)


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

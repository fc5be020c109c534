"""Find the faces in a photo's file with as little decoding as possible.

Runs in the caller's thread, does not use the database, and writes nothing.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from photoshare.faces.panels import panels_of_faces
from photoshare.faces.reflections import reflections_apart
from photoshare.faces.types import AnalysedFace, FaceEngine, Size
from photoshare.pictures.decoding import (
    MAX_MEGAPIXELS,
    DecodedPhoto,
    decode_upright,
    largest_side_px,
)
from photoshare.pictures.encoding import crop_face, face_crop_px, to_jpeg

FIRST_DECODE_PX = 1280  # enough for two looks: most photos are decoded once


@dataclass(frozen=True, slots=True)
class PhotoAnalysis:
    """The faces of a photo, and the picture decoded for them.

    Attributes
    ----------
    faces : list of AnalysedFace
        Surest first; locations in pixels of the upright original.
    decoded : DecodedPhoto
        The largest decode that the faces needed; `cover_of` cuts them out of it.
    """

    faces: list[AnalysedFace]
    decoded: DecodedPhoto

    def cover_of(self, face: AnalysedFace) -> bytes:
        """Cut a face out of the photo: a small square JPEG."""
        return to_jpeg(crop_face(self.decoded, face.location))


def analyse_photo(
    source: Path | bytes,
    engine: FaceEngine,
    *,
    smallest_face_percent: float | None = None,
    max_megapixels: int = MAX_MEGAPIXELS,
) -> PhotoAnalysis:
    """Find and encode the faces of a photo, and return the picture decoded for it.

    Parameters
    ----------
    source : Path or bytes
        The original, or its content.
    engine : FaceEngine
        Locates and encodes.
    smallest_face_percent : float, optional
        Width of the smallest face to find, in percent of the photo's longer side; by default the
        engine's own.
    max_megapixels : int
        Larger pictures are refused.

    Raises
    ------
    RejectedPhotoError
        If the file is not a readable photo.
    """

    def decode(longer_side_px: int) -> DecodedPhoto:
        opened = io.BytesIO(source) if isinstance(source, bytes) else source
        return decode_upright(opened, at_least_px=longer_side_px, max_megapixels=max_megapixels)

    return analyse_decoded(decode, engine, smallest_face_percent=smallest_face_percent)


def analyse_decoded(
    decode: Callable[[int], DecodedPhoto],
    engine: FaceEngine,
    *,
    smallest_face_percent: float | None = None,
) -> PhotoAnalysis:
    """Find and encode the faces of a photo, as `analyse_photo`, wherever it is decoded.

    Parameters
    ----------
    decode : callable
        Decodes the photo upright, with at least this longer side, as `decode_upright` does.
    engine : FaceEngine
    smallest_face_percent : float, optional
    """
    photo = _Photo(decode)
    faces = engine.find_faces(photo, smallest_face_percent or engine.smallest_face_percent)
    panels = panels_of_faces(photo.decoded.image, photo.size, [face.location for face in faces])
    panels = reflections_apart(faces, panels, engine.eps)
    faces = [replace(face, panel=panel) for face, panel in zip(faces, panels, strict=True)]
    photo.picture(face_crop_px(*photo.size, (face.location for face in faces)))
    return PhotoAnalysis(faces, photo.decoded)


class _Photo:
    """A photo that is decoded again, larger, only when more of its pixels are needed."""

    def __init__(self, decode: Callable[[int], DecodedPhoto]) -> None:
        self._decode = decode
        self.decoded = decode(FIRST_DECODE_PX)
        self._most_px = float("inf")  # if memory has no space for more

    @property
    def size(self) -> Size:
        """Width and height of the upright original, in pixels."""
        return self.decoded.width, self.decoded.height

    def picture(self, longer_side_px: float) -> Image.Image:
        """Return the photo with at least this longer side, unless it or the limit is smaller."""
        needed_px = int(min(longer_side_px, largest_side_px(*self.size)))
        if max(self.decoded.image.size) < min(needed_px, self._most_px):
            self.decoded = self._decode(needed_px)
            if max(self.decoded.image.size) < needed_px:
                self._most_px = max(self.decoded.image.size)
        return self.decoded.image

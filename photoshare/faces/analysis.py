"""Analyse one photo: decode it, locate its faces, encode them, cut out their covers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from photoshare import images
from photoshare.faces.types import AnalysedFace, FaceEngine, FaceLocation


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a photo holds.

    Attributes
    ----------
    faces : list of AnalysedFace
        Locations in pixels of the upright original.
    crops : list of bytes
        A small square JPEG for each face, in the same order.
    """

    faces: list[AnalysedFace]
    crops: list[bytes]


def analyse_photo(
    path: Path, engine: FaceEngine, *, detection_side_px: int, max_megapixels: int
) -> Analysis:
    """Find and encode the faces of one photo.

    Parameters
    ----------
    path : Path
        The original.
    engine : FaceEngine
        Used by this thread only while this runs.
    detection_side_px : int
        The longer side at which faces are searched, pixels.
    max_megapixels : int
        Larger pictures are refused.

    Raises
    ------
    RejectedPhotoError
        If the photo cannot be decoded.
    """
    decoded = images.decode_upright(
        path, at_least_px=detection_side_px, max_megapixels=max_megapixels
    )
    reduced = images.smaller(decoded.image, detection_side_px)
    pixels = np.asarray(reduced)
    located = engine.locate(pixels)
    encodings = engine.encode(pixels, [face.location for face in located])
    scale = max(decoded.width, decoded.height) / max(reduced.size)
    faces = [
        AnalysedFace(
            _scaled(face.location, scale, width=decoded.width, height=decoded.height),
            face.score,
            encoding,
        )
        for face, encoding in zip(located, encodings, strict=True)
    ]
    crops = [images.to_jpeg(images.crop_face(decoded, face.location)) for face in faces]
    return Analysis(faces, crops)


def _scaled(location: FaceLocation, scale: float, *, width: int, height: int) -> FaceLocation:
    """Bring a location from the searched picture to the original's pixels."""
    top, right, bottom, left = (round(edge * scale) for edge in location)
    return max(top, 0), min(right, width), min(bottom, height), max(left, 0)

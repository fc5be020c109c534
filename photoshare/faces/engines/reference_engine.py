"""The reference engine: `face_recognition` itself, HOG detector and ResNet encoder of dlib.

The only module that imports `face_recognition`. Its encoder holds the interpreter lock for about
80 ms per face, so the thread pauses between faces (docs/adr/0004-breathe-between-faces.md).
"""

from __future__ import annotations

import time
import warnings
from functools import cache
from typing import Any

import numpy as np
from PIL import ImageFile as PillowImageFile

from photoshare.errors import ModelError
from photoshare.faces.graphs.dlib_format import ENCODING_SIZE, EPS
from photoshare.faces.search import DEFAULT_EFFORT, SearchEffort, find_faces
from photoshare.faces.types import (
    AnalysedFace,
    Doubt,
    FaceEncodings,
    FaceLocation,
    LocatedFace,
    PhotoSource,
    RgbImage,
)

# Seconds without the interpreter lock after every face. On 2 cores, a page of 12 queries took
# 1,213 ms without this pause and 26 ms (median) with it, for 15 % more time of the worker.
BREATH_S = 0.005
UPSAMPLE = 0  # photoshare.faces.search chooses the size at which a photo is searched


@cache
def _library() -> Any:
    """Import `face_recognition` and undo what its import changes for the whole process.

    Raises
    ------
    ModelError
        If its models are missing, in which case the package calls ``quit()``.
    """
    before = PillowImageFile.LOAD_TRUNCATED_IMAGES
    try:
        with warnings.catch_warnings():
            # face_recognition_models uses pkg_resources, which is why setuptools is pinned.
            warnings.simplefilter("ignore", UserWarning)
            import face_recognition.api as library
    except SystemExit as error:
        raise ModelError(
            "The package face_recognition can't load its models. "
            "Fix it with: rm -rf .venv && ./run.sh"
        ) from error
    finally:
        PillowImageFile.LOAD_TRUNCATED_IMAGES = before
    return library


class ReferenceFaceEngine:
    """Locate by HOG and encode by ResNet, as `face_recognition` does; one thread at a time."""

    name = "face_recognition-1.3.0-hog"
    encoding_size = ENCODING_SIZE
    eps = EPS
    doubt = Doubt()
    smallest_face_percent = DEFAULT_EFFORT.smallest_face_percent
    photos_at_once = 1  # dlib's objects are not safe for several threads

    def warm_up(self) -> None:
        """Load the models."""
        _library()

    def find_faces(self, photo: PhotoSource, smallest_face_percent: float) -> list[AnalysedFace]:
        """Find and encode the faces of a photo, surest first (photoshare.faces.search)."""
        return find_faces(photo, self, SearchEffort(smallest_face_percent))

    def locate(self, image: RgbImage) -> list[LocatedFace]:
        """Find the faces of an upright picture.

        Parameters
        ----------
        image : uint8 array of shape (height, width, 3)

        Returns
        -------
        list of LocatedFace
            Surest first; scores of dlib's HOG detector, 0 to about 3.
        """
        library = _library()
        height, width = image.shape[:2]
        rectangles, scores, _ = library.face_detector.run(image, UPSAMPLE, 0.0)
        return [
            LocatedFace(
                (
                    max(rectangle.top(), 0),
                    min(rectangle.right(), width),
                    min(rectangle.bottom(), height),
                    max(rectangle.left(), 0),
                ),
                float(score),
            )
            for rectangle, score in zip(rectangles, scores, strict=True)
        ]

    def encode(self, image: RgbImage, locations: list[FaceLocation]) -> FaceEncodings:
        """Encode the faces at these locations.

        Parameters
        ----------
        image : uint8 array of shape (height, width, 3)
        locations : list of FaceLocation
            In pixels of the image.

        Returns
        -------
        float32 array of shape (len(locations), 128)
        """
        encodings = np.empty((len(locations), ENCODING_SIZE), dtype=np.float32)
        for row, location in enumerate(locations):
            (encodings[row],) = _library().face_encodings(image, [location], model="small")
            time.sleep(BREATH_S)
        return encodings

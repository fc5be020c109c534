"""The words of the face code: what a face location, a face encoding and an engine are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

ENCODING_SIZE = 128  # numbers of one face encoding (dlib_face_recognition_resnet_model_v1)
NOISE_LABEL = -1  # the cluster label of a face in no cluster, as in scikit-learn

RgbImage: TypeAlias = NDArray[np.uint8]  # shape (height, width, 3), red, green, blue
FaceEncodings: TypeAlias = NDArray[np.float32]  # shape (n_faces, ENCODING_SIZE)
FaceLocation: TypeAlias = tuple[int, int, int, int]  # (top, right, bottom, left), pixels


@dataclass(frozen=True, slots=True)
class LocatedFace:
    """A face that a detector found in a picture.

    Attributes
    ----------
    location : FaceLocation
        (top, right, bottom, left) in pixels of the picture that was searched; right and bottom
        are exclusive, and all four lie within the picture.
    score : float
        What the detector thinks of it: larger is surer; the scale is the detector's own.
    """

    location: FaceLocation
    score: float


@dataclass(frozen=True, slots=True)
class AnalysedFace:
    """A face with its encoding; the location is in pixels of the upright photo."""

    location: FaceLocation
    score: float
    encoding: NDArray[np.float32]  # shape (ENCODING_SIZE,)


class FaceEngine(Protocol):
    """What finds and encodes faces; `photos_at_once` threads may use an engine at a time."""

    @property
    def name(self) -> str:
        """Name and version, stored with every photo it analysed."""
        ...

    @property
    def photos_at_once(self) -> int:
        """How many photos are best analysed at the same time, each in a thread of its own."""
        ...

    def warm_up(self) -> None:
        """Load the models now; raises ModelError where they cannot be used."""
        ...

    def locate(self, image: RgbImage) -> list[LocatedFace]:
        """Find the faces of an upright picture, the surest first."""
        ...

    def encode(self, image: RgbImage, locations: list[FaceLocation]) -> FaceEncodings:
        """Encode the faces at these locations of the picture, in their order."""
        ...

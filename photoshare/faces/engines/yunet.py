"""Run YuNet in ONNX Runtime: boxes and five landmarks of faces of at least 10 pixels.

Source
------
Wu, Peng, Yu 2023, "YuNet: A Tiny Millisecond-level Face Detector"; the meaning of its outputs:
OpenCV 4, ``modules/objdetect/src/face_detect.cpp``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.engines.sessions import LazySession
from photoshare.faces.graphs.model_files import STRIDES, YUNET_FILE
from photoshare.faces.types import RgbImage
from photoshare.geometry import SAME_FACE_OVERLAP, overlap_matrix

AS_LOCATION = [1, 2, 3, 0]  # the edges of a box, in the order of a FaceLocation

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Detections:
    """Faces in columns, one row per face.

    Attributes
    ----------
    boxes : float32 array of shape (n, 4)
        Left, top, right, bottom, in pixels of the searched picture; they may extend beyond its
        edges.
    landmarks : float32 array of shape (n, 5, 2)
        x and y of both eyes, the tip of the nose, and both corners of the mouth; pairs are in order
        from left to right in an upright picture.
    scores : float32 array of shape (n,)
        0 to 1.
    """

    boxes: Floats
    landmarks: Floats
    scores: Floats

    def __len__(self) -> int:
        return len(self.scores)

    def subset(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Detections:
        """Return the faces of some rows."""
        return Detections(self.boxes[rows], self.landmarks[rows], self.scores[rows])

    def moved(self, factor: float, left: float = 0, top: float = 0) -> Detections:
        """Shift positions and then scale them: from a part of a picture to all of it."""
        shift = np.array([left, top], dtype=np.float32)
        boxes = (self.boxes + np.tile(shift, 2)) * np.float32(factor)
        return Detections(boxes, (self.landmarks + shift) * np.float32(factor), self.scores)


def joined(parts: list[Detections]) -> Detections:
    """Combine the faces of several looks, surest first, each face once."""
    everything = Detections(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.landmarks for part in parts]),
        np.concatenate([part.scores for part in parts]),
    )
    everything = everything.subset(np.argsort(-everything.scores, kind="stable"))
    overlaps = overlaps_of(everything.boxes, everything.boxes)
    is_kept = np.zeros(len(everything), dtype=np.bool_)
    for row in range(len(everything)):
        is_kept[row] = not (overlaps[row, :row][is_kept[:row]] > SAME_FACE_OVERLAP).any()
    return everything.subset(is_kept)


def overlaps_of(some: Floats, others: Floats) -> NDArray[np.float64]:
    """Compute the intersection over union of boxes (left, top, right, bottom).

    Returns
    -------
    float64 array of shape (len(some), len(others)), 0 to 1
    """
    return overlap_matrix(some[:, AS_LOCATION], others[:, AS_LOCATION])


class YunetDetector:
    """Finds faces; several threads may use one at once."""

    def __init__(self, graphs_folder: Path, threads: int = 1) -> None:
        self._session = LazySession(lambda: _graph(graphs_folder), threads)

    def load(self) -> None:
        """Load the model; raises ModelError if its file is missing or damaged."""
        self._session.load()

    def locate(self, image: RgbImage, least_score: float) -> Detections:
        """Find the faces of an upright picture, surest first, each once.

        Parameters
        ----------
        image : uint8 array of shape (height, width, 3)
            Red, green, blue. Faces of 10 pixels or more are found; faces that fill a picture of
            more than 600 pixels are better found in a smaller one.
        least_score : float
            0 to 1; weaker boxes are left out.
        """
        height, width, _ = image.shape
        below, right = -height % STRIDES[-1], -width % STRIDES[-1]
        if below or right:
            image = np.pad(image, ((0, below), (0, right), (0, 0)))  # black, as OpenCV does
        outputs = self._session.run(pixels=image.reshape(1, 1, len(image), -1))
        levels = zip(outputs, STRIDES, strict=True)
        return joined([_decoded(output[0], stride, least_score) for output, stride in levels])


def _decoded(output: Floats, stride: int, least_score: float) -> Detections:
    """Read the boxes of one stride, of shape (16, rows, columns): see zoo_graphs.HEAD_PARTS."""
    cls, obj = (1 / (1 + np.exp(-output[place])) for place in (0, 1))
    scores = np.sqrt(cls * obj)
    rows, columns = np.nonzero(scores >= least_score)
    cells = np.stack([columns, rows]).astype(np.float32)
    values = output[2:, rows, columns]
    centres, halves = cells + values[:2], np.exp(values[2:4]) / 2
    boxes = np.concatenate([centres - halves, centres + halves]).T
    points = values[4:].reshape(5, 2, -1) + cells
    return Detections(boxes * stride, points.transpose(2, 0, 1) * stride, scores[rows, columns])


def _graph(folder: Path) -> bytes:
    from photoshare.faces.graphs.zoo_graphs import cached_zoo_graph  # imports onnx

    return cached_zoo_graph(YUNET_FILE, folder)

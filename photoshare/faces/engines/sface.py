"""Run SFace in ONNX Runtime: 128 numbers from a face aligned by five landmarks.

Source
------
Zhong, Deng et al. 2021, "SFace: Sigmoid-Constrained Hypersphere Loss"; the alignment: OpenCV 4,
``modules/objdetect/src/face_recognize.cpp``.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from photoshare.faces.engines.sessions import LazySession
from photoshare.faces.graphs.model_files import SFACE_CHIP_PX, SFACE_FILE
from photoshare.faces.types import FaceEncodings

# Positions of eyes, nose and corners of the mouth in the chip: x, y (OpenCV; same as ArcFace).
ALIGNED_LANDMARKS = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)
ALIGNED_LANDMARKS.flags.writeable = False
MARGIN_PX = 2  # beyond the chip's corners, so that its edges are interpolated too

Points = NDArray[np.float32] | NDArray[np.float64]
Chip = NDArray[np.uint8]


class SfaceEncoder:
    """Encodes aligned faces; several threads may use one at once."""

    def __init__(self, graphs_folder: Path, threads: int = 1) -> None:
        self._session, self._last_layer = (
            LazySession(functools.partial(_graph, graphs_folder, is_last), threads)
            for is_last in (False, True)
        )

    def load(self) -> None:
        """Load the model; raises ModelError if its file is missing or damaged."""
        self._session.load()
        self._last_layer.load()

    def encode_chips(self, chips: list[Chip]) -> FaceEncodings:
        """Encode aligned faces: one after the other, and the last layer for all of them at once.

        Parameters
        ----------
        chips : list of uint8 arrays of shape (112, 112, 3)
            From `aligned_chip`, at least one.

        Returns
        -------
        float32 array of shape (n, 128)
            Their lengths have no meaning.
        """
        features = np.concatenate([self._session.run(chips=chip[None])[0] for chip in chips])
        encodings: FaceEncodings = self._last_layer.run(features=features)[0]
        return encodings


def aligned_chip(picture: Image.Image, landmarks: Points) -> Chip:
    """Cut a face out, rotated, scaled and moved so that its landmarks are at standard positions.

    Parameters
    ----------
    picture : Image.Image
        RGB; everything beyond its edges is black.
    landmarks : float array of shape (5, 2)
        In pixels of the picture, in the order of `ALIGNED_LANDMARKS`.

    Returns
    -------
    uint8 array of shape (112, 112, 3)
    """
    turn, shift = _similarity(landmarks.astype(np.float64))
    back = np.linalg.inv(turn)
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * SFACE_CHIP_PX
    reached = (corners - shift) @ back.T
    # A large face is halved first, as often as possible without losing pixels that the chip needs.
    factor = max(1, int(1 / np.sqrt(np.linalg.det(turn))))
    left, top = np.floor(reached.min(axis=0)).astype(int) - MARGIN_PX * factor
    right, bottom = np.ceil(reached.max(axis=0)).astype(int) + MARGIN_PX * factor
    part = picture.crop((left, top, right, bottom))
    part = part.reduce(factor) if factor > 1 else part
    # Pillow needs the source position of each result pixel; positions are those of pixel centres.
    half = np.array([0.5, 0.5])
    source = (back @ (-half - shift) + half - (left, top)) / factor
    (a, b), (d, e) = back / factor
    matrix = (a, b, source[0], d, e, source[1])
    size = (SFACE_CHIP_PX, SFACE_CHIP_PX)
    chip = part.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    return np.asarray(chip)


def _similarity(
    landmarks: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the rotation, scale and shift that bring landmarks nearest to the aligned ones.

    Least squares over rotations, scales and shifts (Umeyama 1991), as one complex factor.
    """
    centre, aligned_centre = landmarks.mean(axis=0), ALIGNED_LANDMARKS.mean(axis=0)
    found, aligned = (
        (points - points.mean(axis=0)) @ (1, 1j) for points in (landmarks, ALIGNED_LANDMARKS)
    )
    spread = max(float((np.abs(found) ** 2).sum()), np.finfo(np.float64).tiny)
    factor = (found.conj() * aligned).sum() / spread
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return turn, aligned_centre - turn @ centre


def _graph(folder: Path, is_last: bool) -> bytes:
    from photoshare.faces.graphs import zoo_graphs  # imports onnx

    part = zoo_graphs.LAST_LAYER if is_last else zoo_graphs.WHOLE
    return zoo_graphs.cached_zoo_graph(SFACE_FILE, folder, part)

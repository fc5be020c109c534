"""Run dlib's face encoder in ONNX Runtime; landmarks and aligned chips come from dlib itself.

Several threads may use an encoder at once. ``face_recognition`` is never imported: that would load
five models and change Pillow for the whole process.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.engines.sessions import LazySession
from photoshare.faces.graphs.dlib_format import CHIP_PX, ENCODING_SIZE
from photoshare.faces.graphs.model_files import (
    ENCODER_FILE,
    LANDMARKS_FILE,
    model_folder,
    read_model,
)
from photoshare.faces.types import FaceEncodings, FaceLocation, RgbImage

CHIP_PADDING = 0.25  # of the chip around the face; what face_recognition uses
LARGEST_BATCH = 16  # chips encoded at once: larger batches need more memory and are no faster

Chips = NDArray[np.uint8]  # shape (n, CHIP_PX, CHIP_PX, 3)


class DlibEncoder:
    """Encodes the faces at given locations, with the same numbers as dlib.

    Parameters
    ----------
    graphs_folder : Path
        Where the ONNX graphs are kept (they are built there on first use, in about a second).
    threads : int >= 1
        Threads of one call.
    is_mirroring : bool
        Whether an encoding is the mean of those of the chip and of its mirror image, which tells
        people apart better for twice the time; False gives exactly dlib's encodings.
    """

    def __init__(self, graphs_folder: Path, *, threads: int = 1, is_mirroring: bool = True) -> None:
        self._is_mirroring = is_mirroring
        self._session = LazySession(lambda: _graph(graphs_folder), threads)
        self._lock = threading.Lock()
        self._dlib: Any = None
        self._landmarks: Any = None

    def load(self) -> None:
        """Load the models; raises ModelError if one of their files is missing or damaged."""
        # dlib is imported here and not above, so that its absence is an error of its engines only.
        import dlib

        self._session.load()
        with self._lock:
            if self._landmarks is None:
                read_model(LANDMARKS_FILE)
                self._dlib = dlib
                self._landmarks = dlib.shape_predictor(str(model_folder() / LANDMARKS_FILE))

    def encode(self, image: RgbImage, locations: list[FaceLocation]) -> FaceEncodings:
        """Encode the faces at these locations of the picture, in this order.

        Returns
        -------
        float32 array of shape (len(locations), 128)
        """
        chips = self.cut_chips(image, locations)
        if not self._is_mirroring:
            return self.encode_chips(chips)
        both = self.encode_chips(np.concatenate([chips, chips[:, :, ::-1]]))  # in full batches
        mean: FaceEncodings = both.reshape(2, -1, ENCODING_SIZE).mean(axis=0, dtype=np.float32)
        return mean

    def cut_chips(self, image: RgbImage, locations: list[FaceLocation]) -> Chips:
        """Cut the faces out, rotated and scaled so that eyes and nose are at standard positions.

        Returns
        -------
        uint8 array of shape (len(locations), 150, 150, 3)
        """
        self.load()
        chips = np.empty((len(locations), CHIP_PX, CHIP_PX, 3), dtype=np.uint8)
        for index, (top, right, bottom, left) in enumerate(locations):
            rectangle = self._dlib.rectangle(left, top, right, bottom)
            points = self._landmarks(image, rectangle)
            chips[index] = self._dlib.get_face_chip(image, points, CHIP_PX, CHIP_PADDING)
        return chips

    def encode_chips(self, chips: Chips) -> FaceEncodings:
        """Encode aligned chips from ``cut_chips``, in batches."""
        encodings = np.empty((len(chips), ENCODING_SIZE), dtype=np.float32)
        for start in range(0, len(chips), LARGEST_BATCH):
            batch = chips[start : start + LARGEST_BATCH]
            encodings[start : start + len(batch)] = self._session.run(chips=batch)[0]
        return encodings


def _graph(folder: Path) -> bytes:
    from photoshare.faces.graphs.dlib_graphs import cached_dlib_graph  # imports onnx

    return cached_dlib_graph(ENCODER_FILE, folder)

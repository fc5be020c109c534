"""The engine ``dlib``: the networks that face_recognition ships, run by ONNX Runtime.

Faces are located by dlib's CNN detector and encoded by dlib's ResNet, with the numbers that dlib
gives (tests/faces/engines/test_onnx_engine.py), 20 to 40 times faster and without holding the
interpreter lock.

Several threads may use one OnnxFaceEngine at once.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.engines.dlib_encoder import DlibEncoder
from photoshare.faces.engines.pyramid import Level, TiledPyramid, faces_of_scores, plan_pyramid
from photoshare.faces.engines.sessions import LazySession
from photoshare.faces.graphs.dlib_format import ENCODING_SIZE, EPS, GRAPH_VERSION, parse_network
from photoshare.faces.graphs.model_files import DETECTOR_FILE, ENCODER_FILE, SHA256_OF, read_model
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

DEFAULT_THRESHOLD = 0.0  # dlib's own; a lower one adds more false faces than real ones
# Every second level of dlib's pyramid: the same faces in 60 % of the time (docs/performance.md).
DEFAULT_LEVELS_PER_STEP = 2
LEVELS_OF_A_LOOK = 2  # of dlib's pyramid: search.CLOSER_BY is (5/6) ** 2

Pixels = NDArray[np.float32]  # shape (1, 3, height, width), 0 to 255


class OnnxFaceEngine:
    """Locates and encodes faces with ONNX Runtime.

    Parameters
    ----------
    graphs_folder : Path
        Where the ONNX graphs are kept (they are built there on first use, in about a second).
    threads : int >= 1
        Threads of one call. 1 is right if several photos are analysed at once, which uses several
        cores better (docs/performance.md).
    threshold : float
        A window of this score or less is not a face; docs/performance.md has the trade-off.
    levels_per_step : int >= 1
        1 searches every level of dlib's image pyramid (each 5/6 of the one before), 2 every second
        one in 60 % of the time.
    is_mirroring : bool
        Whether an encoding is the mean of those of the chip and of its mirror image, which tells
        people apart better for twice the time; False gives exactly dlib's encodings.
    """

    encoding_size = ENCODING_SIZE
    eps = EPS
    doubt = Doubt()
    smallest_face_percent = DEFAULT_EFFORT.smallest_face_percent

    def __init__(
        self,
        graphs_folder: Path,
        *,
        threads: int = 1,
        threshold: float = DEFAULT_THRESHOLD,
        levels_per_step: int = DEFAULT_LEVELS_PER_STEP,
        is_mirroring: bool = True,
    ) -> None:
        self._threshold = threshold
        self._levels_per_step = levels_per_step
        self._is_mirroring = is_mirroring
        self._detector = _Detector(graphs_folder, threads)
        self.encoder = DlibEncoder(graphs_folder, threads=threads, is_mirroring=is_mirroring)

    @property
    def name(self) -> str:
        """Its name, the version of the graphs, the start of the weights' hash, and the encoding."""
        weights = SHA256_OF[DETECTOR_FILE][:4] + SHA256_OF[ENCODER_FILE][:4]
        encoding = "mirrored" if self._is_mirroring else "plain"
        return f"onnx-{GRAPH_VERSION}-{weights}-{encoding}"

    @property
    def photos_at_once(self) -> int:
        """One for each core: faster than several threads on one photo (docs/performance.md)."""
        return os.cpu_count() or 1

    def warm_up(self) -> None:
        """Load the models; raises ModelError if one of their files is missing or damaged."""
        self._detector.load()
        self.encoder.load()

    def find_faces(self, photo: PhotoSource, smallest_face_percent: float) -> list[AnalysedFace]:
        """Find and encode the faces of a photo, surest first (photoshare.faces.search)."""
        return find_faces(photo, self, SearchEffort(smallest_face_percent))

    def locate(self, image: RgbImage) -> list[LocatedFace]:
        """Find the faces of an upright picture, surest first.

        Parameters
        ----------
        image : uint8 array of shape (height, width, 3)
            Red, green, blue. A face must be about 70 pixels wide to be found: the detector's
            window is 80.

        Returns
        -------
        list of LocatedFace
            Scores are dlib's: above 1 is sure, below 0 doubtful.
        """
        return self._locate(image, None)

    def locate_smallest(self, image: RgbImage) -> list[LocatedFace]:
        """Find only faces of about 70 to 100 pixels: half the work of ``locate``, or less."""
        return self._locate(image, max(1, LEVELS_OF_A_LOOK // self._levels_per_step))

    def _locate(self, image: RgbImage, largest_levels: int | None) -> list[LocatedFace]:
        detector = self._detector.load()
        height, width, _ = image.shape
        if min(height, width) < detector.window_px // 2:
            return []  # smaller than half a face, and too small for the network's convolutions
        pyramid = plan_pyramid(
            height,
            width,
            levels_per_step=self._levels_per_step,
            largest_levels=largest_levels,
        )
        tiled = self.tile(image, pyramid)
        scores = detector.network.run(pixels=tiled)[0][0, 0]
        return faces_of_scores(
            scores,
            pyramid,
            threshold=self._threshold,
            window_px=detector.window_px,
            overlap_limits=detector.overlap_limits,
        )

    def encode(self, image: RgbImage, locations: list[FaceLocation]) -> FaceEncodings:
        """Encode the faces at these locations of the picture, in this order.

        Returns
        -------
        float32 array of shape (len(locations), 128)
        """
        return self.encoder.encode(image, locations)

    def tile(self, image: RgbImage, pyramid: TiledPyramid) -> Pixels:
        """Draw the pyramid of a picture as planned."""
        detector = self._detector.load()
        tiled = np.empty((1, 3, pyramid.height, pyramid.width), dtype=np.float32)
        tiled[:] = detector.background
        first, *smaller = pyramid.levels
        tiled[:, :, *_area(first)] = image.transpose(2, 0, 1)
        if not smaller:
            return tiled
        pixels = np.ascontiguousarray(tiled[:, :, *_area(first)])
        for level in smaller:
            sizes = np.array([1, 3, level.height, level.width], dtype=np.int64)
            pixels = detector.shrinker.run(pixels=pixels, sizes=sizes)[0]
            tiled[:, :, *_area(level)] = pixels
        return tiled


class _Detector:
    """The models used for locating; call ``load`` before anything else."""

    def __init__(self, graphs_folder: Path, threads: int) -> None:
        self.network = LazySession(lambda: _graph(graphs_folder), threads)
        self.shrinker = LazySession(_shrinker_graph, threads)
        self._lock = threading.Lock()
        self._is_loaded = False

    def load(self) -> _Detector:
        """Load the models; raises ModelError if the file is missing or damaged."""
        with self._lock:
            if not self._is_loaded:
                network = parse_network(read_model(DETECTOR_FILE))
                self.window_px = network.window[0]
                self.overlap_limits = network.overlap_limits
                self.background = np.array(network.means, dtype=np.float32).reshape(3, 1, 1)
                self.network.load()
                self.shrinker.load()
                self._is_loaded = True
        return self


def _area(level: Level) -> tuple[slice, slice]:
    return (
        slice(level.top, level.top + level.height),
        slice(level.left, level.left + level.width),
    )


def _graph(folder: Path) -> bytes:
    from photoshare.faces.graphs.dlib_graphs import cached_dlib_graph  # imports onnx

    return cached_dlib_graph(DETECTOR_FILE, folder)


def _shrinker_graph() -> bytes:
    from photoshare.faces.graphs.dlib_graphs import build_shrinker  # imports onnx

    return build_shrinker()

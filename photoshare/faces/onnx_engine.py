"""The default face engine: the networks that face_recognition ships, run by ONNX Runtime.

Faces are located by dlib's CNN detector and encoded by dlib's ResNet, with the numbers that dlib
gives (tests/faces/test_onnx_engine.py), 20 to 40 times faster and without holding the interpreter
lock. Landmarks and aligned chips come from dlib itself. ``face_recognition`` is never imported:
that would load five models and change Pillow for the whole process.

Several threads may use one OnnxFaceEngine at once. The libraries are imported with the models: a
server whose photos are all searched needs neither.
"""

from __future__ import annotations

import os
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.dlib_format import (
    CHIP_PX,
    DETECTOR_FILE,
    ENCODER_FILE,
    ENCODING_SIZE,
    EPS,
    GRAPH_VERSION,
    LANDMARKS_FILE,
    SHA256_OF,
    model_folder,
    parse_network,
    read_trusted,
)
from photoshare.faces.pyramid import Level, TiledPyramid, faces_of_scores, plan_pyramid
from photoshare.faces.types import FaceEncodings, FaceLocation, LocatedFace, RgbImage

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

CHIP_PADDING = 0.25  # of the chip around the face; what face_recognition uses
LARGEST_BATCH = 16  # chips encoded at once: more is no faster and needs more memory
DEFAULT_THRESHOLD = 0.0  # dlib's own; lower ones add more false faces than faces
# Every second level of dlib's pyramid: the same faces in 60 % of the time (docs/performance.md).
DEFAULT_LEVELS_PER_STEP = 2
LEVELS_OF_A_LOOK = 2  # of dlib's pyramid: search.CLOSER_BY is (5/6) ** 2

Pixels = NDArray[np.float32]  # shape (1, 3, height, width), 0 to 255
Chips = NDArray[np.uint8]  # shape (n, CHIP_PX, CHIP_PX, 3)


class OnnxFaceEngine:
    """Locates and encodes faces with ONNX Runtime.

    Parameters
    ----------
    graphs_folder : Path
        Where the ONNX graphs are kept (they are built there on first use, in about a second).
    threads : int >= 1
        Threads of one call. 1 is right where several photos are analysed at once, which is the
        faster use of several cores (docs/performance.md).
    threshold : float
        A window of this score or less is no face; see docs/performance.md for what it trades.
    levels_per_step : int >= 1
        1 searches every level of dlib's image pyramid (each 5/6 of the one before), 2 every second
        one in 60 % of the time.
    is_mirroring : bool
        Whether an encoding is the mean of those of the chip and of its mirror image, which tells
        people apart better for twice the time; False gives exactly dlib's encodings.
    """

    encoding_size = ENCODING_SIZE
    eps = EPS

    def __init__(
        self,
        graphs_folder: Path,
        *,
        threads: int = 1,
        threshold: float = DEFAULT_THRESHOLD,
        levels_per_step: int = DEFAULT_LEVELS_PER_STEP,
        is_mirroring: bool = True,
    ) -> None:
        self._graphs_folder = graphs_folder
        self._threads = threads
        self._threshold = threshold
        self._levels_per_step = levels_per_step
        self._is_mirroring = is_mirroring
        self._loading = threading.Lock()

    @property
    def name(self) -> str:
        """Name; version of the graphs; weights, by the start of their hash; kind of encoding."""
        weights = SHA256_OF[DETECTOR_FILE][:4] + SHA256_OF[ENCODER_FILE][:4]
        encoding = "mirrored" if self._is_mirroring else "plain"
        return f"onnx-{GRAPH_VERSION}-{weights}-{encoding}"

    @property
    def photos_at_once(self) -> int:
        """One for each core: faster than several threads on one photo (docs/performance.md)."""
        return os.cpu_count() or 1

    def warm_up(self) -> None:
        """Load the models; raises ModelError if a file of theirs is missing or damaged."""
        self._loaded()

    def _loaded(self) -> _Models:
        with self._loading:  # several threads may begin at once
            return self._models

    @cached_property
    def _models(self) -> _Models:
        return _Models(self._graphs_folder, self._threads)

    def locate(self, image: RgbImage) -> list[LocatedFace]:
        """Find the faces of an upright picture, the surest first.

        Parameters
        ----------
        image : uint8 array of shape (height, width, 3)
            Red, green, blue. A face must be about 70 pixels wide to be found: the detector's
            window is 80.

        Returns
        -------
        list of LocatedFace
            Scores are dlib's: above 1 sure, below 0 doubtful.
        """
        return self._locate(image, None)

    def locate_smallest(self, image: RgbImage) -> list[LocatedFace]:
        """Find only faces of about 70 to 100 pixels: half the work of ``locate``, or less."""
        return self._locate(image, max(1, LEVELS_OF_A_LOOK // self._levels_per_step))

    def _locate(self, image: RgbImage, largest_levels: int | None) -> list[LocatedFace]:
        models = self._loaded()
        height, width, _ = image.shape
        if min(height, width) < models.window_px // 2:
            return []  # no room for half a face, and too little for the network's convolutions
        pyramid = plan_pyramid(
            height,
            width,
            levels_per_step=self._levels_per_step,
            largest_levels=largest_levels,
        )
        tiled = self.tile(image, pyramid)
        scores = models.detector.run(None, {"pixels": tiled})[0][0, 0]
        return faces_of_scores(
            scores,
            pyramid,
            threshold=self._threshold,
            window_px=models.window_px,
            overlap_limits=models.overlap_limits,
        )

    def encode(self, image: RgbImage, locations: list[FaceLocation]) -> FaceEncodings:
        """Encode the faces at these locations of the picture, in their order.

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
        """Cut the faces out, turned and scaled so that eyes and nose lie where they always lie.

        Returns
        -------
        uint8 array of shape (len(locations), 150, 150, 3)
        """
        models = self._loaded()
        chips = np.empty((len(locations), CHIP_PX, CHIP_PX, 3), dtype=np.uint8)
        for index, (top, right, bottom, left) in enumerate(locations):
            rectangle = models.dlib.rectangle(left, top, right, bottom)
            points = models.landmarks(image, rectangle)
            chips[index] = models.dlib.get_face_chip(image, points, CHIP_PX, CHIP_PADDING)
        return chips

    def encode_chips(self, chips: Chips) -> FaceEncodings:
        """Encode aligned chips, ``cut_chips``' result, in batches."""
        encoder = self._loaded().encoder
        encodings = np.empty((len(chips), ENCODING_SIZE), dtype=np.float32)
        for start in range(0, len(chips), LARGEST_BATCH):
            batch = chips[start : start + LARGEST_BATCH]
            encodings[start : start + len(batch)] = encoder.run(None, {"chips": batch})[0]
        return encodings

    def tile(self, image: RgbImage, pyramid: TiledPyramid) -> Pixels:
        """Draw the pyramid of a picture as planned."""
        models = self._loaded()
        tiled = np.empty((1, 3, pyramid.height, pyramid.width), dtype=np.float32)
        tiled[:] = models.background
        first, *smaller = pyramid.levels
        tiled[:, :, *_area(first)] = image.transpose(2, 0, 1)
        if not smaller:
            return tiled
        pixels = np.ascontiguousarray(tiled[:, :, *_area(first)])
        for level in smaller:
            sizes = np.array([1, 3, level.height, level.width], dtype=np.int64)
            pixels = models.shrinker.run(None, {"pixels": pixels, "sizes": sizes})[0]
            tiled[:, :, *_area(level)] = pixels
        return tiled


class _Models:
    """What an engine computes with.

    Raises
    ------
    ModelError
        If a model file is missing or damaged.
    """

    def __init__(self, graphs_folder: Path, threads: int) -> None:
        import dlib

        from photoshare.faces.onnx_graphs import build_shrinker, cached_graph

        folder = model_folder()
        network = parse_network(read_trusted(folder / DETECTOR_FILE))
        self.window_px = network.window[0]
        self.overlap_limits = network.overlap_limits
        self.background = np.array(network.means, dtype=np.float32).reshape(3, 1, 1)
        read_trusted(folder / LANDMARKS_FILE)
        self.dlib: Any = dlib
        self.landmarks = dlib.shape_predictor(str(folder / LANDMARKS_FILE))
        self.detector = _session(cached_graph(DETECTOR_FILE, graphs_folder), threads)
        self.encoder = _session(cached_graph(ENCODER_FILE, graphs_folder), threads)
        self.shrinker = _session(build_shrinker(), threads)


def _area(level: Level) -> tuple[slice, slice]:
    return (
        slice(level.top, level.top + level.height),
        slice(level.left, level.left + level.width),
    )


def _session(graph: bytes, threads: int) -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Every photo has its own size: a plan of the memory per size would be kept for ever.
    options.enable_mem_pattern = False
    # The arena keeps the most that any photo needed, for each session; without it the peak of two
    # 50-megapixel groups at once was 800 MB instead of 975 MB, at the same speed.
    options.enable_cpu_mem_arena = False
    # Waiting threads must not spin: the web server's threads need the cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        graph, sess_options=options, providers=["CPUExecutionProvider"]
    )

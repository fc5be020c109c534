"""One run of the benchmark: the three ways to analyse photos, and the clocks around them."""

from __future__ import annotations

import resource
import sys
import threading
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
from PIL import Image

from photoshare.faces import analysis
from photoshare.faces.analysis import FIRST_DECODE_PX
from photoshare.faces.engines.pyramid import TiledPyramid
from photoshare.faces.types import FaceEncodings, FaceEngine, FaceLocation, LocatedFace, RgbImage
from photoshare.images import decode_upright, smaller

VARIANTS = ("original", "reference", "default")
CHIP_PX = 150
THUMB_PX = 480  # of the original app

Run: TypeAlias = dict[str, float]
Result = TypeVar("Result")
Analyse: TypeAlias = Callable[[Path], int]


class Clocks:
    """Adds up the seconds of every stage, over all threads."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.tiled_pixels = 0
        self.chips = 0
        self._lock = threading.Lock()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of a block."""
        start = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self.seconds[name] += time.perf_counter() - start

    def timed(self, name: str, function: Callable[..., Result]) -> Callable[..., Result]:
        """Wrap a function so that its time counts for a stage."""

        def wrapped(*arguments: Any, **named: Any) -> Result:
            with self.stage(name):
                return function(*arguments, **named)

        return wrapped


class StallMeter:
    """Measures how long another Python thread waits for the interpreter lock.

    A thread sleeps 1 ms again and again; how much later it wakes is what a page would wait.
    """

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> StallMeter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_stopped.is_set():
            start = time.perf_counter()
            time.sleep(0.001)
            self.longest_s = max(self.longest_s, time.perf_counter() - start - 0.001)


def run_variant(variant: str, photos: list[Path], graphs: Path, workers: int) -> Run:
    """Analyse all photos in one way, and measure it."""
    clocks = Clocks()
    preparations = {"original": _original, "reference": _reference, "default": _default}
    analyse = preparations[variant](clocks, graphs)
    at_once = workers if variant == "default" else 1  # the others hold the interpreter lock
    with StallMeter() as meter, ThreadPoolExecutor(at_once) as pool:
        start = time.perf_counter()
        faces = sum(pool.map(analyse, photos))
        elapsed_s = time.perf_counter() - start
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    stages = ("decode", "detect", "landmarks and chips", "encode", "thumbnails")
    run = {stage: 1000 * clocks.seconds[stage] / len(photos) for stage in stages}
    run |= {
        "photos per second": len(photos) / elapsed_s,
        "faces": faces,
        "peak memory MB": peak_mb,
        "longest stall ms": 1000 * meter.longest_s,
    }
    return run | _floor(clocks, photos, at_once) if variant == "default" else run


def _original(clocks: Clocks, _: Path) -> Analyse:
    """Prepare the original app's way: everything at full size, HOG enlarging once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pkg_resources in face_recognition_models
        import face_recognition.api as library

    def analyse(path: Path) -> int:
        with clocks.stage("decode"), Image.open(path) as opened:
            picture = opened.convert("RGB")
            pixels = np.array(picture)
        with clocks.stage("detect"):
            locations = library.face_locations(pixels)
        with clocks.stage("landmarks and chips"):
            shapes = library._raw_face_landmarks(pixels, locations, model="small")
        with clocks.stage("encode"):
            for shape in shapes:
                library.face_encoder.compute_face_descriptor(pixels, shape, 1)
        with clocks.stage("thumbnails"):
            picture.thumbnail((THUMB_PX, THUMB_PX))
        return len(locations)

    return analyse


def _reference(clocks: Clocks, _: Path) -> Analyse:
    """Prepare the reference engine as PhotoShare runs it, with clocks around its steps."""
    from photoshare.faces.engines.reference_engine import ReferenceFaceEngine

    class TimedEngine(ReferenceFaceEngine):
        """The reference engine, counting."""

        def locate(self, image: RgbImage) -> list[LocatedFace]:
            with clocks.stage("detect"):
                return super().locate(image)

        def encode(self, image: RgbImage, locations: list[FaceLocation]) -> FaceEncodings:
            with clocks.stage("encode"):
                return super().encode(image, locations)

    engine = TimedEngine()
    engine.warm_up()
    return _as_photoshare_does(clocks, engine)


def _default(clocks: Clocks, graphs: Path) -> Analyse:
    """Prepare the default engine, with clocks around its steps."""
    from photoshare.faces.engines import onnx_engine

    class TimedEngine(onnx_engine.OnnxFaceEngine):
        """The default engine, counting."""

        def locate(self, image: RgbImage) -> list[LocatedFace]:
            with clocks.stage("detect"):
                return super().locate(image)

        def locate_smallest(self, image: RgbImage) -> list[LocatedFace]:
            with clocks.stage("detect"):
                return super().locate_smallest(image)

        def cut_chips(self, image: RgbImage, locations: list[FaceLocation]) -> onnx_engine.Chips:
            with clocks.stage("landmarks and chips"):
                return super().cut_chips(image, locations)

        def encode_chips(self, chips: onnx_engine.Chips) -> FaceEncodings:
            clocks.chips += len(chips)
            with clocks.stage("encode"):
                return super().encode_chips(chips)

        def tile(self, image: RgbImage, pyramid: TiledPyramid) -> onnx_engine.Pixels:
            clocks.tiled_pixels += pyramid.height * pyramid.width
            return super().tile(image, pyramid)

    return _as_photoshare_does(clocks, TimedEngine(graphs))


def _as_photoshare_does(clocks: Clocks, engine: FaceEngine) -> Analyse:
    """Analyse a photo and make its thumbnail from the same decode."""
    # Only in this process, and only to see the decodes that analyse_photo makes.
    setattr(analysis, "decode_upright", clocks.timed("decode", decode_upright))  # noqa: B010

    def analyse(path: Path) -> int:
        found = analysis.analyse_photo(path, engine)
        with clocks.stage("thumbnails"):
            smaller(found.decoded.image, THUMB_PX)
        return len(found.faces)

    return analyse


def _floor(clocks: Clocks, photos: list[Path], workers: int) -> Run:
    """Measure what no engine can avoid: the decode, and the arithmetic of the networks."""
    from photoshare.faces.engines.dlib_format import parse_network
    from photoshare.faces.engines.model_files import DETECTOR_FILE, ENCODER_FILE, read_model

    with ThreadPoolExecutor(workers) as pool:
        start = time.perf_counter()
        list(pool.map(lambda path: decode_upright(path, at_least_px=FIRST_DECODE_PX), photos))
        decode_s = time.perf_counter() - start
    detector, encoder = (parse_network(read_model(name)) for name in (DETECTOR_FILE, ENCODER_FILE))
    flops = clocks.tiled_pixels * sum(_flops(detector.layers, 1000)) / 1000**2
    flops += clocks.chips * sum(_flops(encoder.layers, CHIP_PX))
    peak = _matmul_flops_per_s()
    return {
        "floor decode ms": 1000 * decode_s / len(photos),
        "floor network ms": 1000 * flops / peak / len(photos),
        "GFLOP a photo": flops / 1e9 / len(photos),
        "matmul GFLOP/s": peak / 1e9,
    }


def _flops(layers: list[Any], rows: float) -> Iterator[float]:
    """Floating-point operations of each convolution for a square picture of this side."""
    for layer in layers:
        if layer.kind in ("con_4", "max_pool_2"):
            rows = (rows + 2 * layer.sizes["padding_y"] - layer.sizes["rows"]) // layer.sizes[
                "stride"
            ] + 1
        if layer.kind == "con_4":
            yield 2 * rows * rows * (layer.tensors[0].size - layer.sizes["filters"])


def _matmul_flops_per_s(side: int = 2048, repeats: int = 7) -> float:
    """Measure the fastest of several float32 matrix multiplications on all cores."""
    matrix = np.random.default_rng(0).random((side, side), dtype=np.float32)
    fastest_s = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        matrix @ matrix
        fastest_s = min(fastest_s, time.perf_counter() - start)
    return 2 * side**3 / fastest_s

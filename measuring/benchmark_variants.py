"""Run one variant of the benchmark: four ways to analyse photos, timed by stage."""

from __future__ import annotations

import math
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
import onnx
from PIL import Image

from photoshare.faces import analysis
from photoshare.faces.analysis import FIRST_DECODE_PX
from photoshare.faces.engines.dlib_encoder import Chips
from photoshare.faces.engines.fused_engine import FusedFaceEngine
from photoshare.faces.engines.yunet import Detections
from photoshare.faces.graphs.dlib_format import CHIP_PX as DLIB_CHIP_PX
from photoshare.faces.graphs.dlib_graphs import build_graph
from photoshare.faces.graphs.model_files import ENCODER_FILE, SFACE_CHIP_PX, SFACE_FILE, YUNET_FILE
from photoshare.faces.graphs.zoo_graphs import build_zoo_graph
from photoshare.faces.types import FaceEncodings, FaceEngine, FaceLocation, LocatedFace, RgbImage
from photoshare.pictures.decoding import decode_upright
from photoshare.pictures.encoding import smaller

VARIANTS = ("original", "reference", "dlib", "default")
ON_ALL_CORES = ("dlib", "default")  # the others hold the interpreter lock
THUMB_PX = 480  # as in the original app

Run: TypeAlias = dict[str, float]
Result = TypeVar("Result")
Analyse: TypeAlias = Callable[[Path], int]


class Clocks:
    """Adds up the seconds of every stage, over all threads."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.searched_pixels = 0
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
        """Wrap a function so that its time counts towards a stage."""

        def wrapped(*arguments: Any, **named: Any) -> Result:
            with self.stage(name):
                return function(*arguments, **named)

        return wrapped


class StallMeter:
    """Measures how long another Python thread waits for the interpreter lock.

    A thread repeatedly sleeps 1 ms; how late it wakes is how long a page would wait.
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
    """Analyse all photos with one variant, and measure it."""
    clocks = Clocks()
    preparations = {
        "original": _original,
        "reference": _reference,
        "dlib": _dlib,
        "default": _default,
    }
    analyse = preparations[variant](clocks, graphs)
    at_once = workers if variant in ON_ALL_CORES else 1
    with StallMeter() as meter, ThreadPoolExecutor(at_once) as pool:
        start, processor_start = time.perf_counter(), time.process_time()
        faces = sum(pool.map(analyse, photos))
        elapsed_s = time.perf_counter() - start
        processor_s = time.process_time() - processor_start
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    stages = ("decode", "detect", "landmarks and chips", "encode", "thumbnails")
    run = {stage: 1000 * clocks.seconds[stage] / len(photos) for stage in stages}
    run |= {
        "photos per second": len(photos) / elapsed_s,
        "processor ms": 1000 * processor_s / len(photos),
        "faces": faces,
        "peak memory MB": peak_mb,
        "longest stall ms": 1000 * meter.longest_s,
    }
    return run | _floor(clocks, photos, at_once) if variant == "default" else run


def _original(clocks: Clocks, _: Path) -> Analyse:
    """Prepare the original app's variant: everything at full size, HOG with one enlargement."""
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
    """Prepare the reference engine as PhotoShare runs it, with its steps timed."""
    from photoshare.faces.engines.reference_engine import ReferenceFaceEngine

    class TimedEngine(ReferenceFaceEngine):
        """The reference engine, timed."""

        def locate(self, image: RgbImage) -> list[LocatedFace]:
            with clocks.stage("detect"):
                return super().locate(image)

        def encode(self, image: RgbImage, locations: list[FaceLocation]) -> FaceEncodings:
            with clocks.stage("encode"):
                return super().encode(image, locations)

    engine = TimedEngine()
    engine.warm_up()
    return _as_photoshare_does(clocks, engine)


def _dlib(clocks: Clocks, graphs: Path) -> Analyse:
    """Prepare the engine ``dlib``, with its steps timed."""
    from photoshare.faces.engines.onnx_engine import OnnxFaceEngine

    engine = OnnxFaceEngine(graphs)
    engine.warm_up()
    _time(clocks, "detect", engine, "locate")
    _time(clocks, "detect", engine, "locate_smallest")
    _time(clocks, "landmarks and chips", engine.encoder, "cut_chips")
    _time(clocks, "encode", engine.encoder, "encode_chips")
    return _as_photoshare_does(clocks, engine)


def _default(clocks: Clocks, graphs: Path) -> Analyse:
    """Prepare the default engine, with its steps timed."""
    from photoshare.faces.engines import fused_engine

    engine = fused_engine.FusedFaceEngine(graphs)
    engine.warm_up()
    _count_work(clocks, engine)
    for look in ("_locate", "_seen_closer"):  # with the smaller pictures they make
        _time(clocks, "detect", engine, look)
    _time(clocks, "landmarks and chips", engine.dlib_encoder, "cut_chips")
    for cut in ("face_sheet", "aligned_chip"):
        _time(clocks, "landmarks and chips", fused_engine, cut)
    _time(clocks, "encode", engine.dlib_encoder, "encode_chips")
    _time(clocks, "encode", engine.sface_encoder, "encode_chips")
    return _as_photoshare_does(clocks, engine)


def _time(clocks: Clocks, stage: str, owner: Any, name: str) -> None:
    """Count every call of a function towards a stage, in this process only."""
    setattr(owner, name, clocks.timed(stage, getattr(owner, name)))


def _count_work(clocks: Clocks, engine: FusedFaceEngine) -> None:
    """Record the inputs of the networks, for the floor."""
    locate, encode = engine.detector.locate, engine.dlib_encoder.encode_chips

    def counting_locate(image: RgbImage, least_score: float) -> Detections:
        clocks.searched_pixels += image.shape[0] * image.shape[1]
        return locate(image, least_score)

    def counting_encode(chips: Chips) -> FaceEncodings:
        clocks.chips += len(chips)
        return encode(chips)

    setattr(engine.detector, "locate", counting_locate)  # noqa: B010 - as in `_time`
    setattr(engine.dlib_encoder, "encode_chips", counting_encode)  # noqa: B010


def _as_photoshare_does(clocks: Clocks, engine: FaceEngine) -> Analyse:
    """Analyse a photo and make its thumbnail from the same decode."""
    # In this process only, to see the decodes that analyse_photo makes.
    setattr(analysis, "decode_upright", clocks.timed("decode", decode_upright))  # noqa: B010

    def analyse(path: Path) -> int:
        found = analysis.analyse_photo(path, engine)
        with clocks.stage("thumbnails"):
            smaller(found.decoded.image, THUMB_PX)
        return len(found.faces)

    return analyse


def _floor(clocks: Clocks, photos: list[Path], workers: int) -> Run:
    """Measure what no engine can avoid: decoding, and the arithmetic of the networks."""
    with ThreadPoolExecutor(workers) as pool:
        start = time.perf_counter()
        list(pool.map(lambda path: decode_upright(path, at_least_px=FIRST_DECODE_PX), photos))
        decode_s = time.perf_counter() - start
    flops = (
        clocks.searched_pixels * _flops(build_zoo_graph(YUNET_FILE), (1, 1, 640, 3 * 640)) / 640**2
    )
    # An encoding takes one of dlib's chips and one of SFace's.
    flops += clocks.chips * _flops(build_graph(ENCODER_FILE), (1, DLIB_CHIP_PX, DLIB_CHIP_PX, 3))
    sface_shape = (1, SFACE_CHIP_PX, SFACE_CHIP_PX, 3)
    flops += clocks.chips * _flops(build_zoo_graph(SFACE_FILE), sface_shape)
    peak = _matmul_flops_per_s()
    return {
        "floor decode ms": 1000 * decode_s / len(photos),
        "floor network ms": 1000 * flops / peak / len(photos),
        "GFLOP a photo": flops / 1e9 / len(photos),
        "matmul GFLOP/s": peak / 1e9,
    }


def _flops(graph: bytes, shape: tuple[int, ...]) -> float:
    """Count the floating-point operations of a graph's convolutions, for an input of this shape."""
    model = onnx.load_model_from_string(graph)
    for dimension, size in zip(model.graph.input[0].type.tensor_type.shape.dim, shape, strict=True):
        dimension.dim_value = size
    inferred = onnx.shape_inference.infer_shapes(model).graph
    sizes = {
        value.name: [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        for value in [*inferred.value_info, *inferred.output]
    }
    kernels = {weight.name: weight.dims for weight in model.graph.initializer}
    return math.fsum(
        2.0 * math.prod(sizes[node.output[0]]) * math.prod(kernels[node.input[1]][1:])
        for node in model.graph.node
        if node.op_type == "Conv"
    )


def _matmul_flops_per_s(side: int = 2048, repeats: int = 7) -> float:
    """Measure the fastest of several float32 matrix multiplications on all cores."""
    matrix = np.random.default_rng(0).random((side, side), dtype=np.float32)
    fastest_s = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        matrix @ matrix
        fastest_s = min(fastest_s, time.perf_counter() - start)
    return 2 * side**3 / fastest_s

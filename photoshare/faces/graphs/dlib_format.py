"""Parse the two network files of face_recognition_models, in dlib's serialization format.

The only module that knows this byte format; model_files knows which files are read. It imports
neither dlib nor face_recognition_models, and knows nothing about ONNX.

Source
------
dlib 20.0.1: ``dlib/serialize.h``, ``dlib/float_details.h``, ``dlib/dnn/core.h`` (``add_layer``),
``dlib/dnn/layers.h``, ``dlib/dnn/input.h``, ``dlib/dnn/loss.h``, ``dlib/cuda/tensor_tools.cpp``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from photoshare.errors import ModelError

ENCODING_SIZE = 128  # numbers of one face encoding: the outputs of ENCODER_FILE
EPS = 0.32  # between unit-length encodings of ENCODER_FILE (docs/evaluation.md)
CHIP_PX = 150  # side of the aligned face picture that ENCODER_FILE takes
GRAPH_VERSION = 1  # of dlib_graphs: increase it with every change there to rebuild kept graphs
# What con_4, max_pool_2 and avg_pool_2 write, in this order; "stride" is the vertical one.
WINDOW_SIZES = ("rows", "columns", "stride", "stride_x", "padding_y", "padding_x")
LARGEST_VERSION = 3  # of an add_layer; the length of a layer's name is always larger


@dataclass(frozen=True, slots=True)
class DlibLayer:
    """One layer as dlib wrote it.

    Attributes
    ----------
    kind : str
        dlib's name of the layer with its version, such as ``con_4``, ``bn_con2`` or ``relu_``.
    sizes : dict of str to int
        ``filters``, ``rows``, ``columns``, ``stride``, ``padding_y``, ``padding_x`` of
        convolutions and pools; ``outputs``, ``inputs`` of ``fc_2``.
    tensors : list of float32 arrays
        The learned numbers, one-dimensional, in dlib's order.
    eps : float
        What batch normalization adds to a variance; 0 for other layers.
    """

    kind: str
    sizes: dict[str, int] = field(default_factory=dict)
    tensors: list[NDArray[np.float32]] = field(default_factory=list)
    eps: float = 0.0


@dataclass(frozen=True, slots=True)
class DlibNetwork:
    """A network file: the data of its loss and input layers, then the layers in order.

    Attributes
    ----------
    loss : str
        ``loss_mmod_`` (detector) or ``loss_metric_2`` (encoder).
    window : (int, int)
        Width and height of the detector's window in pixels; (0, 0) for the encoder.
    overlap_limits : (float, float)
        Share of intersection over union, and of either box covered, above which the weaker of
        two detections is suppressed; (1, 1) for the encoder.
    means : (float, float, float)
        Red, green and blue that the input layer subtracts, of 0 to 255.
    padding : (int, int)
        Pixels between the levels of the detector's tiled pyramid, and around it.
    layers : list of DlibLayer
        In the order in which a picture passes them.
    """

    loss: str
    window: tuple[int, int]
    overlap_limits: tuple[float, float]
    means: tuple[float, float, float]
    padding: tuple[int, int]
    layers: list[DlibLayer]


def parse_network(content: bytes) -> DlibNetwork:
    """Parse the content of one of the two network files.

    Raises
    ------
    ModelError
        If the bytes are not such a file: truncated, too long, or with an unknown layer.
    """
    reader = _Reader(content)
    reader.integer()  # version of the loss layer
    loss = reader.text()
    window, overlap_limits = (0, 0), (1.0, 1.0)
    if loss == "loss_mmod_":
        window, overlap_limits = _read_mmod_options(reader)
    else:
        reader.numbers(2)  # margin and distance threshold: used by training only
    means, padding = _read_input_layer(reader)
    layers = []
    while not reader.is_at_end():
        layers.append(_read_layer(reader))
        reader.skip_layer_state(is_first=len(layers) == 1)
    return DlibNetwork(loss, window, overlap_limits, means, padding, layers)


def _read_mmod_options(reader: _Reader) -> tuple[tuple[int, int], tuple[float, float]]:
    if reader.integer() != 1:
        raise ModelError("The face detector's options have an unknown version.")
    window = (reader.integer(), reader.integer())
    reader.numbers(3)  # losses and the matching rule: used by training only
    iou_limit, covered_limit = reader.numbers(2)
    reader.numbers(2)  # which truth boxes training ignores
    return window, (iou_limit, covered_limit)


def _read_input_layer(reader: _Reader) -> tuple[tuple[float, float, float], tuple[int, int]]:
    # Every add_layer writes its version before the layers inside it, so all versions come first.
    length = reader.integer()
    while length <= LARGEST_VERSION:
        length = reader.integer()
    kind = reader.characters(length)
    red, green, blue = reader.numbers(3)
    if kind == "input_rgb_image_sized":
        reader.integers(2)  # 150 x 150
        return (red, green, blue), (0, 0)
    if kind == "input_rgb_image_pyramid":
        return (red, green, blue), (10, 11)  # what dlib assumes for this version
    raise ModelError(f"The model has an unknown input layer {kind!r}.")


def _read_layer(reader: _Reader) -> DlibLayer:
    kind = reader.text()
    if kind == "con_4":
        weights = reader.tensor()
        sizes = reader.sizes("filters", *WINDOW_SIZES)
        reader.skip_views(2)
        reader.numbers(4)
        return DlibLayer(kind, sizes, [weights])
    if kind in ("max_pool_2", "avg_pool_2"):
        return DlibLayer(kind, reader.sizes(*WINDOW_SIZES))
    if kind == "affine_":
        weights = reader.tensor()
        reader.skip_views(2)
        reader.integer()
        return DlibLayer(kind, tensors=[weights])
    if kind == "bn_con2":
        weights = reader.tensor()
        reader.skip_views(2)
        tensors = [weights, *(reader.tensor() for _ in range(4))]
        reader.integers(2)
        return DlibLayer(kind, tensors=tensors, eps=reader.numbers(5)[-1])
    if kind == "fc_2":
        sizes = reader.sizes("outputs", "inputs")
        weights = reader.tensor()
        reader.skip_views(2)
        reader.integer()
        reader.numbers(4)
        return DlibLayer(kind, sizes, [weights])
    if kind in ("relu_", "add_prev_"):
        return DlibLayer(kind)
    raise ModelError(f"The model has an unknown layer {kind!r}.")


class _Reader:
    """Walks dlib's serialization; every read past the end is a ModelError."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0

    def is_at_end(self) -> bool:
        return self._position == len(self._content)

    def take(self, count: int) -> bytes:
        taken = self._content[self._position : self._position + count]
        if len(taken) != count:
            raise ModelError("The model file ends in the middle of a value.")
        self._position += count
        return taken

    def integer(self) -> int:
        """Read a control byte (low 4 bits: number of bytes, bit 7: negative) and the bytes."""
        control = self.take(1)[0]
        magnitude = int.from_bytes(self.take(control & 0x0F), "little")
        return -magnitude if control & 0x80 else magnitude

    def integers(self, count: int) -> list[int]:
        return [self.integer() for _ in range(count)]

    def sizes(self, *names: str) -> dict[str, int]:
        return {name: self.integer() for name in names}

    def numbers(self, count: int) -> list[float]:
        """Read floats, each stored as mantissa and binary exponent."""
        pairs = [(self.integer(), self.integer()) for _ in range(count)]
        try:
            return [math.ldexp(mantissa, exponent) for mantissa, exponent in pairs]
        except OverflowError as error:
            raise ModelError("The model file holds an impossible number.") from error

    def characters(self, count: int) -> str:
        return self.take(count).decode("latin-1")

    def text(self) -> str:
        return self.characters(self.integer())

    def tensor(self) -> NDArray[np.float32]:
        """Read a tensor: the integer 2, four dimensions, little-endian float32."""
        if self.integer() != 2:
            raise ModelError("The model file holds a tensor of an unknown version.")
        return np.frombuffer(self.take(4 * math.prod(self.integers(4))), dtype="<f4")

    def skip_views(self, count: int) -> None:
        """Skip alias tensors (version and four dimensions): their sizes follow from others."""
        self.integers(5 * count)

    def skip_layer_state(self, *, is_first: bool) -> None:
        """Skip what add_layer writes after a layer: three flags, three tensors of training."""
        self.take(3)
        for _ in range(3):
            self.tensor()
        if is_first:
            self.integer()  # the layer next to the input also writes its sample expansion

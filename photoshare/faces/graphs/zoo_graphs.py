"""Build the ONNX graphs of YuNet and SFace from the block-quantised files of the OpenCV Zoo.

Those files store their weights as 8-bit numbers with a scale for each block, which ONNX Runtime
does not run fast; here the weights become float32 again, and operations after a convolution are
folded into it. yunet and sface run the graphs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from photoshare.errors import ModelError
from photoshare.faces.graphs.graph_cache import cached_graph
from photoshare.faces.graphs.model_files import (
    SFACE_CHIP_PX,
    SFACE_FILE,
    SFACE_SIZE,
    STRIDES,
    YUNET_FILE,
    ZOO_GRAPH_VERSION,
    read_model,
)
from photoshare.faces.graphs.onnx_nodes import checked_model, serialized

WHOLE, LAST_LAYER = "", "-last"  # parts of a network; SFace's last layer is a graph of its own
SFACE_MEAN, SFACE_FACTOR = 127.5, 1 / 128  # the file's own Sub and Mul
HEAD_PARTS = ("cls", "obj", "bbox", "kps")  # 1, 1, 4 and 10 channels at each of three strides
HEAD_CHANNELS = 16

Array = NDArray[np.float32]
Weights = dict[str, NDArray[Any]]


def cached_zoo_graph(source_name: str, folder: Path, part: str = WHOLE) -> bytes:
    """Return the graph that `build_zoo_graph` builds, kept in a folder (graph_cache).

    Raises
    ------
    ModelError
        If the graph must be built and its source is missing or damaged.
    """
    build = functools.partial(build_zoo_graph, source_name, part)
    return cached_graph(source_name, ZOO_GRAPH_VERSION, build, folder, part)


def build_zoo_graph(source_name: str, part: str = WHOLE) -> bytes:
    """Build a graph of YUNET_FILE or SFACE_FILE from its verified source.

    Parameters
    ----------
    source_name : str
    part : str
        WHOLE; for SFACE_FILE that is everything before the LAST_LAYER.

    Raises
    ------
    ModelError
        If the source is missing or damaged.
    """
    model = onnx.load_model_from_string(read_model(source_name))
    builders: dict[tuple[str, str], Callable[[list[onnx.NodeProto], Weights], onnx.ModelProto]] = {
        (YUNET_FILE, WHOLE): _yunet_model,
        (SFACE_FILE, WHOLE): _sface_model,
        (SFACE_FILE, LAST_LAYER): _sface_last_model,
    }
    return serialized(builders[source_name, part](*_with_plain_weights(model)))


def _with_plain_weights(model: onnx.ModelProto) -> tuple[list[onnx.NodeProto], Weights]:
    """Compute the weights that the file's first nodes would, and return the other nodes."""
    weights: Weights = {
        tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer
    }
    nodes = []
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear":
            weights[node.output[0]] = _dequantised(node, weights)
        elif node.op_type == "Reshape" and node.input[0] in weights:
            shape = weights[node.input[1]]
            weights[node.output[0]] = weights[node.input[0]].reshape(shape.astype(np.int64))
        else:
            nodes.append(node)
    return nodes, weights


def _dequantised(node: onnx.NodeProto, weights: Weights) -> Array:
    """Turn blocks of 8-bit numbers into float32 (ONNX operator DequantizeLinear, opset 21)."""
    numbers, scales, zeros = (weights[name].astype(np.float32) for name in node.input)
    sizes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    axis = sizes.get("axis", 1)
    of_each = np.arange(numbers.shape[axis]) // sizes["block_size"]
    plain: Array = (numbers - zeros.take(of_each, axis)) * scales.take(of_each, axis)
    return plain


class _Graph:
    """Collects nodes and weights."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[TensorProto] = []

    def weight(self, name: str, numbers: NDArray[np.generic]) -> str:
        """Keep a weight as float32."""
        array = np.ascontiguousarray(numbers, dtype=np.float32)
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        """Add a node."""
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))

    def convolution(
        self, value: str, output: str, kernel: Array, bias: Array, node: onnx.NodeProto
    ) -> None:
        """Add a convolution with the strides, pads and groups of one in the file."""
        names = [self.weight(f"{output}-kernel", kernel), self.weight(f"{output}-bias", bias)]
        self.add("Conv", [value, *names], output)
        self.nodes[-1].attribute.extend(node.attribute)

    def planes(self, name: str, output: str) -> None:
        """Turn uint8 (n, height, width, 3) into float32 (n, 3, height, width)."""
        self.add("Cast", [name], f"{output}-numbers", to=TensorProto.FLOAT)
        self.add("Transpose", [f"{output}-numbers"], output, perm=[0, 3, 1, 2])

    def model(
        self, name: str, taken: onnx.ValueInfoProto, given: list[onnx.ValueInfoProto]
    ) -> onnx.ModelProto:
        """Make a model of all nodes so far."""
        return checked_model(helper.make_graph(self.nodes, name, [taken], given, self.weights))


def _yunet_model(nodes: list[onnx.NodeProto], weights: Weights) -> onnx.ModelProto:
    """Graph: ``pixels`` uint8 (1, 1, height, 3 * width) -> ``stride8``, ``stride16``, ``stride32``.

    Each is float32 (1, 16, height / stride, width / stride): the raw outputs of the heads cls, obj,
    box and landmarks. Height and width are multiples of 32. The four heads of a stride, which have
    the same input, are one head here; red and blue are swapped, since the file expects OpenCV's
    order. The first convolution reads red, green and blue side by side, as they are in memory.
    """
    graph = _Graph()
    graph.add("Cast", ["pixels"], "input", to=TensorProto.FLOAT)
    heads: dict[str, list[onnx.NodeProto]] = {}
    for node in nodes:
        if node.op_type == "Conv" and "bbox_head" in node.input[1]:
            heads.setdefault(_head_level(node), []).append(node)
        elif node.op_type == "Conv":
            kernel, bias = (weights[name].astype(np.float32) for name in node.input[1:3])
            if node.input[0] == "input":
                kernel, node = _side_by_side(kernel[:, ::-1], node)
            graph.convolution(node.input[0], node.output[0], kernel, bias, node)
        elif node.op_type == "Resize":
            factors = graph.weight(f"{node.output[0]}-factors", weights[node.input[2]])
            graph.add("Resize", [node.input[0], "", factors], node.output[0])
            graph.nodes[-1].attribute.extend(node.attribute)
        elif node.op_type in ("Relu", "MaxPool", "Add"):
            graph.nodes.append(node)
    given = []
    for stride, level in zip(STRIDES, sorted(heads), strict=True):
        _add_head(graph, heads[level], weights, f"stride{stride}")
        shape: list[str | int | None] = [1, HEAD_CHANNELS, f"rows{stride}", f"columns{stride}"]
        given.append(helper.make_tensor_value_info(f"stride{stride}", TensorProto.FLOAT, shape))
    taken = helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, 1, "height", "columns"])
    return graph.model("yunet", taken, given)


def _side_by_side(kernel: Array, node: onnx.NodeProto) -> tuple[Array, onnx.NodeProto]:
    """Make a convolution of planes one of a single plane whose columns are colours of pixels."""
    filters, colours, rows, columns = kernel.shape
    sizes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    strides, pads = (list(sizes[name]) for name in ("strides", "pads"))
    for numbers in (strides, pads):  # of rows, columns, rows, columns
        numbers[1::2] = [colours * number for number in numbers[1::2]]
    kernel = kernel.transpose(0, 2, 3, 1).reshape(filters, 1, rows, colours * columns)
    sizes = {"kernel_shape": list(kernel.shape[2:]), "strides": strides, "pads": pads}
    node = helper.make_node("Conv", node.input, node.output)
    node.attribute.extend(helper.make_attribute(*item) for item in sizes.items())
    return kernel, node


def _head_level(node: onnx.NodeProto) -> str:
    return str(node.input[1]).split(".")[2]  # bbox_head.multi_level_cls.0.conv1.weight...


def _add_head(graph: _Graph, nodes: list[onnx.NodeProto], weights: Weights, output: str) -> None:
    """Add the four heads of a stride as one: a 1 x 1 convolution, then one for each channel."""
    mixed = f"{output}-mixed"
    for step, result in (("conv1", mixed), ("conv2", output)):
        of_step = {
            str(node.input[1]).split(".")[1].removeprefix("multi_level_"): node
            for node in nodes
            if f".{step}." in node.input[1]
        }
        ordered = [of_step[part] for part in HEAD_PARTS]
        kernel, bias = (
            np.concatenate([weights[node.input[place]] for node in ordered]).astype(np.float32)
            for place in (1, 2)
        )
        names = [graph.weight(f"{result}-kernel", kernel), graph.weight(f"{result}-bias", bias)]
        is_second = step == "conv2"
        source = mixed if is_second else ordered[0].input[0]
        sides = list(kernel.shape[2:])
        graph.add(
            "Conv",
            [source, *names],
            result,
            kernel_shape=sides,
            pads=[sides[0] // 2] * 4,
            group=HEAD_CHANNELS if is_second else 1,
        )


def _sface_model(nodes: list[onnx.NodeProto], weights: Weights) -> onnx.ModelProto:
    """Graph: ``chips`` uint8 (n, 112, 112, 3), red green blue -> ``features`` (n, 50176).

    Every batch normalization is folded into the layer before it. A PReLU becomes a ReLU and two
    convolutions of one number per channel, ``slope * x + relu((1 - slope) * x)``: ONNX Runtime has
    no fast PReLU, but computes these in two passes (docs/performance.md has the times). A channel
    whose slope is above 1 is negated for that, which the next layer reverses.
    """
    graph = _Graph()
    graph.planes("chips", "planes")
    graph.add("Sub", ["planes", graph.weight("mean", np.array(SFACE_MEAN))], "centred")
    factor = graph.weight("factor", np.array(SFACE_FACTOR))
    graph.add("Mul", ["centred", factor], "scaled")
    value, owed = "scaled", np.ones(3, dtype=np.float32)  # factors of the channels of the value
    convolutions, norms, prelus = (
        [node for node in nodes if node.op_type == kind]
        for kind in ("Conv", "BatchNormalization", "PRelu")
    )
    for convolution, norm, prelu in zip(convolutions, norms[:-2], prelus, strict=True):
        kernel = weights[convolution.input[1]].astype(np.float32)
        is_of_each = kernel.shape[1] == 1
        kernel = kernel * owed.reshape((-1, 1, 1, 1) if is_of_each else (1, -1, 1, 1))
        slopes, signs, owed = _gentle(weights[prelu.input[1]].astype(np.float32).ravel())
        scale, shift = (signs * numbers for numbers in _scale_and_shift(norm, weights))
        result = convolution.output[0]
        graph.convolution(value, result, kernel * scale[:, None, None, None], shift, convolution)
        value = _add_prelu(graph, result, slopes)
    if (owed != 1).any():
        raise ModelError("The last PReLU of SFace is steeper than expected.")
    graph.add("Flatten", [value], "features")
    shape: list[str | int | None] = ["n", SFACE_CHIP_PX, SFACE_CHIP_PX, 3]
    taken = helper.make_tensor_value_info("chips", TensorProto.UINT8, shape)
    given = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", "features"])
    return graph.model("sface", taken, [given])


def _sface_last_model(nodes: list[onnx.NodeProto], weights: Weights) -> onnx.ModelProto:
    """Graph: ``features`` (n, 50176) -> ``encodings`` (n, 128).

    The last layer, with the normalizations before and after it. Reading its 26 MB takes a tenth of
    SFace's time for one face, and hardly more for several; the layers before it are slower in
    batches, since less of them stays in the processor's cache.
    """
    graph = _Graph()
    (layer,) = (node for node in nodes if node.op_type == "Gemm")
    *_, before, behind = (node for node in nodes if node.op_type == "BatchNormalization")
    kernel, bias = _last_layer(layer, before, behind, weights)
    names = [graph.weight("last-kernel", kernel), graph.weight("last-bias", bias)]
    graph.add("Gemm", ["features", *names], "encodings", transB=1)
    shape: list[str | int | None] = ["n", kernel.shape[1]]
    taken = helper.make_tensor_value_info("features", TensorProto.FLOAT, shape)
    given = helper.make_tensor_value_info("encodings", TensorProto.FLOAT, ["n", SFACE_SIZE])
    return graph.model("sface-last", taken, [given])


def _gentle(slopes: Array) -> tuple[Array, Array, Array]:
    """Express PReLUs by some with slopes up to 1: ``prelu(x) = owed * gentle(sign * x)``.

    Returns
    -------
    slopes, signs, owed : float32 arrays of the same shape
    """
    is_steep = slopes > 1
    owed = np.where(is_steep, -slopes, np.float32(1))
    return np.where(is_steep, 1 / slopes, slopes), np.sign(owed), owed


def _add_prelu(graph: _Graph, value: str, slopes: Array) -> str:
    """Add ``slope * x + relu((1 - slope) * x)``, slopes up to 1, and return its name."""
    one_a_channel = slopes.astype(np.float32).reshape(-1, 1, 1, 1)
    sizes = {"group": slopes.size, "kernel_shape": [1, 1]}
    below = graph.weight(f"{value}-slopes", one_a_channel)
    above = graph.weight(f"{value}-rest", 1 - one_a_channel)
    graph.add("Conv", [value, above], f"{value}-more", **sizes)
    graph.add("Relu", [f"{value}-more"], f"{value}-above")
    graph.add("Conv", [value, below], f"{value}-all", **sizes)
    graph.add("Add", [f"{value}-all", f"{value}-above"], f"{value}-prelu")
    return f"{value}-prelu"


def _last_layer(
    layer: onnx.NodeProto, before: onnx.NodeProto, behind: onnx.NodeProto, weights: Weights
) -> tuple[Array, Array]:
    """Fold the normalizations before and after the last layer into its weights."""
    kernel = weights[layer.input[1]].astype(np.float64)
    scale, shift = (numbers.astype(np.float64) for numbers in _scale_and_shift(before, weights))
    by_channel = kernel.reshape(len(kernel), len(scale), -1)
    bias = weights[layer.input[2]] + (by_channel * shift[:, None]).sum(axis=(1, 2))
    kernel = (by_channel * scale[:, None]).reshape(kernel.shape)
    factor, addend = _scale_and_shift(behind, weights)
    kernel, bias = kernel * factor[:, None], bias * factor + addend
    return kernel.astype(np.float32), bias.astype(np.float32)


def _scale_and_shift(norm: onnx.NodeProto, weights: Weights) -> tuple[Array, Array]:
    """Return the factor and the offset of a batch normalization for each channel."""
    sizes = {attribute.name: helper.get_attribute_value(attribute) for attribute in norm.attribute}
    gamma, beta, mean, variance = (weights[name].astype(np.float64) for name in norm.input[1:])
    scale = gamma / np.sqrt(variance + sizes["epsilon"])
    return scale.astype(np.float32), (beta - mean * scale).astype(np.float32)

"""Build the ONNX graphs of YuNet and SFace from the block-quantised files of the OpenCV Zoo.

Those files store their weights as 8-bit numbers with a scale for each block, which ONNX Runtime
does not run fast; here the weights become float32 again, and operations after a convolution are
folded into it. yunet and sface run the graphs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

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

SFACE_MEAN, SFACE_FACTOR = 127.5, 1 / 128  # the file's own Sub and Mul
HEAD_PARTS = ("cls", "obj", "bbox", "kps")  # 1, 1, 4 and 10 channels at each of three strides
HEAD_CHANNELS = 16

Array = NDArray[np.float32]
Weights = dict[str, NDArray[Any]]


def cached_zoo_graph(source_name: str, folder: Path) -> bytes:
    """Return the graph of YUNET_FILE or SFACE_FILE, kept in a folder (graph_cache).

    Raises
    ------
    ModelError
        If the graph must be built and its source is missing or damaged.
    """
    return cached_graph(
        source_name, ZOO_GRAPH_VERSION, lambda: build_zoo_graph(source_name), folder
    )


def build_zoo_graph(source_name: str) -> bytes:
    """Build the graph of YUNET_FILE or SFACE_FILE from its verified source.

    Raises
    ------
    ModelError
        If the source is missing or damaged.
    """
    model = onnx.load_model_from_string(read_model(source_name))
    builders: dict[str, Callable[[list[onnx.NodeProto], Weights], onnx.ModelProto]] = {
        YUNET_FILE: _yunet_model,
        SFACE_FILE: _sface_model,
    }
    return serialized(builders[source_name](*_with_plain_weights(model)))


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
    """Graph: ``pixels`` uint8 (1, height, width, 3) -> ``stride8``, ``stride16``, ``stride32``.

    Each is float32 (1, 16, height / stride, width / stride): the raw outputs of the heads cls, obj,
    box and landmarks. Height and width are multiples of 32. The four heads of a stride, which have
    the same input, are one head here; red and blue are swapped, since the file expects OpenCV's
    order.
    """
    graph = _Graph()
    graph.planes("pixels", "input")
    heads: dict[str, list[onnx.NodeProto]] = {}
    for node in nodes:
        if node.op_type == "Conv" and "bbox_head" in node.input[1]:
            heads.setdefault(_head_level(node), []).append(node)
        elif node.op_type == "Conv":
            kernel, bias = (weights[name].astype(np.float32) for name in node.input[1:3])
            if node.input[0] == "input":
                kernel = kernel[:, ::-1]
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
    taken = helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, "height", "width", 3])
    return graph.model("yunet", taken, given)


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
    """Graph: ``chips`` uint8 (n, 112, 112, 3), red green blue -> ``encodings`` (n, 128).

    Every batch normalization is folded into the layer before it; the one before the last layer is
    folded into the last layer. A PReLU becomes a ReLU and two convolutions of one number per
    channel, ``slope * x + (1 - slope) * relu(x)``: ONNX Runtime has no fast PReLU, and this halves
    the time of SFace (37 and 18 ms a face, one thread; docs/performance.md).
    """
    graph = _Graph()
    graph.planes("chips", "planes")
    graph.add("Sub", ["planes", graph.weight("mean", np.array(SFACE_MEAN))], "centred")
    factor = graph.weight("factor", np.array(SFACE_FACTOR))
    graph.add("Mul", ["centred", factor], "scaled")
    value = "scaled"
    convolutions, norms, prelus, (last_layer,) = (
        [node for node in nodes if node.op_type == kind]
        for kind in ("Conv", "BatchNormalization", "PRelu", "Gemm")
    )
    *inner_norms, norm_before, norm_behind = norms
    for convolution, norm, prelu in zip(convolutions, inner_norms, prelus, strict=True):
        scale, shift = _scale_and_shift(norm, weights)
        kernel = weights[convolution.input[1]] * scale[:, None, None, None]
        result = convolution.output[0]
        graph.convolution(value, result, kernel.astype(np.float32), shift, convolution)
        value = _add_prelu(graph, result, weights[prelu.input[1]].astype(np.float32))
    graph.add("Flatten", [value], "flat")
    kernel, bias = _last_layer(last_layer, norm_before, norm_behind, weights)
    names = [graph.weight("last-kernel", kernel), graph.weight("last-bias", bias)]
    graph.add("Gemm", ["flat", *names], "encodings", transB=1)
    shape: list[str | int | None] = ["n", SFACE_CHIP_PX, SFACE_CHIP_PX, 3]
    taken = helper.make_tensor_value_info("chips", TensorProto.UINT8, shape)
    given = helper.make_tensor_value_info("encodings", TensorProto.FLOAT, ["n", SFACE_SIZE])
    return graph.model("sface", taken, [given])


def _add_prelu(graph: _Graph, value: str, slopes: Array) -> str:
    """Add ``slope * x + (1 - slope) * relu(x)`` and return its name."""
    one_a_channel = slopes.reshape(-1, 1, 1, 1)
    sizes = {"group": slopes.size, "kernel_shape": [1, 1]}
    below = graph.weight(f"{value}-slopes", one_a_channel)
    above = graph.weight(f"{value}-rest", 1 - one_a_channel)
    graph.add("Relu", [value], f"{value}-relu")
    graph.add("Conv", [value, below], f"{value}-all", **sizes)
    graph.add("Conv", [f"{value}-relu", above], f"{value}-above", **sizes)
    graph.add("Add", [f"{value}-above", f"{value}-all"], f"{value}-prelu")
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

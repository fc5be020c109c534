"""Convert dlib's layers to nodes of ONNX graphs, for dlib_graphs to put together.

Knows how each dlib layer is expressed in ONNX (opset 17), but nothing about networks or files.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from photoshare.faces.graphs.dlib_format import DlibLayer

OPSET = 17
IR_VERSION = 8  # the one that opset 17 came with; runtimes refuse versions newer than they know
PIXEL_DIVISOR = 256.0  # dlib/dnn/input.h: (pixel - mean) / 256

Array = NDArray[np.float32]


def serialized(model: onnx.ModelProto) -> bytes:
    """Serialize a model, always to the same bytes."""
    # Deterministic, so that two processes that build at the same time write the same bytes.
    return bytes(model.SerializeToString(deterministic=True))


def checked_model(graph: onnx.GraphProto) -> onnx.ModelProto:
    """Wrap a graph in a model and let ONNX check it."""
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model


class GraphBuilder:
    """Collects nodes and weights; every method returns the name of the value it made."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[TensorProto] = []

    def model(
        self, name: str, taken: onnx.ValueInfoProto, given: onnx.ValueInfoProto
    ) -> onnx.ModelProto:
        """Make a model of all nodes so far."""
        return checked_model(helper.make_graph(self._nodes, name, [taken], [given], self._weights))

    def normalized_pixels(self, name: str, means: tuple[float, float, float]) -> str:
        """Turn uint8 (n, height, width, 3) into float32 (n, 3, height, width) as dlib does."""
        pixels = self._node("Cast", [name], to=TensorProto.FLOAT)
        planes = self._node("Transpose", [pixels], perm=[0, 3, 1, 2])
        shift = self._weight(np.array(means, dtype=np.float32).reshape(1, 3, 1, 1))
        divisor = self._weight(np.array(PIXEL_DIVISOR, dtype=np.float32))
        return self._node("Div", [self._node("Sub", [planes, shift]), divisor])

    def layer(self, layer: DlibLayer, norm: DlibLayer | None, value: str) -> str:
        """Add one dlib layer, with the batch normalization after it folded in."""
        if layer.kind == "con_4":
            return self._convolution(layer, norm, value)
        if layer.kind == "fc_2":
            weights = layer.tensors[0].reshape(layer.sizes["inputs"], layer.sizes["outputs"])
            return self._node("MatMul", [self._node("Flatten", [value]), self._weight(weights)])
        if layer.kind == "relu_":
            return self._node("Relu", [value])
        if not layer.sizes["rows"]:
            return self._node("GlobalAveragePool", [value])
        kind = "MaxPool" if layer.kind == "max_pool_2" else "AveragePool"
        return self._node(kind, [value], **_window(layer))

    def padded_sum(
        self, value: str, shortcut: str, rows: dict[str, int], channels: dict[str, int]
    ) -> str:
        """Add like ``add_prev_``: the smaller is padded with zeros at the end of each axis."""
        most_rows = max(rows[value], rows[shortcut])
        most_channels = max(channels[value], channels[shortcut])
        padded = []
        for name in (value, shortcut):
            missing = most_rows - rows[name]
            ends = [0, most_channels - channels[name], missing, missing]
            if any(ends):
                pads = self._weight(np.array([0, 0, 0, 0, *ends], dtype=np.int64))
                name = self._node("Pad", [name, pads])
            padded.append(name)
        total = self._node("Add", padded)
        rows[total], channels[total] = most_rows, most_channels
        return total

    def is_relu_of_sum(self, value: str) -> bool:
        """Whether this value, the last one made, ends a residual block."""
        last, before = self._nodes[-1], self._nodes[-2]
        return last.op_type == "Relu" and before.op_type == "Add" and last.output[0] == value

    def rename_last_output(self, name: str) -> None:
        """Give the output of the last node the name that the model's users expect."""
        self._nodes[-1].output[0] = name

    def _convolution(self, layer: DlibLayer, norm: DlibLayer | None, value: str) -> str:
        filters = layer.sizes["filters"]
        flat, bias = layer.tensors[0][:-filters], layer.tensors[0][-filters:]
        kernel = flat.reshape(filters, -1, layer.sizes["rows"], layer.sizes["columns"])
        if norm is not None:
            scale, shift = _scale_and_shift(norm)
            kernel, bias = kernel * scale[:, None, None, None], bias * scale + shift
        inputs = [value, self._weight(kernel), self._weight(bias)]
        return self._node("Conv", inputs, **_window(layer))

    def _weight(self, numbers: NDArray[np.float32] | NDArray[np.int64]) -> str:
        name = f"weight{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(numbers), name))
        return name

    def _node(self, kind: str, inputs: list[str], **attributes: int | list[int]) -> str:
        name = f"value{len(self._nodes)}"
        node = helper.make_node(kind, inputs, [name])
        node.attribute.extend(helper.make_attribute(*item) for item in attributes.items())
        self._nodes.append(node)
        return name


def _window(layer: DlibLayer) -> dict[str, list[int]]:
    sizes = layer.sizes
    return {
        "kernel_shape": [sizes["rows"], sizes["columns"]],
        "strides": [sizes["stride"], sizes["stride_x"]],
        "pads": [sizes["padding_y"], sizes["padding_x"]] * 2,
    }


def _scale_and_shift(norm: DlibLayer) -> tuple[Array, Array]:
    """Return the factor and the offset of each channel (dlib's ``affine_(const bn_&)``)."""
    gamma, beta = np.split(norm.tensors[0], 2)
    if norm.kind == "affine_":
        return gamma, beta
    _, _, running_means, running_variances = norm.tensors[1:]
    scale: Array = (gamma / np.sqrt(running_variances + np.float32(norm.eps))).astype(np.float32)
    return scale, beta - scale * running_means

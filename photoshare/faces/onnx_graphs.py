"""Builds the ONNX graphs of the face detector and the face encoder, and keeps them on disk.

It turns the networks that face_recognition ships (see dlib_format) into graphs for ONNX Runtime:
the same weights, with batch normalization folded into the convolution before it. It does not run
them; onnx_engine does.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from photoshare.faces.dlib_format import (
    DETECTOR_FILE,
    ENCODER_FILE,
    SHA256_OF,
    DlibLayer,
    DlibNetwork,
    model_folder,
    parse_network,
    read_trusted,
)

GRAPH_VERSION = 1  # raise it with every change of the graphs below: a cached graph is then rebuilt
OPSET = 17
IR_VERSION = 8  # what opset 17 came with; older runtimes refuse a newer one than they know
CHIP_PX = 150  # side of the aligned face picture that the encoder takes
PIXEL_DIVISOR = 256.0  # dlib/dnn/input.h: (pixel - mean) / 256

Array = NDArray[np.float32]


def cached_graph(source_name: str, folder: Path) -> bytes:
    """Return the ONNX graph of a network file, from the folder or built and kept there.

    Parameters
    ----------
    source_name : str
        DETECTOR_FILE or ENCODER_FILE.
    folder : Path
        Where graphs are kept; made if missing.

    Returns
    -------
    bytes
        The serialized model, for ``onnxruntime.InferenceSession``.

    Raises
    ------
    ModelError
        If the graph must be built and its source is missing or damaged.

    Notes
    -----
    The name of the kept file holds the hash of the source and GRAPH_VERSION, so a kept graph never
    outlives either. A checksum beside it tells a damaged graph, which is built anew. Building takes
    about a second; two processes that do it at once write the same bytes.
    """
    path = folder / f"{Path(source_name).stem}-{SHA256_OF[source_name][:16]}-v{GRAPH_VERSION}.onnx"
    checksum_path = path.with_suffix(".sha256")
    kept = _read_if_intact(path, checksum_path)
    if kept is not None:
        return kept
    graph = build_graph(source_name)
    folder.mkdir(parents=True, exist_ok=True)
    _write_atomically(path, graph)
    _write_atomically(checksum_path, hashlib.sha256(graph).hexdigest().encode())
    return graph


def build_graph(source_name: str) -> bytes:
    """Build the graph of DETECTOR_FILE or ENCODER_FILE from its verified source.

    Raises
    ------
    ModelError
        If the source is missing or damaged.
    """
    network = parse_network(read_trusted(model_folder() / source_name))
    builders = {DETECTOR_FILE: _detector_model, ENCODER_FILE: _encoder_model}
    return builders[source_name](network).SerializeToString(deterministic=True)


def _read_if_intact(path: Path, checksum_path: Path) -> bytes | None:
    try:
        content, checksum = path.read_bytes(), checksum_path.read_text()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return content if hashlib.sha256(content).hexdigest() == checksum else None


def _write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary file in the same folder, then rename: a reader never sees a part."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            os.unlink(file.name)
            raise
    os.replace(file.name, path)


def _detector_model(network: DlibNetwork) -> onnx.ModelProto:
    """Graph: ``pixels`` float32 (1, 3, height, width), normalized -> ``scores`` (1, 1, h, w)."""
    graph = _GraphBuilder()
    value = "pixels"
    for layer, norm in _with_norms(network.layers):
        value = graph.layer(layer, norm, value)
    graph.rename_last_output("scores")
    return graph.model(
        "detector",
        helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, "height", "width"]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 1, "h", "w"]),
    )


def _encoder_model(network: DlibNetwork) -> onnx.ModelProto:
    """Graph: ``chips`` uint8 (n, 150, 150, 3), red green blue -> ``encodings`` (n, 128)."""
    graph = _GraphBuilder()
    value = shortcut = graph.normalized_pixels("chips", network.means)
    rows, channels = {value: CHIP_PX}, {value: 3}
    for layer, norm in _with_norms(network.layers):
        if layer.kind == "add_prev_":
            value = graph.padded_sum(value, shortcut, rows, channels)
            continue
        # dlib averages the shortcut of a halving block; only the last pool is global (no size).
        is_on_shortcut = layer.kind == "avg_pool_2" and layer.sizes["rows"] > 0
        source = shortcut if is_on_shortcut else value
        result = graph.layer(layer, norm, source)
        rows[result] = _output_rows(layer, rows[source])
        channels[result] = layer.sizes.get("filters", channels[source])
        if is_on_shortcut:
            shortcut = result
            continue
        value = result
        if layer.kind == "max_pool_2" or graph.is_relu_of_sum(value):
            shortcut = value  # the next residual block starts here
    graph.rename_last_output("encodings")
    return graph.model(
        "encoder",
        helper.make_tensor_value_info("chips", TensorProto.UINT8, ["n", CHIP_PX, CHIP_PX, 3]),
        helper.make_tensor_value_info("encodings", TensorProto.FLOAT, ["n", 128]),
    )


def _with_norms(layers: list[DlibLayer]) -> list[tuple[DlibLayer, DlibLayer | None]]:
    """Pair each layer with the batch normalization behind it; those do not stand alone."""
    norms = ("bn_con2", "affine_")
    followers = [*layers[1:], None]
    return [
        (layer, after if after is not None and after.kind in norms else None)
        for layer, after in zip(layers, followers, strict=True)
        if layer.kind not in norms
    ]


def _output_rows(layer: DlibLayer, rows: int) -> int:
    if "stride" not in layer.sizes:
        return rows
    window = layer.sizes["rows"] or rows
    return (rows + 2 * layer.sizes["padding_y"] - window) // layer.sizes["stride"] + 1


def _scale_and_shift(norm: DlibLayer) -> tuple[Array, Array]:
    """Per channel: what inference multiplies by and adds (dlib's ``affine_(const bn_&)``)."""
    gamma, beta = np.split(norm.tensors[0], 2)
    if norm.kind == "affine_":
        return gamma, beta
    _, _, running_means, running_variances = norm.tensors[1:]
    scale = gamma / np.sqrt(running_variances + np.float32(norm.eps))
    return scale, beta - scale * running_means


class _GraphBuilder:
    """Collects nodes and weights; every method returns the name of the value it made."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[TensorProto] = []

    def model(
        self, name: str, taken: onnx.ValueInfoProto, given: onnx.ValueInfoProto
    ) -> onnx.ModelProto:
        graph = helper.make_graph(self._nodes, name, [taken], [given], self._weights)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        return model

    def normalized_pixels(self, name: str, means: tuple[float, float, float]) -> str:
        """Turn uint8 (n, height, width, 3) into float32 (n, 3, height, width) as dlib does."""
        pixels = self._node("Cast", [name], to=TensorProto.FLOAT)
        planes = self._node("Transpose", [pixels], perm=[0, 3, 1, 2])
        shift = self._weight(np.array(means, dtype=np.float32).reshape(1, 3, 1, 1))
        divisor = self._weight(np.array(PIXEL_DIVISOR, dtype=np.float32))
        return self._node("Div", [self._node("Sub", [planes, shift]), divisor])

    def layer(self, layer: DlibLayer, norm: DlibLayer | None, value: str) -> str:
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
        """Add as ``add_prev_`` does: the smaller is padded with zeros at the end of each axis."""
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
        last, before = self._nodes[-1], self._nodes[-2]
        return last.op_type == "Relu" and before.op_type == "Add" and last.output[0] == value

    def rename_last_output(self, name: str) -> None:
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

    def _node(self, kind: str, inputs: list[str], **attributes: object) -> str:
        name = f"value{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name


def _window(layer: DlibLayer) -> dict[str, object]:
    sizes = layer.sizes
    return {
        "kernel_shape": [sizes["rows"], sizes["columns"]],
        "strides": [sizes["stride"], sizes["stride_x"]],
        "pads": [sizes["padding_y"], sizes["padding_x"]] * 2,
    }

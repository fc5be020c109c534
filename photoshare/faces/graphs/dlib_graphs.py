"""Build the ONNX graphs of dlib's face detector and face encoder, and cache them on disk.

Converts the networks that face_recognition ships (see dlib_format) to graphs for ONNX Runtime, with
the same weights and batch normalization folded into the convolution before it. onnx_engine runs
them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from photoshare.faces.graphs.dlib_format import (
    CHIP_PX,
    GRAPH_VERSION,
    DlibLayer,
    DlibNetwork,
    parse_network,
)
from photoshare.faces.graphs.graph_cache import cached_graph
from photoshare.faces.graphs.model_files import (
    DETECTOR_FILE,
    ENCODER_FILE,
    read_model,
)
from photoshare.faces.graphs.onnx_nodes import (
    PIXEL_DIVISOR,
    GraphBuilder,
    checked_model,
    serialized,
)


def cached_dlib_graph(source_name: str, folder: Path) -> bytes:
    """Return the ONNX graph of DETECTOR_FILE or ENCODER_FILE, kept in a folder (graph_cache).

    Raises
    ------
    ModelError
        If the graph must be built and its source is missing or damaged.
    """
    return cached_graph(source_name, GRAPH_VERSION, lambda: build_graph(source_name), folder)


def build_graph(source_name: str) -> bytes:
    """Build the graph of DETECTOR_FILE or ENCODER_FILE from its verified source.

    Raises
    ------
    ModelError
        If the source is missing or damaged.
    """
    network = parse_network(read_model(source_name))
    builders = {DETECTOR_FILE: _detector_model, ENCODER_FILE: _encoder_model}
    return serialized(builders[source_name](network))


def build_shrinker() -> bytes:
    """Build the graph that shrinks a picture as dlib does between two levels of its pyramid.

    Graph: ``pixels`` float32 (1, 3, height, width), ``sizes`` int64 (4,) -> ``shrunk`` of those
    sizes; bilinear between the corner pixels (dlib's ``resize_image``).
    """
    node = helper.make_node(
        "Resize",
        ["pixels", "", "", "sizes"],
        ["shrunk"],
        mode="linear",
        coordinate_transformation_mode="align_corners",
    )
    taken = [
        helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, "height", "width"]),
        helper.make_tensor_value_info("sizes", TensorProto.INT64, [4]),
    ]
    given = helper.make_tensor_value_info("shrunk", TensorProto.FLOAT, [1, 3, "h", "w"])
    return serialized(checked_model(helper.make_graph([node], "shrinker", taken, [given])))


def _detector_model(network: DlibNetwork) -> onnx.ModelProto:
    """Graph: ``pixels`` float32 (1, 3, height, width), 0 to 255 -> ``scores`` (1, 1, h, w).

    dlib's ``(pixel - mean) / 256`` is folded into the first convolution, which has no padding.
    The gaps between the levels of the pyramid, zeros in dlib, are therefore the mean colour.
    """
    graph = GraphBuilder()
    value = "pixels"
    first = _taking_raw_pixels(network.layers[0], network.means)
    for layer, norm in _with_norms([first, *network.layers[1:]]):
        value = graph.layer(layer, norm, value)
    graph.rename_last_output("scores")
    return graph.model(
        "detector",
        helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, "height", "width"]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 1, "h", "w"]),
    )


def _encoder_model(network: DlibNetwork) -> onnx.ModelProto:
    """Graph: ``chips`` uint8 (n, 150, 150, 3), red green blue -> ``encodings`` (n, 128)."""
    graph = GraphBuilder()
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


def _taking_raw_pixels(layer: DlibLayer, means: tuple[float, float, float]) -> DlibLayer:
    filters = layer.sizes["filters"]
    flat, bias = layer.tensors[0][:-filters], layer.tensors[0][-filters:]
    kernel = flat.astype(np.float64).reshape(filters, 3, -1) / PIXEL_DIVISOR
    shifted = bias - (kernel.sum(axis=2) * np.array(means)).sum(axis=1)
    tensor = np.concatenate([kernel.ravel(), shifted]).astype(np.float32)
    return DlibLayer(layer.kind, layer.sizes, [tensor])


def _with_norms(layers: list[DlibLayer]) -> list[tuple[DlibLayer, DlibLayer | None]]:
    """Pair each layer with the batch normalization after it, if any."""
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

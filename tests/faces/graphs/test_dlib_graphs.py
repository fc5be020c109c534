"""The graphs are kept, found again, and rebuilt when they are damaged."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from photoshare.errors import ModelError
from photoshare.faces.graphs import dlib_graphs, model_files
from photoshare.faces.graphs.dlib_format import GRAPH_VERSION
from photoshare.faces.graphs.dlib_graphs import build_graph, cached_dlib_graph
from photoshare.faces.graphs.model_files import DETECTOR_FILE, ENCODER_FILE, SHA256_OF

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def graph() -> bytes:
    return build_graph(DETECTOR_FILE)


def _kept(folder: Path) -> Path:
    (path,) = folder.glob("*.onnx")
    return path


def test_a_graph_is_kept_under_the_hash_of_its_source(tmp_path: Path, graph: bytes) -> None:
    folder = tmp_path / "data" / "models"

    assert cached_dlib_graph(DETECTOR_FILE, folder) == graph

    assert SHA256_OF[DETECTOR_FILE][:16] in _kept(folder).name
    assert f"-v{GRAPH_VERSION}" in _kept(folder).name
    assert {path.suffix for path in folder.iterdir()} == {".onnx", ".sha256"}


def test_a_kept_graph_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = cached_dlib_graph(DETECTOR_FILE, tmp_path)
    monkeypatch.setattr(dlib_graphs, "build_graph", lambda name: pytest.fail("built again"))

    assert cached_dlib_graph(DETECTOR_FILE, tmp_path) == first


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "no checksum", "bad checksum"])
def test_a_damaged_graph_is_built_again(tmp_path: Path, graph: bytes, damage: str) -> None:
    cached_dlib_graph(DETECTOR_FILE, tmp_path)
    path = _kept(tmp_path)
    flipped = bytearray(graph)
    flipped[len(flipped) // 2] ^= 0x01
    if damage == "no checksum":
        path.with_suffix(".sha256").unlink()
    elif damage == "bad checksum":
        path.with_suffix(".sha256").write_bytes(b"\xff\xfe")
    else:
        path.write_bytes({"flipped": bytes(flipped), "cut": graph[:-9], "empty": b""}[damage])

    assert cached_dlib_graph(DETECTOR_FILE, tmp_path) == graph

    assert path.read_bytes() == graph


def test_another_version_of_the_graphs_is_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached_dlib_graph(DETECTOR_FILE, tmp_path)
    monkeypatch.setattr(dlib_graphs, "GRAPH_VERSION", GRAPH_VERSION + 1)

    cached_dlib_graph(DETECTOR_FILE, tmp_path)

    assert len(list(tmp_path.glob("*.onnx"))) == 2


def test_a_damaged_source_builds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / DETECTOR_FILE).write_bytes(b"not a model")
    monkeypatch.setattr(model_files, "model_folder", lambda _: tmp_path)

    with pytest.raises(ModelError, match="is damaged"):
        cached_dlib_graph(DETECTOR_FILE, tmp_path / "graphs")

    assert not (tmp_path / "graphs").exists()


def test_a_failed_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)

    with pytest.raises(OSError, match="disk full"):
        cached_dlib_graph(DETECTOR_FILE, tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [DETECTOR_FILE, ENCODER_FILE])
def test_batch_normalization_is_folded_in(name: str) -> None:
    kinds = {node.op_type for node in onnx.load_model_from_string(build_graph(name)).graph.node}

    assert "Conv" in kinds
    assert "BatchNormalization" not in kinds
    assert "Mul" not in kinds

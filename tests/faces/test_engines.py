"""The choice of the engine, and the sentence that says why."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from photoshare.errors import SettingError
from photoshare.faces.engines.choose import choose_engine
from photoshare.faces.engines.reference_engine import ReferenceFaceEngine


def test_the_default_engine_runs_on_onnx(graphs_folder: Path) -> None:
    chosen = choose_engine("onnx", graphs_folder)

    assert chosen.engine.name.startswith("onnx-")
    assert "ONNX Runtime" in chosen.reason


def test_the_setting_chooses_the_reference_engine(tmp_path: Path) -> None:
    chosen = choose_engine("face_recognition", tmp_path)

    assert isinstance(chosen.engine, ReferenceFaceEngine)
    assert "settings ask for it" in chosen.reason
    assert list(tmp_path.iterdir()) == []  # no graph was built


def test_without_onnxruntime_the_reference_engine_takes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "photoshare.faces.engines.onnx_engine", raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    chosen = choose_engine("onnx", tmp_path)

    assert isinstance(chosen.engine, ReferenceFaceEngine)
    assert "cannot be imported" in chosen.reason
    assert "onnxruntime" in chosen.reason


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="choose onnx or face_recognition"):
        choose_engine("magic", tmp_path)

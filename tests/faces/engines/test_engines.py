"""The choice of the engine, and the reported reason."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from photoshare.config import ENGINES, FORMER_ENGINES
from photoshare.errors import ModelError, SettingError
from photoshare.faces.engines.choose import ENGINE_NAMES, EngineOnDemand, choose_engine
from photoshare.faces.engines.reference_engine import ReferenceFaceEngine
from photoshare.faces.types import FaceEngine
from tests.conftest import ROOT
from tests.fakes import FakeFaceEngine

pytestmark = pytest.mark.slow


def test_the_default_engine_runs_on_onnx(graphs_folder: Path) -> None:
    chosen = choose_engine("fused", graphs_folder)

    assert chosen.engine.name.startswith("fused-")
    assert "ONNX Runtime" in chosen.reason
    assert "by default" in chosen.reason


def test_photos_of_former_versions_know_the_engine_of_dlib(graphs_folder: Path) -> None:
    chosen = choose_engine("dlib", graphs_folder)

    assert chosen.engine.name.startswith("onnx-")  # as in the rows of photos of every version
    assert "settings ask for it" in chosen.reason


def test_the_settings_know_the_engines_and_their_order() -> None:
    assert ENGINES == ENGINE_NAMES
    assert set(FORMER_ENGINES.values()) <= set(ENGINE_NAMES)


@pytest.mark.parametrize("name", ENGINE_NAMES)
def test_making_an_engine_imports_no_library_of_faces(name: str) -> None:
    """Pages need an engine's name; the models are loaded for the first photo."""
    code = (
        "import sys; from pathlib import Path; "
        "from photoshare.faces.engines.choose import choose_engine; "
        f"engine = choose_engine({name!r}, Path('nowhere')).engine; "
        "assert engine.name and engine.eps and engine.encoding_size; "
        "print([name for name in ('onnx', 'onnxruntime', 'dlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_an_engine_is_made_once_however_many_ask() -> None:
    made: list[None] = []

    def make() -> FaceEngine:
        made.append(None)
        return FakeFaceEngine()

    engine = EngineOnDemand(make)
    with ThreadPoolExecutor(8) as pool:
        engines = set(pool.map(lambda _: engine(), range(50)))

    assert len(engines) == len(made) == 1


def test_an_engine_that_cannot_be_made_is_tried_anew() -> None:
    answers: Iterator[ModelError | FakeFaceEngine] = iter([ModelError("gone"), FakeFaceEngine()])

    def make() -> FaceEngine:
        answer = next(answers)
        if isinstance(answer, ModelError):
            raise answer
        return answer

    engine = EngineOnDemand(make)

    with pytest.raises(ModelError):
        engine()
    assert engine().name == "fake"


def test_the_setting_chooses_the_reference_engine(tmp_path: Path) -> None:
    chosen = choose_engine("face_recognition", tmp_path)

    assert isinstance(chosen.engine, ReferenceFaceEngine)
    assert "settings ask for it" in chosen.reason
    assert list(tmp_path.iterdir()) == []  # no graph was built


def test_without_onnxruntime_the_reference_engine_takes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    chosen = choose_engine("dlib", tmp_path)

    assert isinstance(chosen.engine, ReferenceFaceEngine)
    assert "can't be imported" in chosen.reason
    assert "onnxruntime" in chosen.reason


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="choose fused or dlib or face_recognition"):
        choose_engine("magic", tmp_path)

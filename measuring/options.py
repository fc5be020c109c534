"""Read what the shorter measurements are asked: which folders, by which engine."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from photoshare.config import Settings
from photoshare.faces.engines.choose import ENGINE_NAMES, choose_engine
from photoshare.faces.types import FaceEngine


def read_options(description: str | None) -> tuple[list[Path], FaceEngine, Path]:
    """Read the folders, the engine and the folder of cached encodings from the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--engine", choices=ENGINE_NAMES, default=Settings().engine)
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "photoshare-evaluate"
    )
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    engine = choose_engine(options.engine, options.cache / "graphs").engine
    return options.folders, engine, options.cache

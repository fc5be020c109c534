"""Keeps the ONNX graphs that are built from model files, so that a start need not build them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def cached_graph(name: str, build: Callable[[], bytes], folder: Path) -> bytes:
    """Return the graph of this name, from the folder or built and kept there.

    Parameters
    ----------
    name : str
        Has to change with the source of the graph and with how it is built, so that a kept graph
        never outlives either.
    build : callable
        Makes the serialized model; called only where none is kept. What it raises goes on.
    folder : Path
        Where graphs are kept; made if missing.

    Notes
    -----
    A checksum beside the graph tells a damaged one, which is built anew. Two processes that do it
    at once write the same bytes.
    """
    path = folder / f"{name}.onnx"
    checksum_path = path.with_suffix(".sha256")
    kept = _read_if_intact(path, checksum_path)
    if kept is not None:
        return kept
    graph = build()
    folder.mkdir(parents=True, exist_ok=True)
    _write_atomically(path, graph)
    _write_atomically(checksum_path, hashlib.sha256(graph).hexdigest().encode())
    return graph


def _read_if_intact(path: Path, checksum_path: Path) -> bytes | None:
    try:
        content, checksum = path.read_bytes(), checksum_path.read_text()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return content if hashlib.sha256(content).hexdigest() == checksum else None


def _write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary file in the same folder, then rename: a reader never sees a part."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            os.unlink(file.name)
            raise
    os.replace(file.name, path)

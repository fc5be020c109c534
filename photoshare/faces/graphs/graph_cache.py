"""Keeps the ONNX graphs that are built from model files, so that a start need not build them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from photoshare.faces.graphs.model_files import SHA256_OF


def cached_graph(source_name: str, version: int, build: Callable[[], bytes], folder: Path) -> bytes:
    """Return the graph that is built from a model file, from the folder or built and kept there.

    Parameters
    ----------
    source_name : str
        A file of `model_files.SHA256_OF`. A kept graph never outlives its source: the name has its
        checksum.
    version : int
        Of how it is built: with another one, it is built anew.
    build : callable
        Makes the serialized model; called only where none is kept. What it raises goes on.
    folder : Path
        Where graphs are kept; made if missing.

    Notes
    -----
    A checksum beside the graph tells a damaged one, which is built anew. Two processes that do it
    at once write the same bytes.
    """
    name = f"{Path(source_name).stem}-{SHA256_OF[source_name][:16]}-v{version}"
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

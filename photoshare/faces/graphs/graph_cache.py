"""Cache the ONNX graphs built from model files, so that they need not be built at every start."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from photoshare.faces.graphs.model_files import SHA256_OF


def cached_graph(
    source_name: str, version: int, build: Callable[[], bytes], folder: Path, part: str = ""
) -> bytes:
    """Return the graph of a model file from the folder, building and storing it if necessary.

    Parameters
    ----------
    source_name : str
        A file in `model_files.SHA256_OF`. Its checksum is part of the graph's name, so that a
        changed source gets a new graph.
    version : int
        Of the build code: with another version, the graph is built again.
    build : callable
        Returns the serialized model; called only if none is stored. Its errors propagate.
    folder : Path
        Where graphs are stored; created if missing.
    part : str
        Of the source, if several graphs are built from it; becomes part of the file name.

    Notes
    -----
    A checksum beside the graph reveals a damaged one, which is built again. Two processes that
    build at the same time write the same bytes.
    """
    name = f"{Path(source_name).stem}{part}-{SHA256_OF[source_name][:16]}-v{version}"
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
    """Write to a temporary file in the same folder, then rename: no reader sees a partial file."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            os.unlink(file.name)
            raise
    os.replace(file.name, path)

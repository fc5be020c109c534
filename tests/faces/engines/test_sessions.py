"""photoshare.faces.engines.sessions: ONNX Runtime as we run it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

SESSIONS = ROOT / "photoshare" / "faces" / "engines" / "sessions.py"
# An empty graph is refused, but only after the library has been loaded.
LOADS_THE_LIBRARY = """
from photoshare.faces.engines.sessions import LazySession
try:
    LazySession(bytes).load()
except Exception as error:
    print(type(error).__module__)
"""


def test_the_library_keeps_no_identifier_and_reports_to_nobody(tmp_path: Path) -> None:
    # Not this process: in tests and in CI, the library is silent by itself.
    ran = subprocess.run(
        [sys.executable, "-c", LOADS_THE_LIBRARY],
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.startswith("onnxruntime")
    assert ran.stderr == ""
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_library_is_loaded_in_one_place() -> None:
    importing = [
        path
        for folder in ("photoshare", "measuring", "benchmarks", "scripts")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and "onnxruntime" in {*(name.name for name in node.names), getattr(node, "module", None)}
    ]

    assert set(importing) == {SESSIONS}

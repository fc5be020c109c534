"""Run programs that some tests need: our own commands, and external ones.

If an external one is missing, the tests skip, or fail in CI.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import postgresql
from tests.conftest import ROOT
from tests.warm_start import WARM_POPEN


def find_tool(name: str, package: str) -> str:
    """Find a program; skip the test if it is missing, unless TEST_TOOLS=required."""
    found = shutil.which(name)
    if found:
        return found
    reason = f"{name} is not installed (Debian: apt install {package})"
    if os.environ.get("TEST_TOOLS") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


def flask(
    data: Path, *arguments: str, given: str | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a command as run.sh does, in a process that makes its own app; give it some input."""
    start = WARM_POPEN if given is None else subprocess.Popen[str]  # a warm one has no input
    process = start(
        [sys.executable, "-m", "flask", "--app", "app", *arguments],
        cwd=ROOT,
        env={**os.environ, "PHOTOSHARE_DATA": str(data), **postgresql.environ(data), **environ},
        stdin=None if given is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        umask=0o022,
    )
    out, errors = process.communicate(given, timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, errors)

"""Start the real server on loopback, wait for it, and end it."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests import postgresql
from tests.conftest import ROOT
from tests.warm_start import WARM_POPEN

PROGRAM = (str(ROOT / "app.py"),)
SENTENCE = re.compile(r"^PhotoShare can't start\. .+\.?$")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def server(
    data: Path, port: int, program: Sequence[str] = PROGRAM, **environ: str
) -> Iterator[subprocess.Popen[str]]:
    """Start a server, with the modules that are in memory."""
    with _ended(WARM_POPEN, data, port, program, environ) as process:
        yield process


@contextlib.contextmanager
def new_server(data: Path, port: int, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """Start a server that imports everything, as a user does."""
    with _ended(subprocess.Popen, data, port, PROGRAM, environ) as process:
        yield process


@contextlib.contextmanager
def _ended(
    popen: type[subprocess.Popen[str]],
    data: Path,
    port: int,
    program: Sequence[str],
    environ: dict[str, str],
) -> Iterator[subprocess.Popen[str]]:
    process = popen(
        [sys.executable, *program, str(port)],
        env={**os.environ, "PHOTOSHARE_DATA": str(data), **postgresql.environ(data), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        umask=0o022,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_until_it_serves(process: subprocess.Popen[str], port: int) -> str:
    assert process.stdout is not None
    first_line = process.stdout.readline()
    assert first_line, process.communicate()[1]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        return str(answer.read().decode())


def refusal(data: Path, port: int, **environ: str) -> str:
    """Start a server that cannot start; return the one sentence it says."""
    with server(data, port, **environ) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.count("\n") == 1, errors
    assert SENTENCE.match(errors.strip())
    return errors


def run_script(data: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run Python code to its end, in a process that imports everything, as a user's does."""
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PHOTOSHARE_DATA": str(data), **postgresql.environ(data)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

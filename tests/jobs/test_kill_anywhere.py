"""benchmarks/kill_anywhere.py with a few kills: nothing may be lost."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

SCRIPT = ROOT / "benchmarks" / "kill_anywhere.py"


def test_killed_anywhere_nothing_is_lost_comes_back_or_is_done_twice() -> None:
    command = [sys.executable, str(SCRIPT), "--kills", "3", "--photos", "10", "--seed", "3"]

    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )

    figures = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    assert done.returncode == 0, done.stdout + done.stderr
    assert figures["faults"] == "0"
    assert (figures["kills"], figures["kills in an upgrade"]) == ("3", "1")
    assert int(figures["photos acknowledged"]) >= 10

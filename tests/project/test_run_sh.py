"""run.sh reads its settings from photoshare.env beside it, as text that is never run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

SHOW = "import os; print({k: v for k, v in os.environ.items() if k.startswith('PHOTOSHARE_')})"


def settings_of(folder: Path, text: str | None, **environ: str) -> subprocess.CompletedProcess[str]:
    """Start Python by a run.sh whose packages are installed; it prints its settings."""
    (folder / "run.sh").write_text((ROOT / "run.sh").read_text())
    (folder / "requirements.txt").write_text("")
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (folder / ".venv" / "requirements.installed").write_text("")
    if text is not None:
        (folder / "photoshare.env").write_bytes(text.encode())
    return subprocess.run(
        ["/usr/bin/env", "bash", str(folder / "run.sh"), "python", "-c", SHOW],
        env={"PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, {}),
        ("", {}),
        ("PHOTOSHARE_THREADS=4", {"THREADS": "4"}),  # without a line end
        ("# ours\n\n  PHOTOSHARE_THREADS=4  \r\n   # PHOTOSHARE_EPS=1\n", {"THREADS": "4"}),
        (
            "PHOTOSHARE_PUBLIC_URL='https://a.example/?b=c'\n",
            {"PUBLIC_URL": "https://a.example/?b=c"},
        ),
        ('PHOTOSHARE_DATA="/srv/our photos"\n', {"DATA": "/srv/our photos"}),
        ("PHOTOSHARE_DATA=/srv/our photos # all\n", {"DATA": "/srv/our photos # all"}),
        ("PHOTOSHARE_TRUSTED_PROXY=\n", {"TRUSTED_PROXY": ""}),
        ("PHOTOSHARE_DATA=$(touch ran) `touch ran` $HOME; touch ran\n", None),
        ("PHOTOSHARE_DATA=a[$(touch ran)]\n", {"DATA": "a[$(touch ran)]"}),
    ],
)
def test_the_file_is_read_as_it_stands(
    tmp_path: Path, text: str | None, expected: dict[str, str] | None
) -> None:
    if expected is None and text is not None:
        expected = {"DATA": text.partition("=")[2].strip()}

    done = settings_of(tmp_path, text)

    assert done.stdout.strip() == str({f"PHOTOSHARE_{k}": v for k, v in (expected or {}).items()})
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(tmp_path.rglob("ran"))


def test_the_environment_wins(tmp_path: Path) -> None:
    text = "PHOTOSHARE_THREADS=4\nPHOTOSHARE_EPS=0.5\nPHOTOSHARE_TRUSTED_PROXY=caddy\n"

    done = settings_of(tmp_path, text, PHOTOSHARE_THREADS="9", PHOTOSHARE_TRUSTED_PROXY="")

    assert "'PHOTOSHARE_THREADS': '9'" in done.stdout
    assert "'PHOTOSHARE_EPS': '0.5'" in done.stdout
    assert "'PHOTOSHARE_TRUSTED_PROXY': ''" in done.stdout


@pytest.mark.parametrize(
    "line",
    ["THREADS=4", "export PHOTOSHARE_THREADS=4", "PHOTOSHARE_THREADS", "PATH=/x", "rm -rf x"],
)
def test_any_other_line_is_refused_by_its_number(tmp_path: Path, line: str) -> None:
    done = settings_of(tmp_path, f"# ours\n{line}\n")

    assert done.returncode == 1
    assert done.stderr == (
        f"PhotoShare: line 2 of {tmp_path}/photoshare.env isn't PHOTOSHARE_NAME=value, "
        "a comment or empty.\n"
    )

"""run.sh says in one sentence which platforms it supports, before it installs anything."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

GLIBC = 'test "$1" = LONG_BIT && echo 64 || echo glibc'
NO_GETCONF = "exit 127"


def start_on(folder: Path, **tools: str) -> subprocess.CompletedProcess[str]:
    """Start run.sh with these programs giving these answers, and without any Python."""
    (folder / "run.sh").write_text((ROOT / "run.sh").read_text())
    programs = folder / "bin"
    programs.mkdir()
    for tool in ("bash", "dirname", "env"):
        (programs / tool).symlink_to(f"/usr/bin/{tool}")
    for tool, script in tools.items():
        (programs / tool).write_text(f"#!/bin/sh\n{script}\n")
        (programs / tool).chmod(0o755)
    return subprocess.run(
        ["/usr/bin/bash", str(folder / "run.sh")],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("machine", "tools"),
    [
        ("Linux x86_64", {"getconf": f"{GLIBC} 2.28"}),
        ("Linux aarch64", {"getconf": f"{GLIBC} 2.41"}),
        ("Linux x86_64", {"getconf": f"{GLIBC} 3.0"}),
        ("Linux x86_64", {"getconf": NO_GETCONF, "ldd": "echo 'ldd (GNU libc) 2.39'"}),
        ("Linux x86_64", {"ldd": "echo 'ldd (Debian GLIBC 2.36-9+deb12u10) 2.36'"}),
        ("Darwin arm64", {"sw_vers": "echo 14.0"}),
        ("Darwin arm64", {"sw_vers": "echo 26.1.2"}),
    ],
)
def test_a_platform_that_has_all_wheels_is_taken(
    tmp_path: Path, machine: str, tools: dict[str, str]
) -> None:
    done = start_on(tmp_path, uname=f"echo {machine}", **tools)

    assert done.stderr.startswith("PhotoShare: Python 3.11, 3.12, 3.13 or 3.14 wasn't found.")


@pytest.mark.parametrize(
    ("machine", "tools", "named"),
    [
        ("Linux x86_64", {"getconf": f"{GLIBC} 2.27"}, "Linux on x86_64 with glibc 2.27."),
        ("Linux aarch64", {"getconf": f"{GLIBC} 1.99"}, "Linux on aarch64 with glibc 1.99."),
        (
            "Linux x86_64",
            {"getconf": NO_GETCONF, "ldd": "echo 'musl libc (x86_64)' >&2; exit 1"},
            "Linux on x86_64 with musl.",
        ),
        (
            "Linux aarch64",  # a 64-bit kernel under a 32-bit system, as on many Raspberry Pis
            {"getconf": 'test "$1" = LONG_BIT && echo 32 || echo glibc 2.36'},
            "Linux on aarch64 with 32-bit programs.",
        ),
        ("Linux armv7l", {"getconf": f"{GLIBC} 2.36"}, "Linux on armv7l."),
        ("Linux i686", {"getconf": f"{GLIBC} 2.36"}, "Linux on i686."),
        ("Linux riscv64", {"getconf": f"{GLIBC} 2.41"}, "Linux on riscv64."),
        ("Darwin x86_64", {"sw_vers": "echo 15.1"}, "macOS on x86_64."),
        ("Darwin arm64", {"sw_vers": "echo 13.6.7"}, "macOS on arm64 in version 13.6.7."),
        ("FreeBSD amd64", {}, "FreeBSD on amd64."),
    ],
)
def test_any_other_platform_is_refused_in_one_sentence(
    tmp_path: Path, machine: str, tools: dict[str, str], named: str
) -> None:
    done = start_on(tmp_path, uname=f"echo {machine}", **tools)

    assert done.returncode == 1
    assert done.stderr == (
        "PhotoShare: it needs 64-bit Linux with glibc 2.28 or newer (x86-64 or ARM64), or macOS 14"
        f" or newer on Apple silicon; this is {named}\n"
    )


def test_the_script_checks_the_wheels_of_what_is_promised() -> None:
    """run.sh, the README and scripts/check_wheels.sh name the same platforms."""
    script = (ROOT / "scripts" / "check_wheels.sh").read_text()
    readme = (ROOT / "README.md").read_text()

    assert "x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin" in script
    assert "MACOSX_DEPLOYMENT_TARGET=14.0" in script
    assert "for python in 3.11 3.12 3.13 3.14" in script
    assert "Python 3.11 to 3.14" in readme
    assert "glibc 2.28" in readme

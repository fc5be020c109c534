"""Build the container and run it: its file system read-only, its user without rights.

Where no registry of images can be reached, debootstrap makes the base that the Dockerfile names.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.servers import free_port
from tests.tools import find_tool

BASE, IMAGE = "localhost/photoshare-test-base", "localhost/photoshare-test"
MIRROR = "http://deb.debian.org/debian"
# Beside the system's own, which are written anew when a package brings them.
CERTIFICATES, COPY = Path("/etc/ssl/certs/ca-certificates.crt"), "/etc/ssl/machine.crt"
USER = 10001  # of the Dockerfile
START_S = 60
# In mounts of its own, which end with it: the image read-only, /tmp in memory, one volume.
RUN = """
mount --make-rprivate /
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"
mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
mount --bind "$2" "$1/data"
mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc"
root="$1" user="$3"; shift 3
exec chroot "$root" setpriv --reuid "$user" --regid "$user" --clear-groups \\
    --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""


def buildah(*arguments: str) -> str:
    """Run buildah and return what it prints."""
    done = subprocess.run(
        ["buildah", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def make_base(folder: Path) -> None:
    """Make the Debian that the Dockerfile builds on, with this machine's certificates."""
    subprocess.run(
        ["debootstrap", "--variant=minbase", "bookworm", str(folder), MIRROR],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    base = buildah("from", "scratch")
    buildah("add", "--quiet", base, str(folder), "/")
    buildah("add", "--quiet", base, str(CERTIFICATES), COPY)
    buildah("config", "--env", f"PIP_CERT={COPY}", base)
    buildah("commit", "--quiet", base, BASE)
    buildah("rm", base)


@dataclass
class Container:
    """The built image, mounted, and a volume for its data."""

    root: Path
    volume: Path
    environment: dict[str, str]

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that runs a program in the container."""
        inside = ["env", "-i", *(f"{name}={value}" for name, value in self.environment.items())]
        run = ["unshare", "--mount", "sh", "-euc", RUN, "run"]
        return [*run, str(self.root), str(self.volume), str(USER), *inside, *arguments]

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the container, to its end."""
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, check=False, timeout=120
        )

    @contextlib.contextmanager
    def serve(self) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """Run what the image runs, and wait until it answers; give the process and its address."""
        port = free_port()
        process = subprocess.Popen(
            self.command("photoshare", "--host", "0.0.0.0", str(port)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(f"{address}/healthz", process)
            yield process, address
        finally:
            process.kill()
            process.communicate()


def wait_for(address: str, process: subprocess.Popen[str]) -> None:
    """Wait until a server answers, and fail with its words if it ends before."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stdout and process.stdout.read()
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(address, timeout=5).close()
            return
        time.sleep(0.2)
    pytest.fail("The container does not answer.")


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """Build the Dockerfile as it stands; give the mounted file system and its environment."""
    for tool, package in (("buildah", "buildah"), ("debootstrap", "debootstrap")):
        find_tool(tool, package)
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("Building and mounting an image takes root, and a sandbox that allows it.")
    make_base(tmp_path_factory.mktemp("base") / "debian")
    buildah(
        *("build", "--quiet", "--isolation", "chroot", "--format", "docker"),
        *("--build-arg", f"BASE={BASE}", "--tag", IMAGE, "."),
    )
    container = buildah("from", IMAGE)
    shown = buildah("inspect", "--format", "{{range .OCIv1.Config.Env}}{{println .}}{{end}}", IMAGE)
    try:
        yield (
            Path(buildah("mount", container)),
            dict(line.split("=", 1) for line in shown.splitlines() if line),
        )
    finally:
        buildah("rm", container)
        buildah("rmi", "--force", IMAGE, BASE)


@pytest.fixture
def container(image: tuple[Path, dict[str, str]], tmp_path: Path) -> Container:
    """A container with a fresh volume: at first a copy of the image's folder, as in Docker."""
    root, environment = image
    volume = tmp_path / "volume"
    shutil.copytree(root / "data", volume)
    for path in (volume, *volume.rglob("*")):
        owner = (root / "data" / path.relative_to(volume)).stat()
        os.chown(path, owner.st_uid, owner.st_gid)
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == os.geteuid() and str(parent).startswith("/tmp/"):
            parent.chmod(0o755)  # pytest's folders are closed to the container's user
    # Others can reach it, so a room would take the owner's password, which is somewhere in its log.
    return Container(root, volume, environment | {"PHOTOSHARE_ROOM_CREATION": "open"})

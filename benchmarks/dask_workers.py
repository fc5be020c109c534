"""Search the same photos in one process, and by Dask workers on the same machine.

    python benchmarks/dask_workers.py FOLDER [FOLDER ...] [--workers 2] [--photos 150]

Starts the real server on the photos of the folders: alone, then with a scheduler and workers of one
thread each, all on loopback. Counts from the fourth photo that was searched to the last, so that
models are loaded: seconds by the clock, and of the processor in all processes together, decoders
too. Compares all faces and encodings of both. Needs requirements-scale.txt.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APP = str(ROOT / "app.py")
WARM = 4  # photos after which all models are loaded
TICKS = os.sysconf("SC_CLK_TCK")
FACES = (
    'SELECT sha256, top, "right", bottom, "left", score, encoding FROM face '
    "JOIN photo ON photo.id = photo_id ORDER BY 1, 2, 3, 4, 5"
)


def free_port() -> int:
    """Find a port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processor_s(roots: list[int]) -> dict[str, float]:
    """Sum the processor time of processes and all below them, by what they are."""
    children = defaultdict(list)
    spent: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:  # it has just ended
            continue
        numbers = text.rpartition(")")[2].split()
        pid, parent = int(path.parent.name), int(numbers[1])
        children[parent].append(pid)
        spent[pid] = sum(map(int, numbers[11:15])) / TICKS  # with those of its that have ended
    total = 0.0
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        total += spent.get(pid, 0.0)
        waiting += children[pid]
    return {"all": total, "server": spent.get(roots[0], 0.0)}


@contextmanager
def running(arguments: list[str], environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Start a program of ours, wait for its first line, and stop it in order."""
    process = subprocess.Popen(
        [sys.executable, APP, *arguments], env=environ, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def searched(data: Path) -> int:
    """Count the photos that have been searched."""
    with closing(sqlite3.connect(data / "photoshare.sqlite")) as database:
        query = "SELECT count(*) FROM photo WHERE state IN ('analysed', 'failed')"
        return int(database.execute(query).fetchone()[0])


def measure(data: Path, count: int, roots: list[int]) -> tuple[float, dict[str, float]]:
    """Wait until all photos are searched; return seconds by the clock and of the processor."""
    while searched(data) < WARM:
        time.sleep(0.05)
    began, before = time.perf_counter(), processor_s(roots)
    while searched(data) < count:
        time.sleep(0.05)
    wall, after = time.perf_counter() - began, processor_s(roots)
    return wall, {name: after[name] - before[name] for name in after}


def run(pictures: Path, models: Path, workers: int) -> list[tuple[object, ...]]:
    """Search all pictures once; print what it took, and return the faces."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        shutil.copytree(models, data / "models")
        environ = {**os.environ, "PHOTOSHARE_DATA": str(data), "PYTHONPATH": str(ROOT)}
        made = subprocess.run(
            [sys.executable, APP, "rooms", "create", "--title", "Measured"],
            env=environ,
            capture_output=True,
            check=True,
        )
        code = json.loads(made.stdout)["code"]
        done = subprocess.run(
            [sys.executable, APP, "rooms", "import", code, str(pictures)],
            env=environ,
            capture_output=True,
            check=True,
        )
        count = json.loads(done.stdout)["added"]
        port = free_port()
        address = f"tcp://127.0.0.1:{port}"
        programs = [["scheduler", "--port", str(port)]] if workers else []
        programs += [
            ["worker", address, "--threads", "1", "--name", f"worker-{number}"]
            for number in range(workers)
        ]
        if workers:
            environ["PHOTOSHARE_WORKERS"] = address
        _measure_with(programs, environ, data, count, [], workers)
        with closing(sqlite3.connect(data / "photoshare.sqlite")) as database:
            return database.execute(FACES).fetchall()


def _measure_with(
    programs: list[list[str]],
    environ: dict[str, str],
    data: Path,
    count: int,
    roots: list[int],
    workers: int,
) -> None:
    """Start what is left to be started, the server last, and measure."""
    if programs:
        with running(programs[0], environ) as process:
            roots = [*roots, process.pid]
            _measure_with(programs[1:], environ, data, count, roots, workers)
        return
    with running([str(free_port())], environ) as server:
        wall, spent = measure(data, count, [server.pid, *roots])
    photos = count - WARM
    what = f"{workers} Dask workers" if workers else "one process"
    print(
        f"{what}: {photos} photos in {wall:.1f} s ({wall / photos:.3f} s a photo), "
        f"{spent['all']:.1f} s of processor, {spent['server']:.1f} s of it in the server",
        flush=True,
    )


def main() -> None:
    """Measure both, and compare what they found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--photos", type=int, default=150)
    options = parser.parse_args()
    paths = [path for folder in options.folders for path in sorted(folder.rglob("*"))]
    paths = [path for path in paths if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")]
    with tempfile.TemporaryDirectory() as folder:
        pictures, models = Path(folder) / "pictures", Path(folder) / "data" / "models"
        pictures.mkdir()
        for number, path in enumerate(paths[: options.photos]):
            shutil.copyfile(path, pictures / f"{number:04}{path.suffix}")
        warm_up = (
            "from photoshare.config import Settings; from pathlib import Path; import sys; "
            "from photoshare.workers.identity import engine_of; "
            "engine_of(Settings(data=Path(sys.argv[1]))).engine.warm_up()"
        )
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", warm_up, str(models.parent)]
        subprocess.run(command, env=environ, check=True)
        alone = run(pictures, models, 0)
        together = run(pictures, models, options.workers)
    is_same = alone == together
    print(f"{len(alone)} faces; {'the same, bit for bit' if is_same else 'they differ'}")
    sys.exit(not is_same)


if __name__ == "__main__":
    main()

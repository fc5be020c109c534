"""pictures.decoder_pool: a file that overwhelms a decoder only costs a helper process."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from photoshare.config import load_settings
from photoshare.errors import RejectedPhotoError
from photoshare.pictures import decoder_pool, decoding, encoding, rendering, worker
from photoshare.pictures.decoder_pool import DecoderPool
from tests.clips.drawing import draw_clip
from tests.conftest import ROOT
from tests.fakes import RED, draw_photo, many_scans

pytestmark = pytest.mark.slow

SETTINGS = load_settings(environ={})


@pytest.fixture
def pool() -> Iterator[DecoderPool]:
    made = DecoderPool(1)
    yield made
    made.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:07:04 18:30:05"
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (3000, 1000), RED).save(tmp_path / "photo.jpg", exif=exif)
    return tmp_path / "photo.jpg"


def process_of(pool: DecoderPool) -> subprocess.Popen[bytes]:
    (decoder,) = pool._idle
    return decoder._process


def test_a_photo_comes_back_with_all_that_is_made_of_it(pool: DecoderPool, photo: Path) -> None:
    rendered = pool.render(photo, SETTINGS)

    assert rendered == rendering.render_photo(photo, max_megapixels=100)
    assert (rendered.image_format, rendered.width, rendered.height) == ("JPEG", 1000, 3000)
    assert rendered.taken.local == datetime(2026, 7, 4, 18, 30, 5)
    with Image.open(io.BytesIO(rendered.placeholder)) as tiny:
        assert (tiny.format, tiny.size) == ("WEBP", (7, 20))
    assert set(rendered.derived) == {"320.webp", "640.webp"}


def test_the_reason_of_a_refusal_comes_back(pool: DecoderPool, tmp_path: Path) -> None:
    (tmp_path / "no.jpg").write_bytes(b"no photo")

    with pytest.raises(RejectedPhotoError, match="can't be read as a photo"):
        pool.render(tmp_path / "no.jpg", SETTINGS)

    assert process_of(pool).poll() is None


def test_a_picture_that_cannot_be_encoded_again_is_refused(
    photo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_path: Path, **_limits: int) -> None:
        raise ValueError("no such quality")

    monkeypatch.setattr(worker, "render_photo", fail)
    monkeypatch.setattr("photoshare.pictures.worker.resource.setrlimit", lambda *_limits: None)
    questions, answers = io.BytesIO(), io.BytesIO()
    limits = {"path": str(photo), "megapixels": 100, "seconds": 60, "wait_seconds": 600}
    limits |= {"memory_mb": 600, "minutes": 10, "picture_bytes": 60_000_000}
    rendering.write_message(questions, limits, [])
    questions.seek(0)

    worker.answer_one(questions, answers)

    answers.seek(0)
    assert "no smaller copy" in rendering.read_message(answers)[0]["reason"]
    assert "no such quality" in capsys.readouterr().err
    assert signal.getitimer(signal.ITIMER_PROF)[0] == 0
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_decoder_that_cannot_start_is_no_fault_of_the_photo(
    pool: DecoderPool, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(3)")
    with monkeypatch.context() as patch:
        patch.setattr(decoder_pool, "_COMMAND", (sys.executable, str(broken)))
        with pytest.raises(RuntimeError, match="code 3"):
            pool.render(photo, SETTINGS)

    assert pool.render(photo, SETTINGS).width == 1000


def test_one_process_serves_many_photos(pool: DecoderPool, photo: Path) -> None:
    pool.render(photo, SETTINGS)
    first = process_of(pool).pid
    pool.render(photo, SETTINGS)

    assert process_of(pool).pid == first


def test_a_picture_that_takes_too_long_is_refused_and_the_next_one_is_taken(
    pool: DecoderPool, photo: Path, tmp_path: Path
) -> None:
    (tmp_path / "scans.jpg").write_bytes(many_scans(400))
    settings = load_settings({"max_decode_seconds": 1}, environ={})

    with pytest.raises(RejectedPhotoError, match="takes too long"):
        pool.render(tmp_path / "scans.jpg", settings)

    assert pool.render(photo, SETTINGS).width == 1000


@pytest.fixture
def before_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make every decoder process run a statement before each picture, within its time."""

    def run(statement: str) -> None:
        script = tmp_path / "slowed.py"
        script.write_text(
            f"import sys, time; sys.path.insert(0, {str(ROOT)!r})\n"
            "from photoshare.pictures import worker\n"
            "render_photo = worker.render_photo\n"
            "def slowly(*args, **options):\n"
            f"    {statement}\n"
            "    return render_photo(*args, **options)\n"
            "worker.render_photo = slowly\n"
            "worker.main()\n"
        )
        monkeypatch.setattr(decoder_pool, "_COMMAND", (sys.executable, str(script)))

    return run


ONE_SECOND = load_settings({"max_decode_seconds": 1}, environ={})
WAIT = "time.sleep(1.3)"
WORK = "end = time.process_time() + 0.7\n    while time.process_time() < end: pass"


def test_an_innocent_picture_is_taken_however_busy_the_machine_is(
    pool: DecoderPool, photo: Path, before_each: Callable[[str], None]
) -> None:
    """It waits longer than its seconds, and uses far less processor time."""
    before_each(WAIT)

    assert pool.render(photo, ONE_SECOND).width == 1000


def test_the_processor_time_of_one_picture_is_not_taken_from_the_next(
    pool: DecoderPool, photo: Path, before_each: Callable[[str], None]
) -> None:
    before_each(WORK)
    pool.render(photo, ONE_SECOND)
    first = process_of(pool).pid

    assert pool.render(photo, ONE_SECOND).width == 1000
    assert process_of(pool).pid == first


def test_a_decoder_that_hangs_without_working_ends_too(
    pool: DecoderPool,
    photo: Path,
    before_each: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before_each("time.sleep(600)")
    monkeypatch.setattr(decoder_pool, "PATIENCE", 1)

    with pytest.raises(RejectedPhotoError, match="too busy"):
        pool.render(photo, ONE_SECOND)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps the limit")
def test_a_picture_that_takes_too_much_memory_is_refused(
    pool: DecoderPool, photo: Path, tmp_path: Path
) -> None:
    Image.new("RGB", (9000, 9000)).save(tmp_path / "large.tif", compression="tiff_lzw")
    settings = load_settings({"max_decode_mb": 200}, environ={})

    with pytest.raises(RejectedPhotoError, match=r"more memory .* \(200 MB\)"):
        pool.render(tmp_path / "large.tif", settings)

    assert pool.render(photo, settings).width == 1000
    assert pool.render(tmp_path / "large.tif", SETTINGS).width == 9000


@pytest.mark.parametrize(
    ("number", "reason"),
    [(signal.SIGSEGV, "damaged and can't be opened"), (signal.SIGKILL, "memory")],
)
def test_a_decoder_that_dies_costs_one_photo(
    pool: DecoderPool,
    photo: Path,
    tmp_path: Path,
    number: signal.Signals,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It dies while it works: between request and answer."""
    pool.render(photo, SETTINGS)
    dying = process_of(pool)

    def die_first(stream: object) -> object:
        os.kill(dying.pid, number)
        return rendering.read_message(stream)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(decoder_pool, "read_message", die_first)
        (tmp_path / "scans.jpg").write_bytes(many_scans(100))
        with pytest.raises(RejectedPhotoError, match=reason):
            pool.render(tmp_path / "scans.jpg", SETTINGS)

    assert pool.render(photo, SETTINGS).width == 1000
    assert process_of(pool).pid != dying.pid


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (signal.SIGPROF, "This video takes too long to open."),
        (signal.SIGKILL, "This video needs more memory than the server has."),
        (signal.SIGSEGV, "This video is damaged and can't be played."),
        (signal.SIGALRM, "The server was too busy to check this file."),
    ],
)
def test_a_clip_is_called_a_video_when_its_decoder_dies(
    pool: DecoderPool,
    tmp_path: Path,
    before_each: Callable[[str], None],
    number: signal.Signals,
    reason: str,
) -> None:
    """Its bytes tell what it is, not its name."""
    (tmp_path / "upload").write_bytes(draw_clip(RED))
    before_each(f"import os; os.kill(os.getpid(), {int(number)})")

    with pytest.raises(RejectedPhotoError, match=f"^{reason}"):
        pool.render(tmp_path / "upload", SETTINGS)


def test_a_decoder_that_ends_by_itself_while_it_is_asked_is_replaced(
    pool: DecoderPool, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had been idle for a minute when the request came."""
    pool.render(photo, SETTINGS)
    (decoder,) = pool._idle
    decoder._requests.close()
    assert decoder._process.wait() == 0
    with open(os.devnull, "wb") as nowhere, monkeypatch.context() as patch:
        decoder._requests = nowhere
        patch.setattr(type(decoder), "is_fit", True)

        assert pool.render(photo, SETTINGS).width == 1000

    assert process_of(pool).pid != decoder._process.pid


def test_a_process_does_its_share_and_is_renewed(
    pool: DecoderPool, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder_pool, "PICTURES_OF_ONE_PROCESS", 1)
    pool.render(photo, SETTINGS)
    first = process_of(pool)

    pool.render(photo, SETTINGS)

    assert process_of(pool).pid != first.pid
    assert first.returncode == 0


def test_the_processes_end_with_the_server(photo: Path, tmp_path: Path) -> None:
    """However the server ends: here by SIGKILL."""
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from photoshare import config\n"
        "from photoshare.pictures.decoder_pool import DecoderPool\n"
        "pool = DecoderPool(); pool.render(Path(sys.argv[1]), config.load_settings(environ={}))\n"
        "print(pool._idle[0]._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(photo)], capture_output=True, text=True, check=False
    )
    pid = int(done.stdout)

    assert done.returncode == -signal.SIGKILL
    end = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_processes_know_nothing_of_the_web() -> None:
    script = (
        "import runpy, sys\n"
        "sys.stdin.close()\n"
        "import os; sys.stdin = open(os.devnull)\n"
        "runpy.run_module('photoshare.pictures.worker', run_name='__main__')\n"
        "print(sorted(set(sys.modules) & {'flask', 'sqlalchemy', 'onnxruntime', 'PIL'}),"
        " file=sys.stderr)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stderr.strip() == "['PIL']"


def test_a_message_survives_the_pipe() -> None:
    pipe = io.BytesIO()
    rendering.write_message(pipe, {"a": 1}, [b"", b"xy"])
    pipe.seek(0)

    assert rendering.read_message(pipe) == ({"a": 1}, [b"", b"xy"])
    with pytest.raises(EOFError):
        rendering.read_message(pipe)


def test_a_placeholder_is_small_for_the_worst_picture() -> None:
    noise = Image.frombytes("RGB", (20, 20), os.urandom(1200))

    content = encoding.to_placeholder(noise)

    assert len(content) <= encoding.PLACEHOLDER_BYTES
    assert content[8:12] == b"WEBP"


def test_a_placeholder_has_the_colours_of_its_picture(tmp_path: Path) -> None:
    (tmp_path / "red.jpg").write_bytes(draw_photo(width=300))
    decoded = decoding.decode_upright(tmp_path / "red.jpg", at_least_px=100)

    with Image.open(io.BytesIO(encoding.to_placeholder(decoded.image))) as tiny:
        colours = tiny.convert("RGB").resize((1, 1)).getpixel((0, 0))
    assert all(abs(value - 128) < 12 for value in colours)  # type: ignore[union-attr]

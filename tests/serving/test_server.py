"""The real server on loopback: start, stop, and every way in which a start can fail."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
import zipfile
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from PIL import Image

from photoshare import create_app
from photoshare.db import db, upgrade_schema
from photoshare.services.photos import adding
from photoshare.services.rooms import rooms
from photoshare.web.site import site_of
from tests.conftest import ROOT
from tests.fakes import many_scans
from tests.servers import (
    free_port,
    new_server,
    refusal,
    run_script,
    server,
    wait_until_it_serves,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_the_server_answers_and_stops_in_order(tmp_path: Path, stop_signal: signal.Signals) -> None:
    port = free_port()
    with new_server(tmp_path, port) as process:
        assert wait_until_it_serves(process, port).startswith("ok, schema 0")
        process.send_signal(stop_signal)
        _, errors = process.communicate(timeout=30)

    assert process.returncode == 0
    assert "Traceback" not in errors


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_during_the_imports_is_silent(tmp_path: Path, stop_signal: signal.Signals) -> None:
    """A module in place of waitress, among the first to be imported, sends the signal."""
    (tmp_path / "waitress.py").write_text(
        f"import os, signal\nos.kill(os.getpid(), {int(stop_signal)})\nsignal.pause()\n"
    )

    with new_server(tmp_path / "data", free_port(), PYTHONPATH=str(tmp_path)) as process:
        said = process.communicate(timeout=30)

    assert (process.returncode, *said) == (0, "", "")


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_during_the_start_is_silent(tmp_path: Path, stop_signal: signal.Signals) -> None:
    script = (
        "import os, signal, sys; from photoshare import server\n"
        "server.prepare_database = lambda *_, **__: "
        f"(os.kill(os.getpid(), {int(stop_signal)}), signal.pause())\n"
        f"sys.exit(server.main(['{free_port()}']))\n"
    )

    done = run_script(tmp_path, script)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_many_idle_connections_do_not_keep_others_out(tmp_path: Path) -> None:
    port = free_port()
    with server(tmp_path, port) as process, contextlib.ExitStack() as idle:
        wait_until_it_serves(process, port)
        for _ in range(150):
            idle.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))

        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as page:
            assert page.status == 200


def room_with_large_photos(data: Path) -> str:
    """Make a room whose zip is larger than the buffers of waitress and the system."""
    app = create_app({"data": data})
    site = site_of(app)
    with app.app_context():
        upgrade_schema()
        room = rooms.create_room("Party").room
        for number in range(3):
            picture = Image.frombytes("L", (4000, 4000), os.urandom(4000 * 4000))
            path = data / f"{number}.bmp"
            picture.save(path)
            with path.open("rb") as stream:
                adding.add_photo(
                    room.id,
                    stream,
                    path.name,
                    guest_id=None,
                    storage=site.storage,
                    settings=site.settings,
                    decoders=site.decoders,
                )
        code = room.code
        db.engine.dispose()
    return code


def test_a_slow_download_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/rooms/{room_with_large_photos(tmp_path)}"
    cookies = CookieJar()
    guest = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    with server(tmp_path, port) as process:
        wait_until_it_serves(process, port)
        guest.open(f"{url}/join", data=b"name=Gustav", timeout=30).close()
        with guest.open(f"{url}/photos.zip", timeout=30) as download:
            assert download.read(4) == b"PK\x03\x04"
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=4)  # waitress alone takes more than 5 seconds

    assert process.returncode == 0
    assert "Traceback" not in errors


def test_a_page_does_not_wait_for_uploads(tmp_path: Path) -> None:
    """They take all of their threads, and more are waiting in their queue."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/rooms/{room_with_large_photos(tmp_path)}"
    cookies = CookieJar()
    guest = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    scans = many_scans(100)
    body = b'--x\r\nContent-Disposition: form-data; name="photos"; filename="%d"\r\n\r\n%b\r\n--x--'
    content_type = {"Content-Type": "multipart/form-data; boundary=x"}
    with server(tmp_path, port) as process:
        wait_until_it_serves(process, port)
        guest.open(f"{url}/join", data=b"name=Gustav", timeout=30).close()

        def upload(number: int) -> None:
            with contextlib.suppress(OSError):  # refused at last, or the server stops
                content = scans + str(number).encode()
                request = urllib.request.Request(
                    f"{url}/photos", body % (number, content), content_type
                )
                guest.open(request, timeout=60).close()

        uploads = [threading.Thread(target=upload, args=(n,), daemon=True) for n in range(12)]
        for thread in uploads:
            thread.start()
        for _ in range(20):
            guest.open(url, timeout=30).close()

        # Twelve photos of eight seconds, two at a time: none of them is finished.
        assert all(thread.is_alive() for thread in uploads)


def test_downloads_that_nobody_reads_keep_no_thread_and_go_on_from_the_middle(
    tmp_path: Path,
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/rooms/{room_with_large_photos(tmp_path)}"
    guest = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with server(tmp_path, port, PHOTOSHARE_THREADS="2") as process, contextlib.ExitStack() as open_:
        wait_until_it_serves(process, port)
        guest.open(f"{url}/join", data=b"name=Gustav", timeout=30).close()
        downloads = [
            open_.enter_context(guest.open(f"{url}/photos.zip", timeout=30)) for _ in range(5)
        ]

        with guest.open(f"{url}/photos", timeout=30) as page:
            assert page.status == 200
        whole = downloads[0].read()
        rest = urllib.request.Request(f"{url}/photos.zip", headers={"Range": "bytes=30000000-"})
        with guest.open(rest, timeout=30) as answer:
            assert (answer.status, answer.read()) == (206, whole[30_000_000:])

    assert len(whole) == int(downloads[0].headers["Content-Length"])
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None


def test_every_file_is_for_this_user_only(tmp_path: Path) -> None:
    data = tmp_path / "data"
    port = free_port()
    with server(data, port) as process:
        wait_until_it_serves(process, port)
        modes = {path.name: path.stat().st_mode & 0o077 for path in [data, *data.rglob("*")]}

    assert "photoshare.sqlite" in modes
    assert {name for name, mode in modes.items() if mode} == set()


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_command_that_is_stopped_does_not_end_as_if_it_were_done(
    tmp_path: Path, stop_signal: signal.Signals
) -> None:
    script = (
        "import os, runpy, signal, sys\n"
        "from flask.cli import FlaskGroup\n"
        "FlaskGroup.main = lambda *_, **__: "
        f"(os.kill(os.getpid(), {int(stop_signal)}), signal.pause())\n"
        "sys.argv = ['app.py', 'backup', 'folder']\n"
        "runpy.run_path('app.py', run_name='__main__')\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PHOTOSHARE_DATA": str(tmp_path)},
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.returncode != 0


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert f"Port {port} of 127.0.0.1 can't be used" in refusal(tmp_path, port)


def test_a_second_instance_on_the_same_data_is_one_sentence(tmp_path: Path) -> None:
    first, second = free_port(), free_port()
    with server(tmp_path, first) as process:
        wait_until_it_serves(process, first)

        assert "Another PhotoShare is already running" in refusal(tmp_path, second)


def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    said = refusal(tmp_path, free_port(), PHOTOSHARE_THREADS="many")

    assert "PHOTOSHARE_THREADS is 'many', but must be a whole number from 2 to 64" in said


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert "can't be created" in refusal(tmp_path / "file" / "data", free_port())


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    """The probe is made to fail as it does on a full disk."""
    script = (
        "import errno, sys, pathlib\n"
        "from photoshare import server\n"
        "def full(*_):\n"
        "    raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "pathlib.Path.write_bytes = full\n"
        f"sys.exit(server.main(['{free_port()}']))\n"
    )
    done = run_script(tmp_path, script)

    assert done.returncode == 1
    assert re.search(r"The disk of the data folder .* is full", done.stderr)
    assert done.stderr.count("\n") == 1


def test_the_secret_key_is_for_this_user_only_and_stays(tmp_path: Path) -> None:
    for _ in range(2):
        port = free_port()
        with server(tmp_path, port) as process:
            wait_until_it_serves(process, port)
            key = tmp_path / "secret_key"
            first = key.read_text()

    assert key.read_text() == first
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(first) == 64


def test_run_sh_says_which_python_it_needs(tmp_path: Path) -> None:
    """On a machine without a suitable Python, in a checkout without an environment."""
    (tmp_path / "run.sh").write_text((ROOT / "run.sh").read_text())
    (tmp_path / "bin").mkdir()
    for tool in ("bash", "dirname", "env"):
        (tmp_path / "bin" / tool).symlink_to(f"/usr/bin/{tool}")

    done = subprocess.run(
        ["/usr/bin/bash", str(tmp_path / "run.sh")],
        env={"PATH": str(tmp_path / "bin")},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("PhotoShare: Python 3.11, 3.12, 3.13 or 3.14 wasn't found.")
    assert done.stderr.count("\n") == 1


def test_run_sh_finds_flask_after_the_folder_was_moved(tmp_path: Path) -> None:
    """The scripts in .venv/bin name the folder where they were installed; python does not."""
    for name in ("run.sh", "requirements.txt"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "requirements.installed").write_text(
        (ROOT / "requirements.txt").read_text()
    )
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    flask = tmp_path / ".venv" / "bin" / "flask"
    flask.write_text("#!/where/it/was/python\n")
    for script in (python, flask):
        script.chmod(0o755)

    done = subprocess.run(
        ["bash", str(tmp_path / "run.sh"), "flask", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "Flask 3" in done.stdout

"""A disk that is really full: freeing space works, everything else explains why not."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from http.cookiejar import CookieJar
from io import BytesIO
from pathlib import Path

import pytest

from tests.fakes import BLUE, RED, draw_photo
from tests.helpers import HX
from tests.servers import free_port, server, wait_until_it_serves

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]

DISK_MB = 40
FULL = "The server&#39;s disk is full. Please tell the host."
PHOTOS = 12
# The server with an engine that needs no files.
PROGRAM = (
    "import functools, sys; from photoshare import factory, server\n"
    "from tests.fakes import FakeFaceEngine\n"
    "factory.create_app = functools.partial("
    "factory.create_app, make_engine=lambda settings: FakeFaceEngine())\n"
    "sys.exit(server.main(sys.argv[1:]))"
)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A separate file system in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a small file system, and not in every container")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path) -> None:
    """Write until no byte more fits."""
    with contextlib.suppress(OSError), (disk / "someone-elses").open("ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(disk).free == 0


class Browser:
    """A browser of the real server that returns status and text of every answer."""

    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}"
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def ask(
        self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        request = urllib.request.Request(self._root + path, body, headers or {})
        try:
            with self._opener.open(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def upload(self, room: str, content: bytes, name: str) -> tuple[int, bytes]:
        head = f'Content-Disposition: form-data; name="photos"; filename="{name}"'
        body = b"--x\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n--x--\r\n"
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        return self.ask(f"{room}/photos", body, kind | HX)


def make_room(browser: Browser) -> str:
    status, page = browser.ask("/rooms", b"title=Party")
    found = re.search(rb"/rooms/[a-z0-9-]+", page)
    assert status == 200
    assert found is not None
    return found[0].decode()


def full_of_photos(browser: Browser) -> tuple[str, dict[str, bytes]]:
    """Make a room with photos that have been analysed and measured."""
    room = make_room(browser)
    photos = {f"{n}.jpg": draw_photo(RED, BLUE, seed=n, width=300 + n) for n in range(PHOTOS)}
    for name, content in photos.items():
        assert browser.upload(room, content, name)[0] == 201
    return room, photos


def photo_ids(data: Path) -> list[int]:
    database = sqlite3.connect(f"file:{data / 'photoshare.sqlite'}?mode=ro", uri=True)
    try:
        return [row[0] for row in database.execute("SELECT id FROM photo ORDER BY id")]
    finally:
        database.close()


def test_on_a_full_disk_photos_and_rooms_can_be_deleted_and_all_else_is_said_in_words(
    small_disk: Path,
) -> None:
    data, port = small_disk / "data", free_port()
    environ = {"PHOTOSHARE_MIN_FREE_MB": "0"}
    with server(data, port, ("-c", PROGRAM), **environ) as process:
        wait_until_it_serves(process, port)
        host, guest = Browser(port), Browser(port)
        room, photos = full_of_photos(host)
        other_room, _ = full_of_photos(host)
        status, content = host.ask(f"{room}/photos.zip")
        fill(small_disk)
        exhaust_the_log(host, room)
        fill(small_disk)

        for asked_by, headers in (("a page", {}), ("htmx", HX)):
            for browser, path, form in (
                (guest, f"{room}/join", b"name=Gustav"),
                (host, f"{room}/me/name", b"name=Hanna"),
                (host, f"{room}/settings", b"title=Wedding"),
                (host, "/rooms", b"title=Another"),
            ):
                answer = browser.ask(path, form, headers)
                assert (answer[0], FULL in answer[1].decode()) == (507, True), (asked_by, path)
        assert host.upload(room, draw_photo(RED, seed=99), "late.jpg")[0] == 507
        assert host.ask(room)[0] == 200
        assert host.ask(f"{room}/photos.zip") == (status, content)  # it needs no space
        with zipfile.ZipFile(BytesIO(content)) as archive:
            assert {name: archive.read(name) for name in archive.namelist()} == photos

        ids = photo_ids(data)
        first = host.ask(f"{room}/photos/{ids[0]}/delete", b"")
        assert (first[0], b"1 photo deleted for good: the server" in first[1]) == (200, True)
        fill(small_disk)
        assert host.ask(f"{room}/photos/{ids[1]}/delete", b"")[0] == 200
        fill(small_disk)
        gone = host.ask(f"{other_room}/delete", b"title=Party")
        assert (gone[0], "“Party” is gone for good" in gone[1].decode()) == (200, True)
        assert len(photo_ids(data)) == PHOTOS - 2
        assert len(list(data.glob("rooms/*/originals/*"))) == PHOTOS - 2

        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_on_a_full_disk_the_owner_logs_in_and_deletes_a_room(small_disk: Path) -> None:
    data, port = small_disk / "data", free_port()
    environ = {"PHOTOSHARE_MIN_FREE_MB": "0", "PHOTOSHARE_OWNER_PASSWORD": "a password of ours"}
    with server(data, port, ("-c", PROGRAM), **environ) as process:
        wait_until_it_serves(process, port)
        host, owner = Browser(port), Browser(port)
        room, _ = full_of_photos(host)
        fill(small_disk)
        exhaust_the_log(host, room)
        fill(small_disk)

        login = owner.ask("/owner/login", b"owner_password=a password of ours")
        fill(small_disk)
        gone = owner.ask("/owner/rooms/1/delete", b"title=Party")
        if b"In the bin" in gone[1]:  # there was just enough space for that
            gone = owner.ask("/owner/rooms/1/delete/now", b"")

        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert (login[0], b"Log out here" in login[1]) == (200, True)
    assert (gone[0], b"is gone for good" in gone[1]) == (200, True)
    assert photo_ids(data) == []
    assert "Traceback" not in errors


def exhaust_the_log(browser: Browser, room: str) -> None:
    """Write until the database's log has no space left of its own."""
    for number in range(1000):
        if browser.ask(f"{room}/me/name", f"name={number}".encode())[0] == 507:
            return
    pytest.fail("a full disk was never noticed")


def test_a_server_that_is_started_on_a_full_disk_can_delete(small_disk: Path) -> None:
    data, port = small_disk / "data", free_port()
    environ = {"PHOTOSHARE_MIN_FREE_MB": "0"}
    host = Browser(port)
    with server(data, port, ("-c", PROGRAM), **environ) as process:
        wait_until_it_serves(process, port)
        room, _ = full_of_photos(host)
        process.kill()
        process.wait()
    fill(small_disk)

    with server(data, port, ("-c", PROGRAM), **environ) as process:
        wait_until_it_serves(process, port)
        fill(small_disk)
        assert host.ask(f"{room}/photos/{photo_ids(data)[0]}/delete", b"")[0] == 200
        fill(small_disk)
        assert host.ask(f"{room}/delete", b"title=Party")[0] == 200

    assert photo_ids(data) == []
    assert os.listdir(data / "rooms") == []

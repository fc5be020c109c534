"""Everything the server has acknowledged survives kill -9, bit for bit."""

from __future__ import annotations

import http.client
import http.cookiejar
import io
import re
import signal
import struct
import threading
import urllib.request
import zipfile
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from urllib.response import addinfourl

import pytest

from tests.clips.drawing import draw_clip
from tests.fakes import BLUE, RED, draw_photo
from tests.servers import free_port, server, wait_until_it_serves

pytestmark = pytest.mark.slow

PHOTOS = 40
KILL_AFTER = 12  # acknowledged uploads


class Browser:
    """A host with a cookie that survives the server."""

    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)

    def send(self, path: str, body: bytes | None = None, content_type: str = "") -> bytes:
        with self._open(path, body, content_type) as answer:
            return bytes(answer.read())

    def headers_of(self, path: str, body: bytes, content_type: str) -> Message:
        with self._open(path, body, content_type) as answer:
            return answer.headers

    def _open(self, path: str, body: bytes | None, content_type: str) -> addinfourl:
        headers = {"Content-Type": content_type, "HX-Request": "true"} if content_type else {}
        request = urllib.request.Request(self._root + path, body, headers)
        return self._opener.open(request, timeout=60)  # type: ignore[no-any-return]

    def upload(self, room: str, content: bytes, name: str) -> None:
        head = f'Content-Disposition: form-data; name="photos"; filename="{name}"'
        body = b"--x\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n--x--\r\n"
        self.send(f"{room}/photos", body, "multipart/form-data; boundary=x")


def make_room(browser: Browser) -> str:
    page = browser.send("/rooms", b"title=Party", "application/x-www-form-urlencoded")
    found = re.search(rb"/rooms/[a-z0-9-]+", page)
    assert found is not None
    return found[0].decode()


def draw_large_photo() -> bytes:
    return draw_photo(RED, BLUE, width=1500, height=1500, image_format="BMP")


def draw_large_clip() -> bytes:
    clip = draw_clip(RED, BLUE)
    return clip + struct.pack(">I4s", 6_700_000, b"free") + b"x" * 6_699_992


@pytest.mark.parametrize(
    ("draw", "name"),
    [(draw_large_photo, "a.bmp"), (draw_large_clip, "a.mp4")],
    ids=["photo", "clip"],
)
def test_acknowledged_pieces_survive_kill_9(
    tmp_path: Path, draw: Callable[[], bytes], name: str
) -> None:
    content = draw()
    piece = 1_000_000
    port = free_port()
    browser = Browser(port)

    def begin() -> tuple[str, int]:
        form = f"file_name={name}&modified=1&size={len(content)}".encode()
        headers = browser.headers_of(f"{room}/uploads", form, "application/x-www-form-urlencoded")
        return headers["Location"], int(headers["Upload-Offset"])

    def send(offset: int) -> int:
        body = content[offset : offset + piece]
        headers = browser.headers_of(f"{place}?offset={offset}", body, "application/octet-stream")
        return int(headers.get("Upload-Offset", len(content)))

    offset, lives = 0, 0
    while offset < len(content):
        with server(tmp_path, port, PHOTOSHARE_PIECE_MB="1") as process:
            wait_until_it_serves(process, port)
            lives += 1
            if lives == 1:
                room = make_room(browser)
            place, known = begin()
            assert known == offset  # not a byte less, not a byte twice
            for _ in range(2):
                if offset < len(content):
                    offset = send(offset)
            process.send_signal(signal.SIGKILL)
            process.wait()

    with server(tmp_path, port) as process:
        wait_until_it_serves(process, port)
        packed = browser.send(f"{room}/photos.zip?exact=1")
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            assert {one: archive.read(one) for one in archive.namelist()} == {name: content}
    assert lives == 4
    assert list(tmp_path.rglob("pieces/*")) == []


def test_acknowledged_uploads_survive_kill_9(tmp_path: Path) -> None:
    photos = {f"{n}.jpg": draw_photo(RED, BLUE, seed=n, width=300 + n) for n in range(PHOTOS)}
    port = free_port()
    browser = Browser(port)
    acknowledged: list[str] = []
    was_enough = threading.Event()

    def upload_all() -> None:
        for name, content in photos.items():
            try:
                browser.upload(room, content, name)
            except (OSError, http.client.HTTPException):
                return  # the server is dead
            acknowledged.append(name)
            if len(acknowledged) == KILL_AFTER:
                was_enough.set()

    with server(tmp_path, port) as process:
        wait_until_it_serves(process, port)
        room = make_room(browser)
        guest = threading.Thread(target=upload_all)
        guest.start()
        assert was_enough.wait(timeout=60)
        process.send_signal(signal.SIGKILL)
        guest.join(timeout=60)
        assert process.wait() == -signal.SIGKILL

    with server(tmp_path, port) as process:
        wait_until_it_serves(process, port)
        with zipfile.ZipFile(io.BytesIO(browser.send(f"{room}/photos.zip"))) as archive:
            kept = {name: archive.read(name) for name in archive.namelist()}

    assert len(acknowledged) >= KILL_AFTER
    assert set(acknowledged) <= set(kept)
    assert all(photos[name] == content for name, content in kept.items())


def test_acknowledged_uploads_that_wait_for_the_host_survive_kill_9(tmp_path: Path) -> None:
    photos = {f"{n}.jpg": draw_photo(RED, seed=n) for n in range(KILL_AFTER)}
    port, form = free_port(), "application/x-www-form-urlencoded"
    host, guest = Browser(port), Browser(port)

    with server(tmp_path, port) as process:
        wait_until_it_serves(process, port)
        room = make_room(host)
        host.send(f"{room}/settings", b"title=Party&is_moderated=1", form)
        guest.send(f"{room}/join", b"name=Gustav", form)
        for name, content in photos.items():
            guest.upload(room, content, name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    with server(tmp_path, port) as process:
        wait_until_it_serves(process, port)
        waiting = host.send(f"{room}/waiting").decode()
        host.send(f"{room}/waiting/all", b"", form)
        with zipfile.ZipFile(io.BytesIO(host.send(f"{room}/photos.zip"))) as archive:
            kept = {name: archive.read(name) for name in archive.namelist()}

    assert f"{KILL_AFTER} photos are waiting for you" in waiting
    assert kept == photos

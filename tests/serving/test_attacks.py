"""Strangers trying secrets in bulk against the real server: nobody else is locked out.

The test acts as a trusted proxy, so that one machine can have many addresses.
"""

from __future__ import annotations

import contextlib
import re
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from photoshare import create_app
from photoshare.db import db, upgrade_schema
from photoshare.services.rooms import rooms
from tests.servers import free_port, server, wait_until_it_serves

pytestmark = pytest.mark.slow

PASSWORD = "open sesame"
ATTACKER, GUEST = "2001:db8:0:1::{:x}", "192.0.2.7"
JOINED, WRONG, TOO_MANY = 200, 422, 429


@dataclass
class Target:
    """A running server with a room that has a password."""

    url: str
    code: str
    secret: str
    process_id: int

    def post(self, path: str, address: str, **fields: str) -> int:
        """Send a form from an address; return the status at the end."""
        request = urllib.request.Request(
            self.url + path,
            urllib.parse.urlencode(fields).encode(),
            {"X-Forwarded-For": address},
        )
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        try:
            with browser.open(request, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def join(self, password: str, address: str) -> int:
        return self.post(f"/rooms/{self.code}/join", address, password=password)

    def memory_mb(self, which: str) -> float:
        status = Path(f"/proc/{self.process_id}/status").read_text()
        return int(re.findall(rf"{which}:\s+(\d+) kB", status)[0]) / 1000


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    app = create_app({"data": tmp_path})
    with app.app_context():
        upgrade_schema()
        new = rooms.create_room("Party", password=PASSWORD)
        code = new.room.code
        db.engine.dispose()
    port = free_port()
    with server(tmp_path, port, PHOTOSHARE_TRUSTED_PROXY="127.0.0.1") as process:
        wait_until_it_serves(process, port)
        yield Target(f"http://127.0.0.1:{port}", code, new.host_secret, process.pid)


@contextlib.contextmanager
def flood(target: Target, at_once: int) -> Iterator[list[int]]:
    """Try wrong passwords from one IPv6 network, this many at a time, until the block ends."""
    statuses: list[int] = []
    is_over = threading.Event()

    def guess(number: int) -> None:
        while not is_over.is_set():
            statuses.append(target.join("guess", ATTACKER.format(number)))

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(at_once)]
    for thread in threads:
        thread.start()
    try:
        while statuses.count(TOO_MANY) < 8:
            assert any(thread.is_alive() for thread in threads)
            is_over.wait(0.1)
        yield statuses
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def test_a_flood_of_guesses_locks_nobody_out(target: Target) -> None:
    with flood(target, at_once=30) as statuses:
        assert target.join(PASSWORD, GUEST) == JOINED
        assert target.post(f"/rooms/{target.code}/host/{target.secret}", GUEST) == JOINED
        assert target.post("/join", GUEST, room_code=target.code, password=PASSWORD) == JOINED
        assert target.join("a typo", GUEST) == WRONG

    assert set(statuses) == {WRONG, TOO_MANY}
    assert target.join(PASSWORD, ATTACKER.format(1)) == JOINED  # someone else at that address
    assert target.join("guess", ATTACKER.format(1)) == TOO_MANY


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_flood_of_guesses_costs_the_memory_of_two(target: Target) -> None:
    assert target.join("guess", GUEST) == WRONG
    before = target.memory_mb("VmHWM")
    with flood(target, at_once=30):
        pass

    # Each scrypt takes 33 MB; eight threads at once would take 264.
    assert target.memory_mb("VmHWM") - before < 70


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_endless_codes_are_not_kept(target: Target) -> None:
    for number in range(20):
        target.post("/join", GUEST, room_code=f"{number} " + "a" * 90_000)
    before = target.memory_mb("VmRSS")
    for number in range(300):
        target.post("/join", GUEST, room_code=f"{number} " + "a" * 90_000)

    assert target.memory_mb("VmRSS") - before < 15  # 300 codes are 27 MB, and were 86

"""Dockerfile: built, run without rights on a read-only file system, stopped and killed."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import time
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.container.conftest import IMAGE, USER, Container, buildah
from tests.fakes import draw_photo

pytestmark = pytest.mark.container

STOP_S = 10


def processes_of(user: int) -> list[Path]:
    """Return the processes of a user as folders of /proc."""
    return [path for path in Path("/proc").glob("[0-9]*") if path.stat().st_uid == user]


class Host:
    """A host's browser."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def send(self, path: str, body: bytes, content_type: str) -> str:
        """Send a form; return the address that it leads to."""
        request = urllib.request.Request(
            self.address + path, body, {"Content-Type": content_type, "Origin": self.address}
        )
        with self.browser.open(request, timeout=60) as answer:
            return str(answer.url)

    def create_room(self) -> str:
        """Create a room and return its path."""
        form = urllib.parse.urlencode({"title": "Box", "name": "Lea"}).encode()
        url = self.send("/rooms", form, "application/x-www-form-urlencoded")
        found = re.search(r"/rooms/[^/?#]+", url)
        assert found
        return found[0]

    def add_photo(self, room: str, photo: bytes) -> None:
        """Upload a photo by a plain form."""
        head = 'Content-Disposition: form-data; name="photos"; filename="a.jpg"'
        body = f"--x\r\n{head}\r\n\r\n".encode() + photo + b"\r\n--x--\r\n"
        self.send(f"{room}/photos", body, "multipart/form-data; boundary=x")


def rows(container: Container, query: str) -> list[tuple[object, ...]]:
    """Ask the database in the volume."""
    database = container.volume / "photoshare" / "photoshare.sqlite"
    with sqlite3.connect(database) as connection:
        return connection.execute(query).fetchall()


def wait_until_searched(container: Container) -> None:
    """Wait until every photo has been searched for faces."""
    deadline = time.monotonic() + 120
    while rows(container, "SELECT 1 FROM photo WHERE state != 'analysed'"):
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_it_serves_searches_and_stops_in_order(container: Container) -> None:
    with container.serve() as (process, address):
        host = Host(address)
        host.add_photo(host.create_room(), draw_photo())
        wait_until_searched(container)
        owners = {path.stat().st_uid for path in (container.volume / "photoshare").rglob("*")}

        assert processes_of(USER)
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=STOP_S) == 0
    assert owners == {USER}
    assert processes_of(USER) == []
    assert rows(container, "SELECT state FROM photo") == [("analysed",)]


def test_killed_it_goes_on_with_what_it_had_acknowledged(container: Container) -> None:
    with container.serve() as (process, address):
        host = Host(address)
        host.add_photo(host.create_room(), draw_photo())
        process.send_signal(signal.SIGKILL)
        process.wait()

    with container.serve():
        wait_until_searched(container)

    assert rows(container, "SELECT count(*) FROM photo") == [(1,)]


def test_the_health_check_follows_the_server(container: Container) -> None:
    image = json.loads(buildah("inspect", "--type", "image", IMAGE))
    kind, *check = image["Docker"]["config"]["Healthcheck"]["Test"]
    assert kind == "CMD"

    assert container.ask(*check).returncode != 0
    with container.serve() as (process, _):
        assert container.ask(*check).returncode == 0
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=STOP_S)
    assert container.ask(*check).returncode != 0


def test_commands_run_beside_the_server(container: Container) -> None:
    with container.serve():
        doctor = container.ask("photoshare", "doctor")

    assert "Database: schema" in doctor.stdout, doctor.stderr
    assert "BAD" not in doctor.stdout


def test_nothing_but_the_volume_can_be_written(container: Container) -> None:
    for path in ("/opt/photoshare/x", "/usr/x", "/etc/x", "/home/x", "/data/x"):
        assert container.ask("touch", path).returncode != 0, path

    assert container.ask("touch", "/data/photoshare/x").returncode == 0


def test_nothing_in_the_image_is_a_secret_or_a_photo(container: Container) -> None:
    listed = subprocess.run(
        ["find", str(container.root / "opt" / "photoshare"), "-maxdepth", "1"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert {Path(path).name for path in listed[1:]} == {
        *(".venv", "LICENSE", "NOTICE", "app.py", "photoshare", "requirements.txt"),
        *("static", "templates", "__pycache__"),
    }

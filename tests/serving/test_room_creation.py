"""A start decides who may open rooms, and says it once."""

from __future__ import annotations

import http.client
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from photoshare import create_app
from photoshare.db import db, upgrade_schema
from photoshare.models import Owner
from photoshare.services.addresses import Listening, is_exposed
from photoshare.services.rooms import rooms
from tests.servers import free_port, server, wait_until_it_serves
from tests.tools import flask

pytestmark = pytest.mark.slow

PASSWORD = re.compile(r"The owner's password is (\S+) \(shown only now\)")
BEYOND = {"PHOTOSHARE_PUBLIC_URL": "https://photos.example.org"}  # by a proxy on this machine


def start(data: Path, **environ: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    port = free_port()
    with server(data, port, **environ) as process:
        wait_until_it_serves(process, port)
        yield port, process


def said(process: subprocess.Popen[str]) -> str:
    """Stop a server; return what it has said after its first line."""
    assert process.stdout is not None
    process.send_signal(signal.SIGTERM)
    return process.stdout.read()  # which also has what came together with the first line


def create(port: int, typed: str = "") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    form = urlencode({"title": "Party", "owner_password": typed})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/rooms", form, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_server_that_others_reach_makes_a_password_and_says_it_once(tmp_path: Path) -> None:
    for port, process in start(tmp_path, **BEYOND):
        assert create(port) == 422
        first = said(process)
    (password,) = PASSWORD.findall(first)
    for port, process in start(tmp_path, **BEYOND):
        answers = [create(port), create(port, password)]
        second = said(process)

    assert "https://photos.example.org/owner" in first
    assert answers == [422, 303]
    assert "password" not in second
    assert password.encode() not in (tmp_path / "photoshare.sqlite").read_bytes()


def test_on_the_machine_itself_it_is_open_until_others_reach_it(tmp_path: Path) -> None:
    for port, process in start(tmp_path):
        assert create(port) == 303
        alone = said(process)
    for port, process in start(tmp_path, **BEYOND):
        assert create(port) == 422
        exposed = said(process)
    for port, process in start(tmp_path):
        assert create(port) == 422, "what was decided stays"
        said(process)

    assert "password" not in alone
    assert PASSWORD.search(exposed)


def test_an_upgrade_locks_nobody_out_and_says_how(tmp_path: Path) -> None:
    app = create_app({"data": tmp_path})
    with app.app_context():
        upgrade_schema()
        rooms.create_room("Party")
        db.session.add(Owner(id=1, room_creation="open"))  # as migration 0023 does
        db.session.commit()
        db.engine.dispose()
    for port, process in start(tmp_path, **BEYOND):
        assert create(port) == 303
        upgraded = said(process)
    for port, process in start(tmp_path, **BEYOND, PHOTOSHARE_ROOM_CREATION="open"):
        assert create(port) == 303
        chosen = said(process)
    for port, process in start(tmp_path, **BEYOND, PHOTOSHARE_ROOM_CREATION="password"):
        assert create(port) == 422
        asked = said(process)

    assert "PHOTOSHARE_ROOM_CREATION=password asks for the owner's password" in upgraded
    assert "PHOTOSHARE_ROOM_CREATION" not in chosen
    assert PASSWORD.search(asked)


def test_the_password_of_the_settings_is_taken_at_the_start(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a password of ours\n")
    environ = {"PHOTOSHARE_OWNER_PASSWORD_FILE": str(secret), **BEYOND}
    for port, process in start(tmp_path / "data", **environ):
        assert [create(port), create(port, "a password of ours")] == [422, 303]
        out = said(process)
        refused = flask(tmp_path / "data", "owner-password", **environ)

    assert "password" not in out
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "PHOTOSHARE_OWNER_PASSWORD sets the owner's password" in refused.stderr


def test_the_command_makes_a_new_password_while_the_server_runs(tmp_path: Path) -> None:
    for port, process in start(tmp_path, **BEYOND):
        done = flask(tmp_path, "owner-password")
        password = done.stdout.strip()
        answers = [create(port, password)]
        (old,) = PASSWORD.findall(said(process))
    for port, process in start(tmp_path, **BEYOND):
        answers += [create(port, old), create(port, password)]
        said(process)

    assert re.fullmatch(r"(\w{4}-){3}\w{4}", password)
    assert answers == [303, 422, 303]


@pytest.mark.parametrize(
    ("host", "public_url", "has_proxy", "expected"),
    [
        ("127.0.0.1", "", False, False),
        ("::1", "", False, False),
        ("localhost", "", False, False),
        ("127.0.0.1", "http://127.0.0.1:8000", False, False),
        ("0.0.0.0", "", False, True),
        ("::", "", False, True),
        ("", "", False, True),
        ("192.168.1.20", "", False, True),
        ("127.0.0.1", "https://photos.example.org", False, True),
        ("127.0.0.1", "", True, True),
    ],
)
def test_others_reach_a_server_by_its_address_or_by_a_proxy(
    host: str, public_url: str, has_proxy: bool, expected: bool
) -> None:
    found = is_exposed(Listening(host, 8000), public_url=public_url, has_proxy=has_proxy)

    assert found is expected

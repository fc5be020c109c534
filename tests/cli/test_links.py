"""``rooms host-link`` and ``rooms guest-link``."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from photoshare import create_app
from tests.cli.commands import run, run_json

pytestmark = pytest.mark.slow


def test_links_use_the_public_address(tmp_path: Path) -> None:
    app = create_app({"data": tmp_path, "public_url": "https://x.example/p", "url_prefix": "/p"})

    room = run_json(app, "rooms", "create", "--title", "Party")

    assert room["guest_url"] == f"https://x.example/p/rooms/{room['code']}"


def test_a_lost_host_link_is_replaced(app: Flask) -> None:
    room = run_json(app, "rooms", "create", "--title", "Party")
    lost, code = room["host_url"].removeprefix("http://127.0.0.1:8000"), room["code"]
    host, other = app.test_client(), app.test_client()
    host.post(lost)

    new = run_json(app, "rooms", "host-link", code)

    assert new | {"host_url": ""} == room | {"host_url": ""}
    assert other.post(lost).status_code == 404
    assert host.get(f"/rooms/{code}/settings").status_code == 404
    assert other.post(new["host_url"].removeprefix("http://127.0.0.1:8000")).status_code == 303
    assert other.get(f"/rooms/{code}/settings").status_code == 200


def test_the_guest_link_is_shown_and_replaced(app: Flask) -> None:
    room = run_json(app, "rooms", "create", "--title", "Party")
    code = room["code"]

    shown = run_json(app, "rooms", "guest-link", code)
    new = run_json(app, "rooms", "guest-link", code, "--new")

    assert shown == {"code": code, "guest_url": room["guest_url"]}
    assert new["code"] != code
    assert new["guest_url"].endswith(new["code"])
    assert "has ended" in app.test_client().get(f"/rooms/{code}").text
    assert run_json(app, "rooms", "guest-link", code) == new, "a former code is one of the room"


@pytest.mark.parametrize("command", ["host-link", "guest-link"])
def test_the_links_of_an_unknown_room_are_one_sentence(app: Flask, command: str) -> None:
    result = run(app, "rooms", command, "acdef-hjkm-nprtw")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: There's no room with this code.\n"

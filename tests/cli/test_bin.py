"""``rooms restore``, and what ``rooms delete`` puts into the bin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from photoshare.cli.rooms import bin
from photoshare.db import db
from photoshare.models import Room
from tests.cli.commands import run, run_json

pytestmark = pytest.mark.slow


def test_a_room_comes_back_from_the_bin(app: Flask) -> None:
    room = run_json(app, "rooms", "create", "--title", "Party")
    code, host = room["code"], app.test_client()
    host.post(room["host_url"].removeprefix("http://127.0.0.1:8000"))
    with app.app_context():
        told = bin.delete(db.session.scalars(select(Room)).one(), is_now=False)
    refused = run(app, "rooms", "people", code)

    back = run_json(app, "rooms", "restore", code)

    in_a_week = datetime.fromisoformat(told["gone_at"]) - datetime.now(UTC)
    assert timedelta(days=6) < in_a_week <= timedelta(days=7)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "This room is in the bin; bring it back with: rooms restore CODE" in refused.output
    assert back == {"code": code}
    assert host.get(f"/rooms/{code}/settings").status_code == 200, "sessions come back, too"
    assert "This room isn't in the bin." in run(app, "rooms", "restore", code).output


def test_a_room_deleted_now_leaves_its_report(app: Flask) -> None:
    code = run_json(app, "rooms", "create", "--title", "Party")["code"]
    with app.app_context():
        report = bin.delete(db.session.scalars(select(Room)).one(), is_now=True)

    assert (report["code"], report["photos"]) == (code, 0)
    assert run(app, "rooms", "restore", code).exit_code == 1

"""``owner-password``."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.cli.commands import run, run_json

pytestmark = pytest.mark.slow


def log_in(app: Flask, typed: str) -> int:
    return app.test_client().post("/owner/login", data={"owner_password": typed}).status_code


def test_the_password_is_all_of_the_output(app: Flask) -> None:
    result = run(app, "owner-password")
    password = result.stdout.strip()

    assert (result.exit_code, result.stdout) == (0, f"{password}\n")
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", password)
    assert log_in(app, password) == 303


def test_a_new_one_takes_the_place_of_the_old_one_and_ends_sessions(app: Flask) -> None:
    old = run_json(app, "owner-password", "--json")["password"]
    client = app.test_client()
    client.post("/owner/login", data={"owner_password": old})
    assert client.get("/owner").status_code == 200

    new = run_json(app, "owner-password", "--json")["password"]

    assert client.get("/owner").status_code == 303
    assert (log_in(app, old), log_in(app, new)) == (422, 303)

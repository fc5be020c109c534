"""Who may open rooms: everyone, whoever knows the owner's password, or the owner only."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from photoshare import create_app
from photoshare.db import upgrade_schema
from photoshare.services.owner import password
from tests.conftest import DECODERS, copy_data
from tests.helpers import row_counts, tags_of
from tests.web.conftest import OWNER_PASSWORD

SENTENCE = "Whoever runs this server opens the rooms here."


@pytest.fixture
def rule() -> str:
    return "password"


@pytest.fixture
def app(tmp_path: Path, empty_data: Path, rule: str) -> Flask:
    """An app whose settings say who may open rooms."""
    copy_data(empty_data, tmp_path / "data")
    app = create_app({"data": tmp_path / "data", "room_creation": rule}, decoders=DECODERS)
    app.testing = True
    with app.app_context():
        upgrade_schema()
        password.set_password(OWNER_PASSWORD)
    return app


def create(client: FlaskClient, typed: str | None = None) -> int:
    form = {"title": "Party"} | ({} if typed is None else {"owner_password": typed})
    return client.post("/rooms", data=form).status_code


@pytest.mark.parametrize("rule", ["open"])
def test_everyone_opens_rooms_where_that_is_allowed(app: Flask) -> None:
    client = app.test_client()

    assert create(client) == 303
    assert tags_of(client.get("/").text, "a", href="/rooms")
    assert not tags_of(client.get("/rooms").text, "input", name="owner_password")


def test_the_owners_password_opens_a_room(app: Flask) -> None:
    client = app.test_client()

    assert tags_of(client.get("/").text, "a", href="/rooms")
    assert tags_of(client.get("/rooms").text, "input", name="owner_password")
    assert create(client, f" {OWNER_PASSWORD} ") == 303
    assert client.get("/owner").status_code == 303, "it is no login"


@pytest.mark.parametrize("typed", [None, "", "wrong", "x" * 900])
def test_no_room_is_opened_without_the_password(app: Flask, typed: str | None) -> None:
    client = app.test_client()
    form = {"title": "Party", "name": "Hanna"}
    form |= {} if typed is None else {"owner_password": typed}

    answer = client.post("/rooms", data=form)

    assert answer.status_code == 422
    (field,) = tags_of(answer.text, "input", name="owner_password")
    assert field["aria-invalid"] == "true"
    assert tags_of(answer.text, "input", name="name")[0]["value"] == "Hanna"
    assert row_counts(app)["room"] == 0


def test_guesses_at_the_form_and_at_the_login_are_counted_together(app: Flask) -> None:
    client = app.test_client()
    for number in range(10):
        create(client, f"guess {number}")
        client.post("/owner/login", data={"owner_password": f"guess {number}"})

    assert create(client, "guess") == 429
    assert create(client, OWNER_PASSWORD) == 303, "the right one passes"


def test_a_browser_with_the_owner_in_it_needs_no_password(app: Flask, owner: FlaskClient) -> None:
    assert not tags_of(owner.get("/rooms").text, "input", name="owner_password")
    assert [create(owner) for _room in range(22)] == [303] * 22, "as many as they like"


@pytest.mark.parametrize("rule", ["closed"])
def test_only_the_owner_opens_rooms_where_it_is_closed(app: Flask, owner: FlaskClient) -> None:
    client = app.test_client()

    start, form = client.get("/"), client.get("/rooms")
    refused = client.post("/rooms", data={"title": "Party", "owner_password": OWNER_PASSWORD})

    assert not tags_of(start.text, "a", href="/rooms")
    assert (form.status_code, refused.status_code) == (403, 403)
    for page in (start, form, refused):
        assert SENTENCE in page.text
    assert row_counts(app)["room"] == 0
    assert tags_of(owner.get("/").text, "a", href="/rooms")
    assert owner.get("/rooms").status_code == 200
    assert create(owner) == 303


@pytest.mark.parametrize("rule", [""])
def test_an_app_that_nobody_else_has_reached_is_open(app: Flask) -> None:
    assert create(app.test_client()) == 303

"""GET /."""

from __future__ import annotations

from flask import Flask

from tests.helpers import row_counts, tags_of


def test_everybody_may_open_it(app: Flask) -> None:
    answer = app.test_client().get("/")

    assert answer.status_code == 200
    assert answer.mimetype == "text/html"


def test_it_offers_to_create_and_to_join_a_room(app: Flask) -> None:
    forms = tags_of(app.test_client().get("/").text, "form")

    assert [(form["method"], form["action"]) for form in forms] == [
        ("post", "/rooms"),
        ("post", "/join"),
        ("post", "/language"),
    ]


def test_looking_at_it_sets_no_cookie_and_writes_nothing(app: Flask) -> None:
    answer = app.test_client().get("/")

    assert "Set-Cookie" not in answer.headers
    assert set(row_counts(app).values()) == {0}


def test_it_takes_no_post(app: Flask) -> None:
    assert app.test_client().post("/").status_code == 405

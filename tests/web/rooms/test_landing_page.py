"""GET /."""

from __future__ import annotations

from flask import Flask

from tests.conftest import Cast
from tests.helpers import row_counts, tags_of


def test_everybody_may_open_it(app: Flask) -> None:
    answer = app.test_client().get("/")

    assert answer.status_code == 200
    assert answer.mimetype == "text/html"


def test_it_offers_to_create_a_room_and_has_one_field_for_a_code(app: Flask) -> None:
    page = app.test_client().get("/").text

    assert tags_of(page, "a", href="/rooms")
    assert [tag["name"] for tag in tags_of(page, "input")] == ["room_code", "next"]
    assert [form["action"] for form in tags_of(page, "form")] == ["/join", "/language"]


def test_the_rooms_of_this_browser_come_first(cast: Cast) -> None:
    page = cast.guest.get("/").text

    assert page.index(cast.url) < page.index("hero-title")
    assert len(tags_of(page, "h1")) == 1


def test_looking_at_it_sets_no_cookie_and_writes_nothing(app: Flask) -> None:
    answer = app.test_client().get("/")

    assert "Set-Cookie" not in answer.headers
    assert set(row_counts(app).values()) == {0}


def test_it_takes_no_post(app: Flask) -> None:
    assert app.test_client().post("/").status_code == 405

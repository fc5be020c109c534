"""POST /rooms."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.helpers import row_counts, tags_of

TODAY = datetime.now(UTC).date()


def create(app: Flask, **fields: str) -> TestResponse:
    return app.test_client().post("/rooms", data={"title": "Party"} | fields)


def test_a_new_room_leads_to_its_links(app: Flask) -> None:
    client = app.test_client()

    answer = client.post("/rooms", data={"title": "Party"})

    assert answer.status_code == 303
    assert re.fullmatch(
        r"/rooms/[a-z2-9]{5}-[a-z2-9]{4}-[a-z2-9]{5}/host/[\w-]+\?entered=1", answer.location
    )
    assert row_counts(app) | {"room": 1, "guest": 1} == row_counts(app)
    room = answer.location.partition("/host/")[0]
    assert client.get(answer.location).location == f"{room}/share"


def test_a_browser_that_keeps_no_cookie_is_shown_the_host_link(app: Flask) -> None:
    forgetful = app.test_client(use_cookies=False)
    answer = forgetful.get(forgetful.post("/rooms", data={"title": "Party"}).location)

    (link,) = tags_of(answer.text, "input", id="own-link")
    again = forgetful.get(forgetful.post(link["value"]).location)
    other = app.test_client()
    arrived = other.get(other.post(link["value"]).location, follow_redirects=True)

    assert answer.status_code == 403
    assert "This browser blocks cookies" in answer.text
    assert tags_of(again.text, "input", id="own-link") == [link], "however often it is tried"
    assert "Settings" in arrived.text


def test_whoever_creates_a_room_is_its_host(app: Flask) -> None:
    client = app.test_client()
    answer = client.post("/rooms", data={"title": "Party", "name": "Hanna"})

    page = client.get(answer.location, follow_redirects=True).text

    assert "Host link" in page
    assert "Settings" in page


def test_a_title_of_any_language_is_shown_as_it_is(app: Flask) -> None:
    client = app.test_client()
    answer = client.post("/rooms", data={"title": "  Léa & Tomás 😀 "})

    assert "<h1>Léa &amp; Tomás 😀</h1>" in client.get(answer.location, follow_redirects=True).text


def test_the_end_date_is_shown(app: Flask) -> None:
    client = app.test_client()
    ends_on = TODAY + timedelta(days=3)
    answer = client.post("/rooms", data={"title": "Party", "ends_on": ends_on.isoformat()})

    assert (
        f"ends after {ends_on:%B} {ends_on.day}, {ends_on.year}"
        in client.get(answer.location, follow_redirects=True).text
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": ""}, "Please give the room a title."),
        ({"title": "x" * 121}, "up to 120 characters"),
        ({"password": "x" * 201}, "up to 200 characters"),
        ({"name": "x" * 61}, "up to 60 characters"),
        ({"ends_on": "tomorrow"}, "end date like this"),
        ({"ends_on": (TODAY - timedelta(days=2)).isoformat()}, "in the past"),
    ],
)
def test_what_cannot_be_accepted_is_said_and_makes_no_room(
    app: Flask, fields: dict[str, str], sentence: str
) -> None:
    answer = create(app, **fields)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert row_counts(app)["room"] == 0


def test_a_refused_form_keeps_what_was_typed_but_the_password(app: Flask) -> None:
    answer = create(
        app, title='Léa "&" Tom', ends_on="1999-01-01", name="Hanna", password="open sesame"
    )

    assert tags_of(answer.text, "input", name="title")[0]["value"] == 'Léa "&" Tom'
    assert tags_of(answer.text, "input", name="ends_on")[0]["value"] == "1999-01-01"
    assert tags_of(answer.text, "input", name="name")[0]["value"] == "Hanna"
    assert "open sesame" not in answer.text


def test_one_address_cannot_make_rooms_without_end(app: Flask) -> None:
    answers = [create(app, title="") for _room in range(25)]

    assert [answer.status_code for answer in answers] == [422] * 20 + [429] * 5


def test_too_many_rooms_are_refused_in_the_form_which_keeps_what_was_typed(app: Flask) -> None:
    for _room in range(20):
        create(app, title="")

    answer = create(app, title="Léa's party")

    assert tags_of(answer.text, "input", name="title")[0]["value"] == "Léa's party"
    assert tags_of(answer.text, "p", role="alert")
    assert "Too many attempts." in answer.text
    assert int(answer.headers["Retry-After"]) > 0


def test_looking_at_the_form_makes_no_room(app: Flask) -> None:
    page = app.test_client().get("/rooms").text

    assert tags_of(page, "form", action="/rooms")
    assert row_counts(app)["room"] == 0


def test_password_and_end_date_are_open_where_one_of_them_is_refused(app: Flask) -> None:
    refused, other = create(app, ends_on="1999-01-01"), create(app, title="")

    assert "open" in tags_of(refused.text, "details")[0].attributes
    assert "open" not in tags_of(other.text, "details")[0].attributes

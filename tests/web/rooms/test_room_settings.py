"""POST /rooms/<code>/settings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from photoshare.db import db
from photoshare.models import Room
from tests.conftest import COOKIE, Cast
from tests.helpers import HX, give_photos, insert_photos, tags_of

TODAY = datetime.now(UTC).date()
TOMORROW, PAST = str(TODAY + timedelta(days=1)), str(TODAY - timedelta(days=2))


def change(client: FlaskClient, cast: Cast, **fields: str) -> TestResponse:
    return client.post(f"{cast.url}/settings", data=fields)


def test_the_host_changes_title_and_end(cast: Cast) -> None:
    answer = change(cast.host, cast, title="Wedding", ends_on=TOMORROW)

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/settings")
    page = cast.host.get(answer.location).text
    assert "Room settings saved." in page
    assert "<h1>Wedding</h1>" in page
    assert tags_of(page, "input", name="ends_on")[0]["value"] == TOMORROW


def test_the_end_can_be_taken_away_again(cast: Cast) -> None:
    change(cast.host, cast, title="Party", ends_on=TOMORROW)

    change(cast.host, cast, title="Party", ends_on="")

    assert "ends after" not in cast.host.get(f"{cast.url}/share").text
    page = cast.host.get(f"{cast.url}/settings").text
    assert tags_of(page, "input", name="ends_on")[0]["value"] == ""


def test_an_end_that_has_passed_may_stay_as_it_is(app: Flask, cast: Cast) -> None:
    with app.app_context():
        db.session.execute(update(Room).values(ends_on=date.fromisoformat(PAST)))
        db.session.commit()

    assert change(cast.host, cast, title="Wedding", ends_on=PAST).status_code == 303
    assert "This room ended on" in cast.guest.get(cast.url).text


def test_a_new_password_is_asked_of_everyone_but_hosts(cast: Cast) -> None:
    change(cast.host, cast, title="Party", password="open sesame")

    join = f"{cast.url}/join"
    asked = cast.guest.get(f"{cast.url}/photos")
    page = cast.guest.get(asked.location).text
    assert asked.status_code == 303
    assert "Welcome back, Gustav" in page
    asked_for = {tag["name"] for tag in tags_of(page, "input") if "name" in tag.attributes}
    assert asked_for == {"password", "next"}
    assert "Party" not in page
    assert cast.guest.post(join, data={"password": "x"}).status_code == 422
    assert cast.stranger.post(join, data={"password": "x"}).status_code == 422
    assert cast.stranger.post(join, data={"password": "open sesame"}).status_code == 303
    assert cast.host.get(f"{cast.url}/photos").status_code == 200


def test_who_gives_the_new_password_is_who_they_were(app: Flask, cast: Cast) -> None:
    photos = insert_photos(app, cast.room_id, 2)
    give_photos(app, cast.guest, photos)
    change(cast.host, cast, title="Party", password="open sesame")

    answer = cast.guest.post(
        f"{cast.url}/join", data={"password": "open sesame", "next": "me"}, follow_redirects=True
    )

    assert "<h1>Gustav</h1>" in answer.text
    assert "2 photos" in answer.text
    assert "2 guests" in cast.host.get(f"{cast.url}/guests").text


def test_a_copied_cookie_does_not_come_back_with_the_guest(app: Flask, cast: Cast) -> None:
    cookie = cast.guest.get_cookie(COOKIE)
    assert cookie is not None
    change(cast.host, cast, title="Party", password="open sesame")
    cast.guest.post(f"{cast.url}/join", data={"password": "open sesame"})

    copy = app.test_client()
    copy.set_cookie(COOKIE, cookie.value)

    assert copy.get(f"{cast.url}/me").status_code == 303  # to the invitation
    assert cast.guest.get(f"{cast.url}/me").status_code == 200


def test_an_open_page_says_what_is_asked_for(cast: Cast) -> None:
    change(cast.host, cast, title="Party", password="open sesame")

    upload = cast.guest.post(f"{cast.url}/photos", headers=HX)
    poll = cast.guest.get(f"{cast.url}/jobs/current", headers=HX)

    for answer in (upload, poll):
        assert answer.status_code == 404
        assert "This room has a new password. Please reload the page and enter it." in answer.text
    assert tags_of(poll.text, "section", id="job-status")


def test_without_a_password_nobody_is_asked(cast: Cast) -> None:
    change(cast.host, cast, title="Party", password="open sesame")

    change(cast.host, cast, title="Party", remove_password="1")

    assert cast.guest.get(f"{cast.url}/photos").status_code == 200


def test_an_empty_password_field_keeps_the_password(cast: Cast) -> None:
    change(cast.host, cast, title="Party", password="open sesame")

    change(cast.host, cast, title="Party", password="")

    assert cast.stranger.post(f"{cast.url}/join").status_code == 422


def test_the_password_can_be_taken_away(cast: Cast) -> None:
    box = {"name": "remove_password"}
    assert not tags_of(cast.host.get(f"{cast.url}/settings").text, "input", **box)
    change(cast.host, cast, title="Party", password="open sesame")
    assert tags_of(cast.host.get(f"{cast.url}/settings").text, "input", **box)

    change(cast.host, cast, title="Party", remove_password="1")

    assert cast.stranger.post(f"{cast.url}/join").status_code == 303


def test_places_and_serial_numbers_stay_in_downloads_only_where_the_host_says_so(
    cast: Cast,
) -> None:
    def is_kept() -> bool:
        (box,) = tags_of(cast.host.get(f"{cast.url}/settings").text, "input", name="keep_metadata")
        return "checked" in box.attributes

    assert not is_kept()
    change(cast.host, cast, title="Party", keep_metadata="1")
    assert is_kept()
    change(cast.host, cast, title="Party")
    assert not is_kept()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": "", "ends_on": TOMORROW}, "Please give the room a title."),
        ({"title": "x" * 121, "ends_on": TOMORROW}, "up to 120 characters"),
        ({"title": "Wedding", "ends_on": "soon"}, "end date like this"),
        ({"title": "Wedding", "ends_on": PAST}, "The end date is in the past."),
        ({"title": "Wedding", "ends_on": "", "password": "x" * 201}, "up to 200 characters"),
        ({"title": "Wedding", "ends_on": "", "password": "x", "remove_password": "1"}, "not both"),
    ],
)
def test_what_cannot_be_accepted_is_said_and_changes_nothing(
    cast: Cast, fields: dict[str, str], sentence: str
) -> None:
    answer = change(cast.host, cast, **fields)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert tags_of(answer.text, "input", name="title")[0]["value"] == fields["title"]
    assert tags_of(answer.text, "input", name="ends_on")[0]["value"] == fields["ends_on"]
    assert "<h1>Party</h1>" in cast.host.get(f"{cast.url}/share").text


def test_a_guest_is_told_that_only_the_host_can(cast: Cast) -> None:
    answer = change(cast.guest, cast, title="Mine")

    assert answer.status_code == 403
    assert "Only the room&#39;s host can do this." in answer.text
    assert "<h1>Party</h1>" in cast.guest.get(f"{cast.url}/share").text


def test_a_stranger_finds_nothing(cast: Cast) -> None:
    assert change(cast.stranger, cast, title="Mine").status_code == 404


def test_the_settings_are_for_the_host(cast: Cast) -> None:
    assert cast.host.get(f"{cast.url}/settings").status_code == 200
    assert cast.guest.get(f"{cast.url}/settings").status_code == 403
    assert cast.stranger.get(f"{cast.url}/settings").status_code == 404

"""GET and POST /rooms/<code>/visibility."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from photoshare.db import db
from photoshare.models import Room
from tests.conftest import Cast
from tests.helpers import tags_of
from tests.web.conftest import Party

FORM = {"audience": "everybody", "faces_for": "everybody", "revealed_at": "", "adds_until": ""}
NO_FACES = FORM | {"faces_for": "nobody", "covers_faces": "1"}


def change(cast: Cast, **fields: str) -> TestResponse:
    return cast.host.post(f"{cast.url}/visibility", data=FORM | fields)


def chosen(page: str) -> dict[str, str]:
    """Return what the radio buttons of a page say, by name."""
    radios = tags_of(page, "input", type="radio")
    return {tag["name"]: tag["value"] for tag in radios if "checked" in tag.attributes}


def room_of(app: Flask, cast: Cast) -> Room:
    with app.app_context():
        return db.session.get_one(Room, cast.room_id)


def test_a_host_chooses_and_reads_it_again(cast: Cast) -> None:
    answer = change(cast, audience="self", faces_for="self", covers_faces="1")

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/visibility")
    page = cast.host.get(answer.location).text
    assert "Saved. It counts from now on." in page
    assert chosen(page) == {"audience": "self", "faces_for": "self"}
    assert "checked" in tags_of(page, "input", name="covers_faces")[0].attributes


def test_the_settings_lead_there_and_the_log_names_it(cast: Cast) -> None:
    change(cast, audience="host", adds_until="2099-01-02")

    settings = cast.host.get(f"{cast.url}/settings").text
    log = cast.host.get(f"{cast.url}/activity").text
    assert tags_of(settings, "a", href=f"{cast.url}/visibility")
    assert "changed the settings: Who sees the photos · Until when photos can be added" in log


@pytest.mark.parametrize(
    ("behind_utc", "hour"),
    [("", 20), ("-60", 19), ("300", 25)],
    ids=["without a script", "Berlin", "New York"],
)
def test_a_time_is_that_of_the_browser_and_else_utc(
    app: Flask, cast: Cast, behind_utc: str, hour: int
) -> None:
    fields = {"revealed_at": "2026-12-05T20:00", "revealed_at_behind_utc": behind_utc}

    assert change(cast, audience="later", **fields).status_code == 303

    moment = datetime(2026, 12, 5 + hour // 24, hour % 24, tzinfo=UTC)
    assert room_of(app, cast).revealed_at == moment
    (field,) = tags_of(cast.host.get(f"{cast.url}/visibility").text, "input", name="revealed_at")
    assert field["value"] == f"{moment:%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("fields", "name", "sentence"),
    [
        ({"audience": "no one"}, "audience", "Please choose who sees the photos."),
        (
            {"audience": "later"},
            "revealed_at",
            "Please choose the day and time from which everybody sees all photos.",
        ),
        (
            {"revealed_at": "9999-12-31T23:59", "revealed_at_behind_utc": "720"},
            "revealed_at",
            "Please enter the day and time like this: 2026-12-31 20:00.",
        ),
        (
            {"revealed_at": "2026-12-05T20:00", "revealed_at_behind_utc": "1" * 900},
            "revealed_at",
            "Please enter the day and time like this: 2026-12-31 20:00.",
        ),
        ({"faces_for": "x"}, "faces_for", "Please choose for whom faces are searched."),
        ({"adds_until": "soon"}, "adds_until", "Please enter the day like this: 2026-12-31."),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    cast: Cast, fields: dict[str, str], name: str, sentence: str
) -> None:
    answer = change(cast, covers_faces="1", **fields)

    assert answer.status_code == 422
    assert sentence in answer.text
    (marked,) = [tag for tag in tags_of(answer.text, "input") if "aria-invalid" in tag.attributes]
    assert marked["name"] == name
    assert "checked" in tags_of(answer.text, "input", name="covers_faces")[0].attributes


def test_a_form_that_is_shown_again_has_its_time_in_utc_as_ever(cast: Cast) -> None:
    fields = {"revealed_at": "2026-12-05T20:00", "revealed_at_behind_utc": "-60"}

    page = change(cast, audience="later", adds_until="soon", **fields).text

    assert tags_of(page, "input", name="revealed_at")[0]["value"] == "2026-12-05T19:00"
    assert tags_of(page, "input", name="revealed_at_behind_utc")[0].attributes.get("value") is None
    assert chosen(page)["audience"] == "later"


def test_faces_are_switched_off_only_after_one_more_question(
    app: Flask, cast: Cast, party: Party
) -> None:
    page = cast.host.post(f"{cast.url}/visibility", data=NO_FACES).text
    before = room_of(app, cast)

    assert "Switch faces off?" in page
    assert "2 people with their albums, names and all that was corrected" in page
    assert (before.faces_for, before.covers_faces) == ("everybody", False)
    fields = {tag["name"]: tag["value"] for tag in tags_of(page, "input", type="hidden")}
    assert cast.host.post(f"{cast.url}/visibility", data=fields).status_code == 303
    after = room_of(app, cast)
    assert (after.faces_for, after.covers_faces) == ("nobody", True)


def test_where_no_face_was_found_nothing_is_asked(app: Flask, cast: Cast) -> None:
    assert cast.host.post(f"{cast.url}/visibility", data=NO_FACES).status_code == 303
    assert room_of(app, cast).faces_for == "nobody"

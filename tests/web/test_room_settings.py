"""POST /rooms/<code>/settings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import Cast
from tests.helpers import tags_of

TODAY = datetime.now(UTC).date()
TOMORROW, YESTERDAY = str(TODAY + timedelta(days=1)), str(TODAY - timedelta(days=1))


def change(client, cast: Cast, **fields: str):
    return client.post(f"{cast.url}/settings", data=fields)


def test_the_host_changes_title_and_end(cast: Cast) -> None:
    answer = change(cast.host, cast, title="Wedding", ends_on=TOMORROW)

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/share")
    page = cast.host.get(answer.location).text
    assert "The room was changed." in page
    assert "<h1>Wedding</h1>" in page
    assert tags_of(page, "input", name="ends_on")[0]["value"] == TOMORROW


def test_the_end_can_be_taken_away_again(cast: Cast) -> None:
    change(cast.host, cast, title="Party", ends_on=TOMORROW)

    change(cast.host, cast, title="Party", ends_on="")

    page = cast.host.get(f"{cast.url}/share").text
    assert "ends after" not in page
    assert tags_of(page, "input", name="ends_on")[0]["value"] == ""


def test_a_host_ends_the_room_for_its_guests_at_once(cast: Cast) -> None:
    change(cast.host, cast, title="Party", ends_on=YESTERDAY)

    assert cast.guest.get(cast.url).status_code == 404
    assert cast.host.get(cast.url).status_code == 200


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": "", "ends_on": TOMORROW}, "Please give the room a title."),
        ({"title": "x" * 121, "ends_on": TOMORROW}, "120 characters at most"),
        ({"title": "Wedding", "ends_on": "soon"}, "has to look like"),
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
    assert "Only the host of the room can do this." in answer.text
    assert "<h1>Party</h1>" in cast.guest.get(f"{cast.url}/share").text


def test_a_stranger_finds_nothing(cast: Cast) -> None:
    assert change(cast.stranger, cast, title="Mine").status_code == 404


def test_the_address_takes_only_post(cast: Cast) -> None:
    assert cast.host.get(f"{cast.url}/settings").status_code == 405

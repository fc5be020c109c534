"""GET /rooms/<code>/people/hidden."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import counted_queries, insert_person, insert_photos, let_guests_correct, tags_of
from tests.web.conftest import Doubt

PATH = "/people/hidden"


def cards(page: str) -> list[str]:
    return [tag["href"] for tag in tags_of(page, "a", **{"class": "person"})]


def test_nobody_is_hidden_at_first(cast: Cast, doubt: Doubt) -> None:
    page = cast.host.get(cast.url + PATH).text

    assert "No one is hidden." in page
    assert "0 people" in page
    assert cards(page) == []


def test_it_shows_whom_the_host_has_hidden(cast: Cast, doubt: Doubt) -> None:
    cast.host.post(f"{cast.url}/people/{doubt.twin}/hide")

    page = cast.host.get(cast.url + PATH).text

    assert cards(page) == [f"{cast.url}/people/{doubt.twin}"]
    assert "1 person" in page
    assert cards(cast.host.get(f"{cast.url}/people").text) == [f"{cast.url}/people/{doubt.lea}"]


def test_the_people_page_leads_the_host_there(cast: Cast, doubt: Doubt) -> None:
    url = cast.url + PATH

    assert tags_of(cast.host.get(f"{cast.url}/people").text, "a", href=url)
    assert not tags_of(cast.guest.get(f"{cast.url}/people").text, "a", href=url)


def test_people_of_another_room_are_not_shown(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    other = make_room("Other")
    person_id = insert_person(app, other.room.id, insert_photos(app, other.room.id, 1))
    host = app.test_client()
    url = f"/rooms/{other.room.code}"
    host.post(f"{url}/host/{other.host_secret}")
    assert host.post(f"{url}/people/{person_id}/hide").status_code == 303

    assert cards(cast.host.get(cast.url + PATH).text) == []
    assert cards(host.get(url + PATH).text) == [f"{url}/people/{person_id}"]


def test_a_guest_is_told_that_only_the_host_can(app: Flask, cast: Cast, doubt: Doubt) -> None:
    let_guests_correct(app, cast.room_id)

    assert cast.guest.get(cast.url + PATH).status_code == 403


def test_a_stranger_finds_nothing(cast: Cast, doubt: Doubt) -> None:
    assert cast.stranger.get(cast.url + PATH).status_code == 404


def test_the_address_takes_only_get(cast: Cast) -> None:
    assert cast.host.post(cast.url + PATH).status_code == 405


def test_the_number_of_queries_does_not_grow_with_the_people(app: Flask, cast: Cast) -> None:
    ids = [
        insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 1, seed=f"{number}"))
        for number in range(8)
    ]
    cast.host.post(f"{cast.url}/people/{ids[0]}/hide")
    cast.host.get(cast.url)  # takes the message
    with counted_queries(app) as before:
        cast.host.get(cast.url + PATH)
    for person_id in ids[1:]:
        cast.host.post(f"{cast.url}/people/{person_id}/hide")

    with counted_queries(app) as after:
        assert len(cards(cast.host.get(cast.url + PATH).text)) == 8

    assert len(before) == len(after) > 0

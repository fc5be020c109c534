"""GET /rooms/<code>: the home of a room, for who comes back to it."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from photoshare.db import db
from photoshare.models import Face, Guest
from tests.conftest import Cast
from tests.helpers import HX, Tag, face_at, insert_face, insert_person, insert_photos, tags_of
from tests.web.conftest import Party

NEWEST = 24


def home(client: FlaskClient, cast: Cast) -> str:
    answer = client.get(cast.url)
    assert answer.status_code == 200
    return answer.text


def strip_of(page: str) -> list[Tag]:
    return [tag for tag in tags_of(page, "a") if "data-person" in tag.attributes]


def test_an_empty_room_says_what_to_do_and_shows_nothing_else(cast: Cast) -> None:
    page = home(cast.guest, cast)

    assert "This room is waiting for its first photo" in page
    assert "is-first" in tags_of(page, "section", id="upload")[0]["class"]
    assert not tags_of(page, "header", **{"class": "room-head"})
    assert "Find yourself" not in page


def test_the_head_says_what_the_room_is_about(app: Flask, cast: Cast) -> None:
    day = datetime(2026, 7, 4, 15)
    insert_photos(app, cast.room_id, 3, captured_at=day)
    insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 1, seed="b", captured_at=day))

    page = home(cast.guest, cast)

    words = re.sub(r"\s+", " ", page)
    assert "July 4, 2026 · 4 photos · 1 person" in words
    assert "is-first" not in tags_of(page, "section", id="upload")[0]["class"]


def test_twelve_people_stand_in_the_strip_and_the_number_of_all_beside_it(
    app: Flask, cast: Cast
) -> None:
    photos = insert_photos(app, cast.room_id, 15)
    for number, photo in enumerate(photos):
        insert_person(app, cast.room_id, [photo], encoding=face_at(number / 10))

    page = home(cast.guest, cast)

    assert len(strip_of(page)) == 12
    assert "All 15" in page


def test_the_newest_photos_are_shown_and_the_others_counted(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, NEWEST + 5)

    page = home(cast.guest, cast)

    tiles = [tag["id"] for tag in tags_of(page, "a", **{"class": "tile"})]
    assert tiles == [f"tile-{photo_id}" for photo_id in ids[::-1][:NEWEST]]
    assert f"All {NEWEST + 5} photos" in page


def test_who_has_not_chosen_themselves_is_asked_to(party: Party, cast: Cast) -> None:
    page = home(cast.guest, cast)

    (link,) = tags_of(page, "a", id="find-yourself")
    assert link["href"] == f"{cast.url}/me"
    assert "Your photos" not in page


def test_own_photos_come_first_with_their_zip_and_the_number_of_new_ones(
    app: Flask, party: Party, cast: Cast
) -> None:
    cast.guest.post(f"{cast.url}/me/person", data={"person": party.red})
    page = home(cast.guest, cast)
    assert "Your photos" in page
    assert tags_of(page, "a", href=f"{cast.url}/people/{party.red}/album.zip")
    assert not re.search(r"\d+ new", page)  # never opened: nothing to compare with

    cast.guest.get(f"{cast.url}/people/{party.red}")
    assert not re.search(r"\d+ new", home(cast.guest, cast))
    insert_more(app, cast, party.red, 2)

    assert "2 new" in home(cast.guest, cast)
    assert "<title>(2) Party</title>" in home(cast.guest, cast)
    assert "<title>(2) Party</title>" in cast.guest.get(cast.url, headers=HX).text
    assert "<title>Party</title>" in home(cast.host, cast)
    assert not re.search(r"\d+ new", home(cast.host, cast))  # the host has not chosen
    cast.guest.get(f"{cast.url}/people/{party.red}")
    assert not re.search(r"\d+ new", home(cast.guest, cast))


def insert_more(app: Flask, cast: Cast, person_id: int, number: int) -> None:
    for photo in insert_photos(app, cast.room_id, number, seed="more"):
        insert_face(app, cast.room_id, photo, person_id=person_id)


def test_an_own_album_that_a_correction_changed_says_so_once(
    app: Flask, party: Party, cast: Cast
) -> None:
    album = f"{cast.url}/people/{party.red}"
    cast.guest.post(f"{cast.url}/me/person", data={"person": party.red})
    cast.guest.get(album)
    before = home(cast.guest, cast)
    with app.app_context():
        face_id = db.session.scalars(
            select(Face.id).where(Face.photo_id == party.photos["b.jpg"])
        ).one()

    cast.host.post(f"{cast.url}/faces/move", data={"faces": face_id, "into": party.blue})

    assert ">changed<" not in before
    assert ">changed<" in home(cast.guest, cast)
    assert "taken out of your album" not in cast.host.get(album).text
    assert "taken out of your album" in cast.guest.get(album).text
    assert "taken out of your album" not in cast.guest.get(album).text
    assert ">changed<" not in home(cast.guest, cast)


def test_the_album_of_another_person_is_not_remembered(
    app: Flask, party: Party, cast: Cast
) -> None:
    cast.guest.post(f"{cast.url}/me/person", data={"person": party.red})

    cast.guest.get(f"{cast.url}/people/{party.blue}")

    with app.app_context():
        assert set(db.session.scalars(select(Guest.own_seen_count))) == {None}


def test_htmx_gets_the_home_without_the_page_and_the_upload_around_it(
    party: Party, cast: Cast
) -> None:
    answer = cast.guest.get(cast.url, headers=HX)

    assert "<html" not in answer.text
    assert not tags_of(answer.text, "section", id="upload")
    assert len(strip_of(answer.text)) == 2


@pytest.mark.parametrize("words", ["a second", "Search again"])
def test_what_only_the_host_needs_is_not_on_the_home(party: Party, cast: Cast, words: str) -> None:
    assert words not in home(cast.guest, cast)


def test_the_host_chooses_the_cover_and_a_guest_cannot(party: Party, cast: Cast) -> None:
    chosen = party.photos["e.jpg"]

    refused = cast.guest.post(f"{cast.url}/photos/{chosen}/cover")
    accepted = cast.host.post(f"{cast.url}/photos/{chosen}/cover")

    assert (refused.status_code, accepted.status_code) == (403, 303)
    (cover,) = tags_of(home(cast.guest, cast), "a", **{"class": "room-cover"})
    assert cover["href"] == f"{cast.url}/photos/{chosen}"


def test_the_cover_goes_with_its_photo(party: Party, cast: Cast) -> None:
    chosen = party.photos["e.jpg"]
    cast.host.post(f"{cast.url}/photos/{chosen}/cover")

    cast.host.post(f"{cast.url}/photos/{chosen}/delete")

    (cover,) = tags_of(home(cast.guest, cast), "a", **{"class": "room-cover"})
    assert cover["href"] != f"{cast.url}/photos/{chosen}"

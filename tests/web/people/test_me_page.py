"""GET /rooms/<code>/me, POST /rooms/<code>/me/name and /rooms/<code>/leave."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from photoshare.db import db
from photoshare.models import Guest, Photo
from photoshare.services.photos.listing import PAGE_SIZE
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import counted_queries, insert_person, insert_photos, row_counts, tags_of

ME, NAME, LEAVE = "/me", "/me/name", "/leave"


@pytest.fixture
def gustav(app: Flask, cast: Cast) -> int:
    """Id of the cast's guest."""
    with app.app_context():
        return db.session.scalars(select(Guest.id).where(Guest.name == "Gustav")).one()


def test_it_says_who_this_browser_is(cast: Cast) -> None:
    guest, host = (client.get(cast.url + ME).text for client in (cast.guest, cast.host))

    assert "<h1>Gustav</h1>" in guest
    assert "Guest in this room" in guest
    assert "<h1>Hanna</h1>" in host
    assert "Host of this room" in host


def test_it_shows_this_guests_uploads_only(
    cast: Cast, gustav: int, add_photo: Callable[..., int]
) -> None:
    mine = add_photo(cast.room_id, draw_photo(RED), "mine.jpg", guest_id=gustav)
    add_photo(cast.room_id, draw_photo(RED, seed=1), "other.jpg")

    tiles = tags_of(cast.guest.get(cast.url + ME).text, "a", **{"class": "tile"})

    assert [tag["href"] for tag in tiles] == [f"{cast.url}/photos/{mine}?guest={gustav}"]


def slideshows(page: str) -> list[str]:
    return [tag["href"] for tag in tags_of(page, "a") if tag["href"].endswith("#slideshow")]


def test_it_plays_the_own_album_or_else_the_uploads(app: Flask, cast: Cast, gustav: int) -> None:
    photos = insert_photos(app, cast.room_id, 3, guest_id=gustav)
    uploads = slideshows(cast.guest.get(cast.url + ME).text)
    own = insert_person(app, cast.room_id, photos[1:])
    cast.guest.post(f"{cast.url}/me/person", data={"person": own})

    played = slideshows(cast.guest.get(cast.url + ME).text)

    assert uploads == [f"{cast.url}/photos/{photos[-1]}?guest={gustav}#slideshow"]
    assert played == [f"{cast.url}/photos/{photos[1]}?person={own}#slideshow"]


def test_an_own_album_of_one_photo_is_not_played(app: Flask, cast: Cast) -> None:
    own = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 1))
    cast.guest.post(f"{cast.url}/me/person", data={"person": own})

    assert slideshows(cast.guest.get(cast.url + ME).text) == []


def test_who_has_added_nothing_is_told_what_to_do(cast: Cast) -> None:
    page = cast.guest.get(cast.url + ME).text

    assert "You haven't added any photos yet." in page
    assert tags_of(page, "a", href=f"{cast.url}#upload")


def test_many_uploads_come_in_pages(app: Flask, cast: Cast, gustav: int) -> None:
    insert_photos(app, cast.room_id, PAGE_SIZE + 1, guest_id=gustav)

    first = cast.guest.get(cast.url + ME).text
    (older,) = (
        tag["href"]
        for tag in tags_of(first, "a")
        if tag["href"].startswith(f"{cast.url}{ME}?after=")
    )
    second = cast.guest.get(older).text

    assert len(tags_of(first, "a", **{"class": "tile"})) == PAGE_SIZE
    assert len(tags_of(second, "a", **{"class": "tile"})) == 1
    assert any(tag["href"].startswith(f"{cast.url}{ME}?before=") for tag in tags_of(second, "a"))


def test_a_new_name_stands_beside_the_photos(
    cast: Cast, gustav: int, add_photo: Callable[..., int]
) -> None:
    photo_id = add_photo(cast.room_id, draw_photo(RED), guest_id=gustav)

    answer = cast.guest.post(cast.url + NAME, data={"name": "  Gusti \n B. "})

    assert (answer.status_code, answer.location) == (303, cast.url + ME)
    assert "Your name is saved." in cast.guest.get(cast.url + ME).text
    assert "by Gusti B." in cast.guest.get(f"{cast.url}/photos/{photo_id}").text


def test_a_long_name_is_refused_and_stays_in_the_field(cast: Cast) -> None:
    answer = cast.guest.post(cast.url + NAME, data={"name": "x" * 61})

    assert answer.status_code == 422
    (field,) = tags_of(answer.text, "input", name="name")
    assert field["value"] == "x" * 61
    assert "Names can be up to 60 characters long." in answer.text
    assert "<h1>Gustav</h1>" in cast.guest.get(cast.url + ME).text


def test_who_leaves_is_a_stranger_and_the_photos_stay(
    app: Flask, cast: Cast, gustav: int, add_photo: Callable[..., int]
) -> None:
    photo_id = add_photo(cast.room_id, draw_photo(RED), guest_id=gustav)

    answer = cast.guest.post(cast.url + LEAVE)

    assert (answer.status_code, answer.location) == (303, "/")
    assert "You&#39;ve left “Party” on this device." in cast.guest.get("/").text
    assert cast.guest.get(cast.url + ME).status_code == 303  # to the invitation
    assert cast.host.get(f"{cast.url}/photos/{photo_id}").status_code == 200
    with app.app_context():
        assert db.session.get_one(Photo, photo_id).guest_id == gustav


def test_a_host_who_leaves_forgets_the_host_link(cast: Cast) -> None:
    cast.host.post(cast.url + LEAVE)
    cast.host.post(f"{cast.url}/join")

    page = cast.host.get(f"{cast.url}/share").text
    assert cast.host_secret not in page
    assert "Room settings" not in page


def test_other_rooms_stay(cast: Cast, make_room: Callable[..., NewRoom]) -> None:
    other = make_room("Other").room.code
    cast.guest.post(f"/rooms/{other}/join")

    cast.guest.post(cast.url + LEAVE)

    assert cast.guest.get(f"/rooms/{other}/me").status_code == 200


@pytest.mark.parametrize("path", [NAME, LEAVE])
def test_a_form_takes_only_post_and_only_its_own(app: Flask, cast: Cast, path: str) -> None:
    before = row_counts(app)

    assert cast.guest.get(cast.url + path).status_code == 405
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert cast.guest.post(cast.url + path, headers=foreign).status_code == 403
    assert row_counts(app) == before
    assert cast.guest.get(cast.url + ME).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("POST", NAME), ("POST", LEAVE)])
def test_a_stranger_finds_nothing(cast: Cast, method: str, path: str) -> None:
    assert cast.stranger.open(cast.url + path, method=method).status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_photos(
    app: Flask, cast: Cast, gustav: int
) -> None:
    insert_photos(app, cast.room_id, 1, guest_id=gustav)
    with counted_queries(app) as before:
        cast.guest.get(cast.url + ME)
    insert_photos(app, cast.room_id, 50, seed="more", guest_id=gustav)

    with counted_queries(app) as after:
        cast.guest.get(cast.url + ME)

    assert len(before) == len(after) > 0

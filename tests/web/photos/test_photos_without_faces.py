"""GET /rooms/<code>/photos?without_faces=1, and the address it once had."""

from __future__ import annotations

from flask import Flask

from tests.conftest import Cast
from tests.helpers import insert_photos, tags_of
from tests.web.conftest import Party

TILE = {"class": "tile"}


def test_it_shows_the_photos_in_which_no_face_was_found(cast: Cast, party: Party) -> None:
    page = cast.guest.get(f"{cast.url}/photos?without_faces=1").text

    (tile,) = tags_of(page, "a", **TILE)
    assert tile["href"] == f"{cast.url}/photos/{party.photos['e.jpg']}?without_faces=1"
    assert tags_of(page, "input", name="without_faces", checked="")


def test_photos_that_were_not_searched_yet_are_not_among_them(app: Flask, cast: Cast) -> None:
    for state in ("waiting", "analysing", "failed"):
        insert_photos(app, cast.room_id, 1, seed=state, state=state)

    page = cast.guest.get(f"{cast.url}/photos?without_faces=1").text

    assert tags_of(page, "a", **TILE) == []
    assert "No photos here." in page


def test_the_address_it_once_had_shows_them(cast: Cast, party: Party) -> None:
    page = cast.guest.get(f"{cast.url}/photos/without-faces").text

    (tile,) = tags_of(page, "a", **TILE)
    assert tile["href"] == f"{cast.url}/photos/{party.photos['e.jpg']}?without_faces=1"


def test_a_stranger_finds_nothing(cast: Cast, party: Party) -> None:
    for path in ("/photos?without_faces=1", "/photos/without-faces"):
        assert cast.stranger.get(cast.url + path).status_code == 303

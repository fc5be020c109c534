"""GET /rooms/<code>/photos/without-faces."""

from __future__ import annotations

from flask import Flask

from photoshare.services.photos.listing import PAGE_SIZE
from tests.conftest import Cast
from tests.helpers import HX, insert_photos, place_at, tags_of
from tests.web.conftest import Party

TILE = {"class": "tile"}


def test_it_shows_the_photos_in_which_no_face_was_found(cast: Cast, party: Party) -> None:
    page = cast.guest.get(f"{cast.url}/photos/without-faces").text

    (tile,) = tags_of(page, "a", **TILE)
    assert tile["href"] == f"{cast.url}/photos/{party.photos['e.jpg']}?without_faces=1"
    assert "<h1>Photos without faces</h1>" in page


def test_photos_that_were_not_searched_yet_are_not_among_them(app: Flask, cast: Cast) -> None:
    for state in ("waiting", "analysing", "failed"):
        insert_photos(app, cast.room_id, 1, seed=state, state=state)

    page = cast.guest.get(f"{cast.url}/photos/without-faces").text

    assert tags_of(page, "a", **TILE) == []
    assert "No photos here." in page


def test_a_long_album_has_pages(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, PAGE_SIZE + 1)
    url = f"{cast.url}/photos/without-faces"

    assert tags_of(cast.guest.get(url).text, "a", href=f"{url}?after={place_at(app, ids[-2])}")
    second = cast.guest.get(f"{url}?after={place_at(app, ids[-2])}", headers=HX).text
    assert "<html" not in second
    assert len(tags_of(second, "a", **TILE)) == 1


def test_a_stranger_finds_nothing(cast: Cast, party: Party) -> None:
    assert cast.stranger.get(f"{cast.url}/photos/without-faces").status_code == 303

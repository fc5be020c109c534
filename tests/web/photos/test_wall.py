"""GET /rooms/<code>/wall and /rooms/<code>/wall/photos."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask import Flask

from photoshare.services.photos.wall import WALL_PHOTOS
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import counted_queries, insert_photos, tags_of
from tests.web.conftest import Party

WALL, FEED = "/wall", "/wall/photos"


def picture_of(page: str) -> str:
    (picture,) = tags_of(page, "img", **{"class": "wall-picture"})
    return picture["src"]


def test_it_shows_the_newest_photo_and_the_code_to_scan(cast: Cast, party: Party) -> None:
    page = cast.guest.get(cast.url + WALL).text

    newest = party.photos["e.jpg"]
    assert picture_of(page) == f"{cast.url}/photos/{newest}/{party.digests['e.jpg']}-2000.jpg"
    (code,) = tags_of(page, "img", alt="QR code of the guest link")
    assert code["src"].startswith("data:image/svg+xml")
    (wall,) = tags_of(page, "main")
    assert wall["data-feed"] == cast.url + FEED
    assert wall["class"] == "wall"


def test_without_a_script_one_photo_leads_to_the_one_before(cast: Cast, party: Party) -> None:
    page = cast.guest.get(cast.url + WALL).text
    seen = []
    for _ in range(6):
        seen.append(picture_of(page))
        refresh = tags_of(page, "meta", **{"http-equiv": "refresh"})[0]["content"]
        page = cast.guest.get(refresh.partition("url=")[2]).text

    assert len(set(seen)) == 5
    assert seen[5] == seen[0]  # after the oldest the newest again


def test_an_empty_room_shows_its_invitation(cast: Cast) -> None:
    page = cast.guest.get(cast.url + WALL).text

    (wall,) = tags_of(page, "main")
    assert wall["class"] == "wall is-empty"
    assert tags_of(page, "img", **{"class": "wall-picture"}) == []
    assert tags_of(page, "meta", **{"http-equiv": "refresh"}) == []


def test_the_feed_lists_what_came_after_a_photo(
    cast: Cast, party: Party, add_photo: Callable[..., int]
) -> None:
    everything = cast.guest.get(cast.url + FEED).get_json()
    last = everything[-1]["id"]
    new = add_photo(cast.room_id, draw_photo(RED, seed=77))

    assert [photo["id"] for photo in everything] == sorted(party.photos.values())
    assert cast.guest.get(everything[0]["src"], buffered=True).status_code == 200
    assert cast.guest.get(everything[0]["backdrop"], buffered=True).status_code == 200
    (newer,) = cast.guest.get(f"{cast.url}{FEED}?after={last}").get_json()
    assert newer["id"] == new
    assert cast.guest.get(f"{cast.url}{FEED}?after={new}").json == []


def test_the_feed_names_who_took_a_photo_in_in_the_guests_language(
    cast: Cast,
) -> None:
    upload = (io.BytesIO(draw_photo(RED)), "a.jpg")
    cast.guest.post(f"{cast.url}/photos", data={"photos": upload})

    (photo,) = cast.guest.get(cast.url + FEED, headers={"Accept-Language": "de"}).get_json()

    assert photo["by"] == "von Gustav"


def test_who_cannot_see_the_photos_is_told_who_is_in_them(cast: Cast, party: Party) -> None:
    cast.host.post(f"{cast.url}/people/{party.red}/name", data={"name": "Anna"})

    words = [photo["words"] for photo in cast.guest.get(cast.url + FEED).get_json()]

    assert words[0] == "Photo with Anna"
    assert words[-1] == "Photo e.jpg"


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30, ""])
def test_nonsense_lists_everything(cast: Cast, party: Party, after: str) -> None:
    answer = cast.guest.get(f"{cast.url}{FEED}?after={after}")

    assert answer.status_code == 200
    assert len(answer.get_json()) == 5


def test_an_answer_has_an_upper_bound_and_the_newest_photos(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, WALL_PHOTOS + 20)

    listed = [photo["id"] for photo in cast.guest.get(cast.url + FEED).get_json()]

    assert listed == ids[20:]


def test_nothing_of_it_is_kept_by_a_cache(cast: Cast, party: Party) -> None:
    for path in (WALL, FEED):
        assert "no-store" in cast.guest.get(cast.url + path).headers["Cache-Control"]


@pytest.mark.parametrize("path", [WALL, FEED])
def test_a_stranger_finds_nothing(cast: Cast, path: str) -> None:
    assert cast.stranger.get(cast.url + path).status_code == (303 if path == WALL else 404)


@pytest.mark.parametrize("path", [WALL, FEED])
def test_the_addresses_take_only_get(cast: Cast, path: str) -> None:
    assert cast.guest.post(cast.url + path).status_code == 405


def test_the_number_of_queries_does_not_grow_with_the_photos(app: Flask, cast: Cast) -> None:
    insert_photos(app, cast.room_id, 1)
    with counted_queries(app) as before:
        cast.guest.get(cast.url + FEED)
    insert_photos(app, cast.room_id, 50, seed="more")

    with counted_queries(app) as after:
        cast.guest.get(cast.url + FEED)

    assert len(before) == len(after) > 0

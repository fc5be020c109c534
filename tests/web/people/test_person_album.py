"""GET /rooms/<code>/people/<id>."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from photoshare.services.photos.listing import PAGE_SIZE
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import (
    HX,
    counted_queries,
    flat,
    give_photos,
    insert_person,
    insert_photos,
    place_at,
    tags_of,
)
from tests.web.conftest import Party

TILE = {"class": "tile"}


def test_it_shows_the_photos_of_this_person_only(cast: Cast, party: Party) -> None:
    page = cast.guest.get(f"{cast.url}/people/{party.blue}").text

    assert [tag["href"] for tag in tags_of(page, "a", **TILE)] == [
        f"{cast.url}/photos/{party.photos[name]}?person={party.blue}" for name in ("a.jpg", "c.jpg")
    ]
    assert '<p class="hint">2 photos</p>' in flat(page)


def test_it_offers_the_zip(cast: Cast, party: Party) -> None:
    page = cast.guest.get(f"{cast.url}/people/{party.blue}").text

    assert tags_of(page, "a", href=f"{cast.url}/people/{party.blue}/album.zip")


def test_a_named_person_gives_the_album_its_name(cast: Cast, party: Party) -> None:
    cast.host.post(f"{cast.url}/people/{party.red}/name", data={"name": "Lea & Co"})

    page = cast.guest.get(f"{cast.url}/people/{party.red}").text

    assert "Lea &amp; Co</h1>" in page
    assert "<title>Lea &amp; Co · Party</title>" in page


def test_only_the_host_may_name_the_person(cast: Cast, party: Party) -> None:
    url = f"{cast.url}/people/{party.red}"

    assert tags_of(cast.host.get(url).text, "form", id="name-form")
    assert not tags_of(cast.guest.get(url).text, "form", id="name-form")


def test_who_may_correct_nothing_is_offered_nothing(app: Flask, cast: Cast, party: Party) -> None:
    url = f"{cast.url}/people/{party.red}"

    def offers(client: FlaskClient) -> list[str]:
        hrefs = [tag.attributes.get("href", "") for tag in tags_of(client.get(url).text, "a")]
        return [href.removeprefix(url) for href in hrefs if href.endswith(("/faces", "/merge"))]

    assert offers(cast.guest) == []
    assert "Someone without a name</h1>" in cast.guest.get(url).text
    assert offers(cast.host) == ["/faces", "/merge"]
    assert "Who&#39;s this?</h1>" in cast.host.get(url).text.replace("'", "&#39;")

    give_photos(app, cast.guest, [party.photos["b.jpg"]])

    assert offers(cast.guest) == ["/faces"]


def test_the_name_is_what_is_tapped_to_change_it(cast: Cast, party: Party) -> None:
    page = cast.host.get(f"{cast.url}/people/{party.red}").text

    summary = page.partition("<summary>")[2].partition("</summary>")[0]
    assert tags_of(summary, "h1", id="person-title")
    assert "Change the name" in summary
    assert "</form>" in page.partition("</summary>")[2].partition("</details>")[0]


def test_a_long_album_has_pages(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, PAGE_SIZE + 2)
    url = f"{cast.url}/people/{insert_person(app, cast.room_id, ids)}"

    behind = f"{url}?after={place_at(app, ids[-3])}"
    first, second = cast.guest.get(url).text, cast.guest.get(behind, headers=HX).text

    assert len(tags_of(first, "a", **TILE)) == PAGE_SIZE
    assert tags_of(first, "a", href=behind)
    assert "<html" not in second
    assert len(tags_of(second, "a", **TILE)) == 2
    assert "?after" not in second


def test_the_number_of_queries_does_not_grow_with_the_photos(app: Flask, cast: Cast) -> None:
    small = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 2))
    large = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 40, seed="more"))
    cast.guest.get(f"{cast.url}/people/{small}")  # reads the faces of the room, once for all
    with counted_queries(app) as before:
        cast.guest.get(f"{cast.url}/people/{small}")

    with counted_queries(app) as after:
        cast.guest.get(f"{cast.url}/people/{large}")

    assert len(before) == len(after) > 0


@pytest.mark.parametrize("tail", ["999", "x", "0"])
def test_an_unknown_person_is_not_found(cast: Cast, party: Party, tail: str) -> None:
    assert cast.guest.get(f"{cast.url}/people/{tail}").status_code == 404


def test_a_person_of_another_room_is_not_found(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    other_id = make_room("Other").room.id
    person_id = insert_person(app, other_id, insert_photos(app, other_id, 1))

    assert cast.guest.get(f"{cast.url}/people/{person_id}").status_code == 404


def test_a_stranger_finds_nothing(cast: Cast, party: Party) -> None:
    assert cast.stranger.get(f"{cast.url}/people/{party.red}").status_code == 303

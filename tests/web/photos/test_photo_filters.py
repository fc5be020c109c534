"""GET /rooms/<code>/photos: days, moments, order, filters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from photoshare.services.photos import moments
from photoshare.services.photos.listing import PAGE_SIZE
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import (
    HX,
    flat,
    give_photos,
    guest_of,
    insert_person,
    insert_photos,
    place_at,
    tags_of,
)
from tests.web.conftest import Party

NOON = datetime(2026, 7, 4, 12)


def shown(client: FlaskClient, address: str) -> list[int]:
    """Return the ids of the photos on a page, in their order."""
    page = client.get(address).text
    hrefs = [tile["href"] for tile in tags_of(page, "a", **{"class": "tile"})]
    return [int(href.rpartition("/")[2].partition("?")[0]) for href in hrefs]


def take(app: Flask, cast: Cast, *hours: float) -> list[int]:
    """Insert a photo taken so many hours after noon, for each number."""
    return [
        insert_photos(
            app, cast.room_id, 1, seed=f"{hour}", captured_at=NOON + timedelta(hours=hour)
        )[0]
        for hour in hours
    ]


def headings(page: str, level: str) -> list[str]:
    return [part.partition("</")[0] for part in flat(page).split(f"<{level}>")[1:]]


def test_days_have_headings_with_the_number_of_their_photos(app: Flask, cast: Cast) -> None:
    take(app, cast, 0, 1, 26, 50)

    page = cast.guest.get(f"{cast.url}/photos?order=oldest").text

    days = ["Saturday, July 4, 2026", "Sunday, July 5, 2026", "Monday, July 6, 2026"]
    assert headings(page, "h2") == days
    assert flat(page).count('</h2><span class="hint">2 photos') == 1
    assert headings(page, "h3") == []


def test_a_pause_of_hours_begins_another_moment(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments, "LEAST_DIVIDED", 0)
    take(app, cast, 0, 1, 2.5, 4.5, 5)

    page = cast.guest.get(f"{cast.url}/photos?order=oldest").text

    assert len(headings(page, "h2")) == 1
    first, second = headings(page, "h3")
    assert (first[:5], first[-8:-3]) == ("12:00", "\u20092:30")
    assert second.startswith("4:30")


def test_a_guest_finds_the_zip_of_all_photos_there(cast: Cast, party: Party) -> None:
    page = cast.guest.get(f"{cast.url}/photos").text

    (link,) = tags_of(page, "a", href=f"{cast.url}/photos.zip")
    assert cast.guest.get(link["href"]).mimetype == "application/zip"
    filtered = cast.guest.get(f"{cast.url}/photos?with={party.red}").text
    assert not tags_of(filtered, "a", href=f"{cast.url}/photos.zip")


def test_an_empty_room_has_no_zip_to_offer(cast: Cast) -> None:
    page = cast.guest.get(f"{cast.url}/photos").text

    assert not tags_of(page, "a", href=f"{cast.url}/photos.zip")


def test_a_page_within_a_moment_says_so(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, PAGE_SIZE + 2, captured_at=NOON)

    first = cast.guest.get(f"{cast.url}/photos").text
    cursor = place_at(app, ids[2])
    second = cast.guest.get(f"{cast.url}/photos?after={cursor}", headers=HX).text

    assert tags_of(first, "section", **{"class": "moment"})
    assert tags_of(second, "section", **{"class": "moment is-continued is-complete"})
    assert flat(second).count("42 photos") == 1, "the heading that a page of its own needs"


def test_the_photos_in_front_come_alone(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, 5)
    url = f"{cast.url}/photos?before={place_at(app, ids[2])}"

    page = cast.guest.get(url, headers=HX).text

    assert len(tags_of(page, "a", **{"class": "tile"})) == 2
    assert tags_of(page, "a", rel="next") == []
    assert "?after" not in page
    assert len(shown(cast.guest, url)) == 5, "without a script, the first page"


@pytest.mark.parametrize(("order", "sees"), [("oldest", [1, 2]), ("newest", [1, 0])])
def test_a_day_can_be_jumped_to_without_a_script(
    app: Flask, cast: Cast, order: str, sees: list[int]
) -> None:
    ids = take(app, cast, 0, 24, 48)

    page = f"{cast.url}/photos?order={order}&day=2026-07-05"

    assert shown(cast.guest, page) == [ids[number] for number in sees]
    assert tags_of(cast.guest.get(page).text, "option", value="2026-07-05")


def test_the_order_is_kept_from_page_to_page_and_in_photos(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, PAGE_SIZE + 1)

    page = cast.guest.get(f"{cast.url}/photos?order=oldest").text

    tiles = tags_of(page, "a", **{"class": "tile"})
    assert tiles[0]["href"] == f"{cast.url}/photos/{ids[0]}?order=oldest"
    (more,) = tags_of(page, "a", **{"class": "button is-quiet more"})
    assert more["href"] == f"{cast.url}/photos?after={place_at(app, ids[-2])}&order=oldest"
    photo = cast.guest.get(tiles[1]["href"]).text
    assert tags_of(photo, "a", rel="prev")[0]["href"] == tiles[0]["href"]


def test_photos_are_filtered_by_who_added_them(app: Flask, cast: Cast, party: Party) -> None:
    cast.guest.post(f"{cast.url}/me/name", data={"name": "Gustav"})
    mine = [party.photos["a.jpg"], party.photos["e.jpg"]]
    give_photos(app, cast.guest, mine)
    page = cast.host.get(f"{cast.url}/photos").text
    by = {option["value"] for option in tags_of(page, "option")} - {""}

    found = [sorted(shown(cast.host, f"{cast.url}/photos?by={value}")) for value in by]

    assert sorted(mine) in found


def test_filters_hold_together(app: Flask, cast: Cast, party: Party) -> None:
    give_photos(app, cast.guest, [party.photos["a.jpg"]])
    guest_id = guest_of(app, cast.guest, cast.room_id)
    together = f"with={party.blue}&with={party.red}"

    both = shown(cast.host, f"{cast.url}/photos?{together}")

    assert party.photos["a.jpg"] in both
    assert shown(cast.host, f"{cast.url}/photos?{together}&by={guest_id}") == [
        party.photos["a.jpg"]
    ]
    assert shown(cast.host, f"{cast.url}/photos?{together}&without_faces=1") == []


def test_a_filter_can_be_left_out(cast: Cast, party: Party) -> None:
    page = cast.guest.get(f"{cast.url}/photos?with={party.blue}&without_faces=1&order=oldest").text

    addresses = {link["href"] for link in tags_of(page, "a")}

    assert f"{cast.url}/photos?with={party.blue}&order=oldest" in addresses
    assert f"{cast.url}/photos?without_faces=1&order=oldest" in addresses


def test_who_is_hidden_or_of_another_room_is_no_filter(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom], party: Party
) -> None:
    cast.host.post(f"{cast.url}/people/{party.blue}/hide")
    other = make_room("Other").room.id
    stranger = insert_person(app, other, insert_photos(app, other, 1))

    assert cast.guest.get(f"{cast.url}/photos?with={party.blue}").status_code == 404
    assert cast.host.get(f"{cast.url}/photos?with={party.blue}").status_code == 200
    assert cast.host.get(f"{cast.url}/photos?with={stranger}").status_code == 404
    assert cast.host.get(f"{cast.url}/photos?by=999").status_code == 404


def test_an_album_with_a_page_of_its_own_leads_there(cast: Cast, party: Party) -> None:
    answer = cast.guest.get(f"{cast.url}/photos?person={party.blue}")

    assert (answer.status_code, answer.location) == (302, f"{cast.url}/people/{party.blue}")

"""GET /rooms/<code>/people."""

from __future__ import annotations

import pytest
from flask import Flask, template_rendered
from jinja2 import Template

from photoshare.services.paging import PEOPLE_PAGE_SIZE
from tests.conftest import Cast
from tests.helpers import HX, insert_person, insert_photos, tags_of
from tests.web.conftest import Party


def cards(page: str) -> list[str]:
    """List the addresses of the cards, including special albums."""
    found = tags_of(page, "a")
    return [tag["href"] for tag in found if "person" in tag.attributes.get("class", "").split()]


def test_a_room_without_faces_says_so(cast: Cast) -> None:
    answer = cast.guest.get(f"{cast.url}/people")

    assert answer.status_code == 200
    assert "No one yet." in answer.text


def test_who_is_in_the_most_photos_comes_first_and_the_special_albums_last(
    cast: Cast, party: Party
) -> None:
    assert cards(cast.guest.get(f"{cast.url}/people").text) == [
        f"{cast.url}/people/{party.red}",
        f"{cast.url}/people/{party.blue}",
        f"{cast.url}/people/unsorted",
        f"{cast.url}/photos?without_faces=1",
    ]


def test_the_order_follows_the_photos_and_not_the_ids(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, 3)
    rare, frequent = (insert_person(app, cast.room_id, photos) for photos in (ids[:1], ids))

    assert cards(cast.guest.get(f"{cast.url}/people").text) == [
        f"{cast.url}/people/{frequent}",
        f"{cast.url}/people/{rare}",
    ]


def test_every_card_tells_its_count(cast: Cast, party: Party) -> None:
    page = cast.guest.get(f"{cast.url}/people").text

    hints = [part.partition("</span>")[0] for part in page.split('<span class="hint">')[1:]]
    assert hints == ["3 photos", "2 photos", "1 face", "1 photo"]
    assert ">2 people</span>" in page


def test_the_special_albums_are_left_out_where_they_are_empty(app: Flask, cast: Cast) -> None:
    insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 1), "Lea")

    page = cast.guest.get(f"{cast.url}/people").text

    assert "Unsorted faces" not in page
    assert "Photos without faces" not in page
    assert len(cards(page)) == 1


def test_only_the_host_is_asked_for_names(cast: Cast, party: Party) -> None:
    assert "Who's this?" in cast.host.get(f"{cast.url}/people").text
    assert "Who's this?" not in cast.guest.get(f"{cast.url}/people").text


def test_htmx_gets_the_grid_alone(cast: Cast, party: Party) -> None:
    answer = cast.guest.get(f"{cast.url}/people", headers=HX)

    assert "<html" not in answer.text
    assert tags_of(answer.text)[0]["id"] == "people-grid"
    assert len(cards(answer.text)) == 4
    assert "HX-Request" in answer.vary


def test_the_grid_asks_again_when_the_search_found_somebody(cast: Cast, party: Party) -> None:
    for path, part, events in (
        (
            "",
            "home",
            "people-changed from:body, photos-changed from:body, photo-added from:body delay:1s",
        ),
        ("/people", "people-grid", "people-changed from:body"),
    ):
        (shown,) = tags_of(cast.guest.get(cast.url + path).text, "div", id=part)

        assert shown["hx-trigger"] == events
        assert shown["hx-get"] == cast.url + path


def test_many_people_come_page_by_page(app: Flask, cast: Cast) -> None:
    photos = insert_photos(app, cast.room_id, 1)
    people = [insert_person(app, cast.room_id, photos) for _ in range(PEOPLE_PAGE_SIZE + 2)]
    address = f"{cast.url}/people?page=2"

    first = cast.guest.get(f"{cast.url}/people").text
    (more,) = tags_of(first, "a", rel="next")
    second = cast.guest.get(address, headers=HX).text

    assert f"{PEOPLE_PAGE_SIZE + 2} people" in first
    assert len(cards(first)) == PEOPLE_PAGE_SIZE
    assert (more["href"], more["hx-get"]) == (address, address)
    assert cards(second) == [f"{cast.url}/people/{person}" for person in people[-2:]]
    assert "people-grid" not in second
    assert "Show more" not in second
    assert "Previous page" in cast.guest.get(address).text


def test_people_to_choose_from_come_page_by_page(app: Flask, cast: Cast) -> None:
    photos = insert_photos(app, cast.room_id, 1)
    for _ in range(PEOPLE_PAGE_SIZE + 2):
        insert_person(app, cast.room_id, photos)

    first = cast.guest.get(f"{cast.url}/people").text
    second = cast.guest.get(f"{cast.url}/people?page=2&choose=1", headers=HX).text

    assert len(tags_of(first, "input", name="people")) == PEOPLE_PAGE_SIZE
    assert len(tags_of(second, "input", name="people")) == 2


@pytest.mark.parametrize("page", ["0", "-1", "x", "99"])
def test_a_page_that_nobody_is_on_is_no_error(cast: Cast, party: Party, page: str) -> None:
    assert cast.guest.get(f"{cast.url}/people?page={page}").status_code == 200


def test_the_grid_is_drawn_once_for_all_who_see_the_same(
    app: Flask, cast: Cast, party: Party
) -> None:
    drawn: list[str] = []

    def note(_app: Flask, template: Template, **_rest: object) -> None:
        drawn.append(str(template.name))

    ask = f"{cast.url}/people"
    with template_rendered.connected_to(note, app):
        for client, language in ((cast.guest, "en"), (cast.guest, "en"), (cast.host, "en")) * 2:
            client.get(ask, headers=HX | {"Accept-Language": language})
        assert drawn == ["people/_grid.html"] * 2  # as guests see it, as the host does
        cast.guest.get(ask, headers=HX | {"Accept-Language": "de"})
        assert len(drawn) == 3
        cast.host.post(f"{cast.url}/people/{party.red}/name", data={"name": "Lea"})
        drawn.clear()
        assert "Lea" in cast.guest.get(ask, headers=HX | {"Accept-Language": "en"}).text
        assert drawn == ["people/_grid.html"]


def test_nobody_gets_what_was_drawn_for_another_room_or_role(
    app: Flask, cast: Cast, party: Party
) -> None:
    cast.host.get(f"{cast.url}/people", headers=HX)
    cast.host.post(f"{cast.url}/people/{party.red}/hide")
    of_host = cast.host.get(f"{cast.url}/people", headers=HX).text
    of_guest = cast.guest.get(f"{cast.url}/people", headers=HX).text

    assert f"{cast.url}/people/{party.red}" not in cards(of_guest)
    assert "Who's this?" in of_host
    assert "Who's this?" not in of_guest


def test_a_stranger_finds_nothing(cast: Cast, party: Party) -> None:
    assert cast.stranger.get(f"{cast.url}/people").status_code == 303


def test_the_address_takes_no_post(cast: Cast) -> None:
    assert cast.guest.post(f"{cast.url}/people").status_code == 405

"""GET /rooms/<code>/people/several: the album of several people, and the links to it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from photoshare.services.photos.listing import PAGE_SIZE
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import HX, counted_queries, insert_person, insert_photos, tags_of
from tests.web.conftest import Party

TILE = {"class": "tile"}


def names(page: str, party: Party) -> list[str]:
    by_id = {id_: name for name, id_ in party.photos.items()}
    paths = [tile["href"].partition("?")[0] for tile in tags_of(page, "a", **TILE)]
    return [by_id[int(path.rpartition("/")[2])] for path in paths]


def test_it_shows_the_photos_of_all_together_or_of_any(cast: Cast, party: Party) -> None:
    url = f"{cast.url}/people/several?people={party.red}&people={party.blue}"

    together, any_of_them = (cast.guest.get(f"{url}&match={m}").text for m in ("all", "any"))

    assert names(together, party) == ["a.jpg"]
    assert names(any_of_them, party) == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]


def test_it_is_named_after_the_people(cast: Cast, party: Party) -> None:
    url = f"{cast.url}/people/several?people={party.red},{party.blue}"

    def titles() -> list[str]:
        pages = [cast.guest.get(f"{url}&match={match}").text for match in ("any", "all")]
        return [page.partition("<h1>")[2].partition("</h1>")[0] for page in pages]

    assert titles() == ["2 people", "2 people together"]
    cast.host.post(f"{cast.url}/people/{party.red}/name", data={"name": "Lea & Co"})
    cast.host.post(f"{cast.url}/people/{party.blue}/name", data={"name": "Tom"})
    assert titles() == ["Lea &amp; Co or Tom", "Lea &amp; Co and Tom"]


def test_it_offers_its_zip(cast: Cast, party: Party) -> None:
    query = f"?people={party.red}%2C{party.blue}&match=all"

    page = cast.guest.get(f"{cast.url}/people/several{query}").text

    (link,) = [tag for tag in tags_of(page, "a") if "/photos.zip" in tag["href"]]
    assert link["href"].replace("%2C", ",") == f"{cast.url}/photos.zip{query}".replace("%2C", ",")
    assert cast.guest.get(link["href"], buffered=True).status_code == 200


def test_previous_and_next_stay_in_the_album(cast: Cast, party: Party) -> None:
    page = cast.guest.get(f"{cast.url}/people/several?people={party.red},{party.blue}").text
    tiles = tags_of(page, "a", **TILE)

    photo = cast.guest.get(tiles[1]["href"]).text

    for rel, tile in (("prev", tiles[0]), ("next", tiles[2])):
        assert tags_of(photo, "a", rel=rel)[0]["href"] == tile["href"]
    up = tags_of(photo, "a", rel="up")[0]["href"]
    assert f"people={party.red},{party.blue}" in up
    assert names(cast.guest.get(up).text, party) == names(page, party)[1:]  # where one was


def test_the_people_page_lets_choose_without_a_script(cast: Cast, party: Party) -> None:
    page = cast.guest.get(f"{cast.url}/people").text

    assert tags_of(page, "form", action=f"{cast.url}/people/several", method="get")
    boxes = tags_of(page, "input", name="people")
    assert {box["value"] for box in boxes} == {str(party.red), str(party.blue)}
    assert tags_of(page, "button", formaction=f"{cast.url}/photos.zip")


def test_nobody_is_refused_with_a_sentence(cast: Cast, party: Party) -> None:
    answer = cast.guest.get(f"{cast.url}/people/several?match=all")

    assert answer.status_code == 422
    assert "Please select at least one person." in answer.text


def test_a_long_album_has_pages(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, PAGE_SIZE + 2)
    one, other = (insert_person(app, cast.room_id, part) for part in (ids[:40], ids[30:]))
    url = f"{cast.url}/people/several?people={one},{other}"

    (more,) = tags_of(cast.guest.get(url).text, "a", **{"class": "button is-quiet more"})
    rest = cast.guest.get(more["hx-get"], headers=HX).text

    assert "<html" not in rest
    assert len(tags_of(rest, "a", **TILE)) == 2


def test_the_number_of_queries_does_not_grow_with_people_and_photos(app: Flask, cast: Cast) -> None:
    def queries(count: int) -> int:
        ids = insert_photos(app, cast.room_id, count, seed=str(count))
        people = [insert_person(app, cast.room_id, ids) for _ in range(count)]
        with counted_queries(app) as statements:
            cast.guest.get(f"{cast.url}/people/several?people={','.join(map(str, people))}")
        return len(statements)

    assert queries(2) == queries(12) > 0


def test_a_person_of_another_room_is_not_found(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    other_id = make_room("Other").room.id
    person_id = insert_person(app, other_id, insert_photos(app, other_id, 1))

    assert cast.guest.get(f"{cast.url}/people/several?people={person_id}").status_code == 404


def test_a_stranger_finds_nothing(cast: Cast, party: Party) -> None:
    url = f"{cast.url}/people/several?people={party.red}"

    assert cast.stranger.get(url).status_code == 303

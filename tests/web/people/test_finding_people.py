"""Lists of people are searched by name, filtered and sorted, with and without a script."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from flask import Flask
from flask.testing import FlaskClient

from photoshare.services.paging import PEOPLE_PAGE_SIZE
from tests.conftest import Cast
from tests.helpers import HX, insert_face, insert_person, insert_photos, tags_of

NAMES = ("Zoë", "Anna Lang", "Hanna", None, "王小明", "أحمد", None, "Bo")


@pytest.fixture
def crowd(app: Flask, cast: Cast) -> dict[str | None, int]:
    """Make eight people, each in their own photos and ever fewer of them; ids by name."""
    people = {}
    for number, name in enumerate(NAMES):
        photos = insert_photos(app, cast.room_id, 10 - number, seed=str(number))
        people[name] = insert_person(app, cast.room_id, photos, name)
    return people


def cards(page: str) -> list[int]:
    """List the people of a grid."""
    return [
        int(tag["data-person"]) for tag in tags_of(page, "a") if "data-person" in tag.attributes
    ]


def choices(page: str, name: str = "into") -> list[int]:
    """List the people of a chooser."""
    found = [tag["value"] for tag in tags_of(page) if tag.attributes.get("name") == name]
    return [int(value) for value in found if value.isdigit()]


def grid_page(
    client: FlaskClient, cast: Cast, query: str, headers: Mapping[str, str] | None = None
) -> str:
    answer = client.get(f"{cast.url}/people?{query}", headers=headers)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("headers", [None, HX])
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("find=ZOE", ["Zoë"]),
        ("find=an", ["Anna Lang", "Hanna"]),
        ("find=小明", ["王小明"]),
        ("find=احمد", ["أحمد"]),
        ("find=&sort=name", ["Anna Lang", "Bo", "Hanna", "Zoë", "أحمد", "王小明", None, None]),
        ("find=a&sort=newest", ["Hanna", "Anna Lang"]),
        ("find=&sort=nonsense&page=x", list(NAMES)),
    ],
)
def test_the_grid_shows_who_was_looked_for(
    app: Flask,
    cast: Cast,
    crowd: dict[str | None, int],
    query: str,
    names: list[str],
    headers: Mapping[str, str] | None,
) -> None:
    by_id = {person: name for name, person in crowd.items()}

    page = grid_page(cast.guest, cast, query, headers)

    assert ("<html" in page) is (headers is None)
    assert [by_id.get(person) for person in cards(page)] == names
    assert f"{len(names)} {'person' if len(names) == 1 else 'people'}<" in page


def test_the_grid_shows_who_has_no_name(cast: Cast, crowd: dict[str | None, int]) -> None:
    page = grid_page(cast.host, cast, "nameless=1")

    assert len(cards(page)) == 2
    assert crowd[None] in cards(page)
    assert tags_of(page, "input", name="nameless")[0].attributes.keys() >= {"checked"}


@pytest.mark.parametrize("query", ["find=nobody", "find=anna&nameless=1"])
def test_a_search_without_result_says_so(
    cast: Cast, crowd: dict[str | None, int], query: str
) -> None:
    page = grid_page(cast.guest, cast, query)

    assert cards(page) == []
    assert "No one here is called" in page
    assert tags_of(page, "input", name="find")[0]["value"] in ("nobody", "anna")


def test_the_address_of_the_page_tells_what_was_looked_for(
    cast: Cast, crowd: dict[str | None, int]
) -> None:
    """So that going back from an album leads to the same people."""
    answer = cast.guest.get(f"{cast.url}/people?find=Zo%C3%AB&sort=", headers=HX)

    assert answer.headers["HX-Replace-Url"] == f"{cast.url}/people?find=Zo%C3%AB"
    assert "HX-Replace-Url" not in cast.guest.get(f"{cast.url}/people", headers=HX).headers


def test_further_pages_and_refreshes_keep_what_was_looked_for(app: Flask, cast: Cast) -> None:
    photos = insert_photos(app, cast.room_id, 1)
    for number in range(PEOPLE_PAGE_SIZE + 2):
        insert_person(app, cast.room_id, photos, f"Ann {number}")
    insert_person(app, cast.room_id, photos, "Tom")

    first = grid_page(cast.guest, cast, "find=ann&sort=newest", HX)
    (more,) = tags_of(first, "a", rel="next")
    (grid,) = tags_of(first, "div", id="people-grid")

    second = cast.guest.get(more["hx-get"], headers=HX).text
    assert len({*cards(first), *cards(second)}) == PEOPLE_PAGE_SIZE + 2
    assert cards(cast.guest.get(grid["hx-get"], headers=HX).text) == cards(first)


def test_a_few_people_need_no_search(app: Flask, cast: Cast) -> None:
    insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 1), "Lea")

    assert tags_of(grid_page(cast.guest, cast, ""), "input", name="find") == []


def test_no_hidden_person_is_found(cast: Cast, crowd: dict[str | None, int]) -> None:
    cast.host.post(f"{cast.url}/people/{crowd['Zoë']}/hide")

    assert cards(grid_page(cast.guest, cast, "find=zoe")) == []
    for path in ("/me?find=zoe", f"/people/{crowd['Bo']}/merge?find=zoe"):
        page = cast.guest.get(cast.url + path).text
        assert not {crowd["Zoë"], str(crowd["Zoë"])} & {*choices(page, "person"), *choices(page)}


@pytest.mark.parametrize("headers", [None, HX])
@pytest.mark.parametrize("chooser", ["merge", "move", "me"])
def test_every_chooser_finds_people_too(
    app: Flask,
    cast: Cast,
    crowd: dict[str | None, int],
    chooser: str,
    headers: Mapping[str, str] | None,
) -> None:
    (photo,) = insert_photos(app, cast.room_id, 1, seed="stray")
    stray = insert_face(app, cast.room_id, photo)
    path, name = {
        "merge": (f"/people/{crowd['Bo']}/merge?", "into"),
        "move": (f"/faces/move?faces={stray}&", "into"),
        "me": ("/me?", "person"),
    }[chooser]

    one, named, nobody = (
        cast.host.get(f"{cast.url}{path}{query}", headers=headers).text
        for query in ("find=zoe", "find=&sort=name", "find=nobody")
    )

    assert ("<html" in one) is (headers is None)
    assert choices(one, name) == [crowd["Zoë"]]
    assert choices(named, name)[0] == crowd["Anna Lang"]
    assert choices(nobody, name) == []
    assert "No one here is called" in nobody
    if headers is None:
        (form,) = tags_of(one, "form", role="search")
        assert form["action"] == cast.url + path.partition("?")[0]
        assert (f'name="faces" value="{stray}"' in one) is (chooser == "move")


@pytest.mark.parametrize("headers", [None, HX])
def test_who_is_chosen_stays_so_while_others_are_looked_for(
    cast: Cast, crowd: dict[str | None, int], headers: Mapping[str, str] | None
) -> None:
    chosen = f"people={crowd['Bo']}&people={crowd['Zoë']}"

    page = grid_page(cast.guest, cast, f"choose=1&{chosen}&find=anna&match=all", headers)

    boxes = tags_of(page, "input", name="people")
    assert [int(box["value"]) for box in boxes] == [
        *(crowd["Zoë"], crowd["Bo"]),
        *(crowd["Anna Lang"], crowd["Hanna"]),
    ]
    assert ["checked" in box.attributes for box in boxes] == [True, True, False, False]
    if headers is None:
        assert tags_of(page, "details", open="")
        assert len(cards(page)) == len(NAMES)

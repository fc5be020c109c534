"""Lists of people to choose from, page by page: for merging, for faces and for guests."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import update

from photoshare.db import db
from photoshare.models import Person
from photoshare.services.paging import PEOPLE_PAGE_SIZE
from tests.conftest import Cast
from tests.helpers import HX, count_change, insert_face, insert_person, insert_photos, tags_of

PEOPLE = PEOPLE_PAGE_SIZE + 3


@pytest.fixture
def crowd(app: Flask, cast: Cast) -> list[int]:
    """Make many people, each in their own photo."""
    photos = insert_photos(app, cast.room_id, PEOPLE)
    return [insert_person(app, cast.room_id, [photo]) for photo in photos]


def buttons(page: str, name: str) -> list[str]:
    return [tag["value"] for tag in tags_of(page, "button", name=name) if tag["value"] != "new"]


def check_pages(cast: Cast, path: str, name: str, count: int) -> None:
    """Check all pages of a list: everyone is on one of them, nobody on two."""
    page = cast.host.get(cast.url + path).text
    everybody = buttons(page, name)
    assert len(everybody) < count
    while more := tags_of(page, "a", rel="next"):
        assert "<html" in cast.host.get(more[0]["href"]).text
        page = cast.host.get(more[0]["hx-get"], headers=HX).text
        assert "<html" not in page
        everybody += buttons(page, name)

    assert len(everybody) == len(set(everybody)) == count


def test_whom_to_merge_with(cast: Cast, crowd: list[int]) -> None:
    check_pages(cast, f"/people/{crowd[0]}/merge", "into", PEOPLE - 1)


def test_who_chosen_faces_are(app: Flask, cast: Cast, crowd: list[int]) -> None:
    (photo,) = insert_photos(app, cast.room_id, 1, seed="face")
    faces = [insert_face(app, cast.room_id, photo) for _ in range(2)]

    check_pages(cast, f"/faces/move?faces={faces[0]}&faces={faces[1]}", "into", PEOPLE)


def test_who_a_guest_is(cast: Cast, crowd: list[int]) -> None:
    check_pages(cast, "/me", "person", PEOPLE)


def test_hidden_people(app: Flask, cast: Cast) -> None:
    (photo,) = insert_photos(app, cast.room_id, 1)
    for _ in range(PEOPLE):
        insert_person(app, cast.room_id, [photo])
    with app.app_context():
        db.session.execute(update(Person).values(is_hidden=True))
        count_change(cast.room_id)

    first = cast.host.get(f"{cast.url}/people/hidden").text
    (more,) = tags_of(first, "a", rel="next")
    second = cast.host.get(more["hx-get"], headers=HX).text

    assert len(tags_of(first, "a", **{"class": "person"})) == PEOPLE_PAGE_SIZE
    assert len(tags_of(second, "a", **{"class": "person"})) == PEOPLE - PEOPLE_PAGE_SIZE

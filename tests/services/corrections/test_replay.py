"""photoshare.services.corrections.replay: lists of corrections for the command line."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from photoshare.db import db
from photoshare.errors import InvalidInputError
from photoshare.models import Face, Person
from photoshare.services.corrections.replay import replay
from photoshare.services.people import people
from photoshare.services.rooms import rooms
from tests.helpers import host_access, insert_person, insert_photos

pytestmark = pytest.mark.usefixtures("app_ctx")


@pytest.fixture
def room_id(app: Flask) -> int:
    """Two people: one in 0.jpg, 1.jpg and 2.jpg, one in 3.jpg and 4.jpg."""
    room_id = rooms.create_room("Party").room.id
    ids = [insert_photos(app, room_id, 1, seed=f"{n}", file_name=f"{n}.jpg")[0] for n in range(5)]
    insert_person(app, room_id, ids[:3])
    insert_person(app, room_id, ids[3:])
    return room_id


def at(number: int) -> dict[str, Any]:
    """Give the face in a photo by a location that nearly fits."""
    return {"file": f"{number}.jpg", "top": 25, "right": 85, "bottom": 85, "left": 25}


def people_by_photo(room_id: int) -> dict[str, int | None]:
    db.session.rollback()
    rows = db.session.query(Face).join(Face.photo).filter_by(room_id=room_id)
    return {face.photo.file_name: face.person_id for face in rows if face.is_face}


def test_every_kind_of_correction_can_be_replayed(room_id: int) -> None:
    said = [
        {"correction": "name", "person": at(0), "name": "Lea"},
        {"correction": "different", "face": at(0), "other": at(3)},
        {"correction": "move", "faces": [at(4)], "into": None},
        {"correction": "name", "person": at(4), "name": "Tom"},
        {"correction": "not_this_person", "faces": [at(1)]},
        {"correction": "move", "faces": [at(1)], "into": at(4)},
        {"correction": "not_a_face", "faces": [at(2)]},
        {"correction": "merge", "person": at(3), "into": at(4)},
        {"correction": "cover", "face": at(1)},
        {"correction": "hide", "person": at(0)},
        {"correction": "show", "person": at(0)},
        {"correction": "hide", "person": at(0)},
    ]

    assert replay(room_id, said) == len(said)

    found = people_by_photo(room_id)
    assert set(found) == {"0.jpg", "1.jpg", "3.jpg", "4.jpg"}
    assert found["1.jpg"] == found["3.jpg"] == found["4.jpg"] != found["0.jpg"]
    lea = db.session.get_one(Person, found["0.jpg"])
    assert (lea.name, lea.is_hidden) == ("Lea", True)
    card = people.get_card(host_access(room_id), found["1.jpg"] or 0)
    assert card.name == "Tom"
    assert db.session.get_one(Face, card.cover_face_id).photo.file_name == "1.jpg"


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"correction": "guess"}, "isn't one of name, merge"),
        ({}, "is missing 'correction'"),
        ({"correction": "name", "person": at(0)}, "is missing 'name'"),
        ({"correction": "hide", "person": at(9)}, "no face at this location in 9.jpg"),
        ({"correction": "hide", "person": at(0) | {"left": 5000, "right": 5060}}, "no face"),
        ({"correction": "hide", "person": at(0) | {"left": "x"}}, "can't be read"),
        ({"correction": "hide", "person": 3}, "can't be read"),
        ({"correction": "not_a_face", "faces": []}, "doesn't list any faces"),
        ("hide", "can't be read"),
    ],
)
def test_what_cannot_be_applied_is_named_by_its_number(
    room_id: int, entry: Any, sentence: str
) -> None:
    good = {"correction": "name", "person": at(0), "name": "Lea"}

    with pytest.raises(InvalidInputError, match=rf"Correction 2.*{sentence}"):
        replay(room_id, [good, entry])

    assert [card.name for card in people.list_people(room_id)] == ["Lea", None]


def test_only_a_list_is_taken(room_id: int) -> None:
    with pytest.raises(InvalidInputError, match="JSON list"):
        replay(room_id, {"correction": "name"})

"""photoshare.services.rooms.export: the JSON of the command line."""

from __future__ import annotations

import json
from collections.abc import Callable

from flask import Flask

from photoshare.services.corrections import verbs
from photoshare.services.people import people
from photoshare.services.rooms import export
from photoshare.services.rooms.entering import Author
from photoshare.services.rooms.rooms import NewRoom
from tests.fakes import BLUE, RED, draw_photo


def test_a_room_is_told_with_its_photos_people_and_unsorted_faces(
    app: Flask,
    make_room: Callable[..., NewRoom],
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> None:
    room_id = make_room().room.id
    add_photo(room_id, draw_photo(RED, BLUE), "day 1/a.jpg")
    add_photo(room_id, draw_photo(RED), "b.jpg")
    run_jobs()

    with app.app_context():
        (card,) = people.list_people(room_id)
        verbs.name_person(Author(room_id), card.id, "Lea")
        told = export.room_as_dict(room_id)

    place = {"top": 20, "right": 80, "bottom": 80, "left": 20}
    assert told == {
        "photos": [
            {"file": "day 1/a.jpg", "width": 200, "height": 100, "state": "analysed"},
            {"file": "b.jpg", "width": 100, "height": 100, "state": "analysed"},
        ],
        "people": [
            {
                "id": card.id,
                "name": "Lea",
                "hidden": False,
                "photos": ["day 1/a.jpg", "b.jpg"],
                "faces": [{"file": "day 1/a.jpg"} | place, {"file": "b.jpg"} | place],
            }
        ],
        "unsorted": [{"file": "day 1/a.jpg"} | place | {"left": 120, "right": 180}],
    }
    assert json.loads(json.dumps(told)) == told


def test_an_empty_room_is_told_as_empty_lists(
    app: Flask, make_room: Callable[..., NewRoom]
) -> None:
    room_id = make_room().room.id

    with app.app_context():
        assert export.room_as_dict(room_id) == {"photos": [], "people": [], "unsorted": []}


def test_another_room_is_not_told(
    app: Flask, make_room: Callable[..., NewRoom], add_photo: Callable[..., int]
) -> None:
    add_photo(make_room().room.id, draw_photo(RED))

    with app.app_context():
        assert export.room_as_dict(make_room().room.id)["photos"] == []

"""photoshare.services.people.people."""

from __future__ import annotations

import pytest
from flask import Flask

from photoshare.db import db
from photoshare.errors import InvalidInputError, NotFoundError
from photoshare.services.corrections import verbs
from photoshare.services.people import people, shown_faces
from photoshare.services.rooms import rooms
from photoshare.services.rooms.entering import Author
from tests.helpers import host_access, insert_person, insert_photos, new_face, row_counts

pytestmark = pytest.mark.usefixtures("app_ctx")


@pytest.fixture
def other_room_id() -> int:
    return rooms.create_room("Other").room.id


def test_who_is_in_the_most_photos_comes_first(app: Flask, room_id: int) -> None:
    ids = insert_photos(app, room_id, 3)
    for name, photos in (("Lea", ids[:1]), ("Tom", ids), ("Zoë", ids[1:]), ("Ann", ids[2:])):
        insert_person(app, room_id, photos, name)

    cards = people.list_people(room_id)

    shown = [(card.name, card.photo_count) for card in cards]
    assert shown == [("Tom", 3), ("Zoë", 2), ("Lea", 1), ("Ann", 1)]


def test_the_cover_is_the_largest_face_until_one_is_chosen_by_grouping(
    app: Flask, room_id: int
) -> None:
    first, second, third = insert_photos(app, room_id, 3)
    person_id = insert_person(app, room_id, [first])
    large = new_face(second, person_id, right=200, bottom=200)
    db.session.add_all([large, new_face(third, person_id, right=90)])
    db.session.commit()

    assert people.get_card(host_access(room_id), person_id).cover_face_id == large.id


def test_people_of_another_room_are_not_listed(
    app: Flask, room_id: int, other_room_id: int
) -> None:
    insert_person(app, other_room_id, insert_photos(app, other_room_id, 1))

    assert people.list_people(room_id) == []


def test_a_person_of_another_room_is_not_found(
    app: Flask, room_id: int, other_room_id: int
) -> None:
    person_id = insert_person(app, other_room_id, insert_photos(app, other_room_id, 1))

    for look_up in (people.get_person, people.get_card):
        with pytest.raises(NotFoundError):
            look_up(host_access(room_id), person_id)
    with pytest.raises(NotFoundError):
        verbs.name_person(Author(room_id), person_id, "Lea")


def test_a_person_gets_a_name_and_loses_it_again(app: Flask, room_id: int) -> None:
    person_id = insert_person(app, room_id, insert_photos(app, room_id, 1))

    verbs.name_person(Author(room_id), person_id, "  Lea   Lang ")
    assert people.get_card(host_access(room_id), person_id).name == "Lea Lang"

    verbs.name_person(Author(room_id), person_id, "  ")
    assert people.get_card(host_access(room_id), person_id).name is None


def test_a_name_that_is_too_long_is_refused(app: Flask, room_id: int) -> None:
    person_id = insert_person(app, room_id, insert_photos(app, room_id, 1), "Lea")

    with pytest.raises(InvalidInputError, match="60"):
        verbs.name_person(Author(room_id), person_id, "x" * 61)

    assert people.get_card(host_access(room_id), person_id).name == "Lea"


def test_unsorted_faces_are_those_without_a_person_in_this_room(
    app: Flask, room_id: int, other_room_id: int
) -> None:
    (photo_id,) = insert_photos(app, room_id, 1)
    insert_person(app, room_id, [photo_id])
    face = new_face(photo_id)
    db.session.add_all([face, new_face(insert_photos(app, other_room_id, 1)[0])])
    db.session.commit()

    assert [found.id for found in shown_faces.list_faces(host_access(room_id), None, 1).items] == [
        face.id
    ]
    assert shown_faces.count_faces(room_id).unsorted == 1


def test_the_source_of_a_face_is_its_photo_and_location(
    app: Flask, room_id: int, other_room_id: int
) -> None:
    (photo_id,) = insert_photos(app, room_id, 1, sha256="a" * 64)
    face = new_face(photo_id, top=1, right=9, bottom=10, left=2)
    db.session.add(face)
    db.session.commit()

    found = shown_faces.get_face(host_access(room_id), face.id)
    assert (found.photo.sha256, found.location) == ("a" * 64, (1, 9, 10, 2))
    with pytest.raises(NotFoundError):
        shown_faces.get_face(host_access(other_room_id), face.id)


def test_people_without_a_face_are_removed_named_or_not(
    app: Flask, room_id: int, other_room_id: int
) -> None:
    stays = insert_person(app, room_id, insert_photos(app, room_id, 1))
    insert_person(app, room_id, [], "Lea")
    insert_person(app, room_id, [])
    insert_person(app, other_room_id, [])

    people.delete_empty_people(room_id)
    db.session.commit()

    assert [card.id for card in people.list_people(room_id)] == [stays]
    assert row_counts(app)["person"] == 2  # the one in the other room stays

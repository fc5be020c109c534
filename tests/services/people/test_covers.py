"""A person's cover: the clearest sure face, kept in the row of the person."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import event, select, update

from photoshare.db import db
from photoshare.models import Face, Person, encoding_to_bytes
from photoshare.services.corrections import verbs
from photoshare.services.people import covers, people
from photoshare.services.people.grouping import GroupingRule, group_unsorted_faces
from photoshare.services.rooms.entering import Author
from photoshare.web.site import Site
from tests.helpers import delete_for_good, face_at, host_access, insert_photos, new_face

pytestmark = pytest.mark.usefixtures("app_ctx")

RULE = GroupingRule(engine_name="fake", eps=0.325, min_samples=2)
AddFaces = Callable[..., list[int]]


@pytest.fixture
def add_faces(app: Flask, room_id: int) -> AddFaces:
    """Add unsorted faces of these qualities, each in its own photo, and group the room."""

    def add(*qualities: float | None, at: float = 0.0, **values: object) -> list[int]:
        there = len(db.session.scalars(select(Face.id)).all())
        photo_ids = insert_photos(app, room_id, len(qualities), seed=f"after {there}")
        faces = [
            new_face(photo, None, quality=quality, encoding=face_at(at), **values)
            for photo, quality in zip(photo_ids, qualities, strict=True)
        ]
        db.session.add_all(faces)
        db.session.commit()
        group_unsorted_faces(room_id, RULE)
        return [face.id for face in faces]

    return add


def person_of(face_id: int) -> int:
    return db.session.get_one(Face, face_id, populate_existing=True).person_id or 0


def cover_of(room_id: int, person_id: int) -> int:
    return people.get_card(host_access(room_id), person_id).cover_face_id


def test_the_clearest_face_is_the_cover_and_a_little_clearer_one_changes_nothing(
    room_id: int, add_faces: AddFaces
) -> None:
    first, clear = add_faces(0.6, 0.8, bottom=90)
    person = person_of(first)
    assert cover_of(room_id, person) == clear

    add_faces(0.85, bottom=900)
    assert cover_of(room_id, person) == clear

    [much_clearer] = add_faces(0.95)
    assert person_of(much_clearer) == person
    assert cover_of(room_id, person) == much_clearer


def test_a_doubtful_face_is_no_cover_however_clear(room_id: int, add_faces: AddFaces) -> None:
    clear, *_ = add_faces(0.6, 0.5, 0.5)
    [doubtful] = add_faces(1.0, at=0.3)

    assert person_of(doubtful) == person_of(clear), "it has joined"
    assert cover_of(room_id, person_of(clear)) == clear


def test_a_cover_that_leaves_gives_way_to_the_next_clearest(
    room_id: int, host: Author, add_faces: AddFaces
) -> None:
    poor, clear, next_clearest = add_faces(0.5, 0.9, 0.8)
    person = person_of(poor)
    verbs.reject_faces(host, person, [clear])
    assert cover_of(room_id, person) == next_clearest

    verbs.mark_not_faces(host, [next_clearest])
    assert cover_of(room_id, person) == poor


def test_a_cover_goes_with_its_photo(site: Site, room_id: int, add_faces: AddFaces) -> None:
    poor, clear, next_clearest = add_faces(0.5, 0.9, 0.8)
    photo_id = db.session.get_one(Face, clear).photo_id
    delete_for_good(host_access(room_id), photo_id, site.storage)

    person = db.session.get_one(Person, person_of(poor), populate_existing=True)
    assert person.clear_face_id == next_clearest


def test_a_chosen_cover_stays_whatever_comes(
    room_id: int, host: Author, add_faces: AddFaces
) -> None:
    poor, clear = add_faces(0.3, 0.8)
    verbs.choose_cover(host, poor)
    add_faces(1.0)

    assert cover_of(room_id, person_of(clear)) == poor


def test_of_two_people_who_become_one_the_clearer_cover_stays(
    room_id: int, host: Author, add_faces: AddFaces
) -> None:
    lea, *_ = add_faces(0.6, 0.6, 0.6)
    clear, *_ = add_faces(0.9, 0.8, 0.8, at=1.2)
    verbs.merge_people(host, person_of(clear), person_of(lea))

    assert cover_of(room_id, person_of(lea)) == clear


def test_a_face_of_an_engine_of_before_stays_the_cover_until_it_is_searched_again(
    room_id: int, add_faces: AddFaces
) -> None:
    """Its encoding cannot be compared with the others."""
    faces = add_faces(None, None, None)
    [person] = {person_of(face) for face in faces}
    old = cover_of(room_id, person)
    others = [face for face in faces if face != old]
    longer = encoding_to_bytes(np.ones(256, dtype=np.float32))
    db.session.execute(update(Face).where(Face.id.in_(others)).values(encoding=longer, quality=0.9))
    covers.settle_covers([person])
    assert cover_of(room_id, person) == old

    db.session.execute(update(Face).where(Face.id == old).values(encoding=None))
    covers.settle_covers([person])
    assert cover_of(room_id, person) in others


def test_a_person_without_any_encoding_has_a_cover(room_id: int, add_faces: AddFaces) -> None:
    poor, clear = add_faces(0.3, 0.8)
    db.session.execute(update(Face).values(encoding=None))
    covers.settle_covers([person_of(poor)])

    assert cover_of(room_id, person_of(poor)) == clear


@pytest.mark.sqlite
def test_the_faces_that_are_read_do_not_grow_with_the_album(
    room_id: int, add_faces: AddFaces
) -> None:
    person = person_of(add_faces(*[0.5] * 60)[0])
    read = []

    def note(
        _connection: object,
        _cursor: object,
        statement: str,
        parameters: tuple[object, ...],
        _context: object,
        _many: bool,
    ) -> None:
        plan = db.engine.raw_connection().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        read.append([row[3] for row in plan])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        covers.settle_covers([person])
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

    assert read
    for plan in read:
        assert not any(step.startswith("SCAN") or "TEMP B-TREE" in step for step in plan), plan

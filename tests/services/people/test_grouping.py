"""What grouping writes: people grow, unnamed ones merge, named ones stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from photoshare.db import db
from photoshare.faces.graphs.dlib_format import ENCODING_SIZE
from photoshare.faces.grouping.plan import GroupPlan, plan_groups
from photoshare.models import Face, Person, Photo, encoding_to_bytes
from photoshare.services.corrections import verbs
from photoshare.services.people import grouping, people
from photoshare.services.people.grouping import GroupingRule
from photoshare.services.rooms.entering import Author
from photoshare.services.rooms.rooms import NewRoom
from tests.fakes import draw_photo
from tests.helpers import count_change

RULE = GroupingRule(engine_name="fake", eps=0.325, min_samples=2)
AddFace = Callable[..., int]


@pytest.fixture
def room_id(app_ctx: None, make_room: Callable[..., NewRoom]) -> int:
    return make_room().room.id


@pytest.fixture
def add_face(room_id: int, add_photo: Callable[..., int]) -> AddFace:
    """Add a photo with one face of a person to the room; return the face's id."""

    def add(axis: int, person_id: int | None = None) -> int:
        seed = len(db.session.scalars(select(Photo)).all())
        photo_id = add_photo(room_id, draw_photo(seed=seed))
        db.session.get_one(Photo, photo_id).engine = RULE.engine_name
        encoding = np.zeros(ENCODING_SIZE, dtype=np.float32)
        encoding[axis] = 1.4
        face = Face(
            photo_id=photo_id,
            person_id=person_id,
            top=0,
            right=60,
            bottom=60,
            left=0,
            score=1.0,
            encoding=encoding_to_bytes(encoding),
        )
        db.session.add(face)
        count_change(room_id)
        return face.id

    return add


def add_person(room_id: int) -> int:
    person = Person(room_id=room_id)
    db.session.add(person)
    db.session.commit()
    return person.id


def name(room_id: int, person_id: int, text: str) -> None:
    verbs.name_person(Author(room_id), person_id, text)


def person_of(face_id: int) -> int | None:
    return db.session.scalar(select(Face.person_id).where(Face.id == face_id))


def people_of(room_id: int) -> list[int]:
    return sorted(card.id for card in people.list_people(room_id))


def test_alike_unsorted_faces_become_a_person(room_id: int, add_face: AddFace) -> None:
    alike, other = [add_face(0), add_face(0)], add_face(1)
    grouping.group_unsorted_faces(room_id, RULE)

    assert {person_of(face) for face in alike} == set(people_of(room_id))
    assert person_of(other) is None


def test_two_unnamed_people_become_one_and_its_row_goes(room_id: int, add_face: AddFace) -> None:
    older, newer = add_person(room_id), add_person(room_id)
    faces = [add_face(0, person) for person in (older, older, newer, newer)]
    grouping.group_unsorted_faces(room_id, RULE)

    assert [person_of(face) for face in faces] == [older] * 4
    assert db.session.scalars(select(Person.id)).all() == [older]


def test_a_named_person_takes_an_older_unnamed_one(room_id: int, add_face: AddFace) -> None:
    older, named = add_person(room_id), add_person(room_id)
    faces = [add_face(0, person) for person in (older, older, named, named)]
    name(room_id, named, "Nora")
    grouping.group_unsorted_faces(room_id, RULE)

    assert [person_of(face) for face in faces] == [named] * 4
    assert people_of(room_id) == [named]


def test_two_named_people_stay_two(room_id: int, add_face: AddFace) -> None:
    nora, nils = add_person(room_id), add_person(room_id)
    faces = [add_face(0, person) for person in (nora, nora, nils, nils)]
    name(room_id, nora, "Nora")
    name(room_id, nils, "Nils")
    grouping.group_unsorted_faces(room_id, RULE)

    assert [person_of(face) for face in faces] == [nora, nora, nils, nils]


def test_somebody_named_while_the_plan_was_made_keeps_the_faces(
    room_id: int, add_face: AddFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan was made from an older state: it is discarded and made again."""
    older, newer = add_person(room_id), add_person(room_id)
    faces = [add_face(0, person) for person in (older, older, newer, newer)]
    plans: list[GroupPlan] = []

    def plan_while_someone_names(*arguments: Any, **options: Any) -> GroupPlan:
        plans.append(plan_groups(*arguments, **options))
        if len(plans) == 1:
            name(room_id, newer, "Nora")
        return plans[-1]

    monkeypatch.setattr(grouping, "plan_groups", plan_while_someone_names)
    grouping.group_unsorted_faces(room_id, RULE)

    assert [person_of(face) for face in faces] == [newer] * 4
    assert len(plans) == 2

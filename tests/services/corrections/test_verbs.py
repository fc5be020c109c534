"""Corrections: their consequences and their undo."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from photoshare.db import db
from photoshare.errors import (
    InvalidInputError,
    NotFoundError,
    SameNameError,
    SamePhotoError,
)
from photoshare.models import Face, Person, Photo, Room
from photoshare.services.corrections import verbs
from photoshare.services.people import people, shown_faces
from photoshare.services.rooms.entering import Author
from tests.helpers import count_change, insert_person, insert_photos, new_face

pytestmark = pytest.mark.usefixtures("app_ctx")


def face_row(face_id: int) -> Face:
    return db.session.get_one(Face, face_id)


def faces_of(person_id: int | None) -> list[int]:
    db.session.rollback()
    is_theirs = Face.person_id.is_(None) if person_id is None else Face.person_id == person_id
    return list(db.session.scalars(select(Face.id).where(is_theirs).order_by(Face.id)))


def person(person_id: int) -> Person | None:
    db.session.rollback()
    return db.session.get(Person, person_id)


def name_of(person_id: int) -> str | None:
    db.session.rollback()
    return db.session.get_one(Person, person_id).name


def is_hidden(person_id: int) -> bool:
    db.session.rollback()
    return db.session.get_one(Person, person_id).is_hidden


def add_unsorted(app: Flask, room_id: int) -> int:
    face = new_face(insert_photos(app, room_id, 1, seed=f"u{len(faces_of(None))}")[0])
    db.session.add(face)
    count_change(room_id)
    return face.id


def test_a_merge_gives_all_faces_to_the_second_person(
    host: Author, add_person: Callable[..., int]
) -> None:
    lea, other = add_person(3, "Lea"), add_person(2)
    faces = faces_of(lea) + faces_of(other)

    verbs.merge_people(host, other, lea)

    assert faces_of(lea) == sorted(faces)
    assert person(other) is None
    assert name_of(lea) == "Lea"


def test_a_merge_into_somebody_without_a_name_keeps_the_name(
    host: Author, add_person: Callable[..., int]
) -> None:
    lea, other = add_person(1, "Lea"), add_person(2)

    verbs.merge_people(host, lea, other)

    assert name_of(other) == "Lea"


def test_undoing_a_merge_brings_both_back_with_their_ids_and_names(
    host: Author, add_person: Callable[..., int]
) -> None:
    lea, tom = add_person(3, "Lea"), add_person(2, "Tom")
    before = faces_of(lea), faces_of(tom)

    verbs.undo(host, verbs.merge_people(host, tom, lea))

    assert (faces_of(lea), faces_of(tom)) == before
    assert (name_of(lea), name_of(tom)) == ("Lea", "Tom")


def test_undoing_the_first_of_two_merges_leaves_the_second(
    host: Author, add_person: Callable[..., int]
) -> None:
    first, second, third = add_person(3), add_person(2), add_person(1)
    own = [faces_of(person) for person in (first, second, third)]
    early = verbs.merge_people(host, second, first)
    late = verbs.merge_people(host, first, third)  # carries the faces of the second along

    verbs.undo(host, early)

    assert [faces_of(person) for person in (first, second, third)] == [
        [],
        own[1],
        own[0] + own[2],
    ]
    verbs.undo(host, late)
    assert [faces_of(person) for person in (first, second, third)] == own


def test_undoing_a_move_returns_the_face_from_who_was_named_since(
    host: Author, add_person: Callable[..., int]
) -> None:
    lea, tom = add_person(3, "Lea"), add_person(2)
    face = faces_of(lea)[0]
    move = verbs.move_faces(host, [face], tom)
    verbs.name_person(host, tom, "Tom")

    verbs.undo(host, move)

    assert face in faces_of(lea)
    assert (name_of(lea), name_of(tom)) == ("Lea", "Tom")


def test_undoing_a_move_returns_the_face_to_who_has_merged_since(
    host: Author, add_person: Callable[..., int]
) -> None:
    lea, tom, ann = add_person(3), add_person(2), add_person(2)
    face = faces_of(lea)[0]
    move = verbs.move_faces(host, [face], tom)
    verbs.merge_people(host, lea, ann)

    verbs.undo(host, move)

    assert face in faces_of(ann)


def test_who_joined_a_merged_person_since_is_sorted_anew_after_the_undo(
    app: Flask, room_id: int, host: Author, add_person: Callable[..., int]
) -> None:
    first, second = add_person(2), add_person(2)
    merge = verbs.merge_people(host, second, first)
    newcomer = add_unsorted(app, room_id)
    db.session.get_one(Face, newcomer).person_id = first
    count_change(room_id)

    verbs.undo(host, merge)

    assert faces_of(None) == [newcomer]


def test_two_on_one_photo_merge_when_somebody_is_sure(
    app: Flask, room_id: int, host: Author
) -> None:
    (photo_id,) = insert_photos(app, room_id, 1, file_name="both.jpg")
    first, second = (insert_person(app, room_id, [photo_id]) for _ in range(2))
    faces = [*faces_of(first), *faces_of(second)]

    with pytest.raises(SamePhotoError, match=r"both\.jpg") as question:
        verbs.merge_people(host, first, second)

    assert {face for pair in question.value.pairs for face in pair} == set(faces)
    assert len(faces_of(first)) == len(faces_of(second)) == 1
    merge = verbs.merge_people(host, first, second, is_sure=True)
    assert faces_of(second) == sorted(faces)
    cover = verbs.choose_cover(host, faces[0])  # a later correction of the face, which stays
    verbs.undo(host, merge)
    assert {face.person_id for face in map(face_row, faces)} != {second}
    verbs.undo(host, cover)


def test_who_is_twice_on_a_photo_is_asked_about_once_only(
    app: Flask, room_id: int, host: Author, add_person: Callable[..., int]
) -> None:
    (photo_id,) = insert_photos(app, room_id, 1, file_name="both.jpg")
    first, second = (insert_person(app, room_id, [photo_id]) for _ in range(2))
    verbs.merge_people(host, first, second, is_sure=True)

    verbs.merge_people(host, second, add_person(2))

    assert faces_of(second) == []


def test_panels_of_a_collage_are_not_asked_about(app: Flask, room_id: int, host: Author) -> None:
    (photo_id,) = insert_photos(app, room_id, 1)
    first, second = (insert_person(app, room_id, [photo_id]) for _ in range(2))
    for panel, face in enumerate([*faces_of(first), *faces_of(second)], 1):
        face_row(face).panel = panel
    db.session.commit()

    verbs.merge_people(host, first, second)

    assert len(faces_of(second)) == 2


def test_nobody_is_merged_with_themselves(host: Author, add_person: Callable[..., int]) -> None:
    lea = add_person()

    with pytest.raises(InvalidInputError, match="already the same person"):
        verbs.merge_people(host, lea, lea)


def test_a_name_that_somebody_has_is_asked_about(
    host: Author, add_person: Callable[..., int]
) -> None:
    lea, other = add_person(1, "Lea"), add_person(1)

    with pytest.raises(SameNameError, match="same person") as question:
        verbs.name_person(host, other, "lea")
    verbs.name_person(host, other, "lea", is_another=True)

    assert question.value.namesake_id == lea
    assert name_of(other) == "lea"


def test_undoing_a_name_brings_back_the_one_before(
    host: Author, add_person: Callable[..., int]
) -> None:
    lea = add_person(2, "Lea")

    naming = verbs.name_person(host, lea, "Lena")
    assert naming is not None
    verbs.undo(host, naming)

    assert name_of(lea) == "Lea"


def test_moved_faces_become_somebody_new_and_the_rest_keeps_the_name(
    host: Author, add_person: Callable[..., int]
) -> None:
    lea = add_person(5, "Lea")
    faces = faces_of(lea)

    verbs.move_faces(host, faces[:3], None)

    assert faces_of(lea) == faces[3:]
    assert name_of(lea) == "Lea"
    moved = db.session.get_one(Face, faces[0]).person_id
    assert moved is not None
    assert faces_of(moved) == faces[:3]
    assert name_of(moved) is None


def test_a_moved_face_joins_another_person(host: Author, add_person: Callable[..., int]) -> None:
    lea, tom = add_person(3, "Lea"), add_person(2, "Tom")
    (face, *_rest) = faces_of(lea)

    move = verbs.move_faces(host, [face], tom)

    assert face in faces_of(tom)
    verbs.undo(host, move)
    assert face in faces_of(lea)


def test_a_face_moves_to_who_is_on_the_photo_already_if_somebody_is_sure(
    app: Flask, room_id: int, host: Author
) -> None:
    (photo_id,) = insert_photos(app, room_id, 1)
    first, second = (insert_person(app, room_id, [photo_id]) for _ in range(2))

    with pytest.raises(SamePhotoError, match="really the same person"):
        verbs.move_faces(host, faces_of(first), second)
    with pytest.raises(SamePhotoError, match="really the same person"):
        verbs.move_faces(host, [*faces_of(first), *faces_of(second)], None)
    verbs.move_faces(host, faces_of(first), second, is_sure=True)
    assert len(faces_of(second)) == 2


def test_rejected_faces_are_unsorted_and_apart(
    host: Author, add_person: Callable[..., int]
) -> None:
    lea = add_person(3, "Lea")
    face, *rest = faces_of(lea)

    reject = verbs.reject_faces(host, lea, [face])

    assert faces_of(None) == [face]
    assert faces_of(lea) == rest
    verbs.undo(host, reject)
    assert len(faces_of(lea)) == 3


def test_what_is_no_face_leaves_every_list(
    app: Flask, room_id: int, host: Author, add_person: Callable[..., int]
) -> None:
    lea = add_person(2)
    face, other = faces_of(lea)

    mark = verbs.mark_not_faces(host, [face])

    assert faces_of(lea) == [other]
    assert shown_faces.count_faces(room_id).unsorted == 0
    photo_id = db.session.get_one(Face, face).photo_id
    assert db.session.get_one(Photo, photo_id).faces == []
    with pytest.raises(NotFoundError):
        verbs.move_faces(host, [face], None)
    verbs.undo(host, mark)
    assert faces_of(lea) == [face, other]


def test_a_hidden_person_is_listed_apart(
    room_id: int, host: Author, add_person: Callable[..., int]
) -> None:
    lea = add_person()

    hide = verbs.hide_person(host, lea)

    assert people.list_people(room_id) == []
    assert [card.id for card in people.list_people(room_id, is_hidden=True)] == [lea]
    verbs.undo(host, hide)
    assert [card.id for card in people.list_people(room_id)] == [lea]


def test_whoever_takes_in_a_hidden_person_is_hidden_too(
    host: Author, add_person: Callable[..., int]
) -> None:
    """A bystander does not become visible because another album of theirs was merged in."""
    lea, other = add_person(), add_person()
    verbs.hide_person(host, other)

    verbs.merge_people(host, other, lea)

    assert is_hidden(lea)
    verbs.show_person(host, lea)
    assert not is_hidden(lea)


def test_a_chosen_cover_stays_until_its_face_leaves(
    room_id: int, host: Author, add_person: Callable[..., int]
) -> None:
    lea = add_person(3)
    cover = faces_of(lea)[-1]

    verbs.choose_cover(host, cover)

    assert people.list_people(room_id)[0].cover_face_id == cover
    verbs.reject_faces(host, lea, [cover])
    assert people.list_people(room_id)[0].cover_face_id != cover


def test_the_answer_that_two_are_one_merges_them_under_the_name(
    host: Author, add_person: Callable[..., int]
) -> None:
    other, lea = add_person(4), add_person(1, "Lea")

    verbs.mark_same(host, faces_of(other)[:1], faces_of(lea)[:1])

    assert len(faces_of(lea)) == 5
    with pytest.raises(InvalidInputError, match="already one person"):
        verbs.mark_same(host, faces_of(lea)[:1], faces_of(lea)[1:2])


def test_the_answer_that_a_face_is_somebody_moves_it(
    app: Flask, room_id: int, host: Author, add_person: Callable[..., int]
) -> None:
    lea, face = add_person(2, "Lea"), add_unsorted(app, room_id)

    verbs.mark_same(host, [face], faces_of(lea)[:1])

    assert face in faces_of(lea)


def test_the_answer_that_two_are_two_moves_nobody(
    host: Author, add_person: Callable[..., int]
) -> None:
    lea, tom = add_person(), add_person()
    before = faces_of(lea), faces_of(tom)

    verbs.mark_different(host, before[0][:1], before[1][:1])

    assert (faces_of(lea), faces_of(tom)) == before


def test_what_was_undone_cannot_be_undone_again(
    host: Author, add_person: Callable[..., int]
) -> None:
    hide = verbs.hide_person(host, add_person())
    verbs.undo(host, hide)

    with pytest.raises(InvalidInputError, match="already undone"):
        verbs.undo(host, hide)


def test_a_refused_correction_changes_nothing(
    room_id: int, host: Author, add_person: Callable[..., int]
) -> None:
    lea = add_person()
    revision = db.session.scalar(select(Room.revision))

    with pytest.raises(InvalidInputError):
        verbs.reject_faces(host, lea, [])

    db.session.rollback()
    assert db.session.scalar(select(Room.revision)) == revision

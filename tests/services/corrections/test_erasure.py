"""Deleted data is gone, and the history keeps only what undo needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from photoshare.db import db, utc_now
from photoshare.models import (
    PHOTO_WAITING,
    Correction,
    CorrectionFace,
    Face,
    Guest,
    Person,
    Photo,
    Upload,
)
from photoshare.services.corrections import verbs
from photoshare.services.corrections.change import change_of_room
from photoshare.services.people.room_faces import load_room_faces
from photoshare.services.rooms import guests
from photoshare.services.rooms.entering import Author
from photoshare.web.site import Site
from tests.fakes import RED, FakeFaceEngine, draw_photo
from tests.helpers import (
    delete_for_good,
    faces_of,
    guest_access,
    host_access,
    insert_face,
    insert_person,
    insert_photos,
)
from tests.old_databases import downgrade, upgrade

pytestmark = pytest.mark.usefixtures("app_ctx")


def encoding_of(face_id: int) -> bytes | None:
    db.session.rollback()
    return db.session.get_one(Face, face_id).encoding


def is_erased(face_id: int) -> bool:
    return encoding_of(face_id) is None


@pytest.fixture
def analysed(
    room_id: int, add_photo: Callable[..., int], run_jobs: Callable[[], None]
) -> tuple[int, int]:
    """Ids of a searched photo and of its face."""
    photo_id = add_photo(room_id, draw_photo(RED))
    run_jobs()
    return photo_id, db.session.scalars(select(Face.id)).one()


def crops(site: Site, room_id: int) -> list[Path]:
    return list((site.storage.room_folder(room_id) / "derived").glob("*-face-*"))


def test_what_is_no_face_loses_its_encoding_and_its_picture(
    site: Site, host: Author, analysed: tuple[int, int], run_jobs: Callable[[], None]
) -> None:
    _photo, face = analysed
    assert not is_erased(face)
    assert len(crops(site, host.room_id)) == 1

    verbs.mark_not_faces(host, [face])
    site.jobs.sweep()

    assert is_erased(face)
    assert crops(site, host.room_id) == []


def test_another_search_does_not_bring_it_back(
    site: Site, host: Author, analysed: tuple[int, int], run_jobs: Callable[[], None]
) -> None:
    photo, face = analysed
    verbs.mark_not_faces(host, [face])
    site.jobs.sweep()
    db.session.execute(update(Photo).where(Photo.id == photo).values(state=PHOTO_WAITING))
    db.session.commit()

    run_jobs()

    assert is_erased(face)
    assert crops(site, host.room_id) == []


def test_an_undo_searches_the_photo_again_and_encodes_the_face(
    site: Site, host: Author, analysed: tuple[int, int], run_jobs: Callable[[], None]
) -> None:
    _photo, face = analysed
    before = encoding_of(face)
    number = verbs.mark_not_faces(host, [face])

    verbs.undo(host, number)
    assert is_erased(face)
    run_jobs()

    assert encoding_of(face) == before
    assert db.session.get_one(Face, face).is_face
    assert len(crops(site, host.room_id)) == 1


def test_until_then_it_is_with_its_person_and_alike_nobody(
    app: Flask, room_id: int, host: Author
) -> None:
    lea = insert_person(app, room_id, insert_photos(app, room_id, 2), "Lea")
    face, other = faces_of(app, lea)
    number = verbs.mark_not_faces(host, [face])

    verbs.undo(host, number)

    assert faces_of(app, lea) == [face, other]
    assert load_room_faces(room_id, FakeFaceEngine.name).ids.tolist() == [other]


def test_the_faces_in_memory_are_forgotten(app: Flask, site: Site, room_id: int) -> None:
    lea = insert_person(app, room_id, insert_photos(app, room_id, 2), "Lea")
    kept = load_room_faces(room_id, FakeFaceEngine.name)
    assert load_room_faces(room_id, FakeFaceEngine.name) is kept

    verbs.mark_not_faces(Author(room_id), faces_of(app, lea)[:1])

    assert len(load_room_faces(room_id, FakeFaceEngine.name).ids) == 1


def test_an_undone_correction_keeps_neither_name_nor_faces(
    app: Flask, room_id: int, host: Author
) -> None:
    lea = insert_person(app, room_id, insert_photos(app, room_id, 2))
    number = verbs.name_person(host, lea, "Lea")
    assert number is not None

    verbs.undo(host, number)

    correction = db.session.get_one(Correction, number)
    assert correction.is_undone
    assert correction.name is None
    assert db.session.scalars(select(CorrectionFace)).all() == []


def test_a_deleted_photo_takes_along_what_was_said_of_it_alone(
    app: Flask, site: Site, room_id: int, host: Author
) -> None:
    (photo,) = insert_photos(app, room_id, 1)
    insert_person(app, room_id, [photo], "Lea")

    delete_for_good(host_access(room_id), photo, site.storage)

    assert db.session.scalars(select(Correction)).all() == []
    assert db.session.scalars(select(Person)).all() == []


@pytest.fixture
def bystander(app: Flask, room_id: int, host: Author) -> tuple[int, list[int]]:
    """Lea, hidden in one photo, and in two later ones. Her id, and those of the photos."""
    ids = insert_photos(app, room_id, 3)
    lea = insert_person(app, room_id, ids[:1], "Lea")
    verbs.hide_person(host, lea)
    for photo in ids[1:]:
        insert_face(app, room_id, photo, person_id=lea)
    return lea, ids


def settle(room_id: int) -> None:
    """Work everything out again, as any correction does."""
    with change_of_room(room_id):
        pass


def test_somebody_hidden_stays_hidden_without_the_photo_on_which_that_was_said(
    site: Site, room_id: int, bystander: tuple[int, list[int]]
) -> None:
    lea, ids = bystander

    delete_for_good(host_access(room_id), ids[0], site.storage)
    settle(room_id)

    person = db.session.get_one(Person, lea)
    assert (person.name, person.is_hidden) == ("Lea", True)


def test_what_was_said_of_them_can_still_be_undone(
    site: Site, room_id: int, host: Author, bystander: tuple[int, list[int]]
) -> None:
    lea, ids = bystander
    delete_for_good(host_access(room_id), ids[0], site.storage)

    for correction in db.session.scalars(select(Correction)).all():
        verbs.undo(host, correction.id)

    person = db.session.get_one(Person, lea)
    assert (person.name, person.is_hidden) == (None, False)


def test_the_name_of_two_who_were_made_one_outlives_their_first_photos(
    app: Flask, site: Site, room_id: int, host: Author
) -> None:
    ids = insert_photos(app, room_id, 3)
    lea, twin = insert_person(app, room_id, ids[:1]), insert_person(app, room_id, ids[1:2])
    name = verbs.name_person(host, lea, "Lea")
    assert name is not None
    verbs.merge_people(host, twin, lea)
    insert_face(app, room_id, ids[2], person_id=lea)

    for photo in ids[:2]:
        delete_for_good(host_access(room_id), photo, site.storage)
    settle(room_id)

    assert db.session.get_one(Person, lea).name == "Lea"


def test_who_may_undo_a_name_deletes_it(app: Flask, room_id: int, host: Author) -> None:
    ids = insert_photos(app, room_id, 2)
    lea, twin = insert_person(app, room_id, ids[:1], "Lena"), insert_person(app, room_id, ids[1:])
    verbs.name_person(host, lea, "Lea")
    verbs.merge_people(host, twin, lea)

    assert verbs.name_person(host, lea, "") is None

    assert db.session.get_one(Person, lea).name is None
    assert set(db.session.scalars(select(Correction.name))) == {None}
    assert len(faces_of(app, lea)) == 2  # still one person


def test_whoever_may_not_undo_it_takes_it_away_as_a_correction(
    app: Flask, room_id: int, host: Author
) -> None:
    lea = insert_person(app, room_id, insert_photos(app, room_id, 1), "Lea")
    access = guest_access(room_id)
    gustav = Author(room_id, access.guest.id, is_host=False)

    number = verbs.name_person(gustav, lea, "")

    assert number is not None
    verbs.undo(host, number)
    assert db.session.get_one(Person, lea).name == "Lea"


def test_a_guest_who_leaves_and_left_nothing_is_gone(site: Site, room_id: int) -> None:
    access = guest_access(room_id)

    guests.leave_room(access, site.storage)

    assert db.session.scalars(select(Guest)).all() == []


def test_a_guest_who_leaves_is_nameless_where_something_is_theirs(
    app: Flask, site: Site, room_id: int
) -> None:
    access = guest_access(room_id)
    (photo,) = insert_photos(app, room_id, 1, guest_id=access.guest.id)
    lea = insert_person(app, room_id, [photo], "Lea")
    access.guest.person_id = access.guest.said_person_id = lea
    upload = Upload(room_id=room_id, guest_id=access.guest.id, size_bytes=9)
    upload.fingerprint = upload.file_name = "holiday.jpg"
    db.session.add(upload)
    db.session.commit()
    piece = site.storage.piece_file(room_id, upload.id)
    piece.parent.mkdir(parents=True)
    piece.write_bytes(b"half")

    guests.leave_room(access, site.storage)

    guest = db.session.scalars(select(Guest)).one()
    assert (guest.name, guest.person_id, guest.said_person_id) == ("", None, None)
    assert db.session.get_one(Photo, photo).guest_id == guest.id
    assert db.session.scalars(select(Upload)).all() == []
    assert not piece.exists()


def test_the_migration_erases_what_former_versions_kept(app: Flask, room_id: int) -> None:
    ids = insert_photos(app, room_id, 2)
    lea = insert_person(app, room_id, ids[:1], "Lea")
    no_face = insert_face(app, room_id, ids[1], is_face=False)
    said = Correction(room_id=room_id, kind="name", name="Lena", undone_at=utc_now())
    spent = Correction(room_id=room_id, kind="name", name="Lisa")
    db.session.add_all([said, spent])
    db.session.flush()
    db.session.add(CorrectionFace(correction_id=said.id, face_id=no_face, side=0))
    db.session.commit()
    db.session.remove()
    downgrade(revision="0006")

    upgrade()

    assert is_erased(no_face)
    assert not is_erased(faces_of(app, lea)[0])
    assert set(db.session.scalars(select(Correction.name))) == {"Lea", None}
    assert len(db.session.scalars(select(Correction)).all()) == 2
    assert len(db.session.scalars(select(CorrectionFace)).all()) == 1

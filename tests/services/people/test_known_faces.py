"""A photo that is searched again: its faces keep their rows and their corrections."""

from __future__ import annotations

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.faces.types import AnalysedFace
from photoshare.geometry import FaceLocation
from photoshare.models import PHOTO_WAITING, Face, Photo
from photoshare.services.corrections import verbs
from photoshare.services.people import grouping, storing
from photoshare.services.people.grouping import GroupingRule
from photoshare.services.people.storing import FoundFace
from photoshare.services.rooms import rooms
from photoshare.services.rooms.entering import Author
from photoshare.services.work import photo_queue
from photoshare.web.site import Site
from tests.helpers import count_change, insert_photos

pytestmark = pytest.mark.usefixtures("app_ctx")
RULE = GroupingRule(engine_name="fake", eps=0.325, min_samples=2)
LEFT, RIGHT = (10, 70, 70, 10), (10, 270, 70, 210)  # locations of two faces in a photo


@pytest.fixture
def room_id(app: Flask) -> int:
    room_id = rooms.create_room("Party").room.id
    insert_photos(app, room_id, 1, state=PHOTO_WAITING)
    return room_id


def moved(location: FaceLocation, by: int) -> FaceLocation:
    top, right, bottom, left = location
    return top + by, right + by, bottom + by, left + by


def search(
    site: Site, room_id: int, *locations: FaceLocation, rule: GroupingRule = RULE, size: int = 128
) -> list[Face]:
    """Analyse the photo as if an engine found faces here; return the rows of its faces."""
    photo_queue.analyse_again(room_id)
    claimed = photo_queue.claim_photo(room_id) or photo_queue.SecondSearch(room_id).claim()
    assert claimed is not None
    found = []
    for number, location in enumerate(locations):
        encoding = np.zeros(size, dtype=np.float32)
        encoding[number] = 1.4
        found.append(FoundFace(AnalysedFace(location, 0.9, encoding), b"jpeg"))
    storing.store_analysis([(claimed, found)], rule=rule, storage=site.storage)
    db.session.rollback()
    return list(db.session.scalars(select(Face).order_by(Face.left)))


def test_a_face_found_a_little_beside_is_the_same_row(site: Site, room_id: int) -> None:
    before = [face.id for face in search(site, room_id, LEFT, RIGHT)]

    after = search(site, room_id, moved(LEFT, 5), moved(RIGHT, -5))

    assert [face.id for face in after] == before
    assert [face.location for face in after] == [moved(LEFT, 5), moved(RIGHT, -5)]
    folder = site.storage.room_folder(room_id) / "derived"
    assert len(list(folder.glob("*-face-*"))) == 2, "the pictures of the old places go"


def test_a_named_face_keeps_its_person(site: Site, room_id: int) -> None:
    face, _other = search(site, room_id, LEFT, RIGHT)
    author = Author(room_id)
    verbs.move_faces(author, [face.id], None)
    person_id = db.session.get_one(Face, face.id).person_id
    verbs.name_person(author, person_id or 0, "Lea")

    (found, _other) = search(site, room_id, moved(LEFT, 5), RIGHT)

    assert (found.person_id, found.person and found.person.name) == (person_id, "Lea")


def test_what_is_no_face_stays_none_however_often_it_is_found(site: Site, room_id: int) -> None:
    face, _other = search(site, room_id, LEFT, RIGHT)
    verbs.mark_not_faces(Author(room_id), [face.id])

    (found, other) = search(site, room_id, moved(LEFT, 5), RIGHT)

    assert (found.id, found.is_face) == (face.id, False)
    assert other.is_face


def test_a_corrected_face_stays_where_it_is_not_found_again(site: Site, room_id: int) -> None:
    face_id, _other = (face.id for face in search(site, room_id, LEFT, RIGHT))
    verbs.move_faces(Author(room_id), [face_id], None)

    (left,) = search(site, room_id)

    assert left.id == face_id
    assert left.person_id is not None


def test_a_face_of_which_nothing_was_said_goes_where_it_is_not_found_again(
    site: Site, room_id: int
) -> None:
    search(site, room_id, LEFT, RIGHT)

    assert [face.location for face in search(site, room_id, RIGHT)] == [RIGHT]


OTHER = GroupingRule(engine_name="other", eps=0.9, min_samples=2)


def test_another_engine_finds_the_same_rows_by_boxes_that_are_tighter_and_taller(
    site: Site, room_id: int
) -> None:
    before = [face.id for face in search(site, room_id, LEFT, RIGHT)]

    after = search(site, room_id, (0, 56, 80, 24), (2, 256, 82, 222), rule=OTHER, size=256)

    assert [face.id for face in after] == before
    assert {len(face.encoding or b"") for face in after} == {4 * 256}
    assert db.session.scalars(select(Photo.engine)).all() == ["other"]


def test_a_corrected_face_that_another_engine_does_not_find_stays_without_its_encoding(
    site: Site, room_id: int
) -> None:
    face_id, _other = (face.id for face in search(site, room_id, LEFT, RIGHT))
    verbs.move_faces(Author(room_id), [face_id], None)

    left, right = search(site, room_id, RIGHT, rule=OTHER, size=256)

    assert (left.id, left.encoding) == (face_id, None)
    assert left.person_id is not None
    assert right.encoding is not None
    grouping.group_unsorted_faces(room_id, OTHER)
    assert db.session.get_one(Face, face_id).person_id is not None


def test_nobody_is_twice_on_a_photo_for_a_face_that_was_not_found(
    app: Flask, site: Site, room_id: int
) -> None:
    """Lea is in the photo by a correction; any other face there is not her, however similar."""
    face_id, _other = (face.id for face in search(site, room_id, LEFT, RIGHT))
    verbs.move_faces(Author(room_id), [face_id], None)
    lea = db.session.get_one(Face, face_id).person_id
    insert_photos(app, room_id, 1, seed="second", state=PHOTO_WAITING)
    claimed = photo_queue.claim_photo(room_id)
    assert claimed is not None
    alike = np.zeros(256, dtype=np.float32)
    alike[0] = 1.4
    storing.store_analysis(
        [(claimed, [FoundFace(AnalysedFace(LEFT, 0.9, alike), b"jpeg")])],
        rule=OTHER,
        storage=site.storage,
    )
    db.session.execute(update(Face).where(Face.photo_id == claimed.id).values(person_id=lea))
    count_change(room_id)

    photo_queue.analyse_again(room_id)
    photos = photo_queue.SecondSearch(room_id)
    while (again := photos.claim()) is not None:
        found = [FoundFace(AnalysedFace((400, 460, 460, 400), 0.9, alike), b"jpeg")]
        if again.id == claimed.id:
            found = [FoundFace(AnalysedFace(LEFT, 0.9, alike), b"jpeg")]
        storing.store_analysis([(again, found)], rule=OTHER, storage=site.storage)
    grouping.group_unsorted_faces(room_id, OTHER)

    db.session.rollback()
    rows = db.session.execute(select(Face.photo_id, Face.id).where(Face.person_id == lea)).all()
    assert len({photo for photo, _face in rows}) == len(rows) == 2

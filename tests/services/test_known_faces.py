"""A photo that is searched again: its faces are the same rows, and stay what was said of them."""

from __future__ import annotations

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import select

from photoshare.db import db
from photoshare.faces.dlib_format import ENCODING_SIZE
from photoshare.faces.types import AnalysedFace, FaceLocation
from photoshare.models import PHOTO_WAITING, Face
from photoshare.services import analysis, corrections, grouping, rooms
from photoshare.services.corrections import Author
from photoshare.services.grouping import FoundFace, GroupingRule
from photoshare.web.site import Site
from tests.helpers import insert_photos

pytestmark = pytest.mark.usefixtures("app_ctx")
RULE = GroupingRule(engine_name="fake", eps=0.325, min_samples=2)
LEFT, RIGHT = (10, 70, 70, 10), (10, 270, 70, 210)  # locations of two faces of a photo


@pytest.fixture
def room_id(app: Flask) -> int:
    room_id = rooms.create_room("Party").room.id
    insert_photos(app, room_id, 1, state=PHOTO_WAITING)
    return room_id


def moved(location: FaceLocation, by: int) -> FaceLocation:
    top, right, bottom, left = location
    return top + by, right + by, bottom + by, left + by


def search(site: Site, room_id: int, *locations: FaceLocation) -> list[Face]:
    """Analyse the photo, as if an engine found faces here; return the rows of its faces."""
    analysis.analyse_again(room_id)
    claimed = analysis.claim_photo(room_id)
    assert claimed is not None
    found = []
    for number, location in enumerate(locations):
        encoding = np.zeros(ENCODING_SIZE, dtype=np.float32)
        encoding[number] = 1.4
        found.append(FoundFace(AnalysedFace(location, 0.9, encoding), b"jpeg"))
    grouping.store_analysis(claimed, found, rule=RULE, storage=site.storage)
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
    corrections.move_faces(author, [face.id], None)
    person_id = db.session.get_one(Face, face.id).person_id
    corrections.name_person(author, person_id or 0, "Lea")

    (found, _other) = search(site, room_id, moved(LEFT, 5), RIGHT)

    assert (found.person_id, found.person and found.person.name) == (person_id, "Lea")


def test_what_is_no_face_stays_none_however_often_it_is_found(site: Site, room_id: int) -> None:
    face, _other = search(site, room_id, LEFT, RIGHT)
    corrections.mark_not_faces(Author(room_id), [face.id])

    (found, other) = search(site, room_id, moved(LEFT, 5), RIGHT)

    assert (found.id, found.is_face) == (face.id, False)
    assert other.is_face


def test_a_corrected_face_stays_where_it_is_not_found_again(site: Site, room_id: int) -> None:
    face_id, _other = (face.id for face in search(site, room_id, LEFT, RIGHT))
    corrections.move_faces(Author(room_id), [face_id], None)

    (left,) = search(site, room_id)

    assert left.id == face_id
    assert left.person_id is not None


def test_a_face_of_which_nothing_was_said_goes_where_it_is_not_found_again(
    site: Site, room_id: int
) -> None:
    search(site, room_id, LEFT, RIGHT)

    assert [face.location for face in search(site, room_id, RIGHT)] == [RIGHT]

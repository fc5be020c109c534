"""`Photo.is_without_faces` is always right, whoever writes faces, and indexed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from photoshare.db import db
from photoshare.services.people.shown_faces import count_without_faces
from photoshare.services.rooms.rooms import NewRoom
from tests.helpers import insert_face, insert_photos
from tests.old_databases import downgrade, upgrade

ONE_MORE = (
    'INSERT INTO face (photo_id, top, "right", bottom, "left", score, is_face) '
    "VALUES (:photo, 0, 9, 9, 0, 1, {is_face})"
)
# Actions on an analysed photo with one face, and whether it is then without faces.
CHANGES = {
    "a face comes": (ONE_MORE.format(is_face="true"), False),
    "what is none comes": (ONE_MORE.format(is_face="false"), False),
    "its face goes": ("DELETE FROM face", True),
    "its face is said to be none": ("UPDATE face SET is_face = false", True),
    "its face gets a person": ("UPDATE face SET person_id = NULL, is_face = true", False),
    "it is without a face and given up": (
        "UPDATE photo SET state = 'failed'; DELETE FROM face",
        False,
    ),
    "it is without a face and not searched yet": (
        "DELETE FROM face; UPDATE photo SET engine = NULL, state = 'waiting'",
        False,
    ),
    "what was none is a face after all": (
        "UPDATE face SET is_face = false; UPDATE face SET is_face = true",
        False,
    ),
    "what is none goes": ("UPDATE face SET is_face = false; DELETE FROM face", True),
}


@pytest.fixture
def room_id(make_room: Callable[..., NewRoom]) -> int:
    return make_room().room.id


@pytest.fixture
def photo(app: Flask, room_id: int) -> int:
    (photo,) = insert_photos(app, room_id, 1)
    insert_face(app, room_id, photo)
    return photo


@pytest.mark.parametrize(("statements", "is_without"), CHANGES.values(), ids=CHANGES)
def test_it_follows(
    app: Flask, room_id: int, photo: int, statements: str, is_without: bool
) -> None:
    with app.app_context():
        assert count_without_faces(room_id) == 0

        for statement in statements.split("; "):
            db.session.execute(text(statement), {"photo": photo} if ":photo" in statement else {})

        assert count_without_faces(room_id) == is_without


def test_it_is_known_of_photos_of_former_versions(app: Flask, room_id: int, photo: int) -> None:
    insert_photos(app, room_id, 2, seed="more")
    with app.app_context():
        downgrade(revision="0013")

        upgrade()

        assert count_without_faces(room_id) == 2


@pytest.mark.sqlite
def test_they_are_counted_and_listed_by_their_index_alone(app: Flask) -> None:
    """Other rows cost nothing: before, 20,000 photos and 60,000 faces were read."""
    where = "FROM photo WHERE room_id = 1 AND is_without_faces = 1"
    queries = f"SELECT count(*) {where}", f"SELECT * {where} ORDER BY moment, id LIMIT 9"
    with app.app_context():
        plans = [
            db.session.execute(text(f"EXPLAIN QUERY PLAN {query}")).all()[0][3] for query in queries
        ]

    for plan in plans:
        assert "ix_photo_without_faces (room_id=?)" in plan

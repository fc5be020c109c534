"""`Room.activity` counts every change that the status shows, whoever writes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from photoshare.db import db
from photoshare.models import PHOTO_WAITING, Room
from photoshare.services.rooms.rooms import NewRoom
from tests.helpers import insert_photos

COUNTED = {
    "a photo comes": "INSERT INTO photo (room_id, sha256, file_name, image_format, size_bytes, "
    "width, height, created_at, state, attempts) SELECT room_id, 'b', file_name, image_format, "
    "size_bytes, width, height, created_at, state, attempts FROM photo LIMIT 1",
    "a photo is analysed": "UPDATE photo SET state = 'analysed'",
    "a photo is given up": "UPDATE photo SET state = 'failed'",
    "a photo goes": "DELETE FROM photo",
    "a job begins": "INSERT INTO job (room_id, kind, state, photos_done, queued_at) "
    "SELECT id, 'cluster_room', 'queued', 0, created_at FROM room",
    "a job ends": "UPDATE job SET state = 'done'",
    "a job says why it failed": "UPDATE job SET error = 'No model.'",
    "a job is forgotten": "DELETE FROM job",
}
NOT_COUNTED = {
    "a photo is taken in hand": "UPDATE photo SET state = 'analysing'",
    "a photo is measured": "UPDATE photo SET crc32 = 1",
    "a photo of a job is done": "UPDATE job SET photos_done = photos_done + 1",
}


@pytest.fixture
def count_of(app: Flask, make_room: Callable[..., NewRoom]) -> Callable[[str], int]:
    """Run a statement; return by how much the room's counter has grown."""
    room_id = make_room().room.id
    insert_photos(app, room_id, 1, state=PHOTO_WAITING)
    job = "INSERT INTO job (room_id, kind, state, photos_done, queued_at) "
    with app.app_context():
        db.session.execute(text(f"{job} SELECT id, 'x', 'running', 0, created_at FROM room"))
        db.session.commit()

    def count(statement: str) -> int:
        with app.app_context():
            before = db.session.get_one(Room, room_id).activity
            db.session.execute(text(statement))
            db.session.commit()
            return db.session.get_one(Room, room_id).activity - before

    return count


@pytest.mark.parametrize("statement", COUNTED.values(), ids=COUNTED)
def test_it_counts(count_of: Callable[[str], int], statement: str) -> None:
    assert count_of(statement) > 0


@pytest.mark.parametrize("statement", NOT_COUNTED.values(), ids=NOT_COUNTED)
def test_it_does_not_count_what_no_page_shows(
    count_of: Callable[[str], int], statement: str
) -> None:
    assert count_of(statement) == 0

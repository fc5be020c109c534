"""A worker in its own process, killed with -9 again and again: nothing lost, nothing twice."""

from __future__ import annotations

import collections
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from photoshare.db import db
from photoshare.models import Face, Job, Photo
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import Site
from tests.fakes import BLUE, RED, FakeFaceEngine, draw_photo
from tests.jobs.killing import kill_until

pytestmark = pytest.mark.slow

PHOTOS = 30


def count(app: Flask, state: str) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count(Photo.id)).where(Photo.state == state)) or 0


def test_killed_at_any_time_the_job_goes_on_and_no_photo_is_lost_or_stored_twice(
    app: Flask, make_room: Callable[..., NewRoom], add_photo: Callable[..., int], tmp_path: Path
) -> None:
    room_id = make_room().room.id
    for number in range(PHOTOS):
        add_photo(room_id, draw_photo(RED, BLUE, seed=number, width=300 + number))

    kills, searches = kill_until(
        lambda: count(app, "analysed") == PHOTOS, tmp_path, FakeFaceEngine, searches=7, seconds=120
    )

    searched = collections.Counter(searches)
    with app.app_context():
        faces = db.session.scalar(select(func.count(Face.id)))
    assert count(app, "analysed") == PHOTOS
    assert faces == 2 * PHOTOS
    assert len(searched) == PHOTOS
    # A photo whose search was interrupted by a kill is searched again, every other one once.
    assert sum(searched.values()) <= PHOTOS + kills
    assert kills >= 4


def test_after_a_kill_an_unfinished_job_is_queued_again(
    app: Flask, site: Site, make_room: Callable[..., NewRoom], add_photo: Callable[..., int]
) -> None:
    room_id = make_room().room.id
    add_photo(room_id, draw_photo(RED))
    with app.app_context():
        db.session.add(Job(room_id=room_id, kind="process_photos", state="running"))
        db.session.execute(update(Photo).values(state="analysing", attempts=1))
        db.session.commit()

    site.jobs.recover()

    with app.app_context():
        assert db.session.scalars(select(Job.state)).all() == ["queued"]
    site.jobs.run_pending()
    assert count(app, "analysed") == 1

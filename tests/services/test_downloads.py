"""photoshare.services.downloads: checksums are computed once, before anybody waits for them."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from photoshare.db import db
from photoshare.metadata.clean import CLEANING_RULES
from photoshare.models import Job, Photo
from photoshare.services import downloads
from photoshare.services.rooms import NewRoom
from photoshare.web.site import Site
from tests.fakes import RED, draw_photo
from tests.web.test_download import photo_with_place


@pytest.fixture
def room_id(make_room: Callable[..., NewRoom]) -> int:
    return make_room().room.id


def measured() -> int:
    return db.session.scalar(select(func.count(Photo.crc32))) or 0


def test_an_analysed_photo_is_measured(
    app: Flask, room_id: int, add_photo: Callable[..., int], run_jobs: Callable[[], None]
) -> None:
    plain, telling = draw_photo(RED), photo_with_place()
    ids = [add_photo(room_id, content) for content in (plain, telling)]

    run_jobs()

    with app.app_context():
        first, second = (db.session.get_one(Photo, photo_id) for photo_id in ids)
        assert (first.crc32, first.clean_crc32) == (zlib.crc32(plain), zlib.crc32(plain))
        assert second.crc32 == zlib.crc32(telling) != second.clean_crc32
        assert {first.cleaning_rules, second.cleaning_rules} == {CLEANING_RULES}
        assert (first.clean_copy_bytes, second.clean_copy_bytes) == (None, None)


def test_the_next_start_measures_again_what_older_rules_measured(
    app: Flask,
    site: Site,
    room_id: int,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> None:
    add_photo(room_id, photo_with_place())
    run_jobs()
    with app.app_context():
        db.session.execute(update(Photo).values(cleaning_rules=0, clean_crc32=1))
        db.session.commit()

    site.jobs.recover()
    run_jobs()

    with app.app_context():
        photo = db.session.scalars(select(Photo)).one()
        assert photo.cleaning_rules == CLEANING_RULES
        assert photo.clean_crc32 not in (1, photo.crc32)


def test_a_lost_photo_is_not_tried_at_every_start(
    app: Flask,
    site: Site,
    room_id: int,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> None:
    add_photo(room_id, draw_photo(RED))
    with app.app_context():
        site.storage.original(room_id, db.session.scalars(select(Photo.sha256)).one()).unlink()
    run_jobs()

    site.jobs.recover()

    with app.app_context():
        assert (measured(), downloads.unmeasured_rooms()) == (0, [])
        kinds = db.session.scalars(select(Job.kind).where(Job.state == "queued")).all()
        assert "prepare_downloads" not in kinds


def test_a_stop_keeps_what_is_measured_and_leaves_the_rest(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    for seed in range(4):
        add_photo(room_id, draw_photo(RED, seed=seed))
    answers = iter([False, False, True, True])
    with app.app_context():
        downloads.measure_photos(
            Photo.room_id == room_id, site.storage, is_stopping=lambda: next(answers)
        )

        assert measured() == 2


def test_a_photo_that_is_measured_is_not_read_again(
    app: Flask,
    site: Site,
    room_id: int,
    add_photo: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_photo(room_id, draw_photo(RED))
    with app.app_context():
        downloads.measure_photos(Photo.room_id == room_id, site.storage)
        monkeypatch.setattr(downloads, "_measure", lambda *_: pytest.fail("read again"))

        downloads.measure_photos(Photo.room_id == room_id, site.storage)

        assert measured() == 1

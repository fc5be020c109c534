"""downloads.clean_originals: checksums are computed once, before anyone waits for them."""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Callable

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select, update

from photoshare.db import db
from photoshare.metadata.clean import CLEANING_RULES
from photoshare.models import Job, Photo
from photoshare.services.downloads import checksums
from photoshare.services.rooms.rooms import NewRoom
from photoshare.services.work import job_table
from photoshare.services.work.job_table import JobKind
from photoshare.storage import read_received
from photoshare.web.site import Site
from tests.fakes import RED, draw_photo
from tests.web.downloads.test_download import photo_with_place


@pytest.fixture
def room_id(make_room: Callable[..., NewRoom]) -> int:
    return make_room().room.id


def measured() -> int:
    return db.session.scalar(select(func.count(Photo.crc32))) or 0


def unmeasure(app: Flask) -> None:
    """Reset all photos to the state before checksums existed."""
    with app.app_context():
        db.session.execute(update(Photo).values(crc32=None, cleaning_rules=None))
        db.session.commit()


def test_a_photo_is_measured_when_it_comes(
    app: Flask, room_id: int, add_photo: Callable[..., int]
) -> None:
    plain, telling = draw_photo(RED), photo_with_place()

    ids = [add_photo(room_id, content) for content in (plain, telling)]

    with app.app_context():
        first, second = (db.session.get_one(Photo, photo_id) for photo_id in ids)
        assert (first.crc32, first.clean_crc32) == (zlib.crc32(plain), zlib.crc32(plain))
        assert second.crc32 == zlib.crc32(telling) != second.clean_crc32
        assert {first.cleaning_rules, second.cleaning_rules} == {CLEANING_RULES}
        assert (first.clean_copy_bytes, second.clean_copy_bytes) == (None, None)


def test_the_copy_of_a_file_that_cannot_be_cleaned_is_made_when_it_comes(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), RED).save(buffer, "TIFF", big_tiff=True)

    photo_id = add_photo(room_id, buffer.getvalue())

    with app.app_context():
        photo = db.session.get_one(Photo, photo_id)
        copy = site.storage.derivative(room_id, photo.sha256, "clean.jpg").read_bytes()
        assert (photo.crc32, photo.clean_crc32) == (zlib.crc32(buffer.getvalue()), zlib.crc32(copy))
        assert photo.clean_copy_bytes == len(copy)
        with Image.open(io.BytesIO(copy)) as opened:
            assert (opened.format, opened.size) == ("JPEG", (64, 48))


def test_a_photo_that_came_in_pieces_is_measured(app: Flask, site: Site, room_id: int) -> None:
    content = draw_photo(RED)
    path = site.storage.data / "received"
    path.write_bytes(content)

    received = read_received(path)

    assert (received.crc32, received.size_bytes) == (zlib.crc32(content), len(content))
    assert received.sha256 == hashlib.sha256(content).hexdigest()


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
    unmeasure(app)
    with app.app_context():
        site.storage.original(room_id, db.session.scalars(select(Photo.sha256)).one()).unlink()
        assert checksums.unmeasured_rooms() == [room_id]
    site.jobs.recover()
    run_jobs()

    site.jobs.recover()

    with app.app_context():
        assert (measured(), checksums.unmeasured_rooms()) == (0, [])
        assert db.session.scalars(select(Photo.is_lost)).one()
        kinds = db.session.scalars(select(Job.kind).where(Job.state == "queued")).all()
        assert "prepare_downloads" not in kinds


def test_a_stop_keeps_what_is_measured_and_leaves_the_rest(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    for seed in range(4):
        add_photo(room_id, draw_photo(RED, seed=seed))
    unmeasure(app)
    answers = iter([False, False, True, True])
    with app.app_context():
        checksums.measure_photos(
            Photo.room_id == room_id, site.storage, is_stopping=lambda: next(answers)
        )

        assert measured() == 2


def test_downloads_are_prepared_before_faces_are_searched(
    app: Flask,
    site: Site,
    room_id: int,
    add_photo: Callable[..., int],
) -> None:
    add_photo(room_id, draw_photo(RED))
    unmeasure(app)
    with app.app_context():
        job_table.enqueue_job(room_id, JobKind.PROCESS_PHOTOS)
    site.jobs.recover()

    with app.app_context():
        claimed = [job_table.claim_job(), job_table.claim_job()]

    kinds = [job.kind for job in claimed if job]
    assert kinds == [JobKind.PREPARE_DOWNLOADS, JobKind.PROCESS_PHOTOS]

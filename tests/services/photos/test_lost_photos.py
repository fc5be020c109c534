"""photos.lost_photos: what a disk lost is noticed, and taken when it is back."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from photoshare.db import db
from photoshare.models import Job, Photo
from photoshare.services.photos import adding
from photoshare.services.photos.lost_photos import find_missing
from photoshare.services.rooms.rooms import NewRoom
from photoshare.services.work.job_table import JobKind
from photoshare.web.site import Site
from tests.fakes import RED, draw_photo


@pytest.fixture
def room_id(make_room: Callable[..., NewRoom]) -> int:
    return make_room().room.id


def lost_names() -> list[str]:
    return list(db.session.scalars(select(Photo.file_name).where(Photo.is_lost)))


def original_of(site: Site, photo_id: int) -> Path:
    photo = db.session.get_one(Photo, photo_id)
    return site.storage.original(photo.room_id, photo.sha256)


def test_the_hourly_look_finds_what_is_lost_and_what_is_back(
    app: Flask,
    site: Site,
    room_id: int,
    add_photo: Callable[..., int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    ids = [add_photo(room_id, draw_photo(RED, seed=n), f"{n}.jpg") for n in range(3)]
    with app.app_context():
        gone, cut, _ = (original_of(site, photo_id) for photo_id in ids)
        content = gone.read_bytes()
        gone.unlink()
        cut.write_bytes(cut.read_bytes()[:-1])
        site.jobs.sweep()
        db.session.rollback()
        assert lost_names() == ["0.jpg", "1.jpg"]
        assert find_missing(site.storage)[0] == 3
        assert [missing.file_name for missing in find_missing(site.storage)[1]] == lost_names()

        gone.write_bytes(content)
        site.jobs.sweep()

        db.session.rollback()
        assert lost_names() == ["1.jpg"]
    assert "missing or damaged" in caplog.text


def test_a_room_whose_folder_is_gone_is_lost_as_a_whole(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    add_photo(room_id, draw_photo(RED), "a.jpg")
    shutil.rmtree(site.storage.room_folder(room_id))

    site.jobs.sweep()

    with app.app_context():
        assert lost_names() == ["a.jpg"]


def test_a_lost_photo_that_somebody_sends_again_is_back(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    content = draw_photo(RED)
    photo_id = add_photo(room_id, content, "a.jpg")
    with app.app_context():
        original = original_of(site, photo_id)
        sha256 = db.session.get_one(Photo, photo_id).sha256
        original.unlink()
        site.jobs.sweep()
        db.session.rollback()
        assert adding.find_known(room_id, [sha256]) == []  # the browser is to send it

    assert add_photo(room_id, content, "again.jpg") == photo_id

    with app.app_context():
        assert (original.read_bytes(), lost_names()) == (content, [])
        assert adding.find_known(room_id, [sha256]) == [sha256]


def test_a_photo_back_from_a_backup_counts_as_back_when_it_is_sent_again(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    content = draw_photo(RED)
    photo_id = add_photo(room_id, content)
    with app.app_context():
        original = original_of(site, photo_id)
        original.unlink()
        site.jobs.sweep()
        original.write_bytes(content)

    add_photo(room_id, content)

    with app.app_context():
        assert lost_names() == []


def test_a_photo_that_is_there_is_not_replaced_by_what_is_sent_again(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    photo_id = add_photo(room_id, draw_photo(RED))
    with app.app_context():
        inode = original_of(site, photo_id).stat().st_ino

        add_photo(room_id, draw_photo(RED))

        assert original_of(site, photo_id).stat().st_ino == inode


def test_a_lost_copy_for_guests_is_made_again_in_the_background(
    app: Flask,
    site: Site,
    room_id: int,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), RED).save(buffer, "TIFF", big_tiff=True)
    photo_id = add_photo(room_id, buffer.getvalue())
    with app.app_context():
        sha256 = db.session.get_one(Photo, photo_id).sha256
    copy = site.storage.derivative(room_id, sha256, "clean.jpg")
    before = copy.read_bytes()
    copy.unlink()

    site.jobs.sweep()

    with app.app_context():
        kinds = db.session.scalars(select(Job.kind)).all()
    assert JobKind.PREPARE_DOWNLOADS in kinds
    run_jobs()
    assert copy.read_bytes() == before

"""services.work.former_tiffs: RAW files that a former version kept as the thumbnail inside."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import Face, Photo
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import Site
from tests.fakes import RED, draw_photo
from tests.helpers import insert_face
from tests.raws import draw_dng, draw_raw

FORMER = {"image_format": "TIFF", "width": 16, "height": 12, "crc32": None}


@pytest.fixture
def room_id(make_room: Callable[..., NewRoom]) -> int:
    return make_room().room.id


@pytest.fixture
def kept_as_tiff(app: Flask, room_id: int, add_photo: Callable[..., int]) -> int:
    photo_id = add_photo(room_id, draw_dng(orientation=6), "IMG_0815.DNG")
    with app.app_context():
        db.session.execute(update(Photo).where(Photo.id == photo_id).values(FORMER))
        db.session.commit()
    insert_face(app, room_id, photo_id)
    return photo_id


def test_a_raw_file_that_was_a_tiff_is_told_and_searched_again(
    app: Flask, site: Site, room_id: int, kept_as_tiff: int, run_jobs: Callable[[], None]
) -> None:
    with app.app_context():
        sha256 = db.session.scalars(select(Photo.sha256)).one()
        former = db.session.scalars(select(Face)).one().location
        old = site.storage.derivative(room_id, sha256, "1280.webp")
        old.write_bytes(b"of the thumbnail")

    site.jobs.recover()
    run_jobs()

    with app.app_context():
        photo = db.session.get_one(Photo, kept_as_tiff)
        assert (photo.image_format, photo.width, photo.height) == ("DNG", 1200, 1600)
        assert (photo.state, photo.crc32 is None) == ("analysed", False)
        assert former not in [face.location for face in db.session.scalars(select(Face))]
        assert not old.exists()
        assert site.storage.derivative(room_id, sha256, "320.webp").exists()


def test_what_is_a_tiff_stays_one(
    app: Flask,
    site: Site,
    room_id: int,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> None:
    photo_id = add_photo(room_id, draw_photo(RED, image_format="TIFF"), "scan.tif")
    add_photo(room_id, draw_raw("NEF"), "a.nef")
    run_jobs()
    with app.app_context():
        db.session.execute(update(Photo).values(crc32=None))
        db.session.commit()

    site.jobs.recover()
    run_jobs()

    with app.app_context():
        photo = db.session.get_one(Photo, photo_id)
        assert (photo.image_format, photo.state, len(photo.faces)) == ("TIFF", "analysed", 1)
        assert photo.crc32 is not None

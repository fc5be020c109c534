"""Faces of clips on pages: their pictures, when they are seen, and the way there."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from photoshare.db import db
from photoshare.models import Face
from photoshare.web.site import Site
from tests.clips.drawing import draw_scenes
from tests.clips.putting import put_clip
from tests.conftest import Cast
from tests.fakes import BLUE, RED, TOLERANCE, draw_photo


@pytest.fixture
def clip_id(
    app: Flask,
    site: Site,
    cast: Cast,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> int:
    """Add a clip of two people, one after the other, and photos of both."""
    for seed in range(2):
        add_photo(cast.room_id, draw_photo(RED, seed=seed))
        add_photo(cast.room_id, draw_photo(BLUE, seed=seed))
    clip = put_clip(app, site, cast.room_id, draw_scenes([RED], [BLUE]))
    run_jobs()
    return clip


def faces_of_clip(app: Flask, clip_id: int) -> list[Face]:
    with app.app_context():
        query = select(Face).where(Face.photo_id == clip_id).order_by(Face.at_ms)
        faces = list(db.session.scalars(query))
        for face in faces:
            assert face.photo
        db.session.expunge_all()
        return faces


def test_the_picture_of_a_face_is_made_again_from_its_own_frame(
    app: Flask, site: Site, cast: Cast, clip_id: int
) -> None:
    for face, colour in zip(faces_of_clip(app, clip_id), (RED, BLUE), strict=True):
        crop = site.storage.face_crop(cast.room_id, face.photo.sha256, face.location, face.at_ms)
        crop.unlink()

        with cast.guest.get(f"{cast.url}/faces/{face.id}.jpg") as answer:
            shown = np.asarray(Image.open(io.BytesIO(answer.data)))[96, 96].astype(int)

        assert np.abs(shown - colour).max() <= TOLERANCE

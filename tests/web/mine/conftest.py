"""Fixtures: a room with someone whose face can be told from its picture, and other guests."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageDraw
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import Face, Photo, Room
from tests.conftest import Cast
from tests.fakes import BLUE, RED, draw_photo

MARK = (255, 255, 0)  # of the eyes of who hides: no average of a face has this colour


def draw_marked(*colours: tuple[int, int, int], seed: int, scale: int = 1) -> bytes:
    """Draw a photo as `draw_photo` does, with eyes in the red faces; enlarged."""
    drawn = Image.open(io.BytesIO(draw_photo(*colours, seed=seed, image_format="PNG")))
    image = drawn.convert("RGB").resize(
        (drawn.width * scale, drawn.height * scale), Image.Resampling.NEAREST
    )
    draw = ImageDraw.Draw(image)
    for number, colour in enumerate(colours):
        for x in (34, 66):
            if colour == RED:
                draw.circle(((number * 100 + x) * scale, 38 * scale), 6 * scale, fill=MARK)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def shows_mark(content: bytes) -> bool:
    """Whether a picture shows the eyes of who hides."""
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
    is_mark = (pixels[..., 0] > 215) & (pixels[..., 1] > 205) & (pixels[..., 2] < 110)
    return bool(is_mark.sum() >= 4)


@dataclass
class Hideout:
    """The cast's room: its guest is who is red, in large.jpg and red.jpg."""

    cast: Cast
    other: FlaskClient  # another guest, who added red.jpg
    photos: dict[str, int]  # by file name: large.jpg shows blue as well, blue.jpg only them
    digests: dict[str, str]
    red: int
    blue: int
    blue_face: int  # in large.jpg

    @property
    def url(self) -> str:
        return self.cast.url

    def hide(self, **form: str) -> None:
        """Let the guest ask not to be shown."""
        assert self.cast.guest.post(f"{self.url}/me/hide", data=form).status_code == 303


@pytest.fixture
def hideout(
    app: Flask,
    cast: Cast,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> Hideout:
    other = app.test_client()
    assert other.post(f"{cast.url}/join", data={"name": "Olga"}).status_code == 303
    contents = {
        "large.jpg": draw_marked(RED, BLUE, seed=1, scale=15),
        "red.jpg": draw_marked(RED, seed=2, scale=4),
        "blue.jpg": draw_marked(BLUE, seed=3, scale=4),
    }
    photos = {name: add_photo(cast.room_id, content, name) for name, content in contents.items()}
    run_jobs()
    with app.app_context():
        hashes = {name: db.session.get_one(Photo, one).sha256[:16] for name, one in photos.items()}
        red, blue = (
            db.session.scalars(select(Face.person_id).where(Face.photo_id == photos[name])).one()
            for name in ("red.jpg", "blue.jpg")
        )
        query = select(Face.id).where(Face.photo_id == photos["large.jpg"], Face.person_id == blue)
        blue_face = db.session.scalars(query).one()
    assert red is not None
    assert blue is not None
    cast.guest.post(f"{cast.url}/me/person", data={"person": red})
    other.post(f"{cast.url}/me/person", data={"person": blue})
    return Hideout(cast, other, photos, hashes, red, blue, blue_face)


@pytest.fixture
def covered(app: Flask, hideout: Hideout) -> Hideout:
    """The same, where the host lets faces be covered; the guest has asked."""
    with app.app_context():
        db.session.execute(
            update(Room).where(Room.id == hideout.cast.room_id).values(covers_faces=True)
        )
        db.session.commit()
    hideout.hide()
    return hideout

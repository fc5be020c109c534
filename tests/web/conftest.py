"""Fixtures: a room after the party, with searched photos."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from photoshare.db import db
from photoshare.models import Face, Photo
from photoshare.services.owner import password
from tests.conftest import Cast
from tests.fakes import BLUE, GREEN, RED, draw_photo
from tests.helpers import face_at, insert_face, insert_person, insert_photos, let_guests_correct
from tests.scenes import Scenes


@dataclass
class Party:
    """Ids of the photos of the cast's room, by file name, and of its two people."""

    photos: dict[str, int]
    digests: dict[str, str]
    red: int  # in a.jpg, b.jpg and d.jpg
    blue: int  # in a.jpg and c.jpg
    contents: dict[str, bytes]


@pytest.fixture
def put(cast: Cast, add_photo: Callable[..., int]) -> Callable[[bytes, str], str]:
    """Add a photo to the room; return its address up to the digest."""

    def put_photo(content: bytes, file_name: str) -> str:
        photo_id = add_photo(cast.room_id, content, file_name)
        return f"{cast.url}/photos/{photo_id}/{hashlib.sha256(content).hexdigest()[:16]}"

    return put_photo


@pytest.fixture
def party(
    app: Flask,
    cast: Cast,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
    scenes: Scenes,
) -> Party:
    """Five photos: two people, one unsorted face (in d.jpg), one photo without faces (e.jpg)."""
    return scenes.play(app, "party", lambda: _celebrate(app, cast, add_photo, run_jobs))


def _celebrate(
    app: Flask, cast: Cast, add_photo: Callable[..., int], run_jobs: Callable[[], None]
) -> Party:
    contents = {
        "a.jpg": draw_photo(RED, BLUE),
        "b.jpg": draw_photo(RED),
        "c.jpg": draw_photo(BLUE),
        "d.jpg": draw_photo(RED, GREEN),
        "e.jpg": draw_photo(),
    }
    photos = {name: add_photo(cast.room_id, content, name) for name, content in contents.items()}
    run_jobs()
    with app.app_context():
        digests = {
            name: db.session.get_one(Photo, photo_id).sha256[:16]
            for name, photo_id in photos.items()
        }
        red, blue = (
            db.session.scalars(select(Face.person_id).where(Face.photo_id == photos[name])).one()
            for name in ("b.jpg", "c.jpg")
        )
    assert red is not None
    assert blue is not None
    return Party(photos, digests, red, blue, contents)


@dataclass
class Doubt:
    """Faces without pictures, at doubtful distances: more than eps, less than 1.2."""

    photos: list[int]
    lea: int  # in the first three photos
    twin: int  # in the next two; perhaps Lea
    stray: int  # an unsorted face in the last photo; perhaps Lea, not the twin


@pytest.fixture
def doubt(app: Flask, cast: Cast, scenes: Scenes) -> Doubt:
    """Six photos: two people who may be one, an unsorted face that may be one of them."""
    return scenes.play(app, "doubt", lambda: _doubtful(app, cast))


def _doubtful(app: Flask, cast: Cast) -> Doubt:
    room_id, photos = cast.room_id, insert_photos(app, cast.room_id, 6)
    lea = insert_person(app, room_id, photos[:3], "Lea", encoding=face_at(0.0))
    twin = insert_person(app, room_id, photos[3:5], encoding=face_at(0.34))
    return Doubt(photos, lea, twin, insert_face(app, room_id, photos[5], encoding=face_at(-0.375)))


@pytest.fixture
def said(app: Flask, cast: Cast, doubt: Doubt) -> Doubt:
    """Two corrections besides Lea's name: one by the guest, one by the host."""
    let_guests_correct(app, cast.room_id)
    for client, path, data in (
        (cast.guest, f"/people/{doubt.twin}/name", {"name": "Tom"}),
        (cast.host, "/faces/move", {"faces": doubt.stray, "into": doubt.lea}),
    ):
        assert client.post(cast.url + path, data=data).status_code == 303
        client.get(cast.url)  # takes the message
    return doubt


OWNER_PASSWORD = "acde-fhjk-mnpr-twxy"


@pytest.fixture
def owner(app: Flask) -> FlaskClient:
    """A browser in which the owner of the server is logged in."""
    with app.app_context():
        password.set_password(OWNER_PASSWORD)
    client = app.test_client()
    answer = client.post("/owner/login", data={"owner_password": OWNER_PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/owner")
    return client

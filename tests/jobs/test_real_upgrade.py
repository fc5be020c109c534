"""From the former engine to the default one, with their real networks and real faces.

Corrections are carried over by the locations of faces, although the engines' boxes differ.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from PIL import Image, ImageEnhance, ImageOps
from skimage import data as pictures
from sqlalchemy import func, select

from photoshare import create_app
from photoshare.db import db
from photoshare.faces.engines.fused_engine import FusedFaceEngine
from photoshare.models import Face, Person, Photo
from photoshare.services.corrections import verbs
from photoshare.services.rooms.entering import Author
from photoshare.services.work import job_table
from photoshare.services.work.progress import room_progress
from photoshare.web.site import site_of
from tests.conftest import Cast, copy_data
from tests.helpers import faces_of
from tests.live import LiveServer, serving

pytestmark = pytest.mark.slow

HEIGHT = 600  # of every picture


@pytest.fixture
def app(tmp_path: Path, empty_data: Path) -> Iterator[Flask]:
    """The server as it ran before: only with dlib's engine."""
    copy_data(empty_data, tmp_path / "data")
    app = real_app(tmp_path, engine="dlib")
    yield app
    with app.app_context():
        db.engine.dispose()


def real_app(tmp_path: Path, **settings: object) -> Flask:
    app = create_app({"data": tmp_path / "data", "min_free_mb": 0, **settings})
    app.testing = True
    return app


@pytest.fixture(scope="module")
def event(face_pictures: dict[str, Path]) -> dict[str, bytes]:
    """Photos of three people: the file names say who is in them, from left to right."""
    faces = {
        name: Image.open(face_pictures[f"{name}.jpg"]).convert("RGB")
        for name in ("obama", "obama2", "biden")
    }
    faces["eileen"] = Image.fromarray(np.ascontiguousarray(pictures.astronaut()))
    faces = {name: ImageOps.contain(face, (2 * HEIGHT, HEIGHT)) for name, face in faces.items()}
    dark_biden = ImageEnhance.Brightness(ImageOps.mirror(faces["biden"])).enhance(0.8)
    dark_eileen = ImageEnhance.Brightness(ImageOps.mirror(faces["eileen"])).enhance(0.8)
    return {
        "obama": side_by_side(faces["obama"]),
        "obama, biden": side_by_side(faces["obama2"], dark_biden),
        "obama again": side_by_side(ImageOps.mirror(faces["obama2"])),
        "biden": side_by_side(faces["biden"]),
        "eileen": side_by_side(faces["eileen"]),
        "eileen, obama": side_by_side(dark_eileen, ImageOps.mirror(faces["obama"])),
        "sea": side_by_side(Image.effect_noise((HEIGHT, HEIGHT), 30).convert("RGB")),
    }


def side_by_side(*parts: Image.Image) -> bytes:
    """Paste pictures beside each other on grey, far apart, so that they are one scene."""
    picture = Image.new("RGB", (sum(part.width for part in parts), HEIGHT), "#808080")
    left = 0
    for part in parts:
        picture.paste(part, (left, 0))
        left += part.width
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=92)
    return content.getvalue()


@dataclass
class Room:
    """The room after its first search, with its corrections."""

    photos: dict[str, int]
    barack: int
    team: int  # Eileen and Joe, merged into one person
    rejected: int  # a face of Barack, rejected as not his


@pytest.fixture
def room(
    app: Flask,
    cast: Cast,
    event: dict[str, bytes],
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> Room:
    photos = {
        name: add_photo(cast.room_id, content, f"{name}.jpg") for name, content in event.items()
    }
    run_jobs()
    author = Author(cast.room_id)
    barack = person_on(app, photos["obama"], 0)
    joe, eileen = person_on(app, photos["biden"], 0), person_on(app, photos["eileen"], 0)
    assert len({barack, joe, eileen}) == 3
    assert person_on(app, photos["obama, biden"], 0) == barack
    rejected = face_on(app, photos["eileen, obama"], 1).id
    with app.app_context():
        verbs.name_person(author, barack, "Barack")
        verbs.merge_people(author, joe, eileen)
        verbs.name_person(author, eileen, "Team")
        verbs.reject_faces(author, barack, [rejected])
    return Room(photos, barack, eileen, rejected)


def face_on(app: Flask, photo_id: int, number: int) -> Face:
    """Load the face of a photo, counted from the left."""
    with app.app_context():
        query = select(Face).where(Face.photo_id == photo_id, Face.is_face).order_by(Face.left)
        return list(db.session.scalars(query))[number]


def person_on(app: Flask, photo_id: int, number: int) -> int:
    return face_on(app, photo_id, number).person_id or 0


def photos_of(app: Flask, person_id: int) -> set[int]:
    with app.app_context():
        query = select(Face.photo_id).where(Face.person_id == person_id)
        return set(db.session.scalars(query))


def check_what_was_said_holds(app: Flask, room: Room) -> None:
    photos = room.photos
    with app.app_context():
        names = select(Person.id, Person.name).where(Person.name.is_not(None))
        assert dict(db.session.execute(names).all()) == {room.barack: "Barack", room.team: "Team"}
    assert photos_of(app, room.barack) == {
        photos[name] for name in ("obama", "obama, biden", "obama again")
    }
    assert photos_of(app, room.team) == {
        photos[name] for name in ("biden", "obama, biden", "eileen", "eileen, obama")
    }
    assert room.rejected not in faces_of(app, room.barack)


def check_the_room_answers(served: LiveServer, cast: Cast, room: Room) -> None:
    """Through the real server, as from a phone."""
    pages = {
        cast.url: "Barack",
        f"{cast.url}/people/{room.barack}": "Barack",
        f"{cast.url}/people/{room.team}": "Team",
        f"{cast.url}/photos/{room.photos['obama, biden']}": "Barack",
        f"{cast.url}/people/same": "",
    }
    for url, words in pages.items():
        answer = served.ask(cast.host, url)
        assert answer.status == 200, url
        assert words in answer.content.decode(), url


def test_what_people_said_outlives_the_change_of_engines(
    cast: Cast, room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    check_what_was_said_holds(app, room)
    before = {name: face_on(app, photo, 0) for name, photo in room.photos.items() if name != "sea"}
    better = real_app(tmp_path)
    assert isinstance(site_of(better).engine(), FusedFaceEngine)
    seen: list[int] = []
    finish = job_table.count_photo_done

    with serving(better) as served:

        def looked_at(job_id: int) -> bool:
            is_running = finish(job_id)
            db.session.rollback()
            seen.append(room_progress(cast.room_id).found_again_count)
            check_what_was_said_holds(better, room)
            check_the_room_answers(served, cast, room)
            return is_running

        monkeypatch.setattr(job_table, "count_photo_done", looked_at)
        site_of(better).jobs.run_pending()

    assert len(seen) == len(room.photos)
    check_what_was_said_holds(better, room)
    with better.app_context():
        engine = site_of(better).engine()
        assert set(db.session.scalars(select(Photo.engine))) == {engine.name}
        sizes = set(db.session.scalars(select(func.length(Face.encoding))))
        assert sizes == {4 * engine.encoding_size}
        assert None not in set(db.session.scalars(select(Face.quality)))
        db.engine.dispose()
    for name, old in before.items():
        new = face_on(better, room.photos[name], 0)
        assert new.id == old.id
        assert new.location != old.location, "found by the other engine"

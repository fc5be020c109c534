"""A room with many guests, who see different photos by its mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Select, select, update

from photoshare.db import db
from photoshare.models import (
    AlsoAdded,
    Audience,
    Face,
    Guest,
    Heart,
    Photo,
    Room,
)
from photoshare.pictures import tiles
from photoshare.services.corrections import verbs
from photoshare.services.photos import deleting
from photoshare.services.rooms import rooms
from photoshare.services.rooms.entering import Access, Author
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import BLUE, GREEN, RED, YELLOW, draw_photo
from tests.helpers import insert_photos, insert_waiting, make_own_link, tags_of
from tests.scenes import Scenes

BULK = 1300  # rows without a file, so that the numbers are like no others
NO_ROW = 10**9
ADA, BEN, CY, DORA = "Zwillibalda", "Benedetto", "Cyprianus", "Dorabella"
# Who added what; and who is on it. Ben is red, and proven to be.
PHOTOS = {
    "ben-alone.jpg": (DORA, (RED,)),
    "ben-and-blue.jpg": (DORA, (RED, BLUE)),
    "blue-alone.jpg": (ADA, (BLUE,)),
    "of-nobody.jpg": (ADA, (GREEN,)),
    "twice.jpg": (ADA, (YELLOW,)),  # Cy added it as well
    "for-all.jpg": (None, ()),
    "of-ben.jpg": (BEN, (GREEN, GREEN)),
    "of-cy.jpg": (CY, (YELLOW, YELLOW)),
}
BULK_NAME, BINNED, WAITING = "one-of-many.jpg", "binned.jpg", "waiting-0.jpg"
TOTAL = len(PHOTOS) + BULK
BLUE_NAME = "Xaverine"
RESTRICTED = (Audience.SELF, Audience.HOST, Audience.LATER)
# What those see who don't see all: what they added, and in the mode "only themselves" some more.
ADDED = {
    ADA: {"blue-alone.jpg", "of-nobody.jpg", "twice.jpg", BULK_NAME, BINNED, WAITING},
    BEN: {"of-ben.jpg"},
    CY: {"of-cy.jpg", "twice.jpg"},
}
FOR_THEM = {ADA: {"for-all.jpg"}, BEN: {"for-all.jpg", "ben-alone.jpg", "ben-and-blue.jpg"}}
FOR_THEM[CY] = {"for-all.jpg"}
NAMES_SEEN = {ADA: {ADA}, BEN: {BEN, DORA}, CY: {CY}}


@dataclass
class Crowd:
    """A room with photos of several guests, by name."""

    code: str
    room_id: int
    guests: dict[str, int]
    cookies: dict[str, str]
    photos: dict[str, int]
    hashes: dict[str, str]
    contents: dict[str, bytes]
    people: dict[str, int]
    faces: dict[str, int]  # of photos, the last one on each
    bulk: list[tuple[int, str]]
    own_secret: str
    album_secret: str
    deletion_id: int
    waiting_id: int
    token: str
    pictures: dict[str, bytes] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"/rooms/{self.code}"


@pytest.fixture
def crowd(
    app: Flask,
    site: Site,
    cast: Cast,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
    scenes: Scenes,
    monkeypatch: pytest.MonkeyPatch,
) -> Crowd:
    monkeypatch.setattr(tiles, "WORTHWHILE", 0.05)  # so that even these photos have tiles
    return scenes.play(app, "crowd", lambda: _gather(app, site, cast, add_photo, run_jobs))


def _gather(
    app: Flask,
    site: Site,
    cast: Cast,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> Crowd:
    room_id, cookies = cast.room_id, {}
    for name in (ADA, BEN, CY, DORA):
        client = app.test_client()
        client.post(f"{cast.url}/join", data={"name": name})
        cookies[name] = cookie_of(client)
    with app.app_context():
        found = db.session.execute(select(Guest.name, Guest.id).where(Guest.room_id == room_id))
        guests = {row.name: row.id for row in found}
    contents = {
        name: draw_photo(*colours, seed=number, width=400)
        for number, (name, (_, colours)) in enumerate(PHOTOS.items())
    }
    photos = {
        name: add_photo(room_id, contents[name], name, guest_id=guests.get(uploader or ""))
        for name, (uploader, _) in PHOTOS.items()
    }
    binned = add_photo(room_id, draw_photo(seed=99), BINNED, guest_id=guests[ADA])
    run_jobs()
    with app.app_context():
        elsewhere = rooms.create_room("Elsewhere").room.id
    insert_photos(app, elsewhere, BULK)  # so that no id here is like a number of photos
    bulk = insert_photos(app, room_id, BULK, file_name=BULK_NAME, guest_id=guests[ADA])
    (waiting_id,) = insert_waiting(app, room_id, guests[ADA], 1)
    with app.app_context():
        people = {
            word: db.session.scalars(
                select(Face.person_id).where(Face.photo_id == photos[name])
            ).one()
            for word, name in (("red", "ben-alone.jpg"), ("blue", "blue-alone.jpg"))
        }
        verbs.name_person(Author(room_id), people["blue"] or 0, BLUE_NAME)
        ben = {"person_id": people["red"], "said_person_id": people["red"], "is_proven": True}
        db.session.execute(update(Guest).where(Guest.id == guests[BEN]).values(ben))
        db.session.add(AlsoAdded(photo_id=photos["twice.jpg"], guest_id=guests[CY]))
        db.session.add(Heart(photo_id=photos["blue-alone.jpg"], guest_id=guests[DORA]))
        marked = update(Photo).where(Photo.id == photos["for-all.jpg"])
        db.session.execute(marked.values(is_for_all=True))
        db.session.commit()
        ada = Access(db.session.get_one(Room, room_id), db.session.get_one(Guest, guests[ADA]))
        deletion_id = deleting.delete_photos(ada, [binned], site.storage).deletion_id
        rows = db.session.execute(select(Photo.id, Photo.sha256).where(Photo.room_id == room_id))
        hashes = {row.id: row.sha256 for row in rows}
        faces = {
            name: face_id
            for name, photo_id in photos.items()
            if (face_id := db.session.scalar(last_face(photo_id))) is not None
        }
    page = cast.host.post(f"{cast.url}/tokens", data={"name": "mirror", "read": "1"}).text
    (token,) = tags_of(page, "input", id="token")
    ben_client = client_of(app, cookies[BEN])
    secrets = [
        make_own_link(ben_client, cast.url, kind).rpartition("/")[2] for kind in ("guest", "album")
    ]
    cookies[BEN] = cookie_of(ben_client)
    crowd = Crowd(
        code=cast.code,
        room_id=room_id,
        guests=guests,
        cookies=cookies,
        photos=photos,
        hashes={name: hashes[photo_id] for name, photo_id in photos.items()},
        contents=contents,
        people=people,  # type: ignore[arg-type]  # the search has given them to someone
        faces=faces,
        bulk=[(photo_id, hashes[photo_id]) for photo_id in bulk],
        own_secret=secrets[0],
        album_secret=secrets[1],
        deletion_id=deletion_id or 0,
        waiting_id=waiting_id,
        token=token["value"],
    )
    assert len({pixels_of(content) for content in contents.values()}) == len(contents)
    for name, photo_id in photos.items():
        url = f"{cast.url}/photos/{photo_id}/{crowd.hashes[name][:16]}-320.webp"
        crowd.pictures[name] = cast.host.get(url, buffered=True).data
    return crowd


def last_face(photo_id: int) -> Select[int]:
    return select(Face.id).where(Face.photo_id == photo_id).order_by(Face.id.desc()).limit(1)


def cookie_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("photoshare")
    assert cookie is not None
    return cookie.value


def client_of(app: Flask, cookie: str) -> FlaskClient:
    client = app.test_client()
    client.set_cookie("photoshare", cookie)
    return client


def pixels_of(picture: bytes) -> bytes:
    """Return the pixels of a JPEG, which no change of its metadata touches."""
    return picture[picture.index(b"\xff\xda") :]

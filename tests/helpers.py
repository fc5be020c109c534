"""Helpers for several tests: rows without the web, counted queries, the tags of a page."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from urllib.parse import urlsplit

import numpy as np
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, insert, select, update
from sqlalchemy.engine.interfaces import DBAPICursor

from photoshare.db import Base, db
from photoshare.faces.graphs.dlib_format import ENCODING_SIZE
from photoshare.models import (
    PHOTO_ANALYSED,
    AlsoAdded,
    ApartLinks,
    ApiToken,
    Correction,
    CorrectionFace,
    DeletedPhoto,
    Deletion,
    Face,
    FormerCode,
    Guest,
    GuestSession,
    Heart,
    HostLink,
    Job,
    LogEntry,
    OwnLink,
    Person,
    Photo,
    Room,
    Upload,
    WaitingPhoto,
    encoding_to_bytes,
    utc_now,
)
from photoshare.services.corrections import verbs
from photoshare.services.corrections.change import begin_change
from photoshare.services.photos import WholeRoom, deleting
from photoshare.services.photos.listing import cursor_of
from photoshare.services.rooms import entering, rooms
from photoshare.services.rooms.entering import Access, Author
from photoshare.services.rooms.sessions import hash_token
from photoshare.services.shelf import forget_room
from photoshare.storage import Storage
from tests.fakes import FakeFaceEngine

SEARCHED = (None, PHOTO_ANALYSED)  # states of `insert_photos` without special values
HX = {"HX-Request": "true"}
OLD_TABLES = (Room, Guest, Upload, Photo, Face, Person, Job, Correction, CorrectionFace, ApartLinks)
NEW_TABLES = (
    Deletion,
    DeletedPhoto,
    Heart,
    FormerCode,
    GuestSession,
    HostLink,
    ApiToken,
    OwnLink,
    WaitingPhoto,
    LogEntry,
    AlsoAdded,
)
TABLES = (*OLD_TABLES, *NEW_TABLES)


def flat(page: str) -> str:
    """Take the blanks around the tags of a page away: templates have them where it suits them."""
    return re.sub(r"\s*(<[^<>]+>)\s*", r"\1", page)


def make_own_link(client: FlaskClient, url: str, kind: str = "guest") -> str:
    """Make an own link of a guest of the room at `url`, or a new one; return its path."""
    assert client.post(f"{url}/me/links/{kind}").status_code == 303
    (field,) = tags_of(client.get(f"{url}/me/links").text, "input", id=f"{kind}-own-link")
    return field["value"].removeprefix("http://localhost")


def insert_photos(
    app: Flask, room_id: int, count: int, *, seed: str = "", **values: object
) -> list[int]:
    """Insert rows of photos without files; every seed gives different hashes."""
    rows = [
        {
            "room_id": room_id,
            "sha256": hashlib.sha256(f"{room_id}-{seed}-{number}".encode()).hexdigest(),
            "file_name": f"photo-{number}.jpg",
            "image_format": "JPEG",
            "size_bytes": 1000,
            "width": 400,
            "height": 300,
            "state": PHOTO_ANALYSED,
            "engine": FakeFaceEngine.name if values.get("state") in SEARCHED else None,
            "paired_by": 1,  # there is no file to compare
        }
        | values
        for number in range(count)
    ]
    with app.app_context():
        ids = db.session.scalars(
            insert(Photo).returning(Photo.id, sort_by_parameter_order=True), rows
        )
        result = list(ids)
        db.session.commit()
    return result


def insert_waiting(app: Flask, room_id: int, guest_id: int, count: int) -> list[int]:
    """Insert rows of photos that wait for a host's yes, without files."""
    rows = [
        {
            "room_id": room_id,
            "guest_id": guest_id,
            "sha256": hashlib.sha256(f"{room_id}-{guest_id}-{number}".encode()).hexdigest(),
            "file_name": f"waiting-{number}.jpg",
            "image_format": "JPEG",
            "size_bytes": 1000,
            "width": 400,
            "height": 300,
        }
        for number in range(count)
    ]
    with app.app_context():
        made = insert(WaitingPhoto).returning(WaitingPhoto.id, sort_by_parameter_order=True)
        ids = list(db.session.scalars(made, rows))
        db.session.commit()
    return ids


def insert_person(
    app: Flask, room_id: int, photo_ids: list[int], name: str | None = None, **values: object
) -> int:
    """Insert a person with one face in each of these photos."""
    with app.app_context():
        person = Person(room_id=room_id, name=None if photo_ids else name)
        db.session.add(person)
        db.session.flush()
        person_id = person.id
        for photo_id in photo_ids:
            db.session.add(new_face(photo_id, person_id, **values))
        count_change(room_id)
        if name and photo_ids:
            verbs.name_person(Author(room_id), person_id, name, is_another=True)
    return person_id


def insert_face(
    app: Flask, room_id: int, photo_id: int, person_id: int | None = None, **values: object
) -> int:
    """Insert a face, unsorted if nobody's."""
    with app.app_context():
        face = new_face(photo_id, person_id, **values)
        db.session.add(face)
        count_change(room_id)
        return face.id


def face_at(distance: float) -> bytes:
    """Encode a face at this distance from the one at 0; below 0: on the other side of it."""
    angle = 2 * np.arcsin(distance / 2)
    encoding = np.zeros(ENCODING_SIZE, dtype=np.float32)
    encoding[:2] = np.cos(angle), np.sin(angle)  # of length 1, as all encodings are
    return encoding_to_bytes(encoding)


def faces_of(app: Flask, person_id: int | None) -> list[int]:
    """List the ids of a person's faces, or of all unsorted ones."""
    with app.app_context():
        query = select(Face.id).where(Face.person_id == person_id, Face.is_face)
        return list(db.session.scalars(query.order_by(Face.id)))


def face_on(app: Flask, photo_id: int, person_id: int | None) -> int:
    """Find a person's face in a photo."""
    with app.app_context():
        query = select(Face.id).where(Face.photo_id == photo_id, Face.person_id == person_id)
        return db.session.scalars(query).one()


def who_is_who(app: Flask, room_id: int) -> dict[int, tuple[int | None, bool]]:
    """Return for every face of a room its person, and whether it is a face."""
    with app.app_context():
        query = select(Face.id, Face.person_id, Face.is_face).join(Photo)
        rows = db.session.execute(query.where(Photo.room_id == room_id))
        return {face: (person, is_face) for face, person, is_face in rows}


def guest_of(app: Flask, client: FlaskClient, room_id: int) -> int:
    """Return the id of the guest that a browser is in a room."""
    with client.session_transaction() as session:
        token = session["tokens"][str(room_id)]
    with app.app_context():
        query = select(GuestSession.guest_id)
        return db.session.scalars(query.where(GuestSession.token_hash == hash_token(token))).one()


def give_photos(app: Flask, client: FlaskClient, photo_ids: Iterable[int]) -> None:
    """Make the guest of a browser the one who uploaded these photos."""
    with app.app_context():
        room_id = db.session.get_one(Photo, next(iter(photo_ids := list(photo_ids)))).room_id
        guest_id = guest_of(app, client, room_id)
        db.session.execute(update(Photo).where(Photo.id.in_(photo_ids)).values(guest_id=guest_id))
        db.session.commit()


def let_guests_correct(app: Flask, room_id: int) -> None:
    """Turn on the host's setting that lets guests correct any face."""
    with app.app_context():
        db.session.execute(update(Room).where(Room.id == room_id).values(guests_may_correct=True))
        db.session.commit()


def place_at(app: Flask, photo_id: int) -> str:
    """Return the cursor of a photo, as in the address of a grid's next page."""
    with app.app_context():
        photo = db.session.get_one(Photo, photo_id)
        return cursor_of(photo, WholeRoom(photo.room_id))


def moderate(app: Flask, room_id: int) -> None:
    """Let what guests add to a room wait for its host's yes."""
    with app.app_context():
        db.session.execute(update(Room).where(Room.id == room_id).values(is_moderated=True))
        db.session.commit()


def delete_for_good(access: Access, photo_id: int, storage: Storage) -> None:
    """Delete a photo, and let the time pass in which that can be undone."""
    deleting.delete_photos(access, [photo_id], storage)
    deleting.delete_for_good(storage, deleting.is_over(utc_now()))


def count_change(room_id: int) -> None:
    """Commit, and count a change of faces, as everything in the app does that changes some."""
    begin_change(room_id)
    db.session.commit()


def host_access(room_id: int) -> Access:
    """Make the access of a host; needs an app context."""
    return Access(db.session.get_one(Room, room_id), Guest(room_id=room_id, is_host=True))


def guest_access(room_id: int, name: str = "Gustav") -> Access:
    """Let a guest in; needs an app context."""
    room = db.session.get_one(Room, room_id)
    return Access(room, entering.join_room(room, password="", name=name))


def new_face(photo_id: int, person_id: int | None = None, **values: object) -> Face:
    """Make a face of 60 by 60 pixels, not yet in the session."""
    columns: dict[str, object] = {"top": 20, "right": 80, "bottom": 80, "left": 20, "score": 1.0}
    columns |= {"encoding": face_at(0.0)}
    columns |= values
    return Face(photo_id=photo_id, person_id=person_id, **columns)


def row_counts(app: Flask, tables: Sequence[type[Base]] = TABLES) -> dict[str, int]:
    """Count the rows of every table, or of those that an old database has."""
    with app.app_context():
        return {
            model.__tablename__: db.session.scalar(select(func.count()).select_from(model)) or 0
            for model in tables
        }


@contextlib.contextmanager
def counted_queries(app: Flask) -> Iterator[list[str]]:
    """Collect the SQL statements that run inside the block, with nothing kept in memory before."""
    statements: list[str] = []

    def note(
        _connection: object,
        _cursor: object,
        statement: str,
        _parameters: object,
        _context: object,
        _many: bool,
    ) -> None:
        statements.append(statement)

    with app.app_context():
        engine = db.engine
        db.session.execute(update(GuestSession).values(seen_at=utc_now()))  # not noted inside
        db.session.commit()
        for room_id in db.session.scalars(select(Room.id)):
            forget_room(room_id)
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


@contextlib.contextmanager
def at_first_claim(app: Flask, statement: str) -> Iterator[None]:
    """Run another statement before the first update that claims something."""
    pending = [statement]

    def interfere(
        _connection: object,
        cursor: DBAPICursor,
        claim: str,
        _parameters: object,
        _context: object,
        _many: bool,
    ) -> None:
        if pending and claim.startswith("UPDATE"):
            cursor.execute(pending.pop())

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", interfere)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", interfere)
    assert not pending, "nothing was claimed"


@dataclass(frozen=True)
class Tag:
    """One start tag of a page."""

    name: str
    attributes: dict[str, str]

    def __getitem__(self, attribute: str) -> str:
        return self.attributes[attribute]


_UPLOAD = re.compile(r'<section id="upload".*?</section>', re.DOTALL)


class _TagCollector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[Tag] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record one tag."""
        self.tags.append(Tag(tag, {name: value or "" for name, value in attrs}))


def tags_of(html: str, name: str | None = None, /, **attributes: str) -> list[Tag]:
    """List the tags of a page, optionally only with this name or these attributes.

    Without the upload, which every page of a room has, unless it is asked for by its id.
    """
    collector = _TagCollector()
    if attributes.get("id") != "upload":
        html = _UPLOAD.sub("", html)
    collector.feed(html)
    return [
        tag
        for tag in collector.tags
        if (name is None or tag.name == name)
        and all(tag.attributes.get(key) == value for key, value in attributes.items())
    ]


def undo_addresses(html: str) -> list[str]:
    """List the addresses of a page's undo buttons."""
    return [
        tag["action"]
        for tag in tags_of(html, "form")
        if urlsplit(tag["action"]).path.endswith("/undo")
    ]


def set_title_and_end(room_id: int, title: str, ends_on: date | None) -> None:
    """Give a room any title and last day, even ones no form accepts; needs an app context."""
    db.session.execute(update(Room).where(Room.id == room_id).values(title=title, ends_on=ends_on))
    db.session.commit()


def form_with(page: str, field: str) -> tuple[str, dict[str, str]]:
    """Return the address and the fields of the form that has this field."""
    action = ""
    found: dict[str, str] = {}
    for tag in tags_of(page):
        if tag.name == "form":
            if field in found:
                break
            action, found = tag["action"], {}
        if tag.name == "input":
            found[tag["name"]] = tag["value"]
    assert field in found
    return action, found


def set_password(room_id: int, password: str) -> None:
    """Give a room a password, as its host does; needs an app context."""
    room = db.session.get_one(Room, room_id)
    rooms.change_settings(room, title=room.title, ends_on=room.ends_on, password=password)

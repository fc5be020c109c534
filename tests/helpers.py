"""What several tests need: rows without the web, counted queries, the tags of a page."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser

import numpy as np
from flask import Flask
from sqlalchemy import event, func, insert, select, update

from photoshare.db import db
from photoshare.faces.types import ENCODING_SIZE
from photoshare.models import (
    PHOTO_ANALYSED,
    Face,
    Guest,
    Job,
    Person,
    Photo,
    Room,
    Upload,
    encoding_to_bytes,
)

HX = {"HX-Request": "true"}
TABLES = (Room, Guest, Upload, Photo, Face, Person, Job)


def insert_photos(
    app: Flask, room_id: int, count: int, *, seed: str = "", **values: object
) -> list[int]:
    """Insert rows of photos without any file; every seed gives other hashes."""
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


def insert_person(app: Flask, room_id: int, photo_ids: list[int], name: str | None = None) -> int:
    """Insert a person with one face in each of these photos."""
    with app.app_context():
        person = Person(room_id=room_id, name=name)
        db.session.add(person)
        db.session.flush()
        person_id = person.id
        for photo_id in photo_ids:
            db.session.add(new_face(photo_id, person_id))
        db.session.commit()
    return person_id


def new_face(photo_id: int, person_id: int | None = None, **values: object) -> Face:
    """Make a face of 60 by 60 pixels, not yet in the session."""
    columns = {"top": 20, "right": 80, "bottom": 80, "left": 20, "score": 1.0} | values
    encoding = encoding_to_bytes(np.zeros(ENCODING_SIZE, dtype=np.float32))
    return Face(photo_id=photo_id, person_id=person_id, encoding=encoding, **columns)


def row_counts(app: Flask) -> dict[str, int]:
    """Count the rows of every table."""
    with app.app_context():
        return {
            model.__tablename__: db.session.scalar(select(func.count()).select_from(model)) or 0
            for model in TABLES
        }


@contextlib.contextmanager
def counted_queries(app: Flask) -> Iterator[list[str]]:
    """Collect the SQL statements that run inside the block."""
    statements: list[str] = []

    def note(_connection, _cursor, statement, _parameters, _context, _many) -> None:
        statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


@dataclass(frozen=True)
class Tag:
    """One start tag of a page."""

    name: str
    attributes: dict[str, str]

    def __getitem__(self, attribute: str) -> str:
        return self.attributes[attribute]


class _TagCollector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[Tag] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one tag."""
        self.tags.append(Tag(tag, {name: value or "" for name, value in attrs}))


def tags_of(html: str, name: str | None = None, /, **attributes: str) -> list[Tag]:
    """List the tags of a page, those of one name or with certain attributes only."""
    collector = _TagCollector()
    collector.feed(html)
    return [
        tag
        for tag in collector.tags
        if (name is None or tag.name == name)
        and all(tag.attributes.get(key) == value for key, value in attributes.items())
    ]


def set_title_and_end(room_id: int, title: str, ends_on: date | None) -> None:
    """Give a room any title and last day, also one that no form accepts; needs an app context."""
    db.session.execute(update(Room).where(Room.id == room_id).values(title=title, ends_on=ends_on))
    db.session.commit()

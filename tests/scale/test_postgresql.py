"""What the migrations make of PostgreSQL, where its words are not SQLite's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import delete, func, inspect, select, text, update

from photoshare import create_app
from photoshare.db import db, schema_version, upgrade_schema
from photoshare.errors import NotFoundError
from photoshare.models import Face, Guest, Heart, Photo, Room
from photoshare.services.people.covers import list_clearest
from photoshare.services.photos.listing import get_photo
from photoshare.services.rooms import rooms
from photoshare.services.rooms.entering import find_room
from tests import postgresql
from tests.helpers import host_access, insert_face, insert_person, insert_photos
from tests.old_databases import downgrade, upgrade

pytestmark = pytest.mark.scale


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """An app on a new database of PostgreSQL."""
    cluster = postgresql.cluster()
    url = cluster.url(cluster.new_database())
    made = create_app({"data": tmp_path / "data", "database_url": url, "min_free_mb": 0})
    with made.app_context():
        upgrade_schema()
        yield made
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def room_id(app: Flask) -> int:
    return rooms.create_room("Party").room.id


def test_the_migrations_make_what_the_models_say_down_and_up_again(app: Flask) -> None:
    newest = schema_version()
    db.session.remove()
    downgrade(revision="base")
    upgrade()

    with db.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), db.metadata)
    # A model cannot say NULLS FIRST to PostgreSQL only; a test below has the plan.
    clearest = "ix_face_person_clearest"
    assert [one for one in differences if getattr(one[1], "name", "") != clearest] == []
    assert schema_version() == newest


def test_the_migrations_make_the_foreign_keys_of_the_models(app: Flask) -> None:
    made = {
        (name, key["constrained_columns"][0], key["referred_table"], key["options"].get("ondelete"))
        for name in db.metadata.tables
        for key in inspect(db.engine).get_foreign_keys(name)
    }

    assert made == {
        (name, key.parent.name, key.column.table.name, key.ondelete)
        for name, table in db.metadata.tables.items()
        for key in table.foreign_keys
    }
    assert made


def test_every_whole_number_has_64_bits(app: Flask) -> None:
    short = "SELECT table_name, column_name FROM information_schema.columns "
    short += "WHERE table_schema = 'public' AND data_type IN ('integer', 'smallint')"

    assert db.session.execute(text(short)).all() == []


def test_ids_are_never_used_again(app: Flask, room_id: int) -> None:
    photos = insert_photos(app, room_id, 3)
    db.session.execute(delete(Photo).where(Photo.id == photos[-1]))
    db.session.commit()

    assert insert_photos(app, room_id, 1, seed="new") == [photos[-1] + 1]


def test_triggers_count_once_for_a_statement_however_many_rows(app: Flask, room_id: int) -> None:
    def counters() -> tuple[int, int]:
        row = db.session.execute(select(Room.activity, Room.revision)).one()
        return row.activity, row.revision

    photos = insert_photos(app, room_id, 5, engine="fake")
    before = counters()

    db.session.execute(update(Photo).values(attempts=1))
    assert counters() == before
    db.session.execute(update(Photo).values(state="failed"))
    assert counters() == (before[0] + 5, before[1] + 5)  # given up: their faces count otherwise
    db.session.execute(delete(Photo).where(Photo.id.in_(photos[:2])))
    assert counters()[0] == before[0] + 7


def test_faces_and_hearts_are_counted(app: Flask, room_id: int) -> None:
    photo, other = insert_photos(app, room_id, 2)
    insert_person(app, room_id, [photo, other])
    face = insert_face(app, room_id, photo)
    guest = Guest(room_id=room_id, name="", is_host=False)
    db.session.add(guest)
    db.session.flush()
    db.session.add(Heart(photo_id=photo, guest_id=guest.id))
    db.session.commit()

    def counts() -> list[tuple[object, ...]]:
        query = select(Photo.face_count, Photo.heart_count, Photo.is_without_faces)
        return [tuple(row) for row in db.session.execute(query.order_by(Photo.id))]

    assert counts() == [(2, 1, False), (1, 0, False)]
    db.session.execute(update(Face).where(Face.id == face).values(is_face=False))
    db.session.execute(delete(Face).where(Face.photo_id == other))
    db.session.execute(delete(Guest))
    assert counts() == [(1, 0, False), (0, 0, True)]


def test_a_face_of_unknown_quality_is_never_the_clearest(app: Flask, room_id: int) -> None:
    photos = insert_photos(app, room_id, 3)
    person = insert_person(app, room_id, photos)
    faces = list(db.session.scalars(select(Face.id).order_by(Face.id)))
    for face_id, quality in zip(faces, (None, 0.2, 0.9), strict=True):
        db.session.execute(update(Face).where(Face.id == face_id).values(quality=quality))
    db.session.commit()

    assert list_clearest(person, 3) == [faces[2], faces[1], faces[0]]
    db.session.execute(text("SET LOCAL enable_seqscan = off"))
    db.session.execute(text("SET LOCAL enable_sort = off"))
    plan = db.session.scalars(
        text(
            f"EXPLAIN SELECT id FROM face WHERE person_id = {person} "
            "ORDER BY quality DESC NULLS LAST, area DESC LIMIT 3"
        )
    ).all()
    assert any("Index Scan Backward using ix_face_person_clearest" in line for line in plan), plan


def test_numbers_of_addresses_that_no_row_has_are_not_found(app: Flask, room_id: int) -> None:
    with pytest.raises(NotFoundError):
        get_photo(host_access(room_id), 10**18 - 1)
    with pytest.raises(NotFoundError):
        find_room("acdef\0-hjkm-nprtw")


def test_a_transaction_that_writes_takes_its_turn_and_a_reader_does_not(
    app: Flask, room_id: int
) -> None:
    held = select(func.count()).select_from(text("pg_locks"))
    held = held.where(text("locktype = 'advisory' AND granted"))
    with db.engine.connect() as reader, db.engine.connect() as writer:
        reader.execute(select(Room.id)).all()
        before = reader.scalar(held)
        writer.execute(update(Room).values(title="Wedding"))
        during, title = reader.scalar(held), reader.scalar(select(Room.title))
        writer.commit()
        after = reader.scalar(held)

    assert (before, during, after) == (0, 1, 0)
    assert title == "Party"

"""The schema: made by migrations only, and the same as the models."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, inspect, select, text
from sqlalchemy.exc import IntegrityError

from photoshare.db import db, known_revisions, schema_version, upgrade_schema
from photoshare.models import Correction, CorrectionFace, Face, Room
from photoshare.services.corrections import verbs
from photoshare.services.rooms import rooms
from photoshare.services.rooms.entering import Author
from photoshare.services.rooms.hashing import hash_secret
from tests import postgresql
from tests.helpers import (
    OLD_TABLES,
    insert_face,
    insert_person,
    insert_photos,
    row_counts,
    tags_of,
)
from tests.old_databases import NOW, downgrade, make_old_database, new_app, revisions, upgrade

pytestmark = pytest.mark.slow


def test_the_migrations_make_what_the_models_say(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), db.metadata)

    # SQLAlchemy does not read ON DELETE of a key added by ADD COLUMN; the next test does. A model
    # cannot say NULLS FIRST to PostgreSQL only: tests/scale/test_postgresql.py has the plan.
    keys = ("add_fk", "remove_fk")
    left = [one for one in differences if one[0] not in keys]
    assert [one for one in left if "ix_face_person_clearest" not in repr(one)] == []
    assert postgresql.IS_CHOSEN or left == []


@pytest.mark.sqlite
def test_the_migrations_make_the_foreign_keys_of_the_models(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        made = {
            (name, row.to, row.table, row[3], row.on_delete)
            for name in db.metadata.tables
            for row in connection.exec_driver_sql(f"PRAGMA foreign_key_list({name})")
        }

    assert made == {
        (name, key.column.name, key.column.table.name, key.parent.name, key.ondelete)
        for name, table in db.metadata.tables.items()
        for key in table.foreign_keys
    }
    assert made


@pytest.mark.sqlite
def test_ids_are_never_used_again(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master")
        statements = {row[0]: row[1] for row in rows}

    numbered = [table for table in db.metadata.tables.values() if "id" in table.columns]
    assert numbered
    for table in numbered:
        assert "AUTOINCREMENT" in statements[table.name]


def test_the_revisions_are_known_by_their_files() -> None:
    assert known_revisions() == revisions()[::-1]


def test_every_migration_goes_down_and_up_again(app: Flask) -> None:
    with app.app_context():
        newest = schema_version()
        downgrade(revision="base")
        assert schema_version() == "none"
        upgrade()
        assert schema_version() == newest


def test_upgrading_twice_changes_nothing(app: Flask) -> None:
    with app.app_context():
        before = schema_version()
        upgrade()
        assert schema_version() == before


@pytest.mark.sqlite
def test_a_room_from_before_is_never_deleted_by_itself(tmp_path: Path) -> None:
    make_old_database(tmp_path, "0022")
    app = new_app(tmp_path)
    with app.app_context():
        upgrade()
        room = db.session.scalars(select(Room)).one()

        assert (room.deletes_after_days, room.ended_at, room.binned_at) == (None, None, None)
        db.engine.dispose()


def test_encodings_of_any_size_come_without_the_loss_of_a_row(app: Flask) -> None:
    with app.app_context():
        downgrade(revision="0005")
        assert "quality" not in columns_of_faces()
        upgrade()
        assert "quality" in columns_of_faces()
        room_id = rooms.create_room("Party").room.id
    photos = insert_photos(app, room_id, 3)
    lea = insert_person(app, room_id, photos, "Lea")
    insert_face(app, room_id, photos[0])
    with app.app_context():
        gone = db.session.scalars(select(Face.id).order_by(Face.id.desc())).first()
        db.session.execute(delete(Face).where(Face.id == gone))
        db.session.commit()
        downgrade(revision="0005")
        before = row_counts(app, OLD_TABLES)
        level = isolation_level()

        upgrade()

        assert isolation_level() == level
        assert row_counts(app, OLD_TABLES) == before
        assert before["correction_face"] == before["face"] == 3
        assert db.session.scalars(select(CorrectionFace.face_id)).all() == [1, 2, 3]
        if not postgresql.IS_CHOSEN:  # which has no way to be without
            with db.engine.connect() as connection:
                assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert insert_face(app, room_id, photos[0], encoding=bytes(1024)) == (gone or 0) + 1
    with app.app_context():
        verbs.name_person(Author(room_id), lea, "Leo")
        db.session.execute(delete(Face))
        assert db.session.scalars(select(CorrectionFace)).all() == []
        db.session.rollback()
        assert len(db.session.scalars(select(Correction)).all()) == 2


@pytest.mark.parametrize("encoding", [b"", bytes(511)])
def test_an_encoding_of_broken_numbers_is_refused(app: Flask, encoding: bytes) -> None:
    with app.app_context():
        room_id = rooms.create_room("Party").room.id
    (photo,) = insert_photos(app, room_id, 1)

    with pytest.raises(IntegrityError, match="encoding_size"):
        insert_face(app, room_id, photo, encoding=encoding)


def test_going_back_the_faces_of_other_engines_are_searched_again(app: Flask) -> None:
    with app.app_context():
        room_id = rooms.create_room("Party").room.id
    photos = insert_photos(app, room_id, 2)
    insert_person(app, room_id, photos[:1], "Lea")
    insert_face(app, room_id, photos[1], encoding=bytes(1024))

    with app.app_context():
        downgrade(revision="0005")
        rows = db.session.execute(text("SELECT state, count(*) FROM photo GROUP BY state")).all()
        faces = db.session.execute(text("SELECT photo_id FROM face")).scalars().all()
        db.session.rollback()  # a table that is read can't be changed
        upgrade()

    assert sorted(tuple(row) for row in rows) == [("analysed", 1), ("waiting", 1)]
    assert faces == photos[:1]


@pytest.mark.sqlite
@pytest.mark.parametrize("former", ["0001", "0020"])
def test_old_cookies_and_host_links_work_after_an_upgrade(tmp_path: Path, former: str) -> None:
    make_old_database(tmp_path, former)
    database = sqlite3.connect(tmp_path / "photoshare.sqlite")
    with database:
        database.execute("UPDATE room SET host_secret_hash = ?", (hash_secret("of old"),))
        database.execute(
            "INSERT INTO guest (id, room_id, name, is_host, created_at) VALUES (2, 1, 'H', 1, ?)",
            (NOW,),
        )
    database.close()
    app = new_app(tmp_path)
    with app.app_context():
        upgrade_schema()
    room = "/rooms/acdef-hjkm-nprtw"

    def browser(guest_id: int) -> FlaskClient:
        client = app.test_client()
        with client.session_transaction() as session:
            session["guests"] = {"1": guest_id}
        return client

    guest, host, later = browser(1), browser(2), app.test_client()
    assert guest.get(f"{room}/me").status_code == 200
    assert guest.get(f"{room}/settings").status_code == 403
    assert "can't be shown" in host.get(f"{room}/share").text
    assert later.post(f"{room}/host/of old").status_code == 303
    host.post(f"{room}/hosts/1/renew")
    assert later.get(f"{room}/settings").status_code == 404
    assert tags_of(host.get(f"{room}/share").text, "input", id="host-link")
    with app.app_context():
        db.engine.dispose()


def columns_of_faces() -> list[str]:
    return [column["name"] for column in inspect(db.engine).get_columns("face")]


def isolation_level() -> str | None:
    """Return how a connection of the app begins its transactions."""
    with db.engine.connect() as connection:
        driver = connection.connection.driver_connection
        return str(getattr(driver, "isolation_level", None))


def whole_content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Read the schema and all rows of a database."""
    database = sqlite3.connect(path)
    made = "SELECT name, sql FROM sqlite_master ORDER BY name"
    content = {"schema": database.execute(made).fetchall()}
    for name, sql in content["schema"]:
        if str(sql).startswith("CREATE TABLE"):
            content[str(name)] = database.execute(f'SELECT * FROM "{name}"').fetchall()
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    database.close()
    return content


@pytest.mark.sqlite
@pytest.mark.parametrize("former", revisions()[:-1])
def test_an_upgrade_that_is_killed_at_any_statement_is_done_at_the_next_start(
    tmp_path: Path, former: str
) -> None:
    """The state of the files before each statement is what a kill leaves."""
    data = tmp_path / "data"
    make_old_database(data, former)
    statements = 0
    left: dict[tuple[bytes, ...], int] = {}

    def note_what_a_kill_leaves(*_statement: object) -> None:
        nonlocal statements
        statements += 1
        files = [data / "photoshare.sqlite", data / "photoshare.sqlite-wal"]
        content = tuple(path.read_bytes() if path.exists() else b"" for path in files)
        left.setdefault(content, statements)

    app = new_app(data)
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note_what_a_kill_leaves)
        upgrade_schema()
        db.engine.dispose()
    expected = whole_content(data / "photoshare.sqlite")

    for (database, wal), number in left.items():
        folder = tmp_path / f"killed-at-{number}"
        folder.mkdir()
        (folder / "photoshare.sqlite").write_bytes(database)
        (folder / "photoshare.sqlite-wal").write_bytes(wal)
        with new_app(folder).app_context():
            upgrade_schema()
            db.engine.dispose()
        assert whole_content(folder / "photoshare.sqlite") == expected, folder.name
    assert statements >= 5

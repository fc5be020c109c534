"""The schema: made by migrations alone, and the same as the models."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import event

from photoshare.db import db, schema_version, upgrade_schema
from tests.old_databases import make_old_database, new_app, revisions


def test_the_migrations_make_what_the_models_say(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), db.metadata)

    # Of a key that came by ADD COLUMN, SQLAlchemy reads no ON DELETE; the next test does.
    keys = ("add_fk", "remove_fk")
    assert [one for one in differences if one[0] not in keys] == []


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


def test_ids_are_never_used_again(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master")
        statements = {row[0]: row[1] for row in rows}

    numbered = [table for table in db.metadata.tables.values() if "id" in table.columns]
    assert numbered
    for table in numbered:
        assert "AUTOINCREMENT" in statements[table.name]


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


@pytest.mark.parametrize("former", revisions()[:-1])
def test_an_upgrade_that_is_killed_at_any_statement_is_done_at_the_next_start(
    tmp_path: Path, former: str
) -> None:
    """The files as they are before every statement are what a kill leaves there."""
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

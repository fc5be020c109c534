"""The schema: made by migrations alone, and the same as the models."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade

from photoshare.db import db, schema_version


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

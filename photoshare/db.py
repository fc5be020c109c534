"""Connect to the database, SQLite in WAL mode by default; its schema version, types, and the time.

Write transactions begin with BEGIN IMMEDIATE, so writers queue and readers never wait
(docs/adr/0002-sqlite-immediate-and-wal.md); `photoshare.databases.postgresql` does so in its way.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    DateTime,
    Dialect,
    MetaData,
    String,
    event,
    inspect,
    text,
)
from sqlalchemy.engine import Engine, ExceptionContext
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.types import TypeDecorator

from photoshare.config import Settings
from photoshare.databases import postgresql
from photoshare.databases.expressions import WholeNumber
from photoshare.disk import has_no_space
from photoshare.errors import damaged_database_error, disk_full_error

BUSY_TIMEOUT_S = 10  # how long a writer waits for another; ours take milliseconds
FULL_DISK_CODES = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
# A failing disk, and one that is full for this user only (a quota): SQLite itself reports only
# "no space left" as a full disk.
WRITE_CODES = (
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_CANTOPEN,
)
DAMAGE_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
PRIMARY_CODE = 0xFF  # SQLite's extended codes have more bits
MIGRATIONS = Path(__file__).parent / "migrations"


class Words(TypeDecorator[str]):
    """A text, without the NUL characters that PostgreSQL's cannot hold, and no name needs."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Leave out NUL, which browsers never send."""
        return value.replace("\0", "") if value is not None and "\0" in value else value


class Base(DeclarativeBase):
    """Base of all models; names every constraint so that migrations can change it."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(column_0_N_label)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={int: WholeNumber, str: Words},
    )


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware UTC in Python, text without a zone in SQLite."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into the UTC text that is stored."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the stored moment its zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


db = SQLAlchemy(model_class=Base, disable_autonaming=True)


def utc_now() -> datetime:
    """Return the current moment, aware, in UTC."""
    return datetime.now(UTC)


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the app to its database; called by `photoshare.create_app` only."""
    if settings.is_postgresql:
        app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = postgresql.engine_options()
        db.init_app(app)
        with app.app_context():
            postgresql.take_turns(db.engine)
        return
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{settings.database}"
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "connect_args": {"timeout": BUSY_TIMEOUT_S, "isolation_level": "IMMEDIATE"},
        "max_overflow": -1,  # the number of threads is the limit: none waits for a connection
    }
    db.init_app(app)


def of_app(extension: str) -> Any:
    """Return what the factory keeps for the running app under this name; needs an app context."""
    return current_app.extensions[extension]


def close_database() -> None:
    """Close the idle connections; needs an app context.

    Closing the last one moves everything into the database file and removes SQLite's log.
    """
    db.session.remove()
    db.engine.dispose()


def upgrade_schema() -> None:
    """Upgrade the database to the newest schema, creating SQLite's file if it is missing.

    Needs an app context.
    """
    if schema_version() != known_revisions()[0]:
        offer_migrations(current_app)
        from flask_migrate import upgrade

        upgrade()


def offer_migrations(app: Flask) -> None:
    """Let Flask-Migrate change the schema of this app's database, also as ``flask db``."""
    # Imported here: with Alembic it takes a tenth of a start, and few starts change the schema.
    from flask_migrate import Migrate

    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True)


def known_revisions() -> list[str]:
    """List the schema revisions that this version knows, newest first."""
    steps = (MIGRATIONS / "versions").glob("[0-9]*_*.py")
    return sorted((path.name.partition("_")[0] for path in steps), reverse=True)


def schema_version() -> str:
    """Return the revision of the database; needs an app context."""
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return "none"
        return connection.scalar(text("SELECT version_num FROM alembic_version")) or "none"


@event.listens_for(Engine, "connect")
def _set_pragmas(connection: Any, _record: Any) -> None:
    """Set the pragmas that SQLite keeps only for one connection."""
    if isinstance(connection, sqlite3.Connection):
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # a commit survives a power cut: guests are told "safe" after it
            "fullfsync=ON",  # flushes the drive's cache as well; only macOS makes the distinction
            "foreign_keys=ON",
            "secure_delete=ON",  # overwrites what is deleted (maintenance.deleted_bytes)
        ):
            connection.execute(f"PRAGMA {pragma}").close()


@event.listens_for(Engine, "handle_error")
def _translate_error(context: ExceptionContext) -> None:
    """Turn the errors for a full disk or a damaged file into ours, wherever they occur."""
    error = context.original_exception
    code = getattr(error, "sqlite_errorcode", 0)
    is_full = getattr(error, "sqlstate", None) == postgresql.DISK_FULL
    if is_full or code in FULL_DISK_CODES or (code in WRITE_CODES and _has_no_space(context)):
        raise disk_full_error() from error
    if code & PRIMARY_CODE in DAMAGE_CODES:
        raise damaged_database_error(error) from error


def _has_no_space(context: ExceptionContext) -> bool:
    file = context.dialect.create_connect_args(context.engine.url)[0][0] if context.engine else ""
    return bool(file) and has_no_space(Path(file).parent)

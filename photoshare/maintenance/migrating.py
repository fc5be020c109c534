"""Move the rows of a SQLite installation to PostgreSQL: all of them, or none (docs/scale.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask
from sqlalchemy import (
    Column,
    Connection,
    Row,
    Select,
    Table,
    bindparam,
    create_engine,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError

from photoshare.config import Settings, load_settings
from photoshare.db import db, init_app, known_revisions, schema_version, upgrade_schema
from photoshare.errors import MoveError

ROWS_AT_ONCE = 1000  # with an encoding each, 1 MB
_SUM_RANGE = 1 << 256  # of a SHA-256


@dataclass(frozen=True, slots=True)
class MovedTable:
    """A table that is the same in both databases."""

    name: str
    row_count: int


def move_to(settings: Settings, url: str) -> list[MovedTable]:
    """Copy every row of the SQLite database of a data folder; the caller sees that nobody writes.

    All is one transaction of PostgreSQL: after a failure of any kind it can be tried again. Row ids
    stay, and none of a deleted row is given again.

    Parameters
    ----------
    settings : Settings
    url : str
        Of an empty database of PostgreSQL, as in PHOTOSHARE_DATABASE_URL.

    Raises
    ------
    MoveError
        If there is nothing to move, or the target is not empty, or is not equal in the end.
    SettingError, StartError
        If the address, or the driver, cannot be used.
    """
    file = settings.database
    if not file.is_file():
        raise MoveError(f"There's no SQLite database in {settings.data} to move.")
    checked = load_settings({"database_url": url}, {}).database_url
    if not checked:
        raise MoveError("Say where to: the address of an empty PostgreSQL database.")
    origin = create_engine(f"sqlite:///{file}")
    try:
        with origin.connect() as source:
            _refuse_other_schema(source)
            return _move_rows(source, replace(settings, database_url=checked))
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        raise MoveError(f"Nothing was moved: a database said “{reason}”.") from error
    finally:
        origin.dispose()


def _move_rows(source: Connection, target_settings: Settings) -> list[MovedTable]:
    app = Flask(__name__)  # of nothing but the database: Alembic works on that of an app
    init_app(app, target_settings)
    with app.app_context():
        try:
            if schema_version() not in ("none", known_revisions()[0]):
                raise MoveError("The PostgreSQL database is of another version of PhotoShare.")
            upgrade_schema()
            with db.engine.begin() as target:
                _refuse_rows(target)
                moved = [_move(table, source, target) for table in db.metadata.sorted_tables]
            return moved
        finally:
            db.engine.dispose()


def _refuse_other_schema(source: Connection) -> None:
    complaint = source.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if complaint != "ok":
        raise MoveError("The SQLite database is damaged: the doctor says what to do.")
    version = source.scalar(text("SELECT version_num FROM alembic_version"))
    if version != known_revisions()[0]:
        raise MoveError(
            f"The SQLite database has schema {version}, not {known_revisions()[0]}. Start this "
            "version of PhotoShare once to upgrade it, then stop it and try again."
        )


def _refuse_rows(target: Connection) -> None:
    for table in db.metadata.sorted_tables:
        if target.scalar(select(func.count()).select_from(table)):
            raise MoveError(
                f"The PostgreSQL database isn't empty: its table {table.name} has rows. Moving "
                "never overwrites anything; make an empty database for it."
            )


def _move(table: Table, source: Connection, target: Connection) -> MovedTable:
    """Copy a table without its triggers, which would count what is counted already; compare it."""
    target.execute(text(f"ALTER TABLE {table.name} DISABLE TRIGGER USER"))
    stored = [column for column in table.columns if column.computed is None]
    own = [column for column in stored if any(map(column.references, table.primary_key))]
    not_yet = {column.name: None for column in own}  # they may name rows that come later
    for rows in _parts(source, select(*stored)):
        target.execute(insert(table), [row._asdict() | not_yet for row in rows])
    for column in own:
        _copy_column(column, source, target)
    target.execute(text(f"ALTER TABLE {table.name} ENABLE TRIGGER USER"))
    _set_next_id(table, source, target)
    before, after = _fingerprint(source, table), _fingerprint(target, table)
    if before != after:
        raise MoveError(
            f"Nothing was moved: the table {table.name} is not the same in PostgreSQL "
            f"({before[0]:,} rows here, {after[0]:,} there)."
        )
    return MovedTable(table.name, after[0])


def _copy_column(column: Column[Any], source: Connection, target: Connection) -> None:
    """Copy a column of rows that are there, by their ids."""
    table = column.table
    of_row = update(table).where(table.c.id == bindparam("of"))
    change = of_row.values({column: bindparam("value")})
    query = select(table.c.id.label("of"), column.label("value")).where(column.is_not(None))
    for rows in _parts(source, query):
        target.execute(change, [row._asdict() for row in rows])


def _set_next_id(table: Table, source: Connection, target: Connection) -> None:
    """Let ids continue where SQLite would have continued: those of deleted rows stay unused."""
    query = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
    last_id = source.scalar(query, {"table": table.name})
    if last_id:
        query = text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last_id)")
        target.execute(query, {"table": table.name, "last_id": last_id})


def _fingerprint(connection: Connection, table: Table) -> tuple[int, int]:
    """Return the number of rows, and the sum of their hashes, which has no order."""
    count = total = 0
    for rows in _parts(connection, select(table)):
        count += len(rows)
        total += sum(_hash(row) for row in rows)
    return count, total % _SUM_RANGE


def _hash(row: Row[Any]) -> int:
    values = [value.replace("\0", "") if isinstance(value, str) else value for value in row]
    return int.from_bytes(hashlib.sha256(repr(values).encode("utf-8", "replace")).digest())


def _parts(connection: Connection, query: Select[Any]) -> Iterator[list[Row[Any]]]:
    result = connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
    for part in result.partitions():
        yield list(part)

"""maintenance.deleted_bytes: deleted data leaves the database and its log, despite readers."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from photoshare.config import MB
from photoshare.maintenance import deleted_bytes
from photoshare.maintenance.deleted_bytes import DatabaseUpkeep, empty_wal, wal_of, write_anew

SECRET = b"a name that is found in a file"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "test.sqlite"


@pytest.fixture
def writer(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection that stays open like those of the pool: closing it would empty the log."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL").close()
        connection.execute("PRAGMA secure_delete=ON").close()
        connection.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name BLOB)")
        connection.execute("INSERT INTO person (name) VALUES (?)", [SECRET])
        yield connection


def is_found(database: Path, secret: bytes = SECRET) -> bool:
    return any(secret in file.read_bytes() for file in database.parent.iterdir())


def test_the_log_keeps_what_was_deleted_until_it_is_emptied(
    database: Path, writer: sqlite3.Connection
) -> None:
    writer.execute("DELETE FROM person")
    assert is_found(database)

    assert empty_wal(database)

    assert wal_of(database).stat().st_size == 0
    assert not is_found(database)


def test_a_reader_is_not_disturbed_and_the_log_is_emptied_after_it(
    database: Path, writer: sqlite3.Connection
) -> None:
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT name FROM person").fetchall() == [(SECRET,)]
        writer.execute("DELETE FROM person")

        assert not empty_wal(database)

        assert reader.execute("SELECT name FROM person").fetchall() == [(SECRET,)]
        writer.execute("INSERT INTO person (name) VALUES ('another')")  # is not blocked
        reader.execute("COMMIT")
    assert empty_wal(database)
    assert not is_found(database)


def test_who_writes_is_not_disturbed(database: Path, writer: sqlite3.Connection) -> None:
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM person")

    assert not empty_wal(database)
    with pytest.raises(sqlite3.OperationalError):
        write_anew(database)

    writer.execute("COMMIT")
    assert empty_wal(database)
    assert not is_found(database)


def churn(connection: sqlite3.Connection, seed: int) -> list[bytes]:
    """Insert, lengthen and delete names until pages are merged; return the deleted ones."""
    chance = random.Random(seed)
    connection.execute("CREATE TABLE photo (id INTEGER PRIMARY KEY, sha TEXT UNIQUE, name TEXT)")
    names: dict[int, bytes] = {}
    gone = []
    for _ in range(3000):
        name = chance.randbytes(chance.randint(10, 100)).hex()
        if chance.random() < 0.5 or len(names) < 50:
            row = (chance.randbytes(32).hex(), name)
            cursor = connection.execute("INSERT INTO photo (sha, name) VALUES (?, ?)", row)
            names[cursor.lastrowid or 0] = name.encode()
            continue
        number = chance.choice(list(names))
        gone.append(names.pop(number))
        if chance.random() < 0.6:
            connection.execute("DELETE FROM photo WHERE id = ?", [number])
        else:
            connection.execute("UPDATE photo SET name = ? WHERE id = ?", [name, number])
            names[number] = name.encode()
    return gone


def test_gaps_of_pages_keep_what_was_deleted_until_the_file_is_written_anew(
    database: Path, writer: sqlite3.Connection
) -> None:
    """SQLite's secure_delete overwrites a row where it is, not where it was before."""
    gone = churn(writer, seed=4)  # one name of 1468 is left with SQLite 3.40
    assert empty_wal(database)
    content = database.read_bytes()
    if not [name for name in gone if name in content]:
        pytest.skip("this SQLite leaves nothing in its pages")

    write_anew(database)
    assert empty_wal(database)

    content = database.read_bytes()
    assert [name for name in gone if name in content] == []
    assert writer.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock set by the test; its only element is the time in seconds."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_the_file_is_written_anew_once_in_a_quiet_time(
    database: Path,
    writer: sqlite3.Connection,
    clock: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = []
    monkeypatch.setattr(deleted_bytes, "write_anew", lambda path: written.append(clock[0]))
    empty_wal(database)
    monkeypatch.setattr(deleted_bytes, "QUIET_S_OF_MB", 10 * MB / database.stat().st_size)
    keeper = DatabaseUpkeep(database)

    for _ in range(3):  # a write every eight seconds
        writer.execute("INSERT INTO person (name) VALUES ('Lea')")
        keeper.tend()
        clock[0] += 8
    assert written == []
    for _ in range(10):
        clock[0] += 8
        keeper.tend()

    assert written == [1032.0]


def test_what_cannot_be_written_anew_now_is_tried_later(
    database: Path,
    writer: sqlite3.Connection,
    clock: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    keeper = DatabaseUpkeep(database)
    keeper.tend()
    clock[0] += 3600
    writer.execute("BEGIN IMMEDIATE")
    keeper.tend()
    clock[0] += 3600
    keeper.tend()
    assert caplog.text.count("tidied later: database is locked") == 1
    writer.execute("ROLLBACK")
    size = database.stat().st_size
    writer.execute("DELETE FROM person")
    clock[0] += 3600

    keeper.tend()
    clock[0] += 3600
    keeper.tend()

    assert database.stat().st_size <= size
    assert not is_found(database)

"""Damaged files in the data folder: one sentence at the start, and in the doctor."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from photoshare.faces.graphs.dlib_format import ENCODING_SIZE
from tests.old_databases import NOW, make_old_database, revisions
from tests.servers import free_port, refusal
from tests.tools import flask

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]

DAMAGED = "The database is damaged"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with a few hundred pages, as an orderly stop leaves it."""
    make_old_database(tmp_path, revisions()[-1])
    file = tmp_path / "photoshare.sqlite"
    connection = sqlite3.connect(file)
    with connection:
        connection.executemany(
            'INSERT INTO face (photo_id, top, "right", bottom, "left", score, is_face, encoding) '
            "VALUES (1, 1, 2, 2, 1, 1.0, 1, ?)",
            [(os.urandom(4 * ENCODING_SIZE),) for _ in range(1000)],
        )
    connection.close()
    assert not file.with_name("photoshare.sqlite-wal").exists()
    return file


def garbage_header(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.write(b"this is no database at all")


def half_of_it(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def zeros_in_the_middle(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2 // 4096 * 4096)
        opened.write(bytes(10 * 4096))


@pytest.mark.parametrize("damage", [garbage_header, half_of_it, zeros_in_the_middle])
def test_the_server_does_not_start_on_a_damaged_database(
    database: Path, damage: Callable[[Path], None]
) -> None:
    damage(database)

    said = refusal(database.parent, free_port())

    assert DAMAGED in said
    assert "Replace it with the newest backup" in said


@pytest.mark.parametrize("damage", [garbage_header, zeros_in_the_middle])
def test_the_doctor_says_how_to_mend_a_damaged_database(
    database: Path, damage: Callable[[Path], None]
) -> None:
    damage(database)

    done = flask(database.parent, "doctor")

    assert done.returncode == 1
    assert "BAD  Database: " in done.stdout
    assert "sqlite3 photoshare.sqlite .recover" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_command_says_it_in_one_sentence_as_well(database: Path) -> None:
    garbage_header(database)

    done = flask(database.parent, "rooms", "create", "--title", "Party")

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(f"Error: {DAMAGED}")


@pytest.mark.parametrize("is_empty", [True, False])
def test_photos_without_a_database_are_not_taken_for_leftovers(
    database: Path, is_empty: bool
) -> None:
    originals = list(database.parent.glob("rooms/*/originals/*"))
    if is_empty:
        os.truncate(database, 0)
    else:
        database.unlink()

    said = refusal(database.parent, free_port())

    command = flask(database.parent, "rooms", "create", "--title", "Party")

    assert "the database photoshare.sqlite beside them is missing or empty" in said
    assert "the database photoshare.sqlite beside them is missing or empty" in command.stderr
    assert command.returncode == 1
    assert originals
    assert list(database.parent.glob("rooms/*/originals/*")) == originals


def test_a_database_of_a_newer_version_is_one_sentence(database: Path) -> None:
    connection = sqlite3.connect(database)
    with connection:
        connection.execute(f"UPDATE alembic_version SET version_num = 'z{NOW[:4]}'")
    connection.close()

    assert "from a newer PhotoShare (schema z2026)" in refusal(database.parent, free_port())


def test_a_folder_in_the_place_of_the_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "photoshare.sqlite").mkdir()

    assert "can't be used (unable to open database file)" in refusal(tmp_path, free_port())


@pytest.mark.parametrize("content", [b"", b"\n", b"half a key", bytes(10)])
def test_a_key_that_signs_nothing_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    """Without a key every page would fail; with half a key, cookies could be guessed."""
    (tmp_path / "secret_key").write_bytes(content)

    said = refusal(tmp_path, free_port())

    assert "whose key signs the cookies, is empty or damaged" in said
    assert (tmp_path / "secret_key").read_bytes() == content

"""``restore``: a backup in the place of a data folder, from every schema, whatever kills it."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from flask import Flask

from photoshare.config import LOCK_FILE
from photoshare.errors import BackupError
from photoshare.maintenance.backup import back_up, check_backup
from photoshare.maintenance.restore import COME, LEAVE, restore
from photoshare.services.rooms.rooms import NewRoom
from photoshare.storage import Storage
from photoshare.web.site import Site
from tests.fakes import RED, draw_photo
from tests.old_databases import NAME, PHOTOS, make_old_database, revisions
from tests.tools import flask

pytestmark = pytest.mark.sqlite  # backups are of SQLite


@pytest.fixture
def copy(
    site: Site, make_room: Callable[..., NewRoom], add_photo: Callable[..., int], tmp_path: Path
) -> Path:
    """A backup of a room with three photos."""
    room_id = make_room("Wedding").room.id
    for seed in (1, 2, 3):
        add_photo(room_id, draw_photo(RED, seed=seed), f"{seed}.jpg")
    return back_up(site.storage, tmp_path / "copy").folder


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A data folder with another room, of one photo."""
    data = tmp_path / "other"
    make_old_database(data, "head")
    return data


def titles_in(folder: Path) -> set[str]:
    database = sqlite3.connect(folder / "photoshare.sqlite")
    try:
        return {title for (title,) in database.execute("SELECT title FROM room")}
    finally:
        database.close()


def test_into_an_empty_folder(copy: Path, tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"

    found, replaced = restore(copy, data)

    assert (found.photo_count, found.lost, replaced) == (3, [], None)
    assert check_backup(data).lost == []
    assert titles_in(data) == {"Wedding"}
    assert {path.name for path in data.iterdir()} == {*COME, LOCK_FILE}
    assert {path.stat().st_mode & 0o077 for path in data.rglob("*") if path.is_file()} == {0}


def test_rooms_that_are_there_stay_unless_they_are_to_be_replaced(copy: Path, other: Path) -> None:
    with pytest.raises(BackupError, match=r"There are rooms in .* Add --replace"):
        restore(copy, other)
    assert titles_in(other) == {"Party"}

    _, replaced = restore(copy, other, replace=True)

    assert replaced is not None
    assert replaced.parent == other
    assert (titles_in(other), titles_in(replaced)) == ({"Wedding"}, {"Party"})
    assert check_backup(other).lost == check_backup(replaced).lost == []


def test_it_is_refused_while_a_server_runs(copy: Path, other: Path) -> None:
    with (
        FileLock(other / LOCK_FILE).acquire(timeout=0),
        pytest.raises(BackupError, match="Stop the server first"),
    ):
        restore(copy, other, replace=True)
    assert titles_in(other) == {"Party"}


@pytest.mark.parametrize("database", [b"", b"SQLite format 3\0" + bytes(5000), None])
def test_a_damaged_backup_changes_nothing(copy: Path, other: Path, database: bytes | None) -> None:
    file = copy / "photoshare.sqlite"
    file.unlink()
    if database is not None:
        file.write_bytes(database)

    with pytest.raises(BackupError, match=r"The database in .* is damaged|isn't a backup"):
        restore(copy, other, replace=True)
    assert titles_in(other) == {"Party"}


def test_photos_that_the_backup_has_lost_are_named_and_the_others_come(
    app: Flask, copy: Path, tmp_path: Path
) -> None:
    whole, damaged, missing = sorted(copy.glob("rooms/*/originals/*"))
    damaged.write_bytes(whole.read_bytes())
    missing.unlink()

    done = flask(tmp_path / "new", "restore", str(copy))

    assert done.returncode == 1
    assert "is restored, with 3 photos." in done.stderr
    assert "The originals of 2 photos are missing or damaged" in done.stderr
    assert titles_in(tmp_path / "new") == {"Wedding"}
    checked = flask(tmp_path / "new", "check-backup", str(copy))
    assert (checked.returncode, checked.stderr.count(".jpg")) == (1, 2)


def test_a_series_is_not_taken_for_a_backup(copy: Path, tmp_path: Path) -> None:
    dated = tmp_path / "backups" / "2026-05-01T12-00-00Z"
    dated.parent.mkdir()
    copy.rename(dated)

    with pytest.raises(BackupError, match=f"the newest is {dated}"):
        restore(dated.parent, tmp_path / "new")


@pytest.mark.slow
@pytest.mark.parametrize("revision", revisions())
def test_a_backup_of_every_schema_comes_back(tmp_path: Path, revision: str) -> None:
    old, data = tmp_path / "old", tmp_path / "new"
    make_old_database(old, revision)
    back_up(Storage(old), tmp_path / "copy")

    done = flask(data, "restore", str(tmp_path / "copy"))

    assert (done.returncode, done.stderr) == (0, f"{data} is restored, with {PHOTOS} photos.\n")
    database = sqlite3.connect(data / "photoshare.sqlite")
    try:
        (version,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
        (name,) = database.execute("SELECT name FROM person").fetchone()
        (photos,) = database.execute("SELECT count(*) FROM photo").fetchone()
    finally:
        database.close()
    assert (version, name, photos) == (revisions()[-1], NAME, PHOTOS)


# Every step that changes a name or removes something may be the last one before the kill.
STEPS = 2 + len(LEAVE) + len(COME)


@pytest.mark.slow
@pytest.mark.parametrize("steps", range(STEPS))
def test_a_kill_at_any_step_loses_nothing_and_the_same_command_goes_on(
    copy: Path, other: Path, steps: int
) -> None:
    script = """
import os, shutil, signal, sys
from pathlib import Path
from photoshare.maintenance import restore
left = int(sys.argv[3])
def counted(work):
    def count(*arguments, **more):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return work(*arguments, **more)
    return count
os.replace, restore._stage = counted(os.replace), counted(restore._stage)
shutil.rmtree = counted(shutil.rmtree)
restore.restore(Path(sys.argv[1]), Path(sys.argv[2]), replace=True)
"""
    killed = subprocess.run(
        [sys.executable, "-c", script, str(copy), str(other), str(steps)], check=False
    )
    if killed.returncode == 0:
        pytest.fail("There are fewer steps than the test believes.") if steps < 7 else None
    else:
        assert killed.returncode == -signal.SIGKILL
        restore(copy, other, replace=True)

    assert titles_in(other) == {"Wedding"}
    assert check_backup(other).lost == []
    assert not (other / ".restoring").exists()
    former = [folder for folder in other.iterdir() if folder.name.startswith("replaced-")]
    assert any(
        (folder / "photoshare.sqlite").exists() and titles_in(folder) == {"Party"}
        for folder in former
    )
    originals = {path.name for path in other.glob("replaced-*/rooms/*/originals/*")}
    assert len(originals & {path.name for path in other.rglob("*")}) >= PHOTOS


def test_the_backup_stays_as_it_is(copy: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.is_file()}

    restore(copy, tmp_path / "new")

    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.is_file()} == before
    shutil.rmtree(tmp_path / "new")
    assert check_backup(copy).lost == []
    assert os.path.isdir(copy)

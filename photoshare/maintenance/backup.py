"""Back up a data folder while guests upload and delete; the result can be served as it is.

Originals never change, so they are linked or copied one by one while the server is running. Uploads
and deletions only wait for the last originals, and while the database is copied:
milliseconds. Smaller pictures are left out; they are made again on request.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from photoshare.config import Settings
from photoshare.disk import disk_full_as_error
from photoshare.errors import BackupError
from photoshare.storage import Storage

DATABASE, KEY = "photoshare.sqlite", "secret_key"
UNFINISHED = ".unfinished"  # suffix of a backup's folder until it is complete
ROUNDS = 3  # of copying while the server runs; each copies what was added during the last one


class _Original(NamedTuple):
    """The data about a photo's file in its row."""

    room_id: int
    sha256: str
    size_bytes: int
    file_name: str


@dataclass(frozen=True, slots=True)
class Backup:
    """The contents of a backup.

    Attributes
    ----------
    folder : Path
    photo_count : int
    lost : list of str
        Names of photos whose originals are missing or damaged in the data folder itself.
    """

    folder: Path
    photo_count: int
    lost: list[str]


def back_up(storage: Storage, target: Path) -> Backup:
    """Back up a data folder into a new folder, which gets its name only once it is complete.

    It contains the original of every photo in its database, with the right size.

    Parameters
    ----------
    storage : Storage
    target : Path
        Must not exist. On the same file system the originals are hard links, which take no space.

    Raises
    ------
    BackupError
        If the target exists, cannot be written, or there is no database.
    DiskFullError
        If the target's disk is full.
    """
    unfinished = target.with_name(target.name + UNFINISHED)
    for folder in (target, unfinished):
        if folder.exists():
            raise BackupError(f"{folder} already exists; a backup never overwrites anything.")
    if not (storage.data / DATABASE).is_file():
        raise BackupError(f"There's no database in {storage.data} to back up.")
    try:
        with disk_full_as_error():
            unfinished.mkdir(parents=True, mode=0o700)
            backup = _write(storage, unfinished)
            os.sync()  # complete on the disk before it gets its name
            os.replace(unfinished, target)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"The backup can't be written ({error}).") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)  # only exists if something failed
    return Backup(target, backup.photo_count, backup.lost)


def refuse_postgresql(settings: Settings) -> None:
    """Refuse to back up a database that is not in the data folder.

    Raises
    ------
    BackupError
    """
    if settings.is_postgresql:
        raise BackupError(
            "This command backs up SQLite. The rows are in PostgreSQL: back them up with pg_dump "
            f"first, then copy {settings.data} (docs/scale.md)."
        )


def _write(storage: Storage, folder: Path) -> Backup:
    if (storage.data / KEY).exists():  # else it is in the settings, which aren't ours to keep
        shutil.copyfile(storage.data / KEY, folder / KEY)
    source = sqlite3.connect(storage.data / DATABASE, isolation_level=None)
    copy = sqlite3.connect(folder / DATABASE)
    try:
        for _ in range(ROUNDS):
            _copy_originals(_originals(source), storage, folder)
        with storage.locked():
            source.execute("BEGIN")  # for reading: later writes by others are not seen
            originals = _originals(source)
            _copy_originals(originals, storage, folder)
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    _remove_others(originals, folder)
    lost = [one.file_name for one in originals if not _is_whole(_place(folder, one), one)]
    return Backup(folder, len(originals), lost)


def _originals(source: sqlite3.Connection) -> list[_Original]:
    rows = source.execute("SELECT room_id, sha256, size_bytes, file_name FROM photo")
    return [_Original(*row) for row in rows]


def _copy_originals(originals: Sequence[_Original], storage: Storage, folder: Path) -> None:
    for one in originals:
        target = _place(folder, one)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(storage.original(one.room_id, one.sha256), target)


def _link_or_copy(source: Path, target: Path) -> None:
    """Link a file, or copy it to another file system; leave it out if it was deleted meanwhile."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        return
    except OSError:  # another file system, or one without links
        unfinished = target.with_name(target.name + UNFINISHED)
        try:
            shutil.copyfile(source, unfinished)
        except FileNotFoundError:
            return
        os.replace(unfinished, target)


def _remove_others(originals: Sequence[_Original], folder: Path) -> None:
    """Remove the photos that were deleted while they were copied."""
    known = {_place(folder, one) for one in originals}
    for path in folder.glob("rooms/*/originals/*"):
        if path not in known:
            path.unlink()


def _place(folder: Path, one: _Original) -> Path:
    return folder / "rooms" / str(one.room_id) / "originals" / one.sha256


def _is_whole(path: Path, one: _Original) -> bool:
    try:
        return path.stat().st_size == one.size_bytes
    except FileNotFoundError:
        return False

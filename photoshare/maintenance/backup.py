"""Back up a data folder while guests upload and delete; the result can be served as it is.

Originals never change, so they are linked or copied one by one while the server is running. Uploads
and deletions only wait for the last originals, and while the database is copied:
milliseconds. Smaller pictures are left out; they are made again on request.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from photoshare.config import Settings
from photoshare.disk import disk_full_as_error, sha256_of
from photoshare.errors import BackupError
from photoshare.storage import Storage

DATABASE, KEY = "photoshare.sqlite", "secret_key"
UNFINISHED = ".unfinished"  # suffix of a backup, and of a copied file, until it is complete
CONTENT = {DATABASE, f"{DATABASE}-journal", KEY, "rooms"}  # of a backup; nothing else is ours
LOCK = "backup.lock"  # in the data folder: who holds it makes a backup
ROUNDS = 3  # of copying while the server runs; each copies what was added during the last one


class Original(NamedTuple):
    """The file of a photo, or of one in the bin."""

    room_id: int
    sha256: str
    file_name: str


@dataclass(frozen=True, slots=True)
class Backup:
    """The contents of a backup.

    Attributes
    ----------
    folder : Path
    photo_count : int
    lost : list of str
        Names of photos whose originals are missing or damaged.
    """

    folder: Path
    photo_count: int
    lost: list[str]


def back_up(storage: Storage, target: Path, earlier: Path | None = None) -> Backup:
    """Back up a data folder into a new folder, which gets its name only once it is complete.

    It contains the original of every photo in its database; all that was copied has been read again
    and compared with its SHA-256. A backup that was killed goes on where it ended.

    Parameters
    ----------
    storage : Storage
    target : Path
        Must not exist. On the same file system the originals are hard links, which take no space.
    earlier : Path, optional
        A complete backup. On its file system the originals that it has are linked to it, and not
        read again.

    Raises
    ------
    BackupError
        If the target exists, cannot be written, another backup is being made, or there is no
        database.
    DiskFullError
        If the target's disk is full.
    """
    if not (storage.data / DATABASE).is_file():
        raise BackupError(f"There's no database in {storage.data} to back up.")
    unfinished = target.with_name(target.name + UNFINISHED)
    if target.exists() or (unfinished.exists() and not _is_ours(unfinished)):
        taken = target if target.exists() else unfinished
        raise BackupError(f"{taken} already exists; a backup never overwrites anything.")
    try:
        with FileLock(storage.data / LOCK).acquire(timeout=0), disk_full_as_error():
            unfinished.mkdir(parents=True, mode=0o700, exist_ok=True)
            backup = _write(storage, unfinished, earlier)
            os.sync()  # complete on the disk before it gets its name
            os.replace(unfinished, target)
    except Timeout:
        raise BackupError("Another backup is being made; wait until it is complete.") from None
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"The backup can't be written ({error}).") from error
    return Backup(target, backup.photo_count, backup.lost)


def refuse_postgresql(settings: Settings) -> None:
    """Refuse to back up a database that is not in the data folder.

    Raises
    ------
    BackupError
    """
    if settings.is_postgresql:
        raise BackupError(
            "Backups are of SQLite. The rows are in PostgreSQL: back them up with pg_dump "
            f"first, then copy {settings.data} (docs/scale.md)."
        )


def check_backup(folder: Path) -> Backup:
    """Read all of a backup, and compare every photo with its SHA-256.

    Raises
    ------
    BackupError
        If it has no database, or one that is damaged.
    """
    if not (folder / DATABASE).is_file():
        raise BackupError(f"{folder} isn't a backup: it has no {DATABASE}.")
    try:
        database = sqlite3.connect(f"file:{folder / DATABASE}?mode=ro&immutable=1", uri=True)
        try:
            (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
            originals = originals_in(database)
        finally:
            database.close()
    except sqlite3.Error as error:
        raise BackupError(f"The database in {folder} is damaged ({error}).") from error
    if answer != "ok":
        raise BackupError(f"The database in {folder} is damaged ({answer}).")
    lost = [one.file_name for one in originals if not is_sound(place_of(folder, one), one)]
    return Backup(folder, len(originals), lost)


def originals_in(database: sqlite3.Connection) -> list[Original]:
    """List the originals that a database knows: of photos, of the bin, and of what waits for a yes.

    Each is listed once. Former schemas know neither bin nor waiting.
    """
    rows = database.execute("SELECT room_id, sha256, file_name FROM photo").fetchall()
    for table, name in (("waiting_photo", "file_name"), ("deleted_photo", "'a photo in the bin'")):
        is_there = "SELECT 1 FROM sqlite_master WHERE name = ?"
        if database.execute(is_there, (table,)).fetchone():
            rows += database.execute(f"SELECT room_id, sha256, {name} FROM {table}")  # noqa: S608 - ours
    found: dict[tuple[int, str], Original] = {}
    for one in map(Original._make, rows):
        found.setdefault((one.room_id, one.sha256), one)
    return list(found.values())


def place_of(folder: Path, one: Original) -> Path:
    """File of an original below a data folder, or a backup of it."""
    return folder / "rooms" / str(one.room_id) / "originals" / one.sha256


def is_sound(path: Path, one: Original) -> bool:
    """Whether a file is that original, bit for bit; reads all of it."""
    try:
        return sha256_of(path) == one.sha256
    except OSError:  # missing, or on a part of the disk that can't be read
        return False


def _is_ours(unfinished: Path) -> bool:
    """Whether a folder is what a killed backup left, and nothing else."""
    return unfinished.is_dir() and {path.name for path in unfinished.iterdir()} <= CONTENT


def _write(storage: Storage, folder: Path, earlier: Path | None) -> Backup:
    for name in CONTENT - {"rooms"}:
        (folder / name).unlink(missing_ok=True)
    if (storage.data / KEY).exists():  # else it is in the settings, which aren't ours to keep
        shutil.copyfile(storage.data / KEY, folder / KEY)
    source = sqlite3.connect(storage.data / DATABASE, isolation_level=None)
    copy = sqlite3.connect(folder / DATABASE)
    try:
        for _ in range(ROUNDS):
            _copy_originals(originals_in(source), storage, folder, earlier)
        with storage.locked():
            source.execute("BEGIN")  # for reading: later writes by others are not seen
            originals = originals_in(source)
            _copy_originals(originals, storage, folder, earlier)
        source.backup(copy)
        (answer,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    finally:
        copy.close()
        source.close()
    if answer != "ok":
        raise BackupError(f"The copy of the database is damaged ({answer}).")
    _remove_others(originals, folder)
    return Backup(folder, len(originals), list(_lost(originals, folder, earlier)))


def _copy_originals(
    originals: Sequence[Original], storage: Storage, folder: Path, earlier: Path | None
) -> None:
    for one in originals:
        target = place_of(folder, one)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() and not (earlier and _link(place_of(earlier, one), target)):
            unfinished = target.with_name(target.name + UNFINISHED)
            unfinished.unlink(missing_ok=True)  # of a backup that was killed
            with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                storage.copy_original(one.room_id, one.sha256, unfinished)
                os.replace(unfinished, target)


def _link(source: Path, target: Path) -> bool:
    """Link a file if that is possible; return whether it was."""
    try:
        os.link(source, target)
    except OSError:  # it isn't there, or the file system has no links
        return False
    return True


def _remove_others(originals: Sequence[Original], folder: Path) -> None:
    """Remove what is of no photo: deleted while it was copied, or half copied when killed."""
    known = {place_of(folder, one) for one in originals}
    for path in folder.glob("rooms/*/originals/*"):
        if path not in known:
            path.unlink()


def _lost(originals: Sequence[Original], folder: Path, earlier: Path | None) -> Iterator[str]:
    """Read what this backup has added, and name what is missing or damaged."""
    for one in originals:
        path = place_of(folder, one)
        is_known = earlier is not None and _is_same(path, place_of(earlier, one))
        if not (is_known or is_sound(path, one)):
            yield one.file_name


def _is_same(path: Path, other: Path) -> bool:
    """Whether both are one file: the backup that made it has read it."""
    try:
        return path.samefile(other)
    except FileNotFoundError:
        return False

"""Put a backup in the place of a data folder, so that a kill at any moment loses neither.

Everything is first copied into `STAGING` inside the data folder, which may be a mounted volume.
What is replaced moves into a folder of its own there. The database is the first to leave and the
last to come: without it no server starts on what is half restored, and the same command goes on.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sqlite3
from pathlib import Path

from filelock import FileLock, Timeout

from photoshare.config import LOCK_FILE
from photoshare.db import utc_now
from photoshare.disk import disk_full_as_error, sync_folder
from photoshare.errors import BackupError
from photoshare.maintenance.backup import (
    DATABASE,
    KEY,
    Backup,
    check_backup,
    originals_in,
    place_of,
)
from photoshare.maintenance.dated_backups import NAME_FORMAT, list_backups
from photoshare.storage import Storage

STAGING = ".restoring"  # in the data folder, while it is being restored
EMPTIED = "emptied"  # file in it: the former data is aside, and what is there now came from us
ASIDE = "aside"  # file in it: the name of the folder that the former data moves to
ROOMS = "rooms"
REPLACED = "replaced-"  # and the moment: the folder of what was there before
# Of the database too: its log must never be read with another one.
LEAVE = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", ROOMS, KEY)
COME = (ROOMS, KEY, DATABASE)


def restore(backup: Path, data: Path, *, replace: bool = False) -> tuple[Backup, Path | None]:
    """Restore a backup into a data folder; the next start upgrades an older database.

    Parameters
    ----------
    backup : Path
        From `photoshare.maintenance.backup.back_up`; it stays as it is.
    data : Path
        Without rooms, unless they are replaced. No server may run on it.
    replace : bool
        Whether to move what is there into a folder below it.

    Returns
    -------
    restored : Backup
        With the photos that the backup itself has lost.
    replaced : Path or None
        Where the former data is now.

    Raises
    ------
    BackupError
        If the backup is damaged, a server is running, or there are rooms already.
    DiskFullError
        If the disk is full. What was there before stays, and the command can be repeated.
    """
    if dated := list_backups(backup):
        raise BackupError(f"Choose one of the backups in {backup}; the newest is {dated[-1]}.")
    if backup.resolve().is_relative_to(data.resolve() / STAGING):
        raise BackupError(f"{backup} is what an interrupted restore left; name the backup itself.")
    found = check_backup(backup)
    data.mkdir(parents=True, mode=0o700, exist_ok=True)
    try:
        with FileLock(data / LOCK_FILE).acquire(timeout=0), disk_full_as_error():
            return found, _restore(backup, data, replace=replace)
    except Timeout:
        raise BackupError(
            f"Something is running on the data folder {data}. Stop the server first."
        ) from None
    except OSError as error:
        raise BackupError(f"{data} can't be restored ({error}).") from error


def _restore(backup: Path, data: Path, *, replace: bool) -> Path | None:
    staging = data / STAGING
    is_interrupted = staging.exists() and not (data / DATABASE).exists()
    if not (is_interrupted or replace) and (data / DATABASE).exists():
        raise BackupError(
            f"There are rooms in {data} already. Add --replace to move them aside, or set "
            "PHOTOSHARE_DATA to another folder."
        )
    aside = _aside_of(staging) if is_interrupted else None
    was_emptied = is_interrupted and (staging / EMPTIED).exists()
    if was_emptied:  # what is there came from the interrupted restore
        _remove(data)
    shutil.rmtree(staging, ignore_errors=True)
    aside = aside or _new_aside(data)
    _stage(backup, staging, aside)
    if not was_emptied:
        _move_aside(data, aside)
    (staging / EMPTIED).touch()
    sync_folder(staging)
    for name in COME:
        if (staging / name).exists():
            os.replace(staging / name, data / name)
            sync_folder(data)
    shutil.rmtree(staging)
    return aside if aside.exists() else None


def _stage(backup: Path, staging: Path, aside: Path) -> None:
    """Copy the backup beside the data, complete on the disk when this returns."""
    (staging / ROOMS).mkdir(parents=True, mode=0o700)
    (staging / ASIDE).write_text(aside.name, encoding="utf-8")
    sync_folder(staging)
    originals = Storage(backup)
    database = sqlite3.connect(f"file:{backup / DATABASE}?mode=ro&immutable=1", uri=True)
    try:
        for one in originals_in(database):
            target = place_of(staging, one)
            target.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):  # the backup has lost it
                originals.copy_original(one.room_id, one.sha256, target)
    finally:
        database.close()
    for name in (KEY, DATABASE):
        if (backup / name).exists():
            shutil.copyfile(backup / name, staging / name)
            (staging / name).chmod(0o600)
    os.sync()


def _new_aside(data: Path) -> Path:
    """Choose where the former data moves to; a restore may follow another within a second."""
    name = f"{REPLACED}{utc_now().strftime(NAME_FORMAT)}"
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(path for path in map(data.joinpath, names) if not path.exists())


def _aside_of(staging: Path) -> Path | None:
    """Return where the interrupted restore moved the former data."""
    try:
        name = (staging / ASIDE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return staging.parent / name if name else None


def _move_aside(data: Path, aside: Path) -> None:
    present = [name for name in LEAVE if (data / name).exists()]
    if present == [KEY] and not aside.exists():
        return  # of no room yet
    for name in present:
        aside.mkdir(mode=0o700, exist_ok=True)
        os.replace(data / name, aside / name)
        sync_folder(data)


def _remove(data: Path) -> None:
    for name in LEAVE:
        path = data / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

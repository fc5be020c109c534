"""Keep a series of backups in one folder, each named after its moment; the oldest ones go."""

from __future__ import annotations

import os
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from photoshare.db import utc_now
from photoshare.errors import BackupError
from photoshare.maintenance.backup import UNFINISHED, Backup, back_up
from photoshare.storage import Storage

NAME_FORMAT = "%Y-%m-%dT%H-%M-%SZ"  # UTC; no colon, which file systems of Windows refuse
_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")
GOING = ".going"  # suffix of an old backup's folder while it is being removed
EVERY = timedelta(days=1)


def list_backups(folder: Path) -> list[Path]:
    """List the complete backups of a series, oldest first.

    Raises
    ------
    BackupError
        If the folder can't be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unusable(folder, error) from error


def moment_of(backup: Path) -> datetime:
    """Return when a backup of a series was begun, in UTC."""
    return datetime.strptime(backup.name, NAME_FORMAT).replace(tzinfo=utc_now().tzinfo)


def is_due(folder: Path) -> bool:
    """Whether the newest backup of a series is a day old, or there is none."""
    made = list_backups(folder)
    return not made or utc_now() - moment_of(made[-1]) >= EVERY


def is_late(newest: datetime | None) -> bool:
    """Whether a running server should have made another backup since the newest one began."""
    return newest is None or utc_now() - newest >= 2 * EVERY


def add_backup(storage: Storage, folder: Path, *, keep: int) -> Backup:
    """Add a backup to a series; what the newest one has takes no space again.

    Parameters
    ----------
    storage : Storage
    folder : Path
        Made if it is missing.
    keep : int >= 1
        How many backups stay, this one included.

    Raises
    ------
    BackupError, DiskFullError
        As `back_up`. No older backup is removed then.
    """
    made = list_backups(folder)
    target = folder / utc_now().strftime(NAME_FORMAT)
    try:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        for path in folder.glob(f"*{GOING}"):
            shutil.rmtree(path)
        for path in folder.glob(f"*{UNFINISHED}"):  # was killed: this one goes on with its files
            if _NAME.fullmatch(path.name.removesuffix(UNFINISHED)):
                os.replace(path, target.with_name(target.name + UNFINISHED))
                break
        backup = back_up(storage, target, made[-1] if made else None)
        for path in [*made, target][:-keep]:
            os.replace(path, path.with_name(path.name + GOING))
            shutil.rmtree(path.with_name(path.name + GOING))
    except OSError as error:
        raise _unusable(folder, error) from error
    return backup


def _unusable(folder: Path, error: OSError) -> BackupError:
    return BackupError(f"The folder {folder} can't be used for backups ({error.strerror}).")

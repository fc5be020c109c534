"""Rooms that are being made of a room file: what is left of them when that was interrupted.

The name of a file in the folder `importing` of the data folder is the code of such a room. Who
makes it holds the file locked, which ends with the process: an unlocked one tells of a room that
nobody finishes, and that nobody knows the code of.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import select

from photoshare.models import Room, db
from photoshare.services.rooms.rooms import delete_room
from photoshare.storage import Storage

FOLDER = "importing"  # in the data folder


@contextlib.contextmanager
def being_made(code: str, storage: Storage) -> Iterator[None]:
    """Mark a room as unfinished until the end of the block; after an error, delete it.

    Parameters
    ----------
    code : str
        Of the room that will be made inside.
    """
    folder = storage.data / FOLDER
    folder.mkdir(exist_ok=True)
    mark = folder / code
    with FileLock(mark):
        try:
            yield
        except BaseException:
            db.session.rollback()
            _delete(code, storage)
            mark.unlink(missing_ok=True)
            raise
        mark.unlink(missing_ok=True)


def delete_unfinished(storage: Storage) -> None:
    """Delete the rooms whose making was interrupted, such as by a power cut."""
    for mark in (storage.data / FOLDER).glob("*"):
        with contextlib.suppress(Timeout), FileLock(mark).acquire(timeout=0):
            _delete(mark.name, storage)
            mark.unlink(missing_ok=True)


def _delete(code: str, storage: Storage) -> None:
    room_id = db.session.scalar(select(Room.id).where(Room.code == code))
    db.session.rollback()
    if room_id is not None:
        delete_room(room_id, storage)


def marks(data: Path) -> list[str]:
    """List the codes of the rooms that are being made, or were."""
    return sorted(path.name for path in (data / FOLDER).glob("*"))

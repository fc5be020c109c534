"""The bin of rooms: a deleted room can be restored for a while; then it is gone, and reported.

A room in the bin keeps all of its rows and files, sessions too. The access check closes it
(`entering.enter_room`), and no job works on it (`work.job_table`). Only hosts learn where it is.
"""

from __future__ import annotations

import json
import logging
import os
import unicodedata
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, func, select, update

from photoshare.databases.expressions import total
from photoshare.disk import disk_full_as_error, sync, sync_folder
from photoshare.errors import DiskFullError, InvalidInputError, NotFoundError
from photoshare.models import DeletedPhoto, Guest, Person, Photo, Room, db, utc_now
from photoshare.services.people.finding import fold_name
from photoshare.services.rooms import activity, ending, rooms
from photoshare.services.rooms.activity import ActivityKind
from photoshare.services.space import even_when_full
from photoshare.storage import Storage

log = logging.getLogger(__name__)

REPORTS = "reports"  # in the data folder
EMOJI_VARIANT = "\ufe0f"  # keyboards add it to a heart or leave it out

Report = dict[str, Any]


def check_title(room: Room, typed: str) -> None:
    """Refuse to delete a room whose title was not typed; case, accents and spaces don't matter.

    Raises
    ------
    InvalidInputError
    """
    if _folded(typed) != _folded(room.title):
        raise InvalidInputError(
            "That isn't the room's title. Please type it as it stands above.", field="title"
        )


def _folded(title: str) -> str:
    """Leave out what nobody types on purpose: joiners, marks of direction, variants of emoji."""
    typed = "".join(one for one in title if unicodedata.category(one) != "Cf")
    typed = typed.replace(EMOJI_VARIANT, "")
    return fold_name(typed) or fold_name(title)


def put_into_bin(room: Room, storage: Storage, host_id: int | None = None) -> Report | None:
    """Delete a room, so that only its hosts find it, in the bin.

    Parameters
    ----------
    room : Room
    storage : Storage
    host_id : int or None
        The guest who does it; None: whoever runs the server.

    Returns
    -------
    dict or None
        What is gone, if the disk is full: then the room is deleted for good at once.
    """
    room_id = room.id

    def write() -> None:
        in_use = Room.binned_at.is_(None)
        now = update(Room).where(Room.id == room_id, in_use).values(binned_at=utc_now())
        db.session.execute(now)
        activity.note(room_id, ActivityKind.DELETED_ROOM, host_id)
        db.session.commit()

    is_full = even_when_full(storage, write)
    if is_full or not storage.has_free_space():
        return delete_for_good(room_id, storage)
    return None


def restore_room(room: Room, storage: Storage, host_id: int | None = None) -> None:
    """Bring a room back from the bin, with everything; as `put_into_bin`.

    Raises
    ------
    NotFoundError
        If its deletion has begun.
    """
    with storage.locked():
        if room.id in storage.rooms_set_aside():
            raise NotFoundError("It's too late: this room is gone for good.")
        db.session.execute(update(Room).where(Room.id == room.id).values(binned_at=None))
        activity.note(room.id, ActivityKind.RESTORED_ROOM, host_id)
        db.session.commit()


def gone_at(room: Room, bin_time: timedelta) -> datetime:
    """Return when a room in the bin goes for good: after its time, or on its day if that is before.

    Parameters
    ----------
    room : Room
        In the bin.
    bin_time : timedelta
        `Settings.bin_time`.
    """
    ends = [(room.binned_at or utc_now()) + bin_time]
    if day := ending.deletion_day(room):
        ends.append(datetime.combine(day, time(), UTC))
    return min(ends)


def delete_due(storage: Storage, *, binned_before: datetime) -> int:
    """Delete the rooms for good whose time is over, in the bin or after their end; return how many.

    Parameters
    ----------
    storage : Storage
    binned_before : datetime
        How long a room must have been in the bin.
    """
    is_old = Room.binned_at <= binned_before
    old = db.session.scalars(select(Room.id).where(is_old)).all()
    due = [(room_id, is_old) for room_id in old]
    due += [(room_id, Room.id == room_id) for room_id in ending.list_due() if room_id not in old]
    return sum(delete_for_good(room_id, storage, which) is not None for room_id, which in due)


def delete_for_good(
    room_id: int, storage: Storage, only_if: ColumnElement[bool] | None = None
) -> Report | None:
    """Delete a room with everything, and leave a report.

    If the process ends meanwhile, the next start finishes it (`rooms.finish_deletions`).

    Parameters
    ----------
    room_id : int
    storage : Storage
    only_if : condition on Room, optional
        For a room that may have been restored meanwhile.

    Returns
    -------
    dict or None
        The report; None if there is no such room, or it was restored.
    """
    with storage.locked():
        db.session.rollback()  # what was read before may have changed
        which = Room.id == room_id
        room = db.session.scalar(select(Room).where(which if only_if is None else which & only_if))
        if room is None:
            return None
        report = _report(room)
        is_written = _write(storage, report)
        storage.set_room_aside(room_id)  # from here on it can't be restored
    rooms.delete_room(room_id, storage)
    if not is_written:
        _write(storage, report)
    log.info("A room is deleted for good; %s/%s says what was in it", REPORTS, report_name(report))
    return report


def report_name(report: Report) -> str:
    """Name the file of a report."""
    return f"{report['code']}-{report['deleted_at'][:10]}.json"


def report_text(report: Report) -> str:
    """Write a report as text: JSON, to read and to keep."""
    return json.dumps(report, ensure_ascii=False, indent=2) + "\n"


def _report(room: Room) -> Report:
    """Count what a room consists of: no name of a person or guest, and nothing of a face."""

    def number(*query: ColumnElement[Any]) -> int:
        return db.session.scalar(select(func.count()).where(*query)) or 0

    in_room = Photo.room_id == room.id
    photos, faces, size_bytes, first, last = db.session.execute(
        select(
            func.count(Photo.id),
            total(Photo.face_count),
            total(Photo.size_bytes),
            func.min(Photo.created_at),
            func.max(Photo.created_at),
        ).where(in_room)
    ).one()
    return {
        "title": room.title,
        "code": room.code,
        "photos": photos,
        "photos_in_bin": number(DeletedPhoto.room_id == room.id),
        "faces": faces,
        "people": number(Person.room_id == room.id),
        "guests": number(Guest.room_id == room.id),
        "bytes": size_bytes,
        "created_at": _time(room.created_at),
        "first_photo_at": _time(first),
        "last_photo_at": _time(last),
        "put_into_bin_at": _time(room.binned_at),
        "deleted_at": _time(utc_now()),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _write(storage: Storage, report: Report) -> bool:
    """Write a report into the data folder; return whether the disk had space for it."""
    target = storage.data / REPORTS / report_name(report)
    try:
        with disk_full_as_error():
            _write_file(target, report_text(report))
    except DiskFullError:
        return False
    return True


def _write_file(target: Path, text: str) -> None:
    target.parent.mkdir(mode=0o700, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        sync(file.fileno())
    os.replace(unfinished, target)
    sync_folder(target.parent)

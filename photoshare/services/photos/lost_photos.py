"""Detect originals lost by a broken disk, list them, and restore them when uploaded again."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, update

from photoshare.models import Photo, Room, WaitingPhoto, db
from photoshare.services.downloads.checksums import measure_photos
from photoshare.services.downloads.clean_originals import (
    PHOTO_FILE,
    PhotoFile,
    has_clean_copy,
    has_original,
)
from photoshare.storage import ReceivedFile, Storage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Missing:
    """A photo whose original is missing or has the wrong size."""

    room_title: str
    file_name: str


def list_lost(room_id: int, *, at_most: int) -> list[Photo]:
    """List the first photos of a room with lost originals."""
    query = select(Photo).where(Photo.room_id == room_id, Photo.is_lost).order_by(Photo.id)
    return list(db.session.scalars(query.limit(at_most)))


def find_missing(storage: Storage) -> tuple[int, list[Missing]]:
    """Compare every photo, also what waits, with the files on the disk; nothing is changed.

    Returns
    -------
    tuple
        How many photos there are, and those whose original is missing or of the wrong size.
    """
    count, missing = 0, []
    for room_id, title in db.session.execute(select(Room.id, Room.title)).all():
        rows = [
            row
            for kind in (Photo, WaitingPhoto)
            for row in db.session.execute(
                select(kind.sha256, kind.size_bytes, kind.file_name).where(kind.room_id == room_id)
            )
        ]
        sizes = storage.original_sizes(room_id)  # after the rows: a photo that comes has its file
        count += len(rows)
        missing += [
            Missing(title, row.file_name) for row in rows if sizes.get(row.sha256) != row.size_bytes
        ]
    return count, missing


def check_originals(storage: Storage) -> None:
    """Record which originals are lost or back, and which clean copies have to be made."""
    for room_id in db.session.scalars(select(Room.id)).all():
        columns = (Photo.id, Photo.sha256, Photo.size_bytes, Photo.is_lost)
        rows = db.session.execute(select(*columns).where(Photo.room_id == room_id)).all()
        sizes = storage.original_sizes(room_id)  # after the rows: a photo that comes has its file
        there = {row.id: sizes.get(row.sha256) == row.size_bytes for row in rows}
        _set_lost([row.id for row in rows if not there[row.id] and not row.is_lost], is_lost=True)
        _set_lost([row.id for row in rows if there[row.id] and row.is_lost], is_lost=False)
        copies = Photo.clean_copy_bytes.is_not(None)
        note_faults((Photo.room_id == room_id) & copies, storage)


def note_faults(which: ColumnElement[bool], storage: Storage) -> bool:
    """Record which of some photos are lost, and which have to be measured again.

    Parameters
    ----------
    which : condition on Photo
    storage : Storage

    Returns
    -------
    bool
        Whether there was any.
    """
    lost, copies = [], []
    rows = db.session.execute(select(*PHOTO_FILE).where(which))
    for photo in [PhotoFile(*row) for row in rows]:
        if not has_original(photo, storage):
            lost.append(photo.id)
        elif not has_clean_copy(photo, storage):
            copies.append(photo.id)
    _set_lost(lost, is_lost=True)
    if copies:
        db.session.execute(update(Photo), [{"id": id_, "crc32": None} for id_ in copies])
        db.session.commit()
    return bool(lost or copies)


def bring_back(photo_id: int, received: ReceivedFile, storage: Storage) -> None:
    """Restore a lost original from a file with the same bytes.

    Parameters
    ----------
    photo_id : int
        Of a photo with the same SHA-256 as the received file.
    received : ReceivedFile
        Moved if it was needed.
    """
    with storage.locked():
        query = select(*PHOTO_FILE, Photo.is_lost).where(Photo.id == photo_id)
        row = db.session.execute(query).first()
        if row is None:  # deleted meanwhile
            return
        *columns, is_lost = row
        is_there = has_original(PhotoFile(*columns), storage)
        if is_there and not is_lost:
            return
        if not is_there:
            storage.keep_original(row.room_id, received)
    log.info("The lost original of photo %d is back", photo_id)
    _set_lost([photo_id], is_lost=False)
    measure_photos(Photo.id == photo_id, storage)


def _set_lost(photo_ids: list[int], *, is_lost: bool) -> None:
    if not photo_ids:
        return
    if is_lost:
        log.error("The originals of the photos %s are missing or damaged", photo_ids)
    db.session.execute(update(Photo), [{"id": id_, "is_lost": is_lost} for id_ in photo_ids])
    db.session.commit()

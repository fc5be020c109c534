"""Receive files in pieces: begin or resume an upload, add a piece, finish (docs/uploads.md)."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.exc import IntegrityError

from photoshare.config import MB, Settings
from photoshare.databases.postgresql import UPLOADS, try_alone
from photoshare.errors import (
    InvalidInputError,
    NotFoundError,
    RejectedPhotoError,
    WrongOffsetError,
)
from photoshare.models import Upload, db, utc_now
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.services.photos import adding
from photoshare.services.photos.adding import AddedPhoto
from photoshare.services.rooms.entering import Access
from photoshare.services.space import even_when_full
from photoshare.storage import Storage, read_received

KEPT_FOR = timedelta(days=1)  # an upload that is not finished by then is removed
UNFINISHED_OF_GUEST = 10  # a browser sends three at once; beyond this the oldest is removed
MAX_FINGERPRINT = 1200  # characters: a file name with its size and date


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a browser declares about a file before sending it.

    Attributes
    ----------
    file_name : str
    size_bytes : int
    fingerprint : str
        The same for the same file of the same guest: the SHA-256, or name, size and date.
    sha256 : str or None
        64 hexadecimal digits, lower case; None if the browser cannot compute it.
    changed_at : datetime or None
        When it was last changed, by the clock of the guest's device, without a zone.
    """

    file_name: str
    size_bytes: int
    fingerprint: str
    sha256: str | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnfinishedUpload:
    """The state of an unfinished upload."""

    upload_id: int
    offset: int  # bytes that are safe; the next piece begins there


def find_upload(access: Access, fingerprint: str, storage: Storage) -> UnfinishedUpload | None:
    """Find an upload that the guest began earlier, to resume it."""
    upload_id = db.session.scalar(
        select(Upload.id).where(
            Upload.guest_id == access.guest.id, Upload.fingerprint == fingerprint
        )
    )
    if upload_id is None:
        return None
    return UnfinishedUpload(upload_id, _offset(storage, access.room.id, upload_id))


def begin_upload(
    access: Access, facts: FileFacts, *, storage: Storage, settings: Settings
) -> UnfinishedUpload:
    """Begin an upload in pieces, if the whole file would fit now.

    Declaring a size reserves nothing: only received bytes count against the room and the disk, so
    that nobody can block others by announcing files they never send.

    Raises
    ------
    InvalidInputError
        If the declared facts make no sense.
    RejectedPhotoError
        If the file is larger than a photo may be.
    DiskFullError
        If the disk or the room has no space for it.
    """
    if facts.size_bytes < 1 or not facts.fingerprint or len(facts.fingerprint) > MAX_FINGERPRINT:
        raise InvalidInputError("The upload is missing the file's name or size.")
    most_mb = adding.most_mb_of(facts.file_name, settings)
    if facts.size_bytes > most_mb * MB:
        raise RejectedPhotoError("The file is larger than %(number)s MB.", number=most_mb)
    room_id, guest_id = access.room.id, access.guest.id
    unfinished = storage.bytes_in_pieces(room_id)  # on the disk, but not in a photo yet
    adding.check_room_limits(room_id, facts.size_bytes + unfinished, settings)
    storage.check_free_space(facts.size_bytes)
    forgotten = _forget_oldest(guest_id)
    upload = Upload(
        room_id=room_id,
        guest_id=guest_id,
        fingerprint=facts.fingerprint,
        file_name=adding.clean_file_name(facts.file_name),
        size_bytes=facts.size_bytes,
        sha256=facts.sha256,
        changed_at=facts.changed_at,
    )
    db.session.add(upload)
    try:
        db.session.commit()
    except IntegrityError:  # another request has just begun the same file
        db.session.rollback()
        raise WrongOffsetError(0) from None
    for upload_id in forgotten:
        storage.piece_file(room_id, upload_id).unlink(missing_ok=True)
    return UnfinishedUpload(upload.id, 0)


def add_piece(
    access: Access,
    upload_id: int,
    offset: int,
    stream: BinaryIO,
    *,
    storage: Storage,
    settings: Settings,
    decoders: DecoderPool,
) -> UnfinishedUpload | AddedPhoto:
    """Append the next piece of a file; after the last one, verify and store the photo.

    Parameters
    ----------
    access : Access
        Only the guest who began an upload can continue it.
    upload_id : int
    offset : int
        Where the piece begins; if all bytes have arrived, an empty piece finishes the upload.
    stream : binary file
        The piece, to its end.

    Raises
    ------
    NotFoundError
        If there is no such upload: finished, removed, or another guest's.
    WrongOffsetError
        If the piece does not begin at the end of the upload, or another one is being written.
    RejectedPhotoError
        If the file is not an accepted photo, or not the one declared. The upload is removed
        then.
    DiskFullError
        If there is no space. What has arrived stays.
    """
    with storage.alone_with_upload(upload_id), try_alone(db.engine, UPLOADS, upload_id) as is_free:
        if not is_free:
            raise WrongOffsetError(0)  # another process has it in hand, as in `alone_with_upload`
        upload = db.session.scalar(
            select(Upload).where(Upload.id == upload_id, Upload.guest_id == access.guest.id)
        )
        if upload is None:
            raise NotFoundError("This upload no longer exists.")
        db.session.expunge(upload)
        db.session.rollback()  # keep no transaction open while bytes arrive
        path = storage.piece_file(upload.room_id, upload.id)
        try:
            length = storage.append_piece(path, stream, offset=offset, size_bytes=upload.size_bytes)
            if length < upload.size_bytes:
                return UnfinishedUpload(upload.id, length)
            return _finish(upload, storage, settings, decoders)
        except RejectedPhotoError:
            _forget(upload, storage)
            raise


def sweep_uploads(storage: Storage, *, older_than: float) -> int:
    """Remove the uploads that were begun more than a day ago, with their pieces.

    Parameters
    ----------
    storage : Storage
    older_than : float
        Seconds since the epoch: newer files without a row may belong to one that just began.

    Returns
    -------
    int
        How many files were removed.
    """
    even_when_full(storage, lambda: _delete_where(Upload.created_at < utc_now() - KEPT_FOR))
    old = storage.old_pieces(older_than=older_than)
    removed = sum(_sweep_piece(path, storage) for path in old)
    storage.fill_reserve()
    return removed


def _sweep_piece(path: Path, storage: Storage) -> bool:
    """Remove a file of pieces without an unfinished upload; return whether it was removed.

    A file whose last piece is just being written stays: it may become a photo.
    """
    if not path.name.isdigit():
        path.unlink(missing_ok=True)
        return True
    upload_id = int(path.name)
    with contextlib.suppress(WrongOffsetError), storage.alone_with_upload(upload_id):
        if db.session.scalar(select(Upload.id).where(Upload.id == upload_id)) is None:
            path.unlink(missing_ok=True)
            return True
    return False


def _finish(
    upload: Upload, storage: Storage, settings: Settings, decoders: DecoderPool
) -> AddedPhoto:
    received = read_received(storage.piece_file(upload.room_id, upload.id))
    if upload.sha256 not in (None, received.sha256):
        raise RejectedPhotoError("The file changed on the way here. Please send it again.")
    added = adding.add_received(
        upload.room_id,
        received,
        upload.file_name,
        guest_id=upload.guest_id,
        storage=storage,
        settings=settings,
        decoders=decoders,
        changed_at=upload.changed_at,
        upload_id=upload.id,
    )
    if added.is_duplicate or added.is_also_theirs:
        _forget(upload, storage)
    return added


def _forget(upload: Upload, storage: Storage) -> None:
    even_when_full(storage, lambda: _delete_where(Upload.id == upload.id))
    storage.piece_file(upload.room_id, upload.id).unlink(missing_ok=True)
    storage.fill_reserve()


def _delete_where(which: ColumnElement[bool]) -> None:
    db.session.execute(delete(Upload).where(which))
    db.session.commit()


def _forget_oldest(guest_id: int) -> list[int]:
    """Make room for one more upload of a guest; return the ids of the removed ones."""
    ids = db.session.scalars(
        select(Upload.id).where(Upload.guest_id == guest_id).order_by(Upload.id.desc())
    ).all()
    forgotten = list(ids[UNFINISHED_OF_GUEST - 1 :])
    db.session.execute(delete(Upload).where(Upload.id.in_(forgotten)))
    return forgotten


def _offset(storage: Storage, room_id: int, upload_id: int) -> int:
    path = storage.piece_file(room_id, upload_id)
    return path.stat().st_size if path.exists() else 0

"""Take photos into a room: verify, store, and recognise what is there already."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from photoshare.config import GB, Settings
from photoshare.databases.expressions import total
from photoshare.errors import NotFoundError, RoomFullError
from photoshare.models import PHOTO_FAILED, PHOTO_WAITING, Photo, Upload, db
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.pictures.formats import FORMATS
from photoshare.pictures.rendering import CLEAN_COPY
from photoshare.services.downloads.checksums import measure_received
from photoshare.services.downloads.file_names import JOINERS, original_name
from photoshare.services.photos.lost_photos import bring_back
from photoshare.storage import ReceivedFile, SavedAs, Storage

MAX_FILE_NAME = 1000  # characters; a path of an import may have several names


@dataclass(frozen=True, slots=True)
class AddedPhoto:
    """The outcome of one accepted upload."""

    photo_id: int
    is_duplicate: bool  # the room had the same bytes already


def add_photo(
    room_id: int,
    stream: BinaryIO,
    file_name: str,
    *,
    guest_id: int | None,
    storage: Storage,
    settings: Settings,
    decoders: DecoderPool,
) -> AddedPhoto:
    """Verify and store one uploaded picture; once this returns, it survives a crash.

    Parameters
    ----------
    room_id : int
    stream : binary file
        Read once, to its end.
    file_name : str
        The name on the guest's device; only shown, never used as a path.
    guest_id : int or None
        The uploader; None for the command line.

    Raises
    ------
    RejectedPhotoError
        If it is not a readable picture, or over a limit. Nothing is stored then.
    DiskFullError
        If the disk or the room has no space for it. Nothing is stored then.
    StorageError
        If photos are kept elsewhere, and that can't be reached.
    """
    with storage.receive(room_id, stream, max_photo_mb=settings.max_photo_mb) as received:
        return add_received(
            room_id,
            received,
            file_name,
            guest_id=guest_id,
            storage=storage,
            settings=settings,
            decoders=decoders,
        )


def add_received(
    room_id: int,
    received: ReceivedFile,
    file_name: str,
    *,
    guest_id: int | None,
    storage: Storage,
    settings: Settings,
    decoders: DecoderPool,
    upload_id: int | None = None,
) -> AddedPhoto:
    """Verify and store a file that has been received; see `add_photo`.

    Parameters
    ----------
    received : ReceivedFile
        Moved to its final path, unless the photo is refused.
    upload_id : int, optional
        The upload in pieces that it came from; deleted in the commit that adds the photo.
    """
    known = _photo_with_hash(room_id, received.sha256)
    if known is not None:
        bring_back(known.id, received, storage)
        _give_another_chance(room_id, [received.sha256])
        return AddedPhoto(known.id, is_duplicate=True)
    check_room_limits(room_id, received.size_bytes, settings)
    db.session.rollback()  # keep no transaction open while the picture is decoded
    rendered = decoders.render(received.path, settings)
    name = original_name(clean_file_name(file_name), rendered.image_format)
    saved_as = SavedAs(name, FORMATS[rendered.image_format].mime_type)
    storage.stage(room_id, received, rendered.derived, saved_as)
    photo = Photo(
        room_id=room_id,
        guest_id=guest_id,
        sha256=received.sha256,
        file_name=clean_file_name(file_name),
        image_format=rendered.image_format,
        size_bytes=received.size_bytes,
        width=rendered.width,
        height=rendered.height,
        captured_at=rendered.captured_at,
        placeholder=rendered.placeholder,
        **measure_received(received, rendered.image_format, rendered.derived.get(CLEAN_COPY)),
    )
    return _keep(photo, received, rendered.derived, storage, upload_id)


def check_room_limits(room_id: int, coming_bytes: int, settings: Settings) -> None:
    """Refuse another photo if the room is full.

    Raises
    ------
    RoomFullError
        If the room has as many photos or bytes as the settings allow.
    """
    count, size = db.session.execute(
        select(func.count(), total(Photo.size_bytes)).where(Photo.room_id == room_id)
    ).one()
    if count >= settings.max_room_photos:
        raise RoomFullError(
            "This room is full: it has %(number)s photos, the most this server allows. "
            "Please tell the host.",
            number=count,
        )
    if size + coming_bytes > settings.max_room_gb * GB:
        raise RoomFullError(
            "This room is full: its photos would need more than the %(number)s GB this "
            "server allows. Please tell the host.",
            number=settings.max_room_gb,
        )


def find_known(room_id: int, hashes: Sequence[str]) -> list[str]:
    """Return which of these SHA-256 the room has already, so that they are not sent again.

    Asking for a photo whose analysis was given up gives it another chance.
    """
    known = db.session.scalars(
        select(Photo.sha256).where(
            Photo.room_id == room_id, Photo.sha256.in_(hashes), ~Photo.is_lost
        )
    ).all()
    if known:
        _give_another_chance(room_id, known)
    return list(known)


def _give_another_chance(room_id: int, hashes: Sequence[str]) -> None:
    """Analyse photos that were given up once more when someone uploads them again."""
    db.session.execute(
        update(Photo)
        .where(Photo.room_id == room_id, Photo.sha256.in_(hashes), Photo.state == PHOTO_FAILED)
        .values(state=PHOTO_WAITING, attempts=0)
    )
    db.session.commit()


def _keep(
    photo: Photo,
    received: ReceivedFile,
    derived: dict[str, bytes],
    storage: Storage,
    upload_id: int | None,
) -> AddedPhoto:
    """Store files and row together, or find that another upload was faster."""
    with storage.locked():
        known = _photo_with_hash(photo.room_id, photo.sha256)
        if known is not None:
            return AddedPhoto(known.id, is_duplicate=True)
        room_id, sha256 = photo.room_id, photo.sha256
        try:
            storage.keep_photo(room_id, received, derived)
            db.session.add(photo)
            db.session.execute(delete(Upload).where(Upload.id == upload_id))
            db.session.commit()
        except Exception as error:
            db.session.rollback()
            storage.delete_photo(room_id, sha256)
            if isinstance(error, IntegrityError):  # the foreign key: the room was deleted meanwhile
                raise NotFoundError("This room no longer exists.") from error
            raise
        return AddedPhoto(photo.id, is_duplicate=False)


def _photo_with_hash(room_id: int, sha256: str) -> Photo | None:
    return db.session.scalar(select(Photo).where(Photo.room_id == room_id, Photo.sha256 == sha256))


def clean_file_name(file_name: str) -> str:
    """Make a name safe to show: no control characters or direction marks, limited length."""
    name = "".join(
        letter
        for letter in file_name
        if unicodedata.category(letter)[0] != "C" or letter in JOINERS
    )
    return name[-MAX_FILE_NAME:] if name.strip() else "photo"

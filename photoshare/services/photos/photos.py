"""Add, list and delete the photos of a room."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import ColumnElement, delete, func, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.sql.base import ExecutableOption

from photoshare.config import Settings
from photoshare.db import db
from photoshare.disk import disk_full_as_error
from photoshare.errors import NotAllowedError, NotFoundError, RoomFullError
from photoshare.models import PHOTO_FAILED, PHOTO_WAITING, Face, Photo, Upload
from photoshare.pictures import decoder_pool
from photoshare.pictures.rendering import CLEAN_COPY
from photoshare.services.corrections.change import begin_change
from photoshare.services.corrections.erasure import delete_spent_corrections, detach_corrections
from photoshare.services.downloads.clean_originals import measure_received
from photoshare.services.people.covers import people_on, settle_covers
from photoshare.services.people.people import delete_empty_people
from photoshare.services.people.room_faces import follow_change
from photoshare.services.photos.albums import NEWEST_FIRST, OLDEST_FIRST, Album
from photoshare.services.photos.lost_photos import bring_back
from photoshare.services.rooms.rooms import Access
from photoshare.services.space import even_when_full
from photoshare.storage import MB, ReceivedFile, Storage

PAGE_SIZE = 40  # photos on one grid page: two desktop screens
MAX_FILE_NAME = 1000  # characters; the path of an imported file may have several folders
GB = 1000 * MB  # bytes
_PLACE = tuple_(Photo.moment, Photo.id)
_PLACE_FORMAT = "%Y%m%dT%H%M%S%f"  # of the moment, in an address
MAX_ID_DIGITS = 18  # what fits into SQLite's integers


@dataclass(frozen=True, slots=True)
class AddedPhoto:
    """The outcome of one accepted upload."""

    photo_id: int
    is_duplicate: bool  # the room had the same bytes already


@dataclass(frozen=True, slots=True)
class PhotoPage:
    """One page of an album's grid.

    The next page begins after its last photo, not at an offset, so that no photo is repeated or
    skipped when others are added or deleted meanwhile.
    """

    photos: Sequence[Photo]
    count: int  # photos in the whole album
    has_previous: bool
    has_next: bool


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The ids of the photos before and after one in its album; None at the ends."""

    previous_id: int | None
    next_id: int | None


def add_photo(
    room_id: int,
    stream: BinaryIO,
    file_name: str,
    *,
    guest_id: int | None,
    storage: Storage,
    settings: Settings,
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
    """
    with storage.receive(room_id, stream, max_photo_mb=settings.max_photo_mb) as received:
        return add_received(
            room_id, received, file_name, guest_id=guest_id, storage=storage, settings=settings
        )


def add_received(
    room_id: int,
    received: ReceivedFile,
    file_name: str,
    *,
    guest_id: int | None,
    storage: Storage,
    settings: Settings,
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
    rendered = decoder_pool.pool.render(received.path, settings)
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
        select(func.count(), func.coalesce(func.sum(Photo.size_bytes), 0)).where(
            Photo.room_id == room_id
        )
    ).one()
    if count >= settings.max_room_photos:
        raise RoomFullError(
            "This room is full: it has %(number)s photos, the most that a room of this server "
            "takes. Please tell the host.",
            number=count,
        )
    if size + coming_bytes > settings.max_room_gb * GB:
        raise RoomFullError(
            "This room is full: its photos would take more than the %(number)s GB that a room of "
            "this server may. Please tell the host.",
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
    """Analyse photos that were given up once more when somebody uploads them again."""
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
            with disk_full_as_error():
                for variant, content in derived.items():
                    storage.write_derived(storage.derivative(room_id, sha256, variant), content)
                storage.sync_derived(room_id)
                storage.keep_original(room_id, received)
            db.session.add(photo)
            db.session.execute(delete(Upload).where(Upload.id == upload_id))
            db.session.commit()
        except Exception as error:
            db.session.rollback()
            storage.delete_photo(room_id, sha256)
            if isinstance(error, IntegrityError):  # the foreign key: the room was deleted meanwhile
                raise NotFoundError("This room is not there any more.") from error
            raise
        return AddedPhoto(photo.id, is_duplicate=False)


def _photo_with_hash(room_id: int, sha256: str) -> Photo | None:
    return db.session.scalar(select(Photo).where(Photo.room_id == room_id, Photo.sha256 == sha256))


def clean_file_name(file_name: str) -> str:
    """Make a name safe to show: no control characters, limited length."""
    name = "".join(letter for letter in file_name if unicodedata.category(letter)[0] != "C")
    return name[-MAX_FILE_NAME:] if name.strip() else "photo"


def count_photos(album: Album) -> int:
    """Count the photos of an album."""
    rows = album.select().order_by(None).subquery()
    return db.session.scalar(select(func.count()).select_from(rows)) or 0


def list_photos(album: Album, *, after: str | None = None, before: str | None = None) -> PhotoPage:
    """List one page of an album, with who uploaded each photo and who is in it.

    Parameters
    ----------
    album : Album
    after, before : str, optional
        A cursor from `place_of`: the page begins after it, or ends before it. If less than a page
        comes before it, or the cursor cannot be read, this is the first page.
    """
    query = album.select().options(*with_faces()).limit(PAGE_SIZE + 1)
    behind, in_front_of = _as_place(after), _as_place(before)
    if in_front_of is not None:
        is_before = in_front_of < _PLACE if album.newest_first else in_front_of > _PLACE
        backwards = OLDEST_FIRST if album.newest_first else NEWEST_FIRST
        found = db.session.scalars(query.where(is_before).order_by(None).order_by(*backwards)).all()
        if len(found) >= PAGE_SIZE:
            page = found[PAGE_SIZE - 1 :: -1]
            return PhotoPage(page, count_photos(album), len(found) > PAGE_SIZE, has_next=True)
    elif behind is not None:
        query = query.where(behind > _PLACE if album.newest_first else behind < _PLACE)
    found = db.session.scalars(query).all()
    has_next = len(found) > PAGE_SIZE
    return PhotoPage(found[:PAGE_SIZE], count_photos(album), behind is not None, has_next)


def place_of(photo: Photo) -> str:
    """Return the cursor of a photo in its album, for the address of the page that continues there.

    It stays valid after the photo itself is deleted.
    """
    return f"{photo.moment:{_PLACE_FORMAT}}-{photo.id}"


def _as_place(text: str | None) -> ColumnElement[Any] | None:
    """Parse a cursor from `place_of`; None if it is invalid."""
    moment, _, photo_id = (text or "").rpartition("-")
    try:
        return tuple_(datetime.strptime(moment, _PLACE_FORMAT), int(photo_id[:MAX_ID_DIGITS]))
    except ValueError:
        return None


def get_photo(room_id: int, photo_id: int, *, all_of_it: bool = False) -> Photo:
    """Load a photo of this room, on request with its guest, its faces and their people.

    Raises
    ------
    NotFoundError
        If this room has no such photo.
    """
    statement = select(Photo).where(Photo.room_id == room_id, Photo.id == photo_id)
    photo = db.session.scalar(statement.options(*with_faces()) if all_of_it else statement)
    if photo is None:
        raise NotFoundError("This photo is not there, or was deleted.")
    return photo


def with_faces() -> tuple[ExecutableOption, ...]:
    """Return options to load photos with their uploaders, faces and the people of these."""
    faces = selectinload(Photo.faces)
    return joinedload(Photo.guest), faces.defer(Face.encoding), faces.joinedload(Face.person)


def find_neighbours(album: Album, photo_id: int) -> Neighbours:
    """Find the photos before and after one in its album, in the album's order."""
    ids = album.select().with_only_columns(Photo.id).order_by(None).limit(1)
    moment = db.session.scalar(select(Photo.moment).where(Photo.id == photo_id))
    here = tuple_(moment, photo_id)  # as values: a subquery's row would not use the index
    older = db.session.scalar(ids.where(here > _PLACE).order_by(*NEWEST_FIRST))
    newer = db.session.scalar(ids.where(here < _PLACE).order_by(*OLDEST_FIRST))
    return Neighbours(newer, older) if album.newest_first else Neighbours(older, newer)


def may_delete(access: Access, photo: Photo) -> bool:
    """Whether this browser may delete a photo: the host any, a guest their own."""
    return access.is_host or photo.guest_id == access.guest.id


def delete_photo(access: Access, photo_id: int, storage: Storage) -> None:
    """Delete a photo with its faces, its files and the people left without a face.

    Raises
    ------
    NotFoundError
        If this room has no such photo.
    NotAllowedError
        If the browser neither hosts the room nor uploaded the photo.
    """
    photo = get_photo(access.room.id, photo_id)
    if not may_delete(access, photo):
        raise NotAllowedError("Only the host and whoever uploaded a photo can delete it.")
    room_id, sha256 = photo.room_id, photo.sha256

    def delete_rows() -> None:
        revision = begin_change(room_id)
        detach_corrections(room_id, photo_id)
        left = people_on([photo_id])
        db.session.execute(delete(Photo).where(Photo.id == photo_id))
        delete_spent_corrections(room_id)
        delete_empty_people(room_id)
        settle_covers(left)
        db.session.commit()
        follow_change(room_id, revision, {}, without_photo=photo_id)

    with storage.locked():
        even_when_full(storage, delete_rows)
        storage.delete_photo(room_id, sha256)
    storage.fill_reserve()

"""Photos of a room: take one in, list them, delete one."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy import Select, delete, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from photoshare import images
from photoshare.config import Settings
from photoshare.db import db
from photoshare.errors import NotAllowedError, NotFoundError
from photoshare.models import PHOTO_ANALYSED, PHOTO_FAILED, PHOTO_WAITING, Face, Photo
from photoshare.services.people import delete_empty_people
from photoshare.services.rooms import Access
from photoshare.storage import ReceivedFile, Storage, disk_full_as_error

PAGE_SIZE = 60  # photos of one grid page: three screens of a desktop
MAX_FILE_NAME = 1000  # characters; a path of an import may have several names
# Uploads decoded at the same time: more than the machine's cores would be no faster.
_DECODES = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class AddedPhoto:
    """What became of one accepted upload."""

    photo_id: int
    is_duplicate: bool  # the room had the same bytes already


@dataclass(frozen=True, slots=True)
class Album:
    """Which photos of a room are meant: all, one person's, one guest's, or a special album."""

    room_id: int
    person_id: int | None = None
    is_without_faces: bool = False
    newest_first: bool = False  # a room on the screen; albums and zips tell their story in order
    guest_id: int | None = None  # who uploaded them

    def select(self) -> Select[Photo]:
        """Select the album's photos in its order, by upload."""
        order = Photo.id.desc() if self.newest_first else Photo.id
        query = select(Photo).where(Photo.room_id == self.room_id).order_by(order)
        if self.person_id is not None:
            query = query.where(
                exists().where(Face.photo_id == Photo.id, Face.person_id == self.person_id)
            )
        if self.guest_id is not None:
            query = query.where(Photo.guest_id == self.guest_id)
        if self.is_without_faces:
            query = query.where(
                Photo.state == PHOTO_ANALYSED, ~exists().where(Face.photo_id == Photo.id)
            )
        return query


@dataclass(frozen=True, slots=True)
class PhotoPage:
    """One page of an album's grid; pages count from 1."""

    photos: Sequence[Photo]
    number: int
    count: int  # photos of the whole album

    @property
    def has_next(self) -> bool:
        """Whether photos follow after this page."""
        return self.number * PAGE_SIZE < self.count


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The photos before and after one in its album, by id; None at the ends."""

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
    """Verify and keep one uploaded picture; when this returns, it survives a crash.

    Parameters
    ----------
    room_id : int
    stream : binary file
        Read once, to its end.
    file_name : str
        As the guest's device calls it; only shown, never used as a path.
    guest_id : int or None
        Who uploads it; None for the command line.

    Raises
    ------
    RejectedPhotoError
        If it is not a picture that can be read, or over a limit. Nothing is kept then.
    DiskFullError
        If there is no space for it. Nothing is kept then.
    """
    with storage.receive(room_id, stream, max_photo_mb=settings.max_photo_mb) as received:
        known = _photo_with_hash(room_id, received.sha256)
        if known is not None:
            _give_another_chance(known)
            return AddedPhoto(known.id, is_duplicate=True)
        db.session.rollback()  # no transaction stays open while the picture is decoded
        with _DECODES:
            decoded = images.decode_upright(
                received.path,
                at_least_px=images.VIEW_PX,
                max_megapixels=settings.max_photo_megapixels,
            )
            derived = _render_derivatives(decoded)
        photo = Photo(
            room_id=room_id,
            guest_id=guest_id,
            sha256=received.sha256,
            file_name=clean_file_name(file_name),
            image_format=decoded.image_format,
            size_bytes=received.size_bytes,
            width=decoded.width,
            height=decoded.height,
        )
        return _keep(photo, received, derived, storage)


def _give_another_chance(photo: Photo) -> None:
    """Let a photo that was given up be analysed again when somebody uploads it once more."""
    db.session.execute(
        update(Photo)
        .where(Photo.id == photo.id, Photo.state == PHOTO_FAILED)
        .values(state=PHOTO_WAITING, attempts=0)
    )
    db.session.commit()


def _render_derivatives(decoded: images.DecodedPhoto) -> dict[str, bytes]:
    view = images.smaller(decoded.image, images.VIEW_PX)
    return {
        "view": images.to_jpeg(view),
        "thumb": images.to_jpeg(images.smaller(view, images.THUMB_PX)),
    }


def _keep(
    photo: Photo, received: ReceivedFile, derived: dict[str, bytes], storage: Storage
) -> AddedPhoto:
    """Put files and row in place together, or find that another upload was faster."""
    with storage.locked():
        known = _photo_with_hash(photo.room_id, photo.sha256)
        if known is not None:
            return AddedPhoto(known.id, is_duplicate=True)
        room_id, sha256 = photo.room_id, photo.sha256
        try:
            with disk_full_as_error():
                for variant, content in derived.items():
                    storage.write_derived(storage.derivative(room_id, sha256, variant), content)
                storage.keep_original(room_id, received)
            db.session.add(photo)
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


def known_hashes() -> dict[int, set[str]]:
    """List the SHA-256 of every photo, by room id."""
    hashes: dict[int, set[str]] = {}
    for room_id, sha256 in db.session.execute(select(Photo.room_id, Photo.sha256)):
        hashes.setdefault(room_id, set()).add(sha256)
    return hashes


def clean_file_name(file_name: str) -> str:
    """Make a name fit to be shown: no control characters, not too long."""
    name = "".join(letter for letter in file_name if unicodedata.category(letter)[0] != "C")
    return name[-MAX_FILE_NAME:] if name.strip() else "photo"


def count_photos(album: Album) -> int:
    """Count the photos of an album."""
    rows = album.select().order_by(None).subquery()
    return db.session.scalar(select(func.count()).select_from(rows)) or 0


def list_photos(album: Album, page: int) -> PhotoPage:
    """List one page of an album, with who uploaded each photo.

    Raises
    ------
    NotFoundError
        If the page lies beyond the end.
    """
    count = count_photos(album)
    if page < 1 or (page > 1 and (page - 1) * PAGE_SIZE >= count):
        raise NotFoundError("There is no such page of photos.")
    query = album.select().options(joinedload(Photo.guest))
    photos = db.session.scalars(query.offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE)).all()
    return PhotoPage(photos, page, count)


def get_photo(room_id: int, photo_id: int) -> Photo:
    """Load a photo of this room with its faces and their people.

    Raises
    ------
    NotFoundError
        If this room has no such photo.
    """
    photo = db.session.scalar(
        select(Photo)
        .where(Photo.room_id == room_id, Photo.id == photo_id)
        .options(joinedload(Photo.guest), selectinload(Photo.faces).joinedload(Face.person))
    )
    if photo is None:
        raise NotFoundError("This photo is not there, or was deleted.")
    return photo


def find_neighbours(album: Album, photo_id: int) -> Neighbours:
    """Find the photos before and after one in its album, in the album's order."""
    ids = album.select().with_only_columns(Photo.id).order_by(None).limit(1)
    older = db.session.scalar(ids.where(Photo.id < photo_id).order_by(Photo.id.desc()))
    newer = db.session.scalar(ids.where(Photo.id > photo_id).order_by(Photo.id))
    return Neighbours(newer, older) if album.newest_first else Neighbours(older, newer)


def may_delete(access: Access, photo: Photo) -> bool:
    """Whether this browser may delete a photo: the host any, a guest their own."""
    return access.is_host or photo.guest_id == access.guest.id


def delete_photo(access: Access, photo_id: int, storage: Storage) -> None:
    """Remove a photo with its faces, its files and the people it leaves without a face.

    Raises
    ------
    NotFoundError
        If this room has no such photo.
    NotAllowedError
        If the asker neither hosts the room nor uploaded the photo.
    """
    photo = get_photo(access.room.id, photo_id)
    if not may_delete(access, photo):
        raise NotAllowedError("Only the host and whoever uploaded a photo can delete it.")
    room_id, sha256 = photo.room_id, photo.sha256
    with storage.locked():
        db.session.execute(delete(Photo).where(Photo.id == photo_id))
        delete_empty_people(room_id)
        db.session.commit()
        storage.delete_photo(room_id, sha256)

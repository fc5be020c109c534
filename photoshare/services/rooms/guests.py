"""Rename and remove the guests of a room, and count their uploads."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, exists, func, or_, select, update

from photoshare.databases.expressions import total
from photoshare.models import Correction, Guest, Photo, Upload, db
from photoshare.services.rooms.entering import Access, checked_name
from photoshare.storage import Storage


@dataclass(frozen=True, slots=True)
class Uploads:
    """The uploads of one guest of a room."""

    name: str | None  # may be empty; None: imported by the command line
    is_host: bool
    photo_count: int
    size_bytes: int


def rename_guest(guest_id: int, name: str) -> None:
    """Change a guest's name, shown beside all of their photos.

    Raises
    ------
    InvalidInputError
        If the name is too long.
    """
    name = checked_name(name)
    db.session.execute(update(Guest).where(Guest.id == guest_id).values(name=name))
    db.session.commit()


def leave_room(access: Access, storage: Storage) -> None:
    """Forget a guest who leaves: their name, who they are, and their unfinished uploads.

    Their photos stay, and so does the nameless row that their photos and corrections refer to.
    """
    guest_id = access.guest.id
    unfinished = db.session.scalars(select(Upload.id).where(Upload.guest_id == guest_id)).all()
    db.session.execute(delete(Upload).where(Upload.guest_id == guest_id))
    forgotten = {"name": "", "person_id": None, "said_person_id": None}
    db.session.execute(update(Guest).where(Guest.id == guest_id).values(forgotten))
    is_left_behind = or_(
        exists().where(Photo.guest_id == guest_id), exists().where(Correction.guest_id == guest_id)
    )
    db.session.execute(delete(Guest).where(Guest.id == guest_id, ~is_left_behind))
    db.session.commit()
    for upload_id in unfinished:
        storage.piece_file(access.room.id, upload_id).unlink(missing_ok=True)


def list_uploads(room_id: int) -> list[Uploads]:
    """List the uploads per guest, most photos first, without guests who uploaded nothing."""
    photo_count, size_bytes = func.count(Photo.id), total(Photo.size_bytes)
    rows = db.session.execute(
        select(Guest.name, Guest.is_host, photo_count, size_bytes)
        .select_from(Photo)
        .outerjoin(Guest, Photo.guest_id == Guest.id)
        .where(Photo.room_id == room_id)
        .group_by(Photo.guest_id, Guest.id)
        .order_by(photo_count.desc(), Photo.guest_id.nulls_first())
    )
    return [Uploads(name, bool(is_host), count, size) for name, is_host, count, size in rows]


def list_names(access: Access) -> list[str]:
    """List the names that guests gave themselves; to guests only those shown with photos."""
    query = select(Guest.name).where(Guest.room_id == access.room.id, Guest.name != "")
    if not access.is_host:
        query = query.where(exists().where(Photo.guest_id == Guest.id))
    return list(db.session.scalars(query.distinct()))


def count_guests(room_id: int) -> int:
    """Count the browsers that have joined a room."""
    query = select(func.count()).select_from(Guest).where(Guest.room_id == room_id)
    return db.session.scalar(query) or 0

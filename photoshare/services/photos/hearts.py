"""Hearts: what guests like, without an account; one heart of each guest a photo."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, exists, func, insert, literal, select

from photoshare.databases.expressions import WholeNumber
from photoshare.errors import NotAllowedError
from photoshare.models import Heart, Photo, db
from photoshare.services.photos.albums import IS_FAVOURITE
from photoshare.services.photos.listing import get_photo
from photoshare.services.rooms.entering import Access
from photoshare.services.versions.folding import unfolded


def give_heart(access: Access, photo_id: int, *, is_given: bool) -> Photo:
    """Give a photo a heart, or take it back; doing so twice changes nothing. Return the photo.

    Raises
    ------
    NotFoundError
        If this room has no such photo.
    NotAllowedError
        If the host has switched hearts off.
    """
    if not access.room.has_hearts:
        raise NotAllowedError("The host has switched off hearts in this room.")
    get_photo(access, photo_id)
    row = {"photo_id": photo_id, "guest_id": access.guest.id}
    if is_given:
        is_known = exists().where(Heart.photo_id == photo_id, Heart.guest_id == access.guest.id)
        new = select(*(literal(value, WholeNumber) for value in row.values())).where(~is_known)
        db.session.execute(insert(Heart).from_select(list(row), new))
    else:
        db.session.execute(delete(Heart).filter_by(**row))
    db.session.commit()
    return get_photo(access, photo_id)


def find_own_hearts(access: Access, photo_ids: Collection[int]) -> set[int]:
    """Return which of some photos have a heart from this guest."""
    query = select(Heart.photo_id).where(Heart.guest_id == access.guest.id)
    return set(db.session.scalars(query.where(Heart.photo_id.in_(photo_ids))))


def count_favourites(room_id: int) -> int:
    """Count the photos of a room that someone gave a heart, from an index."""
    query = select(func.count()).select_from(Photo)
    here = (Photo.room_id == room_id, IS_FAVOURITE, unfolded(room_id, IS_FAVOURITE))
    return db.session.scalar(query.where(*here)) or 0

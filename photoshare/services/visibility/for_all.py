"""Photos that a host marks for everybody, where guests see only themselves."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from photoshare.errors import InvalidInputError, NotFoundError
from photoshare.models import Audience, Photo, db
from photoshare.services.photos.albums import MOST_CHOSEN
from photoshare.services.rooms.entering import Access


def mark_for_all(access: Access, photo_ids: Sequence[int], *, is_for_all: bool) -> int:
    """Let every guest see some photos, or no longer; who may do so is the host: the view checks.

    Returns
    -------
    int
        How many photos it is about, marked before or not.

    Raises
    ------
    InvalidInputError
        If there are more than may be chosen, or the room's guests see all photos or none anyway.
    NotFoundError
        If the room has none of them.
    """
    if len(photo_ids) > MOST_CHOSEN:
        raise InvalidInputError("Please select up to %(number)s photos.", number=MOST_CHOSEN)
    if access.room.audience != Audience.SELF:
        raise InvalidInputError(
            "Photos are marked for everybody only where guests see just the photos of themselves."
        )
    here = (Photo.room_id == access.room.id, Photo.id.in_(photo_ids))
    ids = db.session.scalars(select(Photo.id).where(*here)).all()
    if not ids:
        raise NotFoundError("This photo doesn't exist or was deleted.")
    same = update(Photo).where(Photo.id.in_(ids))
    db.session.execute(same.values(is_for_all=is_for_all))
    db.session.commit()
    return len(ids)

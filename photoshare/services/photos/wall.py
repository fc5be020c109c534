"""List the photos of the live wall, with new ones as they are added."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from photoshare.models import Photo, db
from photoshare.services.photos.listing import with_faces

WALL_PHOTOS = 200  # in one answer; at 8 seconds each they last 27 minutes


def list_newer(room_id: int, after_id: int = 0) -> Sequence[Photo]:
    """List the newest photos added to a room after a given one, oldest first.

    Parameters
    ----------
    room_id : int
    after_id : int
        Id of the newest photo known so far; 0 for none.

    Returns
    -------
    photos : sequence of Photo
        With their guests, faces and people; at most `WALL_PHOTOS`.
    """
    query = (
        select(Photo)
        .where(Photo.room_id == room_id, Photo.id > after_id)
        .options(*with_faces())
        .order_by(Photo.id.desc())
        .limit(WALL_PHOTOS)
    )
    return db.session.scalars(query).all()[::-1]


def find_before(room_id: int, before_id: int | None) -> Photo | None:
    """Find the newest photo added before another one, else the newest; None without photos."""
    newest = (
        select(Photo)
        .where(Photo.room_id == room_id)
        .options(*with_faces())
        .order_by(Photo.id.desc())
        .limit(1)
    )
    before = None
    if before_id is not None:
        before = db.session.scalar(newest.where(Photo.id < before_id))
    return before or db.session.scalar(newest)

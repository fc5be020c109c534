"""The photo that stands for a room: the one its host chose, else a clear group photo."""

from __future__ import annotations

from sqlalchemy import func, select, update

from photoshare.models import PHOTO_ANALYSED, Face, Person, Photo, Room, db
from photoshare.services.photos.listing import get_photo, select_seen
from photoshare.services.rooms.entering import Access

CANDIDATES = 12  # photos with the most faces, among which a wide one is usually found


def find_cover(access: Access) -> Photo | None:
    """Find the photo that stands for a room; None while there is none that this browser sees.

    Until the host chooses, it is a clear group photo: of the photos with the most faces, a wide one
    whose faces are the clearest in sum. An index gives these, however large the room is.
    """
    chosen = access.room.cover_photo_id
    of_room = select_seen(access)
    photo = None if chosen is None else db.session.scalar(of_room.where(Photo.id == chosen))
    if photo is not None:
        return photo
    # With the ids: of equals, PostgreSQL would take other ones for every page.
    analysed = of_room.where(Photo.state == PHOTO_ANALYSED)
    most_faces = analysed.order_by(Photo.face_count.desc(), Photo.id.desc())
    found = db.session.scalars(most_faces.limit(CANDIDATES)).all()
    if not found:
        return db.session.scalar(of_room.order_by(Photo.moment.desc(), Photo.id.desc()).limit(1))
    clarity = _clarity_of([photo.id for photo in found])
    return max(found, key=lambda one: (one.width > one.height, clarity.get(one.id, 0.0), one.id))


def choose_cover(access: Access, photo_id: int) -> None:
    """Let a photo stand for the room; who may do so is the host, which the view checks.

    Raises
    ------
    NotFoundError
        If the room has no such photo.
    """
    photo = get_photo(access, photo_id)
    query = update(Room).where(Room.id == access.room.id)
    db.session.execute(query.values(cover_photo_id=photo.id))
    db.session.commit()


def _clarity_of(photo_ids: list[int]) -> dict[int, float]:
    """Return the sum of the qualities of the faces on each photo, without hidden people's."""
    query = (
        select(Face.photo_id, func.sum(Face.quality))
        .outerjoin(Person, Person.id == Face.person_id)
        .where(Face.photo_id.in_(photo_ids), Face.is_face, Face.quality.is_not(None))
        .where(Person.is_hidden.is_not(True))
    )
    rows = db.session.execute(query.group_by(Face.photo_id))
    return {photo_id: clarity or 0.0 for photo_id, clarity in rows}

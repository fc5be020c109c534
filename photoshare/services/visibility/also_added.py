"""The same photo of several guests who don't see each other's: each has it as their own.

The room keeps its bytes once, with the name of whoever was first. The others have a row in
`AlsoAdded`, see the photo as one that they added, and learn of nobody else. Whoever deletes it
leaves it to the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, delete, exists, func, insert, literal, select, update
from sqlalchemy.orm.attributes import set_committed_value

from photoshare.databases.expressions import WholeNumber
from photoshare.models import AlsoAdded, Audience, Guest, Heart, Photo, Room, db
from photoshare.pictures.formats import FORMATS
from photoshare.services.clocks.settling import settle_clocks
from photoshare.services.rooms.entering import Access
from photoshare.services.visibility.sight import sees_all_photos, visible_photos

NEUTRAL_NAME = "photo"  # in place of the file name that another guest's device gave


def sees(access: Access, photo_id: int) -> bool:
    """Whether this browser sees a photo, by its id."""
    here = (Photo.room_id == access.room.id, Photo.id == photo_id)
    query = select(Photo.id).where(*here, visible_photos(access, photo_id))
    return db.session.scalar(query) is not None


def access_of(room_id: int, guest_id: int | None) -> Access | None:
    """Make the access of whoever adds photos; None for the command line, which sees all."""
    guest = None if guest_id is None else db.session.get(Guest, guest_id)
    return None if guest is None else Access(db.session.get_one(Room, room_id), guest)


def show_as_own(guest: Guest | None, photos: Sequence[Photo]) -> Sequence[Photo]:
    """Let photos that this guest added as well look like theirs; None: everything is shown.

    Nothing of it is written: the values count as if they had been loaded.
    """
    others = {photo.id: photo for photo in photos if guest and photo.guest_id != guest.id}
    if guest is None or not others:
        return photos
    query = select(AlsoAdded.photo_id).where(AlsoAdded.guest_id == guest.id)
    for photo_id in db.session.scalars(query.where(AlsoAdded.photo_id.in_(others))):
        photo = others[photo_id]
        shown: dict[str, object] = {"guest_id": guest.id, "guest": guest, "heart_count": 0}
        shown["file_name"] = _neutral_name(photo.image_format)
        for name, value in shown.items():
            set_committed_value(photo, name, value)
    return photos


def reader_of(access: Access) -> Guest | None:
    """Return as whose the photos are shown that this guest added as well; None: as they are."""
    return None if sees_all_photos(access) else access.guest


def has_also_added(guest_id: int) -> bool:
    """Whether a guest added any photo that another had added before."""
    rows = select(AlsoAdded.photo_id).where(AlsoAdded.guest_id == guest_id)
    return db.session.scalar(rows.limit(1)) is not None


def add_also(photo_id: int, guest_id: int) -> None:
    """Record that another guest added a photo as well; the caller commits."""
    row = {"photo_id": photo_id, "guest_id": guest_id}
    is_known = exists().where(AlsoAdded.photo_id == photo_id, AlsoAdded.guest_id == guest_id)
    new = select(*(literal(value, WholeNumber) for value in row.values())).where(~is_known)
    db.session.execute(insert(AlsoAdded).from_select(list(row), new))


def add_all_also(room_id: int, rows: Iterable[tuple[str, int]]) -> int:
    """Record who added photos of a room as well, by SHA-256 and guest; the caller commits.

    Where everybody sees all photos, they have them already.

    Returns
    -------
    int
        How many are theirs as well.
    """
    room, count = db.session.get_one(Room, room_id), 0
    if room.audience == Audience.EVERYBODY:
        return count
    for sha256, guest_id in list(rows):
        here = select(Photo.id, Photo.guest_id).where(Photo.room_id == room_id)
        photo = db.session.execute(here.where(Photo.sha256 == sha256)).first()
        if photo is not None and photo.guest_id != guest_id:
            add_also(photo.id, guest_id)
            count += 1
    return count


def give_up(guest_id: int, photo_ids: Collection[int]) -> None:
    """Let a guest have some photos no longer that others added as well; the caller commits."""
    _remove(AlsoAdded.guest_id == guest_id, AlsoAdded.photo_id.in_(photo_ids))
    hand_over(Photo.id.in_(photo_ids), Photo.guest_id == guest_id)


def hand_over(*which: ColumnElement[bool]) -> None:
    """Give photos to whoever added them as well, the first of them; the caller commits.

    What the former one gave goes with them: the file's name, and their heart.
    """
    heirs = (
        select(
            *(Photo.id, Photo.guest_id, Photo.image_format, func.min(AlsoAdded.guest_id)),
            Photo.room_id,
        )
        .join(AlsoAdded, AlsoAdded.photo_id == Photo.id)
        .where(*which)
        .group_by(Photo.id)
    )
    for photo_id, former, image_format, heir, room_id in db.session.execute(heirs).all():
        _remove(AlsoAdded.photo_id == photo_id, AlsoAdded.guest_id == heir)
        of_former = (Heart.photo_id == photo_id, Heart.guest_id == former)
        db.session.execute(delete(Heart).where(*of_former))
        values = {"guest_id": heir, "file_name": _neutral_name(image_format)}
        db.session.execute(update(Photo).where(Photo.id == photo_id).values(values))
        settle_clocks(room_id, Photo.id == photo_id)  # now of another guest's camera


def find_shared(photo_ids: Collection[int]) -> set[int]:
    """Return which of some photos several guests added."""
    query = select(AlsoAdded.photo_id).where(AlsoAdded.photo_id.in_(photo_ids))
    return set(db.session.scalars(query.distinct()))


def leave_to_others(room_id: int, guest_id: int) -> None:
    """Hand all photos of a guest over that others added as well, before the rest is deleted."""
    here = select(Photo.id).where(Photo.room_id == room_id)
    _remove(AlsoAdded.guest_id == guest_id, AlsoAdded.photo_id.in_(here))
    hand_over(Photo.room_id == room_id, Photo.guest_id == guest_id)
    db.session.commit()


def _remove(*which: ColumnElement[bool]) -> None:
    db.session.execute(delete(AlsoAdded).where(*which))


def _neutral_name(image_format: str) -> str:
    return NEUTRAL_NAME + FORMATS[image_format].ending

"""What a photo is shown as one with, for whoever may see it; and what people choose about it.

Of a stack a reader is told only what they see: if that is one photo, it is a photo like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import joinedload

from photoshare.errors import NotAllowedError, NotFoundError
from photoshare.models import Behind, Photo, Stands, db
from photoshare.pictures.formats import FORMATS, Kind
from photoshare.services.corrections.change import begin_change
from photoshare.services.people.room_faces import follow_change
from photoshare.services.photos.deleting import may_delete
from photoshare.services.photos.listing import get_photo, select_seen
from photoshare.services.rooms.entering import Access
from photoshare.services.versions.stacking import arrange, load_members
from photoshare.services.visibility.also_added import reader_of, show_as_own
from photoshare.services.visibility.sight import visible_photos

_ORDER = [Kind.PICTURE, Kind.CLIP, Kind.RAW]


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands behind a photo, as a tile tells it."""

    count: int  # with the one in front
    kinds: frozenset[str]  # of `Behind`

    @property
    def is_live(self) -> bool:
        """Whether only the movie of a Live Photo stands behind it."""
        return self.kinds == {Behind.MOVIE.value}

    @property
    def is_raw(self) -> bool:
        """Whether only its RAW file stands behind it."""
        return self.kinds == {Behind.RAW.value}


def list_versions(access: Access, photo: Photo) -> list[Photo]:
    """List what a photo is shown as one with and this browser sees, itself too, the front first.

    Nothing for a photo that is shown by itself.
    """
    front_id = photo.front_id or photo.id
    behind = db.session.scalars(select(Photo.id).where(Photo.front_id == front_id)).all()
    if not behind:
        return []
    query = select_seen(access).where(Photo.id.in_([front_id, *behind]))
    found = db.session.scalars(query.options(joinedload(Photo.guest))).all()
    seen = show_as_own(reader_of(access), found)
    if len(seen) < 2:
        return []

    def place(one: Photo) -> tuple[bool, int, int, int]:
        kind = _ORDER.index(FORMATS[one.image_format].kind)
        return one.id != front_id, kind, -one.width * one.height, one.id

    return sorted(seen, key=place)


def front_of(photo: Photo, versions: Sequence[Photo]) -> Photo | None:
    """Return the photo behind which one is shown, if this browser sees that."""
    return next((one for one in versions if one.id == photo.front_id), None)


def find_behind(access: Access, photo_ids: Collection[int]) -> dict[int, Shown]:
    """Tell what stands behind some photos and this browser sees, by the id of the front."""
    if not photo_ids:
        return {}
    behind = (Photo.room_id == access.room.id, Photo.front_id.in_(photo_ids))
    counted = (
        select(Photo.front_id, Photo.behind_as, func.count())
        .where(*behind, visible_photos(access))
        .group_by(Photo.front_id, Photo.behind_as)
    )
    found: dict[int, Shown] = {}
    for front_id, behind_as, count in db.session.execute(counted):
        if front_id is not None:
            known = found.get(front_id, Shown(1, frozenset()))
            found[front_id] = Shown(known.count + count, known.kinds | {behind_as or ""})
    return found


def list_company(access: Access, photo_ids: Collection[int]) -> list[int]:
    """List what some photos are shown as one with and this browser may delete, without them."""
    if not photo_ids:
        return []
    chosen = select(Photo.id, Photo.front_id).where(Photo.id.in_(photo_ids))
    # Of one that this browser doesn't see it learns nothing, not even that there are others.
    chosen = chosen.where(Photo.room_id == access.room.id, visible_photos(access))
    fronts = {row.front_id or row.id for row in db.session.execute(chosen)}
    of_them = or_(Photo.id.in_(fronts), Photo.front_id.in_(fronts))
    query = select_seen(access).where(of_them, Photo.id.not_in(photo_ids)).order_by(Photo.id)
    found = show_as_own(reader_of(access), db.session.scalars(query).all())
    return [photo.id for photo in found if may_delete(access, photo)]


def may_arrange(access: Access, photo: Photo) -> bool:
    """Whether this browser may say how a photo is shown: a host any, a guest their own."""
    return may_delete(access, photo)


def set_apart(access: Access, photo_id: int, *, is_apart: bool) -> None:
    """Show a photo by itself from now on; or as one with others again, which a job finds.

    Raises
    ------
    NotFoundError
        If the room has no such photo for this browser.
    NotAllowedError
        If the browser neither hosts the room nor uploaded it.
    """
    _check(access, get_photo(access, photo_id))
    revision = begin_change(access.room.id)
    members = load_members([photo_id])
    values = {"stands": Stands.ALONE.value if is_apart else None}
    again = {} if is_apart else {"paired_by": None}
    db.session.execute(update(Photo).where(Photo.id == photo_id).values(**values, **again))
    arrange(load_members([one.id for one in members]))
    db.session.commit()
    follow_change(access.room.id, revision, {})


def put_in_front(access: Access, photo_id: int) -> None:
    """Let a photo stand for all that it is shown as one with.

    Raises
    ------
    NotFoundError
        If the room has no such photo for this browser, or it is shown by itself.
    NotAllowedError
        If the browser neither hosts the room nor uploaded it.
    """
    photo = get_photo(access, photo_id)
    _check(access, photo)
    if not list_versions(access, photo):
        raise NotFoundError("This photo is shown by itself.")
    revision = begin_change(access.room.id)
    ids = [one.id for one in load_members([photo_id])]
    chosen = (Photo.id.in_(ids), Photo.stands == Stands.IN_FRONT)
    db.session.execute(update(Photo).where(*chosen).values(stands=None))
    in_front = update(Photo).where(Photo.id == photo_id)
    db.session.execute(in_front.values(stands=Stands.IN_FRONT.value))
    arrange(load_members(ids))
    db.session.commit()
    follow_change(access.room.id, revision, {})


def _check(access: Access, photo: Photo) -> None:
    if not may_arrange(access, photo):
        raise NotAllowedError("Only the host or the guest who uploaded a photo can do this.")

"""List all that is shown as one in a room, for a host who wants to keep only the best of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import joinedload

from photoshare.models import Behind, Photo, db
from photoshare.services.paging import ListPage
from photoshare.services.rooms.entering import Access, check_host

STACKS_PAGE_SIZE = 20  # stacks on a page, of two or three photos each as a rule


@dataclass(frozen=True, slots=True)
class StackToClean:
    """Versions of one photo, side by side; the front first."""

    photos: Sequence[Photo]
    size_bytes: int  # of all but the front

    @property
    def front(self) -> Photo:
        """The one that is kept unless the host says otherwise."""
        return self.photos[0]


def list_stacks(access: Access, page: int) -> ListPage[StackToClean]:
    """List a page of what a host may clean up: photos with other versions, the newest first.

    The movie of a Live Photo and the RAW file of a JPEG are no versions: nothing makes up for them.

    Raises
    ------
    NotAllowedError
        If the browser isn't a host's.
    """
    check_host(access)
    page = max(1, page)
    fronts = select(Photo.front_id).where(_is_version(access.room.id)).distinct().subquery()
    count = db.session.scalar(select(func.count()).select_from(fronts)) or 0
    ids = db.session.scalars(
        select(Photo.id)
        .join(fronts, fronts.c.front_id == Photo.id)
        .order_by(Photo.moment.desc(), Photo.id.desc())
        .offset((page - 1) * STACKS_PAGE_SIZE)
        .limit(STACKS_PAGE_SIZE)
    ).all()
    return ListPage(_stacks(access.room.id, ids), page, count, STACKS_PAGE_SIZE)


def _stacks(room_id: int, front_ids: Sequence[int]) -> list[StackToClean]:
    is_behind = _is_version(room_id) & Photo.front_id.in_(front_ids)
    query = select(Photo).where(Photo.room_id == room_id)
    query = query.where(or_(Photo.id.in_(front_ids), is_behind)).options(joinedload(Photo.guest))
    photos = db.session.scalars(query.order_by(Photo.id)).all()
    by_front: dict[int, list[Photo]] = {front_id: [] for front_id in front_ids}
    for photo in photos:
        by_front.get(photo.front_id or photo.id, []).append(photo)
    stacks = []
    for front_id, some in by_front.items():
        some.sort(key=lambda one: (one.id != front_id, -one.width * one.height, one.id))
        stacks.append(StackToClean(some, sum(photo.size_bytes for photo in some[1:])))
    return stacks


def find_left_over(access: Access, shown: Collection[int], kept: Collection[int]) -> list[int]:
    """Find the versions that a host doesn't keep; all of a stack of which they keep none stay.

    Stacks are taken as they are by now; what has joined one since stays: the host didn't see it.

    Parameters
    ----------
    access : Access
    shown : collection of int
        All photos that the page showed.
    kept : collection of int
        Those whose boxes were ticked.

    Raises
    ------
    NotAllowedError
        If the browser isn't a host's.
    """
    check_host(access)
    seen, keeps = set(shown), set(kept)
    front_id = func.coalesce(Photo.front_id, Photo.id)
    here = (Photo.room_id == access.room.id, Photo.id.in_(seen))
    left: list[int] = []
    for stack in _stacks(access.room.id, db.session.scalars(select(front_id).where(*here)).all()):
        ids = {photo.id for photo in stack.photos}
        if ids & keeps:
            left += sorted((ids & seen) - keeps)
    return left


def count_versions(room_id: int) -> int:
    """Count the photos of a room that are another version of one, from a small index."""
    query = select(func.count()).select_from(Photo).where(_is_version(room_id))
    return db.session.scalar(query) or 0


def _is_version(room_id: int) -> ColumnElement[bool]:
    is_behind = (Photo.room_id == room_id) & Photo.front_id.is_not(None)
    return is_behind & (Photo.behind_as == Behind.VERSION)

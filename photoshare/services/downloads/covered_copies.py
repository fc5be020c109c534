"""The covered copies of photos in zips: which are ready, and making those that are not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import select

from photoshare.errors import DiskFullError, NotFoundError
from photoshare.models import Photo, Room, db
from photoshare.services.photos import Album
from photoshare.services.pictures.covered import CoveredCopy, Make, find_copy, get_copy
from photoshare.services.visibility.covering import (
    Cover,
    Covering,
    asked_faces,
    may_cover,
    may_show,
    valid_covers,
)
from photoshare.storage import Storage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CoveredCopies:
    """What is covered in a room for someone, and the copies that are ready.

    Attributes
    ----------
    covering : Covering
    covers : dict of photo id to Cover
    copies : dict of photo id to CoveredCopy
        Of those photos of `covers` whose copies are made.
    withheld : frozenset of int
        The clips that are left out: they would show what is covered.
    unsearched : frozenset of int
        Photos of which nobody knows yet whom they show.
    """

    covering: Covering
    covers: dict[int, Cover]
    copies: dict[int, CoveredCopy]
    withheld: frozenset[int] = frozenset()
    unsearched: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything may be covered."""
        return bool(self.covering)

    def names_on(self, photo_ids: Collection[int]) -> list[tuple[int, str]]:
        """List what is covered on which of some photos."""
        here = self.covers.keys() & set(photo_ids) if self.covers else ()
        return [(photo_id, self.covers[photo_id].name) for photo_id in sorted(here)]

    def count_waiting(self, album: Album) -> int:
        """Count the photos of an album that can't be in a zip yet: nobody knows who is on them.

        Or their copies are still to be made.
        """
        missing = self.covers.keys() - self.copies.keys() | self.unsearched - self.withheld
        if not missing:
            return 0
        photos = album.select().where(~Photo.is_lost).order_by(None)
        return len(missing.intersection(db.session.scalars(photos.with_only_columns(Photo.id))))


def find_covered_copies(room_id: int, covering: Covering, storage: Storage) -> CoveredCopies:
    """Find the covered copies of a room for someone; asks nothing where nothing is covered.

    Of photos that are known before: what comes later may be in nothing of it.
    """
    unsearched = covering.unsearched(room_id)
    withheld = covering.withheld_clips(room_id)
    covers = {
        photo_id: cover
        for photo_id, cover in covering.of_photos().items()
        if photo_id not in withheld
    }
    copies: dict[int, CoveredCopy] = {}
    if covers:
        query = select(Photo.id, Photo.sha256).where(may_show(room_id, covering.people))
        hashes = db.session.execute(query)
        for photo_id, sha256 in hashes.all():
            cover = covers.get(photo_id)
            if cover and (copy := find_copy(storage, room_id, sha256, cover)):
                copies[photo_id] = copy
    return CoveredCopies(covering, covers, copies, withheld, unsearched)


def make_covered_copies(
    room_id: int, storage: Storage, make: Make, *, is_stopping: Callable[[], bool]
) -> None:
    """Make the covered copies of a room that someone may need; for the job thread."""
    room = db.session.get(Room, room_id)
    if room is None or not may_cover(room):
        return
    for sha256, faces in asked_faces(room_id).items():
        for cover in valid_covers(faces):
            if is_stopping():
                return
            try:
                get_copy(room_id, sha256, cover, storage, make)
            except (NotFoundError, DiskFullError) as error:  # the zip goes on waiting
                log.error("A covered copy of %s can't be made: %s", sha256, error)

"""Decide which of the photos that are shown as one stands in front, and write it down.

What is shown as one is a stack: one photo in front, and all others directly behind it. The
functions here are steps of other services' units of work, within a transaction; callers commit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select, update

from photoshare.models import Behind, Photo, Stands, db
from photoshare.pictures.best_time import TimeSource
from photoshare.pictures.formats import FORMATS, Kind

MOST_AT_ONCE = 500  # ids in one query

_RANK = {Kind.PICTURE: 2, Kind.RAW: 1, Kind.CLIP: 0}  # what a page shows best
_AS = {Kind.PICTURE: Behind.VERSION, Kind.RAW: Behind.RAW, Kind.CLIP: Behind.MOVIE}


@dataclass(frozen=True, slots=True)
class Member:
    """A photo of a stack, with what decides whether it stands in front."""

    id: int
    front_id: int | None
    behind_as: str | None
    image_format: str
    width: int
    height: int
    size_bytes: int
    captured_by: str | None
    stands: str | None
    is_lost: bool

    @property
    def kind(self) -> Kind:
        """How it is decoded."""
        return FORMATS[self.image_format].kind

    @property
    def worth(self) -> tuple[bool, bool, int, int, bool, int, int]:
        """The more, the better in front: the largest and the least often saved again."""
        return (
            not self.is_lost,
            self.stands == Stands.IN_FRONT,
            _RANK[self.kind],
            self.width * self.height,
            self.captured_by == TimeSource.CAMERA,  # a messenger's copy has no such time
            self.size_bytes,  # of the same pixels: the sharper, or the less compressed
            -self.id,  # the earlier
        )


_COLUMNS = tuple(getattr(Photo, name) for name in Member.__slots__)


def load_members(photo_ids: Iterable[int]) -> list[Member]:
    """Load photos and all that are shown as one with any of them, the earliest first."""
    found: dict[int, Member] = {}
    ids = sorted(set(photo_ids))
    for first in range(0, len(ids), MOST_AT_ONCE):
        some = ids[first : first + MOST_AT_ONCE]
        fronts = select(Photo.front_id).where(Photo.id.in_(some), Photo.front_id.is_not(None))
        named = {*some, *db.session.scalars(fronts)}
        query = select(*_COLUMNS).where(or_(Photo.id.in_(named), Photo.front_id.in_(named)))
        found |= {row.id: Member(*row) for row in db.session.execute(query)}
    return [found[photo_id] for photo_id in sorted(found)]


def stacks_of(members: Iterable[Member]) -> list[list[Member]]:
    """Divide photos into their stacks, as they stand now."""
    stacks: dict[int, list[Member]] = {}
    for one in members:
        stacks.setdefault(one.front_id or one.id, []).append(one)
    return list(stacks.values())


def arrange(members: Sequence[Member]) -> bool:
    """Show photos as one, the best in front; return whether that changes anything."""
    alone = [one for one in members if one.stands == Stands.ALONE]
    together = [one for one in members if one.stands != Stands.ALONE]
    places: dict[int, tuple[int | None, str | None]] = {one.id: (None, None) for one in alone}
    if together:
        front = max(together, key=lambda one: one.worth)
        places |= {one.id: (front.id, _as(one, front)) for one in together}
        places[front.id] = (None, None)
    return _place(members, places)


def _as(one: Member, front: Member) -> str:
    return (Behind.VERSION if one.kind == front.kind else _AS[one.kind]).value


def _place(members: Iterable[Member], places: Mapping[int, tuple[int | None, str | None]]) -> bool:
    changed = [
        {"id": one.id, "front_id": places[one.id][0], "behind_as": places[one.id][1]}
        for one in members
        if (one.front_id, one.behind_as) != places[one.id]
    ]
    if changed:
        db.session.execute(update(Photo), changed)
    return bool(changed)


def step_forward(leaving: Collection[int]) -> None:
    """Let the next best come to the front before photos are deleted.

    A front that leaves is noted behind its successor: if it is restored, it comes to it again.
    """
    gone = set(leaving)
    for stack in stacks_of(load_members(with_company(gone))):
        stay = [one for one in stack if one.id not in gone]
        if not stay or len(stay) == len(stack):
            continue
        arrange(stay)
        front = max(stay, key=lambda one: one.worth)
        leave = [one for one in stack if one.id in gone]
        _place(leave, {one.id: (front.id, _as(one, front)) for one in leave})


def with_company(photo_ids: Collection[int]) -> list[int]:
    """List those of some photos that are in a stack; hardly any."""
    found: list[int] = []
    ids = sorted(photo_ids)
    for first in range(0, len(ids), MOST_AT_ONCE):
        some = ids[first : first + MOST_AT_ONCE]
        behind = select(Photo.id).where(Photo.id.in_(some), Photo.front_id.is_not(None))
        fronts = select(Photo.front_id).where(Photo.front_id.in_(some))
        found += db.session.scalars(behind).all()
        found += (front for front in db.session.scalars(fronts) if front is not None)
    return found


def put_back(fronts: Mapping[int, int]) -> None:
    """Let restored photos stand again with those they were shown with, the best in front.

    Parameters
    ----------
    fronts : mapping of photo id to photo id
        Of restored photos, their fronts when they were deleted; some may be gone.
    """
    for photo_id, front_id in fronts.items():
        members = load_members([photo_id, front_id])
        if any(one.id == front_id for one in members):
            arrange(members)

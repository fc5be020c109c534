"""Find what a new photo is shown as one with: its movie, its RAW file, near duplicates.

Each photo is looked at once, in the background. What it costs doesn't grow with the room:
candidates come from indexes, of equal parts of their looks (`looks.hashing`) and of one time.
Pixels are compared without a transaction; then one short one writes the stack and that the photo
was looked at, so that whatever interrupts this, it can be done again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

from sqlalchemy import ColumnElement, Select, delete, insert, or_, select, update

from photoshare.errors import RejectedPhotoError
from photoshare.looks.comparing import Grey, grey_of, is_lively, likeness
from photoshare.looks.hashing import bands_of, look_distances, look_of
from photoshare.models import LookBand, Photo, Stands, db
from photoshare.pictures.decoding import ANY_MEGAPIXELS, decode_upright
from photoshare.pictures.rendering import EAGER_PX
from photoshare.services.corrections.change import begin_change
from photoshare.services.people.room_faces import follow_change
from photoshare.services.versions.partners import (
    MOVIE_TIME,
    Candidate,
    Look,
    are_two_shots,
    belong_together,
    look_needed,
)
from photoshare.services.versions.stacking import Member, arrange, load_members, stacks_of
from photoshare.storage import Storage

log = logging.getLogger(__name__)

PAIRING_RULES = 1  # of this module and `partners`; kept with each photo
NEAR_IDS = 200  # photos that came just before and after one: files of one photo come together
MOST_CANDIDATES = 300  # of one kind; a room of 20,000 gives some ten by chance

_COLUMNS = tuple(getattr(Photo, name) for name in Candidate.__slots__)
_PICTURE = f"{min(EAGER_PX)}.webp"


def has_unpaired(room_id: int) -> bool:
    """Whether photos of a room wait to be compared with the others."""
    return db.session.scalar(_next_of(room_id)) is not None


def pair_photos(
    room_id: int, storage: Storage, *, is_stopping: Callable[[], bool], at_most: int | None = None
) -> bool:
    """Compare photos of a room that wait for it with all others; return whether none is left.

    Parameters
    ----------
    room_id : int
    storage : Storage
    is_stopping : callable
    at_most : int, optional
        How many; by default all.
    """
    look_at = lru_cache(maxsize=64)(_Reader(room_id, storage))  # successive photos are alike
    done = 0
    while at_most is None or done < at_most:
        photo_id = db.session.scalar(_next_of(room_id))
        db.session.rollback()
        if photo_id is None:
            return True
        if is_stopping():
            return False
        try:
            _pair(room_id, photo_id, look_at)
        except RejectedPhotoError:  # a damaged picture of ours: the next one isn't to wait for it
            log.exception("Photo %d can't be compared with others", photo_id)
            db.session.rollback()
            _write(room_id, photo_id, None, [], is_known=False)
        done += 1
    return not has_unpaired(room_id)


def _next_of(room_id: int) -> Select[int]:
    is_new = (Photo.room_id == room_id, Photo.paired_by.is_(None))
    return select(Photo.id).where(*is_new).order_by(Photo.id).limit(1)


@dataclass(frozen=True, slots=True)
class _Picture:
    """A photo, as it is compared."""

    grey: Grey
    look: bytes
    is_lively: bool


_LookAt: TypeAlias = Callable[[str], _Picture | None]


class _Reader:
    """Reads the pictures of a room as they are compared; None where one is gone."""

    def __init__(self, room_id: int, storage: Storage) -> None:
        self._room_id, self._storage = room_id, storage

    def __call__(self, sha256: str) -> _Picture | None:
        path = self._storage.derivative(self._room_id, sha256, _PICTURE)
        if self._storage.find(path) is None:
            return None
        with self._storage.holding(path) as held:
            side = min(EAGER_PX)
            image = decode_upright(held, at_least_px=side, max_megapixels=ANY_MEGAPIXELS).image
        grey = grey_of(image)
        return _Picture(grey, look_of(image), is_lively(grey))


def _pair(room_id: int, photo_id: int, look_at: _LookAt) -> None:
    query = select(*_COLUMNS).where(Photo.room_id == room_id, Photo.id == photo_id)
    row = db.session.execute(query).first()
    db.session.rollback()
    if row is None:  # deleted meanwhile
        return
    photo = Candidate(*row)
    picture = look_at(photo.sha256) if photo.is_comparable else None
    look = photo.look or (picture.look if picture is not None else None)
    is_known = look is not None and picture is not None and picture.is_lively
    partners: list[int] = []
    if photo.stands != Stands.ALONE:
        others = _nearby(room_id, photo)
        partners = [other.id for other in others if belong_together(photo, other)]
        if look is not None and is_known:
            partners += _find_alike(room_id, photo, look, look_at)
    _write(room_id, photo_id, look, partners, is_known=is_known)


def _find_alike(room_id: int, photo: Candidate, look: bytes, look_at: _LookAt) -> list[int]:
    """Find the photos of a burst, and the one of which a photo is most likely a copy."""
    others = _alike(room_id, photo, look)
    fronts = _fronts_of(others)
    db.session.rollback()
    found: list[int] = []
    has_copy = False
    for other, bits in _by_bits(look, others):
        needed = look_needed(photo, other, bits)
        if needed is None or (needed is Look.COPY and has_copy):
            continue
        front = fronts.get(other.id)
        if front is not None and front.id != photo.id:
            if needed is Look.COPY and are_two_shots(photo, front):
                continue
            if not _look_alike(photo, front, Look.BURST, look_at):
                continue  # a burst that has gone on to something else
        if _look_alike(photo, other, needed, look_at):
            has_copy |= needed is Look.COPY
            found.append(other.id)
    return found


def _nearby(room_id: int, photo: Candidate) -> list[Candidate]:
    """List what may be another file of one photo: of one content id, or that came with it."""
    came_with = Photo.id.between(photo.id - NEAR_IDS, photo.id + NEAR_IDS)
    is_by = Photo.guest_id.is_not_distinct_from(photo.guest_id)
    found = [_candidates(room_id, photo, came_with & is_by)]
    if photo.captured_at is not None:
        found.append(_candidates(room_id, photo, _taken_near(photo.captured_at) & is_by))
    if photo.content_id:
        found.append(_candidates(room_id, photo, Photo.content_id == photo.content_id))
    return _each_once(found)


def _alike(room_id: int, photo: Candidate, look: bytes) -> list[Candidate]:
    """List what may look like a photo: with an equal part of its look, or taken at its time."""
    here = (LookBand.room_id == room_id, LookBand.value.in_(bands_of(look)))
    equal = select(LookBand.photo_id).where(*here).distinct()
    found = [_candidates(room_id, photo, Photo.id.in_(equal) & Photo.look.is_not(None))]
    if photo.captured_at is not None and photo.camera is not None:
        near = _taken_near(photo.captured_at) & Photo.look.is_not(None)
        found.append(_candidates(room_id, photo, near & (Photo.camera == photo.camera)))
    return _each_once(found)


def _taken_near(moment: datetime) -> ColumnElement[bool]:
    return Photo.moment.between(moment - MOVIE_TIME, moment + MOVIE_TIME)


def _candidates(room_id: int, photo: Candidate, which: ColumnElement[bool]) -> list[Candidate]:
    is_free = or_(Photo.stands.is_(None), Photo.stands != Stands.ALONE)
    query = select(*_COLUMNS).where(Photo.room_id == room_id, Photo.id != photo.id, which, is_free)
    rows = db.session.execute(query.order_by(Photo.id.desc()).limit(MOST_CANDIDATES))
    return [Candidate(*row) for row in rows]


def _each_once(found: Iterable[list[Candidate]]) -> list[Candidate]:
    return list({one.id: one for some in found for one in some}.values())


def _fronts_of(candidates: Iterable[Candidate]) -> dict[int, Candidate]:
    """Load the fronts of those that stand behind one, by their ids."""
    ids = {one.id: one.front_id for one in candidates if one.front_id is not None}
    query = select(*_COLUMNS).where(Photo.id.in_(set(ids.values())))
    fronts = {row.id: Candidate(*row) for row in db.session.execute(query)} if ids else {}
    return {one: fronts[front] for one, front in ids.items() if front in fronts}


def _by_bits(look: bytes, others: list[Candidate]) -> list[tuple[Candidate, int]]:
    """Pair others with the number of bits in which their looks differ, the most alike first."""
    looks = [one.look for one in others if one.look is not None]
    known = [one for one in others if one.look is not None]
    pairs = zip(known, look_distances(look, looks), strict=True)
    return sorted(pairs, key=lambda pair: (pair[1], pair[0].id))


def _look_alike(photo: Candidate, other: Candidate, needed: Look, look_at: _LookAt) -> bool:
    picture, theirs = look_at(photo.sha256), look_at(other.sha256)
    if picture is None or theirs is None or not theirs.is_lively:
        return False
    found = likeness(picture.grey, theirs.grey)
    return found.is_copy if needed is Look.COPY else found.is_burst


def _write(
    room_id: int, photo_id: int, look: bytes | None, partners: list[int], *, is_known: bool
) -> None:
    """Write down that a photo was compared, and its stack; all in one short transaction."""
    revision = begin_change(room_id) if partners else None
    members = load_members([photo_id, *partners]) if partners else []
    is_changed = _arrange_all(members, photo_id)
    told = {"paired_by": PAIRING_RULES} | ({"look": look} if look is not None else {})
    db.session.execute(update(Photo).where(Photo.id == photo_id).values(**told))
    db.session.execute(delete(LookBand).where(LookBand.photo_id == photo_id))
    is_there = select(Photo.id).where(Photo.id == photo_id)
    if is_known and look is not None and db.session.scalar(is_there) is not None:
        rows = [
            {"room_id": room_id, "photo_id": photo_id, "value": value} for value in bands_of(look)
        ]
        db.session.execute(insert(LookBand), rows)
    db.session.commit()
    if is_changed or revision is not None:
        follow_change(room_id, revision, {})


def _arrange_all(members: list[Member], photo_id: int) -> bool:
    """Show a photo and its partners as one, unless it is gone or was set apart meanwhile."""
    known = {one.id: one for one in members}
    photo = known.get(photo_id)
    if photo is None or photo.stands == Stands.ALONE or len(stacks_of(members)) < 2:
        return False
    return arrange(members)

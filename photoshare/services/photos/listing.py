"""Photos of an album: a page of them, one of them, and its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.sql.base import ExecutableOption

from photoshare.errors import NotFoundError
from photoshare.models import Face, Photo, db
from photoshare.services.photos.albums import MOST_CHOSEN, NEWEST_FIRST, OLDEST_FIRST, Album
from photoshare.services.photos.moments import Moment, Section, divide, list_moments

PAGE_SIZE = 40  # photos of one grid page: two screens of a desktop
_CURSOR = tuple_(Photo.moment, Photo.id)
_CURSOR_FORMAT = "%Y%m%dT%H%M%S%f"  # of the moment, in an address
MAX_ID_DIGITS = 18  # what fits into SQLite's integers


@dataclass(frozen=True, slots=True)
class PhotoPage:
    """One page of an album's grid.

    The next page begins after its last photo, not at an offset, so that no photo is repeated or
    skipped when others are added or deleted meanwhile.
    """

    photos: Sequence[Photo]
    moments: Sequence[Moment]  # of the whole album, the earliest first
    before: Photo | None  # the photo in front of the page
    after: Photo | None  # the photo behind it

    @property
    def count(self) -> int:
        """Count the photos of the whole album."""
        return sum(moment.count for moment in self.moments)

    @property
    def has_previous(self) -> bool:
        """Whether the album has photos in front of this page."""
        return self.before is not None

    @property
    def has_next(self) -> bool:
        """Whether the album has photos behind this page."""
        return self.after is not None

    @property
    def sections(self) -> list[Section]:
        """Divide the page by moments."""
        return divide(self.photos, self.moments, (self.before, self.after))


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The ids of the photos before and after one in its album; None at the ends."""

    previous_id: int | None
    next_id: int | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a photo is in its album: "12 of 340", and the photo the album begins with."""

    number: int  # from 1
    count: int
    first_id: int


def count_photos(album: Album) -> int:
    """Count the photos of an album."""
    rows = album.select().order_by(None).subquery()
    return db.session.scalar(select(func.count()).select_from(rows)) or 0


def list_photos(
    album: Album,
    *,
    after: str | None = None,
    before: str | None = None,
    at: str | None = None,
    size: int = PAGE_SIZE,
) -> PhotoPage:
    """List one page of an album, with who uploaded each photo and who is in it.

    Parameters
    ----------
    album : Album
    after, before, at : str, optional
        A cursor from `cursor_of` or `cursor_at`: the page begins after it, ends before it, or
        begins with it. One that cannot be read means the first page.
    size : int
        The most photos of the page.
    """
    behind, in_front_of, here = (_read_cursor(text) for text in (after, before, at))
    previous: Sequence[Photo] = ()
    if in_front_of is not None:
        found = _near(album, in_front_of, size + 1, backwards=True)
        following = _near(album, in_front_of, 1, with_it=True)
        photos, previous = found[:size][::-1], found[size:]
    else:
        found = _near(album, behind if here is None else here, size + 1, with_it=here is not None)
        photos, following = found[:size], found[size:]
        if here is not None:
            previous = _near(album, here, 1, backwards=True)
        elif behind is not None:
            previous = _near(album, behind, 1, backwards=True, with_it=True)
    before_it, after_it = (next(iter(photos), None) for photos in (previous, following))
    return PhotoPage(photos, list_moments(album), before_it, after_it)


def _near(
    album: Album,
    cursor: ColumnElement[Any] | None,
    count: int,
    *,
    backwards: bool = False,
    with_it: bool = False,
) -> Sequence[Photo]:
    """List the photos that follow a cursor, or backwards those in front of it, nearest first."""
    newest_first = album.newest_first != backwards
    query = album.select(newest_first=newest_first).limit(count)
    if cursor is not None:
        # The cursor comes first: a column compared with a tuple would lose the index.
        is_beyond = cursor > _CURSOR if newest_first else cursor < _CURSOR
        is_there = cursor >= _CURSOR if newest_first else cursor <= _CURSOR
        query = query.where(is_there if with_it else is_beyond)
    if count > 1:
        query = query.options(*with_faces())
    return db.session.scalars(query).all()


def list_all(album: Album) -> Sequence[Photo]:
    """List the photos of an album whose files are there, as they follow each other in time."""
    return db.session.scalars(album.select(newest_first=False).where(~Photo.is_lost)).all()


def list_day(album: Album, day: date) -> Sequence[Photo]:
    """List the photos of an album that were taken on one day, as many as can be chosen at once."""
    begin = datetime.combine(day, time.min)
    query = album.select().where(Photo.moment >= begin, Photo.moment < begin + timedelta(days=1))
    return db.session.scalars(query.limit(MOST_CHOSEN)).all()


def list_newest(album: Album, *, at_most: int) -> Sequence[Photo]:
    """List the newest photos of an album, with who uploaded each and who is in it."""
    query = album.select(newest_first=True).options(*with_faces())
    return db.session.scalars(query.limit(at_most)).all()


def cursor_of(photo: Photo) -> str:
    """Return the cursor of a photo in its album, for the address of the page that continues there.

    It stays valid after the photo itself is deleted.
    """
    return cursor_at(photo.moment, photo.id)


def cursor_at(moment: datetime, photo_id: int) -> str:
    """Return the cursor of a point in time; the id places it among photos of the same time."""
    return f"{moment:{_CURSOR_FORMAT}}-{photo_id}"


def _read_cursor(text: str | None) -> ColumnElement[Any] | None:
    """Parse a cursor from `cursor_of`; None if it is invalid."""
    moment, _, photo_id = (text or "").rpartition("-")
    try:
        return tuple_(datetime.strptime(moment, _CURSOR_FORMAT), int(photo_id[:MAX_ID_DIGITS]))
    except ValueError:
        return None


def get_photo(room_id: int, photo_id: int, *, all_of_it: bool = False) -> Photo:
    """Load a photo of this room, on request with its guest, its faces and their people.

    Raises
    ------
    NotFoundError
        If this room has no such photo.
    """
    statement = select(Photo).where(Photo.room_id == room_id, Photo.id == photo_id)
    photo = db.session.scalar(statement.options(*with_faces()) if all_of_it else statement)
    if photo is None:
        raise NotFoundError("This photo doesn't exist or was deleted.")
    return photo


def with_faces() -> tuple[ExecutableOption, ...]:
    """Return options to load photos with their uploaders, faces and the people of these."""
    faces = selectinload(Photo.faces)
    return joinedload(Photo.guest), faces.defer(Face.encoding), faces.joinedload(Face.person)


def find_neighbours(album: Album, photo_id: int) -> Neighbours:
    """Find the photos before and after one in its album, in the album's order."""
    ids = album.select().with_only_columns(Photo.id).order_by(None).limit(1)
    moment = db.session.scalar(select(Photo.moment).where(Photo.id == photo_id))
    here = tuple_(moment, photo_id)  # as values: a subquery's row would not use the index
    older = db.session.scalar(ids.where(here > _CURSOR).order_by(*NEWEST_FIRST))
    newer = db.session.scalar(ids.where(here < _CURSOR).order_by(*OLDEST_FIRST))
    return Neighbours(newer, older) if album.newest_first else Neighbours(older, newer)


def find_position(album: Album, photo_id: int) -> Position:
    """Find where a photo is in its album, in the album's order.

    A photo that is not in the album any more is where it would be.
    """
    ids = album.select().with_only_columns(Photo.id)
    moment = db.session.scalar(select(Photo.moment).where(Photo.id == photo_id))
    here = tuple_(moment, photo_id)
    is_before = here < _CURSOR if album.newest_first else here > _CURSOR
    before = ids.where(is_before).order_by(None).subquery()
    count_before = db.session.scalar(select(func.count()).select_from(before)) or 0
    first_id = db.session.scalar(ids.limit(1))
    return Position(count_before + 1, max(count_photos(album), 1), first_id or photo_id)

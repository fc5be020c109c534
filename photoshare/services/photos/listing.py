"""Photos of an album: a page of them, one of them, and its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.sql.base import ExecutableOption

from photoshare.errors import InvalidInputError, NotFoundError
from photoshare.models import Face, Photo, db
from photoshare.services.photos.albums import MOST_CHOSEN, Album, Order
from photoshare.services.photos.moments import Moment, Section, divide, list_moments
from photoshare.services.rooms.entering import Access
from photoshare.services.versions.folding import stands_behind
from photoshare.services.visibility.also_added import reader_of, show_as_own
from photoshare.services.visibility.sight import visible_photos

PAGE_SIZE = 40  # photos of one grid page: two screens of a desktop
_CURSOR_FORMAT = "%Y%m%dT%H%M%S%f"  # of the moment, in an address
MAX_ID_DIGITS = 18  # what fits into SQLite's integers


@dataclass(frozen=True, slots=True)
class PhotoPage:
    """One page of an album's grid.

    The next page begins after its last photo, not at an offset, so that no photo is repeated or
    skipped when others are added or deleted meanwhile.
    """

    photos: Sequence[Photo]
    count: int  # of the whole album
    moments: Sequence[Moment]  # of the whole album, the earliest first; none if not by time
    before: Photo | None  # the photo in front of the page
    after: Photo | None  # the photo behind it

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
        """Divide the page by moments; nothing where time doesn't order the album."""
        if not self.moments:
            return []
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
    behind, in_front_of, here = (_read_cursor(text, album.order) for text in (after, before, at))
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
    if album.order is Order.HEARTS:
        return PhotoPage(photos, count_photos(album), (), before_it, after_it)
    moments = list_moments(album)
    count = sum(moment.count for moment in moments)
    return PhotoPage(photos, count, moments, before_it, after_it)


def _near(
    album: Album,
    cursor: ColumnElement[Any] | None,
    count: int,
    *,
    backwards: bool = False,
    with_it: bool = False,
) -> Sequence[Photo]:
    """List the photos that follow a cursor, or backwards those in front of it, nearest first."""
    query = album.select(backwards=backwards).limit(count)
    if cursor is not None:
        query = query.where(_beyond(album.order, cursor, backwards=backwards, with_it=with_it))
    if count > 1:
        query = query.options(*with_faces())
    return load_photos(album, query)


def _beyond(
    order: Order, cursor: ColumnElement[Any], *, backwards: bool = False, with_it: bool = False
) -> ColumnElement[bool]:
    """Return the condition for photos behind a cursor, or backwards for those in front of it."""
    there = tuple_(*order.columns)
    # The cursor comes first: a column compared with a tuple would lose the index.
    if order.is_ascending != backwards:
        return cursor <= there if with_it else cursor < there
    return cursor >= there if with_it else cursor > there


def list_after(album: Album, cursor: str | None, *, size: int) -> tuple[Sequence[Photo], bool]:
    """List the photos behind a cursor, as `list_photos` does, without what a page tells about all.

    Parameters
    ----------
    album : Album
    cursor : str or None
        From `cursor_of`; None for the first photos.
    size : int
        The most photos.

    Returns
    -------
    tuple of (sequence of Photo, bool)
        The photos, and whether the album has more behind them.

    Raises
    ------
    InvalidInputError
        If the cursor cannot be read.
    """
    behind = _read_cursor(cursor, album.order)
    if cursor is not None and behind is None:
        raise InvalidInputError("This cursor can't be read. Please begin without one.")
    found = _near(album, behind, size + 1)
    return found[:size], len(found) > size


def list_all(album: Album) -> Sequence[Photo]:
    """List the photos of an album whose files are there, as they follow each other in time."""
    return load_photos(album, album.select(Order.OLDEST).where(~Photo.is_lost))


def list_day(album: Album, day: date) -> Sequence[Photo]:
    """List the photos of an album that were taken on one day, as many as can be chosen at once."""
    begin = datetime.combine(day, time.min)
    query = album.select().where(Photo.moment >= begin, Photo.moment < begin + timedelta(days=1))
    return load_photos(album, query.limit(MOST_CHOSEN))


def list_newest(album: Album, *, at_most: int) -> Sequence[Photo]:
    """List the newest photos of an album, with who uploaded each and who is in it."""
    query = album.select(Order.NEWEST).options(*with_faces())
    return load_photos(album, query.limit(at_most))


def load_photos(album: Album, query: Select[Photo]) -> Sequence[Photo]:
    """Load photos of an album as its reader sees them."""
    return show_as_own(album.reader, db.session.scalars(query).all())


def has_behind(album: Album) -> bool:
    """Whether anything that its reader sees stands behind the photos of an album.

    Also the movie of a motion photo, in the same file.
    """
    here = select(Photo.id).where(Photo.room_id == album.room_id, album.is_seen)
    is_behind = stands_behind(album.room_id, album.condition, album.is_seen)
    moves = (album.condition, Photo.moving_bytes.is_not(None))
    queries = (here.where(is_behind), here.where(*moves))
    return any(db.session.scalar(query.limit(1)) is not None for query in queries)


def find_first(album: Album) -> int | None:
    """Return the id of the photo an album begins with; None if it has none."""
    return db.session.scalar(album.select().with_only_columns(Photo.id).limit(1))


def cursor_of(photo: Photo, album: Album) -> str:
    """Return the cursor of a photo in its album, for the address of the page that continues there.

    It stays valid after the photo itself is deleted, or has another heart.
    """
    cursor = cursor_at(photo.moment, photo.id)
    return f"{photo.heart_count}-{cursor}" if album.order is Order.HEARTS else cursor


def cursor_at(moment: datetime, photo_id: int) -> str:
    """Return the cursor of a point in time; the id places it among photos of the same time."""
    return f"{moment:{_CURSOR_FORMAT}}-{photo_id}"


def _read_cursor(text: str | None, order: Order) -> ColumnElement[Any] | None:
    """Parse a cursor from `cursor_of`; None if it is invalid or lacks what the order needs."""
    *hearts, moment, photo_id = ["", *(text or "").split("-")][-len(order.columns) :]
    try:
        numbers = [int(part[:MAX_ID_DIGITS]) for part in (*hearts, photo_id)]
        return tuple_(*numbers[:-1], datetime.strptime(moment, _CURSOR_FORMAT), numbers[-1])
    except ValueError:
        return None


def get_photo(access: Access, photo_id: int, *, all_of_it: bool = False) -> Photo:
    """Load a photo that this browser sees, on request with its guest, its faces and their people.

    Raises
    ------
    NotFoundError
        If the room has no such photo for this browser.
    """
    here = (Photo.room_id == access.room.id, Photo.id == photo_id)
    query = select(Photo).where(*here, visible_photos(access, photo_id))
    photo = db.session.scalar(query.options(*with_faces()) if all_of_it else query)
    if photo is None:
        raise NotFoundError("This photo doesn't exist or was deleted.")
    show_as_own(reader_of(access), [photo])
    return photo


def select_seen(access: Access) -> Select[Photo]:
    """Select the photos of the room that this browser sees, in no order."""
    return select(Photo).where(Photo.room_id == access.room.id, visible_photos(access))


def with_faces() -> tuple[ExecutableOption, ...]:
    """Return options to load photos with their uploaders, faces and the people of these."""
    faces = selectinload(Photo.faces)
    return joinedload(Photo.guest), faces.defer(Face.encoding), faces.joinedload(Face.person)


def _here(album: Album, photo: Photo) -> ColumnElement[Any]:
    """Return the place of a photo in an album's order, as values: they let SQLite use the index."""
    return tuple_(*(getattr(photo, column.key) for column in album.order.columns))


def find_neighbours(album: Album, photo: Photo) -> Neighbours:
    """Find the photos before and after one in its album, in the album's order."""
    here = _here(album, photo)

    def nearest(*, backwards: bool) -> int | None:
        ids = album.select(backwards=backwards).with_only_columns(Photo.id).limit(1)
        return db.session.scalar(ids.where(_beyond(album.order, here, backwards=backwards)))

    return Neighbours(nearest(backwards=True), nearest(backwards=False))


def find_position(album: Album, photo: Photo) -> Position:
    """Find where a photo is in its album, in the album's order.

    A photo that is not in the album any more is where it would be.
    """
    here = _here(album, photo)
    ids = album.select().with_only_columns(Photo.id)
    before = ids.where(_beyond(album.order, here, backwards=True)).order_by(None).subquery()
    count_before = db.session.scalar(select(func.count()).select_from(before)) or 0
    first_id = find_first(album) or photo.id
    return Position(count_before + 1, max(count_photos(album), 1), first_id)

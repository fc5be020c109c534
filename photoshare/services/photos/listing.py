"""Photos of an album: a page of them, one of them, and its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.sql.base import ExecutableOption

from photoshare.errors import NotFoundError
from photoshare.models import Face, Photo, db
from photoshare.services.photos.albums import NEWEST_FIRST, OLDEST_FIRST, Album

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
    count: int  # photos in the whole album
    has_previous: bool
    has_next: bool


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


def list_photos(album: Album, *, after: str | None = None, before: str | None = None) -> PhotoPage:
    """List one page of an album, with who uploaded each photo and who is in it.

    Parameters
    ----------
    album : Album
    after, before : str, optional
        A cursor from `cursor_of`: the page begins after it, or ends before it. If less than a page
        comes before it, or the cursor cannot be read, this is the first page.
    """
    query = album.select().options(*with_faces()).limit(PAGE_SIZE + 1)
    behind, in_front_of = _read_cursor(after), _read_cursor(before)
    if in_front_of is not None:
        is_before = in_front_of < _CURSOR if album.newest_first else in_front_of > _CURSOR
        backwards = OLDEST_FIRST if album.newest_first else NEWEST_FIRST
        found = db.session.scalars(query.where(is_before).order_by(None).order_by(*backwards)).all()
        if len(found) >= PAGE_SIZE:
            page = found[PAGE_SIZE - 1 :: -1]
            return PhotoPage(page, count_photos(album), len(found) > PAGE_SIZE, has_next=True)
    elif behind is not None:
        query = query.where(behind > _CURSOR if album.newest_first else behind < _CURSOR)
    found = db.session.scalars(query).all()
    has_next = len(found) > PAGE_SIZE
    return PhotoPage(found[:PAGE_SIZE], count_photos(album), behind is not None, has_next)


def list_newest(album: Album, *, at_most: int) -> Sequence[Photo]:
    """List the newest photos of an album, with who uploaded each and who is in it."""
    query = album.select(newest_first=True).options(*with_faces())
    return db.session.scalars(query.limit(at_most)).all()


def cursor_of(photo: Photo) -> str:
    """Return the cursor of a photo in its album, for the address of the page that continues there.

    It stays valid after the photo itself is deleted.
    """
    return f"{photo.moment:{_CURSOR_FORMAT}}-{photo.id}"


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

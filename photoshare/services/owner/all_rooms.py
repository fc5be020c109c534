"""All rooms of the server, as its owner sees them: how large, how full of life, until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from photoshare.databases.expressions import total
from photoshare.errors import NotFoundError
from photoshare.models import Guest, GuestSession, Photo, Room, db
from photoshare.services.paging import ListPage, has_page
from photoshare.services.people.finding import fold_name
from photoshare.services.rooms.ending import last_day
from photoshare.services.rooms.entering import has_ended, normalise_code

PAGE_SIZE = 20  # rooms: the counts of that many are made for a page, however many there are
AT_ONCE = 500  # rooms in one statement; SQLite takes up to 32,766 values


@dataclass(frozen=True, slots=True)
class RoomCard:
    """The data of a room that the owner sees; nothing of what is in its photos."""

    id: int
    code: str
    title: str
    created_at: datetime
    ends_on: date | None  # its last day, or the one on which it was ended
    has_ended: bool
    is_in_bin: bool
    has_password: bool
    photo_count: int
    size_bytes: int  # of the originals
    guest_count: int  # who are in by some browser, hosts included
    used_at: datetime  # when a photo was added, a browser seen (to ten minutes), or it was opened
    # Who sees what, as the columns of `Room`.
    audience: str
    revealed_at: datetime | None
    faces_for: str
    adds_until: date | None
    covers_faces: bool


def find_rooms(words: str = "", number: int = 1) -> ListPage[RoomCard]:
    """Return a page of the rooms whose title has all of these words, the newest room first.

    Parameters
    ----------
    words : str
        Typed by the owner; also the code of a room. Empty for all rooms.
    number : int
        Of the page, from 1.
    """
    folded, code = fold_name(words).split(), normalise_code(words)
    rows = db.session.execute(select(Room.id, Room.title, Room.code).order_by(Room.id.desc()))
    found = [
        row.id
        for row in rows
        if row.code == code or all(word in fold_name(row.title) for word in folded)
    ]
    number = max(1, number)
    if not has_page(number, len(found), PAGE_SIZE):
        number = 1
    shown = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    return ListPage(_load_cards(shown), number, len(found), PAGE_SIZE)


def list_all_rooms() -> list[RoomCard]:
    """List every room, the newest first."""
    ids = db.session.scalars(select(Room.id).order_by(Room.id.desc())).all()
    parts = (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
    return [card for part in parts for card in _load_cards(part)]


def get_card(room_id: int) -> RoomCard:
    """Load one room.

    Raises
    ------
    NotFoundError
        If it does not exist.
    """
    cards = _load_cards([room_id])
    if not cards:
        raise NotFoundError("This room no longer exists.")
    return cards[0]


def get_room(room_id: int) -> Room:
    """Load a room by its id.

    Raises
    ------
    NotFoundError
        If it does not exist.
    """
    room = db.session.get(Room, room_id)
    if room is None:
        raise NotFoundError("This room no longer exists.")
    return room


def _load_cards(room_ids: Sequence[int]) -> list[RoomCard]:
    """Load rooms in this order; those that do not exist are left out."""
    rooms = {room.id: room for room in db.session.scalars(_of(select(Room), Room.id, room_ids))}
    uploads = _count_photos(room_ids)
    newest = select(Photo.id, Photo.created_at)
    added_at: dict[int, datetime] = {
        row.id: row.created_at
        for row in db.session.execute(
            _of(newest, Photo.id, [row.newest_id for row in uploads.values()])
        )
    }
    guests = _count_guests(room_ids)
    cards = []
    for room in filter(None, map(rooms.get, room_ids)):
        photos, people = uploads.get(room.id), guests.get(room.id)
        used = [room.created_at]
        used += [added_at[photos.newest_id]] if photos and photos.newest_id in added_at else []
        used += [people.seen_at] if people else []
        cards.append(
            RoomCard(
                id=room.id,
                code=room.code,
                title=room.title,
                created_at=room.created_at,
                ends_on=last_day(room),
                has_ended=has_ended(room),
                is_in_bin=room.binned_at is not None,
                has_password=room.password_hash is not None,
                photo_count=photos.photo_count if photos else 0,
                size_bytes=photos.size_bytes if photos else 0,
                guest_count=people.guest_count if people else 0,
                used_at=max(used),
                audience=room.audience,
                revealed_at=room.revealed_at,
                faces_for=room.faces_for,
                adds_until=room.adds_until,
                covers_faces=room.covers_faces,
            )
        )
    return cards


def _count_photos(room_ids: Sequence[int]) -> dict[int, Any]:
    """Count the photos of rooms and add up their bytes, from an index that has both."""
    counts = select(
        Photo.room_id,
        func.count().label("photo_count"),
        total(Photo.size_bytes).label("size_bytes"),
        func.max(Photo.id).label("newest_id"),
    ).group_by(Photo.room_id)
    return {row.room_id: row for row in db.session.execute(_of(counts, Photo.room_id, room_ids))}


def _count_guests(room_ids: Sequence[int]) -> dict[int, Any]:
    """Count who is in rooms, and find when the last of them was seen."""
    counts = (
        select(
            Guest.room_id,
            func.count(Guest.id.distinct()).label("guest_count"),
            func.max(GuestSession.seen_at).label("seen_at"),
        )
        .join(GuestSession, GuestSession.guest_id == Guest.id)
        .group_by(Guest.room_id)
    )
    return {row.room_id: row for row in db.session.execute(_of(counts, Guest.room_id, room_ids))}


def _of(query: Any, column: Any, values: Sequence[int]) -> Any:
    return query.where(column.in_(values))

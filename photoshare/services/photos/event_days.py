"""The days of an event, as its photos tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from photoshare.models import Photo, db

OUTSIDE = 20  # one photo of so many at either end may have a wrong clock, or be of another day


@dataclass(frozen=True, slots=True)
class EventDays:
    """The first and the last day on which most photos of a room were taken."""

    first: date
    last: date


def find_event_days(room_id: int, photo_count: int) -> EventDays | None:
    """Find the days of a room's event; None while it has no photo.

    Parameters
    ----------
    room_id : int
    photo_count : int
        Of the room. A twentieth of the photos at either end is left out: screenshots, older photos
        and cameras whose clock is wrong.
    """
    outside = photo_count // OUTSIDE
    first = _moment(room_id, outside)
    last = _moment(room_id, max(photo_count - 1 - outside, 0))
    return EventDays(first.date(), last.date()) if first and last else None


def _moment(room_id: int, offset: int) -> datetime | None:
    """Return when a room's photo at this place in the order of time was taken."""
    query = select(Photo.moment).where(Photo.room_id == room_id).order_by(Photo.moment)
    return db.session.scalar(query.offset(offset).limit(1))

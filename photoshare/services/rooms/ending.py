"""The end of a room: by its date or by a host; what is left of it is deleted a while later.

After the end, guests who are in can look and download, nobody new comes in, and nothing can be
added, corrected or deleted but by hosts. On the day that the room has announced, it is gone.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from photoshare.models import Room, db, utc_now
from photoshare.services.rooms import activity
from photoshare.services.rooms.activity import ActivityKind
from photoshare.services.rooms.entering import has_ended, last_today

NOTICE_DAYS = 7  # of notice, at least: of the end on pages, and of the deletion after it
DELETION_CHOICES = (7, 30, 90, 365)  # days after the end


def end_now(room: Room, host_id: int | None = None) -> None:
    """End a room that is open; guests who are in may still look and download.

    Parameters
    ----------
    room : Room
    host_id : int or None
        The guest who does it; None: whoever runs the server.
    """
    if room.ended_at is None:
        activity.note(room.id, ActivityKind.ENDED, host_id)
    is_open = Room.ended_at.is_(None)
    db.session.execute(update(Room).where(Room.id == room.id, is_open).values(ended_at=utc_now()))
    db.session.commit()


def reopen(room: Room, host_id: int | None = None) -> None:
    """Open a room that has ended; an end date that has passed goes."""
    if has_ended(room):
        activity.note(room.id, ActivityKind.REOPENED, host_id)
    values: dict[str, object] = {"ended_at": None}
    if room.ends_on is not None and room.ends_on < last_today():
        values["ends_on"] = None
    db.session.execute(update(Room).where(Room.id == room.id).values(values))
    db.session.commit()


def last_day(room: Room) -> date | None:
    """Return the last day of a room: the one it was ended on, else its end date, else None."""
    days = [room.ended_at.date() if room.ended_at else None, room.ends_on]
    return min((day for day in days if day is not None), default=None)


def deletion_day(room: Room) -> date | None:
    """Return the day on which a room will be deleted with everything; None: not by itself."""
    end = last_day(room)
    if end is None or room.deletes_after_days is None:
        return None
    return end + timedelta(days=room.deletes_after_days)


def ends_soon(room: Room) -> bool:
    """Whether a room that is open ends so soon that its pages say so."""
    if room.ends_on is None or has_ended(room):
        return False
    return room.ends_on - last_today() < timedelta(days=NOTICE_DAYS)


def with_notice(room: Room, days: int | None) -> int | None:
    """Return after how many days a room shall be deleted, so that its guests learn of it before.

    Parameters
    ----------
    room : Room
    days : int or None
        After its end, as the host has chosen; None: never.

    Returns
    -------
    int or None
        More of them if the room ended long ago: it stays for `NOTICE_DAYS` from today on.
    """
    end = last_day(room)
    if days is None or days == room.deletes_after_days or end is None:
        return days
    return max(days, (last_today() - end).days + NOTICE_DAYS)


def list_due() -> list[int]:
    """List the rooms whose day of deletion has come everywhere on earth."""
    ends: ColumnElement[bool] = or_(Room.ends_on.is_not(None), Room.ended_at.is_not(None))
    some = db.session.scalars(select(Room).where(ends, Room.deletes_after_days.is_not(None)))
    due = [(room.id, deletion_day(room)) for room in some]
    return [room_id for room_id, day in due if day is not None and day <= last_today()]

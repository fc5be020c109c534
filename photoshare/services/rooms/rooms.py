"""Rooms: make, change and delete them."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, select, update

from photoshare.errors import InvalidInputError
from photoshare.models import FormerCode, Photo, Room, db, utc_now
from photoshare.pictures.best_time import zone_named
from photoshare.services.rooms import activity, ending
from photoshare.services.rooms.activity import ActivityKind
from photoshare.services.rooms.entering import (
    CODE_ALPHABET,
    CODE_GROUPS,
    last_today,
    normalise_code,
)
from photoshare.services.rooms.hashing import check_password_length, hash_password
from photoshare.services.rooms.host_links import add_link, make_secret
from photoshare.services.shelf import forget_room
from photoshare.services.space import even_when_full
from photoshare.storage import Storage

MAX_TITLE = 120  # characters
DELETES_AFTER_DAYS = 30  # of new rooms: enough for everybody to take their photos home
LONGEST_STAY = 3650  # days after the end
# What hosts read of which were changed; a password's hash differs each time it is set.
SETTINGS = (
    *("title", "ends_on", "password_hash", "guests_may_correct", "keeps_metadata"),
    *("has_hearts", "is_moderated", "deletes_after_days", "time_zone"),
)
PHOTOS_AT_ONCE = 500  # deleted in one transaction; with 3 faces each, 2 MB in the database's log


@dataclass(frozen=True, slots=True)
class NewRoom:
    """A newly created room, with the only copy of its host secret."""

    room: Room
    host_secret: str


def create_room(
    title: str,
    *,
    password: str = "",
    ends_on: date | None = None,
    deletes_after_days: int | None = DELETES_AFTER_DAYS,
    time_zone: str = "",
) -> NewRoom:
    """Create a room with its own code and host secret.

    Parameters
    ----------
    title : str
    password : str
    ends_on : date, optional
    deletes_after_days : int, optional
    time_zone : str
        Of the host's browser, as Europe/Berlin; an unknown one is left out.

    Raises
    ------
    InvalidInputError
        If the title is missing, or a text is too long.
    """
    room = Room(
        code=new_code(),
        title=checked_title(title),
        password_hash=password_hash_of(password),
        ends_on=_checked_end(ends_on),
        deletes_after_days=_checked_days(deletes_after_days),
        time_zone=time_zone if zone_named(time_zone) else None,
    )
    db.session.add(room)
    db.session.flush()  # the link needs its id
    secret = make_secret(add_link(room.id).nonce)
    db.session.commit()
    return NewRoom(room, secret)


def renew_code(room: Room, host_id: int | None = None) -> None:
    """Give a room a new code, and so a new guest link.

    To strangers the former one now leads to a room that has ended; guests stay in.

    Parameters
    ----------
    room : Room
    host_id : int, optional
        The guest who does it; by default whoever runs the server.
    """
    activity.note(room.id, ActivityKind.RENEWED_GUEST_LINK, host_id)
    db.session.add(FormerCode(code=room.code, room_id=room.id))
    room.code = new_code()
    db.session.commit()


def new_code() -> str:
    """Make the code of a room that nobody can guess."""
    return normalise_code("".join(secrets.choice(CODE_ALPHABET) for _ in range(sum(CODE_GROUPS))))


def change_settings(
    room: Room,
    *,
    title: str,
    ends_on: date | None,
    password: str = "",
    is_open: bool = False,
    guests_may_correct: bool = False,
    keeps_metadata: bool = False,
    has_hearts: bool = True,
    deletes_after_days: int | None = None,
    is_moderated: bool = False,
    time_zone: str | None = None,
    host_id: int | None = None,
) -> None:
    """Change the settings of a room; after a new password, guests are asked for it.

    Parameters
    ----------
    room : Room
    title : str
    ends_on : date or None
        Not in the past, unless it is the room's present one.
    password : str
        What guests have to type from now on, those who are in as well, but not hosts; empty to
        keep the present one.
    is_open : bool
        Whether to remove the password.
    guests_may_correct : bool
        Whether guests may name and correct everyone, not only in the photos they uploaded.
    keeps_metadata, has_hearts : bool
        Whether guests get originals with locations, names and serial numbers; may give hearts.
    deletes_after_days : int or None
        After its end the room is deleted with everything; None: never.
    is_moderated : bool
        Whether what guests add from now on waits for a host's yes. What waits already stays so.
    time_zone : str, optional
        Of the event, as Europe/Berlin; empty: none. By default it stays.
    host_id : int, optional
        The guest who does it; by default whoever runs the server.

    Raises
    ------
    InvalidInputError
        If any value cannot be accepted. Nothing is changed then.
    """
    values: dict[str, object] = {
        "title": checked_title(title),
        "guests_may_correct": guests_may_correct,
        "keeps_metadata": keeps_metadata,
        "has_hearts": has_hearts,
        "is_moderated": is_moderated,
        **_values_of_end(room, ends_on, _checked_days(deletes_after_days)),
        **_values_of_password(password, is_open=is_open),
    }
    if time_zone is not None:
        values["time_zone"] = _checked_zone(time_zone)
    _note_changes(room, values, host_id)
    db.session.execute(update(Room).where(Room.id == room.id).values(values))
    db.session.commit()


def _values_of_password(password: str, *, is_open: bool) -> dict[str, object]:
    if password and is_open:
        raise InvalidInputError("Set a new password or remove it, but not both.", field="password")
    if not password and not is_open:
        return {}
    changed_at = utc_now() if password else None
    return {"password_hash": password_hash_of(password), "password_changed_at": changed_at}


def _values_of_end(room: Room, ends_on: date | None, days: int | None) -> dict[str, object]:
    if ends_on == room.ends_on:
        return {"ends_on": ends_on, "deletes_after_days": ending.with_notice(room, days)}
    _checked_end(ends_on)
    return {"ends_on": ends_on, "deletes_after_days": days, "ended_at": None}  # it opens again


def _note_changes(room: Room, values: Mapping[str, object], host_id: int | None) -> None:
    changed = [name for name in values if name in SETTINGS and values[name] != getattr(room, name)]
    if changed:
        names = ",".join(changed)
        activity.note(room.id, ActivityKind.CHANGED_SETTINGS, host_id, about=names)


def delete_room(room_id: int, storage: Storage) -> None:
    """Delete a room with all of its photos, faces, people, guests and files.

    The files go first, so that a full disk has space for what the database writes. If the process
    ends in between, `finish_deletions` resumes.
    """
    with storage.locked():
        storage.set_room_aside(room_id)
    storage.empty_room_set_aside(room_id)
    with storage.locked():
        even_when_full(storage, lambda: _delete_rows(room_id))
        forget_room(room_id, before=math.inf)
        storage.set_room_aside(room_id)  # what an upload has written in between
    storage.forget_room_set_aside(room_id)
    storage.fill_reserve()


def finish_deletions(storage: Storage) -> None:
    """Delete the rooms whose deletion was interrupted."""
    for room_id in storage.rooms_set_aside():
        delete_room(room_id, storage)


def _delete_rows(room_id: int) -> None:
    """Delete a room's rows in portions: the log of one transaction would be as big as the room."""
    some = select(Photo.id).where(Photo.room_id == room_id).limit(PHOTOS_AT_ONCE)
    while db.session.scalar(select(some.exists())):
        db.session.execute(delete(Photo).where(Photo.id.in_(some)))
        db.session.commit()
    db.session.execute(delete(Room).where(Room.id == room_id))
    db.session.commit()


def checked_title(title: str) -> str:
    """Return a title without outer spaces; refuse an empty or overlong one."""
    title = title.strip()
    if not title:
        raise InvalidInputError("Please give the room a title.", field="title")
    if len(title) > MAX_TITLE:
        raise InvalidInputError(
            "The title can be up to %(number)s characters long.", field="title", number=MAX_TITLE
        )
    return title


def password_hash_of(password: str) -> str | None:
    """Hash a room's password; refuse an overlong one, and return None for none."""
    check_password_length(password)
    return hash_password(password) if password else None


def _checked_zone(name: str) -> str | None:
    name = name.strip()
    if name and zone_named(name) is None:
        raise InvalidInputError(
            "Please choose a time zone from the list, such as Europe/Berlin.", field="time_zone"
        )
    return name or None


def _checked_days(days: int | None) -> int | None:
    if days is not None and not ending.NOTICE_DAYS <= days <= LONGEST_STAY:
        raise InvalidInputError(
            "Please choose when the room is to be deleted from the list.",
            field="deletes_after_days",
        )
    return days


def _checked_end(ends_on: date | None) -> date | None:
    if ends_on is not None and ends_on < last_today():
        raise InvalidInputError("The end date is in the past.", field="ends_on")
    return ends_on

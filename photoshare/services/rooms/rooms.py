"""Create, enter, join, change and delete rooms."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import delete, select, update

from photoshare.db import db, utc_now
from photoshare.errors import InvalidInputError, NotFoundError, WrongPasswordError
from photoshare.models import Guest, Photo, Room
from photoshare.services.rooms.hashing import hash_password, hash_secret, is_right
from photoshare.services.shelf import forget_room
from photoshare.services.space import even_when_full
from photoshare.storage import Storage

# No two look alike in either case: of 0 o, 1 i l, 2 z, 5 s, 6 g b, 9 q, u v at most one is used.
CODE_ALPHABET = "acdefhjkmnprtwxy2346789"
CODE_GROUPS = (5, 4, 5)  # 14 characters of 23 are 63 random bits; grouped to be read aloud
HOST_SECRET_BYTES = 20  # 160 random bits
MAX_SECRET = 100  # characters; ours have 27
MAX_TYPED_CODE = 100  # characters; ours have 16, and somebody may type them with spaces
MAX_TITLE = 120  # characters
MAX_NAME = 60  # characters
MAX_PASSWORD = 200  # characters; scrypt takes any length, a form should not
PHOTOS_AT_ONCE = 500  # deleted in one transaction; with 3 faces each, 2 MB in the database's log
LAST_TIME_ZONE = timedelta(hours=12)  # behind UTC: where on earth a day ends last


@dataclass(frozen=True, slots=True)
class NewRoom:
    """A newly created room, with the only copy of its host secret."""

    room: Room
    host_secret: str


@dataclass(frozen=True, slots=True)
class Access:
    """A browser that is in a room: the proof that it passed the access check."""

    room: Room
    guest: Guest

    @property
    def is_host(self) -> bool:
        """Whether this browser may manage the room."""
        return self.guest.is_host


def normalise_code(text: str) -> str:
    """Convert a typed room code to the form in which it is stored.

    Hyphens, spaces and case are ignored. A text too long to be a code matches no room.
    """
    if len(text) > MAX_TYPED_CODE:
        return ""
    bare = "".join(letter for letter in text.lower() if letter in CODE_ALPHABET)
    first, second = CODE_GROUPS[0], CODE_GROUPS[0] + CODE_GROUPS[1]
    return "-".join((bare[:first], bare[first:second], bare[second:]))


def create_room(title: str, *, password: str = "", ends_on: date | None = None) -> NewRoom:
    """Create a room with its own code and host secret.

    Raises
    ------
    InvalidInputError
        If the title is missing, or a text is too long.
    """
    secret = secrets.token_urlsafe(HOST_SECRET_BYTES)
    room = Room(
        code=normalise_code(
            "".join(secrets.choice(CODE_ALPHABET) for _ in range(sum(CODE_GROUPS)))
        ),
        title=checked_title(title),
        password_hash=_password_hash(password),
        host_secret_hash=hash_secret(secret),
        ends_on=_checked_end(ends_on),
    )
    db.session.add(room)
    db.session.commit()
    return NewRoom(room, secret)


def find_room(code: str) -> Room:
    """Find the room with this code, however it was typed.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    room = db.session.scalar(select(Room).where(Room.code == normalise_code(code)))
    if room is None:
        raise NotFoundError("There is no room with this code.")
    return room


def has_ended(room: Room) -> bool:
    """Whether the room's last day is over everywhere on earth: only its host may enter."""
    return room.ends_on is not None and _today() > room.ends_on


def enter_room(code: str, guest_ids: Mapping[str, int]) -> Access:
    """Check that this browser has joined this room: the access check of every room page.

    Parameters
    ----------
    code : str
        From the address.
    guest_ids : mapping of room id, as text, to guest id
        What the browser's signed cookie says.

    Raises
    ------
    NotFoundError
        If the room does not exist or has ended, or the browser has not joined it.
    """
    found = db.session.execute(
        select(Room, Guest)
        .join(Guest, Guest.room_id == Room.id)
        .where(Room.code == normalise_code(code), Guest.id.in_(guest_ids.values()))
    )
    for room, guest in found:
        is_open = guest.is_host or not has_ended(room)
        if is_open and guest_ids.get(str(room.id)) == guest.id:
            return Access(room, guest)
    find_room(code)  # raises the error for an unknown code
    raise NotFoundError("This page is not there, or is for the people in its room only.")


def list_joined_rooms(guest_ids: Mapping[str, int]) -> list[Room]:
    """List the rooms that this browser may enter now, most recently joined first.

    Parameters
    ----------
    guest_ids : mapping of room id, as text, to guest id
        What the browser's signed cookie says.
    """
    rows = db.session.execute(
        select(Room, Guest)
        .join(Guest, Guest.room_id == Room.id)
        .where(Guest.id.in_(guest_ids.values()))
        .order_by(Guest.id.desc())
    )
    return [
        room
        for room, guest in rows
        if guest_ids.get(str(room.id)) == guest.id and (guest.is_host or not has_ended(room))
    ]


def join_room(room: Room, *, password: str, name: str) -> Guest:
    """Let a new guest in.

    Raises
    ------
    WrongPasswordError
        If the password is not the room's.
    InvalidInputError
        If the name or the password is too long, or the room has ended.
    """
    if has_ended(room):
        raise InvalidInputError("This room has ended; only its host can still open it.")
    name = checked_name(name)
    if room.password_hash is not None:
        _check_length(password)
        if not is_right(room.password_hash, password):
            raise WrongPasswordError("The password is not right.")
    return _add_guest(room, name, is_host=False)


def become_host(room: Room, *, secret: str, name: str = "") -> Guest:
    """Let the holder of the host link in as the room's host.

    Raises
    ------
    NotFoundError
        If the secret is not the room's.
    InvalidInputError
        If the name is too long.
    """
    name = checked_name(name)
    check_host_secret(room, secret)
    return _add_guest(room, name, is_host=True)


def check_host_secret(room: Room, secret: str) -> None:
    """Refuse a host secret that is not the room's.

    Raises
    ------
    NotFoundError
        If the secret is wrong.
    """
    if len(secret) > MAX_SECRET or not is_right(room.host_secret_hash, secret):
        raise NotFoundError("This host link is not valid.")


def change_settings(
    room: Room,
    *,
    title: str,
    ends_on: date | None,
    password: str = "",
    is_open: bool = False,
    guests_may_correct: bool = False,
    keeps_metadata: bool = False,
) -> None:
    """Change the settings of a room; everyone who has joined stays in.

    Parameters
    ----------
    room : Room
    title : str
    ends_on : date or None
        Not in the past, unless it is the room's present one.
    password : str
        What new guests have to type from now on; empty to keep the present one.
    is_open : bool
        Whether to remove the password.
    guests_may_correct : bool
        Whether guests may name and correct everyone, not only in the photos they uploaded.
    keeps_metadata : bool
        Whether guests get originals that include locations, names and serial numbers.

    Raises
    ------
    InvalidInputError
        If any value cannot be accepted. Nothing is changed then.
    """
    if password and is_open:
        raise InvalidInputError("Please either set a new password or remove it, not both.")
    values: dict[str, object] = {
        "title": checked_title(title),
        "ends_on": ends_on,
        "guests_may_correct": guests_may_correct,
        "keeps_metadata": keeps_metadata,
    }
    if ends_on != room.ends_on:
        _checked_end(ends_on)
    if password or is_open:
        values["password_hash"] = _password_hash(password)
    db.session.execute(update(Room).where(Room.id == room.id).values(values))
    db.session.commit()


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
        raise InvalidInputError("Please give the room a title.")
    if len(title) > MAX_TITLE:
        raise InvalidInputError(
            "The title can have %(number)s characters at most.", number=MAX_TITLE
        )
    return title


def checked_name(name: str) -> str:
    """Return a person's name without outer spaces; refuse an overlong one."""
    name = " ".join(name.split())
    if len(name) > MAX_NAME:
        raise InvalidInputError("A name can have %(number)s characters at most.", number=MAX_NAME)
    return name


def _password_hash(password: str) -> str | None:
    _check_length(password)
    return hash_password(password) if password else None


def _check_length(password: str) -> None:
    if len(password) > MAX_PASSWORD:
        raise InvalidInputError(
            "The password can have %(number)s characters at most.", number=MAX_PASSWORD
        )


def _checked_end(ends_on: date | None) -> date | None:
    if ends_on is not None and ends_on < _today():
        raise InvalidInputError("The end date is in the past.")
    return ends_on


def _today() -> date:
    """Return the earliest date that it still is anywhere on earth."""
    return (utc_now() - LAST_TIME_ZONE).date()


def _add_guest(room: Room, name: str, *, is_host: bool) -> Guest:
    guest = Guest(room_id=room.id, name=name, is_host=is_host)
    db.session.add(guest)
    db.session.commit()
    return guest

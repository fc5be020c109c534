"""Who is in a room: find it by its code, join it, come back to it, become its host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from photoshare.errors import (
    InvalidInputError,
    NotFoundError,
    NotJoinedError,
    RoomEndedError,
    WrongPasswordError,
)
from photoshare.models import Guest, Room, db, utc_now
from photoshare.services.rooms.hashing import is_right

# No two look alike in either case: of 0 o, 1 i l, 2 z, 5 s, 6 g b, 9 q, u v at most one is used.
CODE_ALPHABET = "acdefhjkmnprtwxy2346789"
CODE_GROUPS = (5, 4, 5)  # 14 characters of 23 are 63 random bits; grouped to be read aloud
MAX_SECRET = 100  # characters; ours have 27
MAX_TYPED_CODE = 100  # characters; ours have 16, and someone may type them with spaces
MAX_NAME = 60  # characters
MAX_PASSWORD = 200  # characters; scrypt takes any length, a form should not
LAST_TIME_ZONE = timedelta(hours=12)  # behind UTC: where on earth a day ends last


@dataclass(frozen=True, slots=True)
class Access:
    """A browser that is in a room: the proof that it passed the access check."""

    room: Room
    guest: Guest

    @property
    def is_host(self) -> bool:
        """Whether this browser may manage the room."""
        return self.guest.is_host


@dataclass(frozen=True, slots=True)
class Author:
    """The author of a correction: a browser in a room, or the command line."""

    room_id: int
    guest_id: int | None = None
    is_host: bool = True
    may_correct_all: bool = True

    def may_correct(self, uploader_ids: Sequence[int | None]) -> bool:
        """Whether they may correct faces on photos that these guests uploaded."""
        if self.is_host or self.may_correct_all:
            return True
        return bool(uploader_ids) and all(uploader == self.guest_id for uploader in uploader_ids)


def author_of(access: Access) -> Author:
    """Make the author for a browser: hosts correct all, guests their own photos or by setting."""
    room, guest = access.room, access.guest
    return Author(room.id, guest.id, access.is_host, room.guests_may_correct)


def normalise_code(text: str) -> str:
    """Convert a typed room code to the form in which it is stored.

    Hyphens, spaces and case are ignored. A text too long to be a code matches no room.
    """
    if len(text) > MAX_TYPED_CODE:
        return ""
    bare = "".join(letter for letter in text.lower() if letter in CODE_ALPHABET)
    first, second = CODE_GROUPS[0], CODE_GROUPS[0] + CODE_GROUPS[1]
    return "-".join((bare[:first], bare[first:second], bare[second:]))


def find_room(code: str) -> Room:
    """Find the room with this code, however it was typed.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    room = db.session.scalar(select(Room).where(Room.code == normalise_code(code)))
    if room is None:
        raise NotFoundError("There's no room with this code.")
    return room


def has_ended(room: Room) -> bool:
    """Whether the room's last day is over everywhere on earth: only its host may enter."""
    return room.ends_on is not None and last_today() > room.ends_on


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
        If the room does not exist.
    RoomEndedError
        If only its host may still enter.
    NotJoinedError
        If the browser has not joined it.
    """
    found = db.session.execute(
        select(Room, Guest)
        .join(Guest, Guest.room_id == Room.id)
        .where(Room.code == normalise_code(code), Guest.id.in_(guest_ids.values()))
    )
    for room, guest in found:
        if guest_ids.get(str(room.id)) == guest.id:
            if has_ended(room) and not guest.is_host:
                raise RoomEndedError(title=room.title, host_name=_host_name(room))
            return Access(room, guest)
    check_is_open(find_room(code))
    raise NotJoinedError("This page doesn't exist, or only people in its room can see it.")


def check_is_open(room: Room) -> None:
    """Refuse strangers to a room that has ended; its title is for those who need no password.

    Raises
    ------
    RoomEndedError
    """
    if has_ended(room):
        title = room.title if room.password_hash is None else None
        raise RoomEndedError(title=title, host_name=None)


def _host_name(room: Room) -> str | None:
    """Return the name of the first host who gave one."""
    query = select(Guest.name).where(Guest.room_id == room.id, Guest.is_host, Guest.name != "")
    return db.session.scalar(query.order_by(Guest.id).limit(1))


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
        If the name or the password is too long.
    RoomEndedError
        If the room has ended.
    """
    check_is_open(room)
    name = checked_name(name)
    if room.password_hash is not None:
        check_password_length(password)
        if not is_right(room.password_hash, password):
            raise WrongPasswordError("That password isn't right.", field="password")
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
    check_host_secret(room, secret)
    return _add_guest(room, checked_name(name), is_host=True)


def check_host_secret(room: Room, secret: str) -> None:
    """Refuse a host secret that is not the room's.

    Raises
    ------
    NotFoundError
        If the secret is wrong.
    """
    if len(secret) > MAX_SECRET or not is_right(room.host_secret_hash, secret):
        raise NotFoundError("This host link isn't valid.")


def checked_name(name: str) -> str:
    """Return a person's name without outer spaces; refuse an overlong one."""
    name = " ".join(name.split())
    if len(name) > MAX_NAME:
        raise InvalidInputError(
            "Names can be up to %(number)s characters long.", field="name", number=MAX_NAME
        )
    return name


def check_password_length(password: str) -> None:
    """Refuse a password that is longer than any form takes."""
    if len(password) > MAX_PASSWORD:
        raise InvalidInputError(
            "The password can be up to %(number)s characters long.",
            field="password",
            number=MAX_PASSWORD,
        )


def _add_guest(room: Room, name: str, *, is_host: bool) -> Guest:
    guest = Guest(room_id=room.id, name=name, is_host=is_host)
    db.session.add(guest)
    db.session.commit()
    return guest


def last_today() -> date:
    """Return the earliest date that it still is anywhere on earth."""
    return (utc_now() - LAST_TIME_ZONE).date()

"""Who is in a room: find it by its code, join it, come back to it, become its host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam, select

from photoshare.errors import (
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    NotJoinedError,
    PasswordChangedError,
    RoomBinnedError,
    RoomEndedError,
    RoomMovedError,
    WrongPasswordError,
)
from photoshare.models import ApiToken, FormerCode, Guest, GuestSession, HostLink, Room, db, utc_now
from photoshare.services.rooms import activity
from photoshare.services.rooms.activity import ActivityKind
from photoshare.services.rooms.hashing import check_password_length, is_right
from photoshare.services.rooms.host_links import find_link, list_links
from photoshare.services.rooms.sessions import hash_tokens

# No two look alike in either case: of 0 o, 1 i l, 2 z, 5 s, 6 g b, 9 q, u v at most one is used.
CODE_ALPHABET = "acdefhjkmnprtwxy2346789"
CODE_GROUPS = (5, 4, 5)  # 14 characters of 23 are 63 random bits; grouped to be read aloud
MAX_TYPED_CODE = 100  # characters; ours have 16, and someone may type them with spaces
MAX_NAME = 60  # characters
LAST_TIME_ZONE = timedelta(hours=12)  # behind UTC: where on earth a day ends last

# Built once, since every request asks it. The code is part of an expression, which no index is on:
# else SQLite begins with the room, and looks through the sessions of all of its guests.
_WHO_IS_IN = (
    select(
        *(Room, Guest, GuestSession.id, GuestSession.token_hash),
        *(GuestSession.created_at, GuestSession.seen_at),
    )
    .select_from(GuestSession)
    .join(Guest, Guest.id == GuestSession.guest_id)
    .join(Room, Room.id == Guest.room_id)
    .where(
        GuestSession.token_hash.in_(bindparam("hashes", expanding=True)),
        Room.code.concat("") == bindparam("code"),
    )
)


@dataclass(frozen=True, slots=True)
class Access:
    """A browser or a script that is in a room: the proof that it passed the access check."""

    room: Room
    guest: Guest
    session_id: int | None = None  # None: not by a browser
    seen_at: datetime | None = None  # before now
    token: ApiToken | None = None  # of a script, which the guest made; None: a browser

    @property
    def is_host(self) -> bool:
        """Whether this browser may manage the room; a script sees what guests see."""
        return self.guest.is_host and self.token is None

    @property
    def is_read_only(self) -> bool:
        """Whether this browser may only look and download: a guest's, after the end."""
        return not self.is_host and has_ended(self.room)


@dataclass(frozen=True, slots=True)
class Author:
    """The author of a correction: a browser in a room, or the command line."""

    room_id: int
    guest_id: int | None = None
    is_host: bool = True
    may_correct_all: bool = True
    is_read_only: bool = False
    # The only person they see, else NO_PERSON (services/visibility); None: they see the others.
    sees_only: int | None = None

    def may_correct(self, uploader_ids: Sequence[int | None]) -> bool:
        """Whether they may correct faces on photos that these guests uploaded."""
        if self.is_read_only or self.sees_only is not None:
            return False
        if self.is_host or self.may_correct_all:
            return True
        return bool(uploader_ids) and all(uploader == self.guest_id for uploader in uploader_ids)


def check_host(who: Access | Author) -> None:
    """Refuse whoever isn't a host of the room, by a NotAllowedError."""
    if not who.is_host:
        raise NotAllowedError("Only the room's host can do this.")


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
    RoomEndedError
        If the room is in the bin, or has a new guest link: to strangers, it has ended.
    """
    room = _find_present(code)
    if room is None:
        if _find_former(code) is not None:
            raise _ended(title=None, host_name=None)
        raise NotFoundError("There's no room with this code.")
    if room.binned_at is not None:
        raise _ended(title=None, host_name=None)
    return room


def find_any_room(code: str) -> Room:
    """Find the room that has this code or had it before, in the bin or not.

    For hosts, and whoever runs the server.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    return _find_former(code) or _find_present(code) or find_room(code)


def find_room_of_link(code: str, secret: str) -> Room:
    """Find the room that a host link opens, by its present code or a former one.

    The host link is the secret; guests are who a new guest link keeps out.

    Raises
    ------
    NotFoundError
        If there is no such room, or the secret is wrong.
    RoomEndedError
        If the secret is wrong, and the code a former one or the room in the bin.
    """
    room = find_any_room(code)
    try:
        find_link(room, secret)
    except NotFoundError:
        find_room(code)
        raise
    return room


def _find_present(code: str) -> Room | None:
    return db.session.scalar(select(Room).where(Room.code == normalise_code(code)))


def _find_former(code: str) -> Room | None:
    """Find the room that had this code before."""
    had_it = FormerCode.code == normalise_code(code)
    return db.session.scalar(
        select(Room).join(FormerCode, FormerCode.room_id == Room.id).where(had_it)
    )


def has_ended(room: Room) -> bool:
    """Whether a host has ended the room, or its last day is over everywhere on earth."""
    is_over = room.ends_on is not None and last_today() > room.ends_on
    return is_over or room.ended_at is not None


def is_adding_over(room: Room) -> bool:
    """Whether the last day for guests to add photos is over everywhere on earth."""
    return room.adds_until is not None and last_today() > room.adds_until


def enter_room(code: str, tokens: Mapping[str, str], *, in_bin: bool = False) -> Access:
    """Check that this browser has joined this room: the access check of every room page.

    Parameters
    ----------
    code : str
        From the address.
    tokens : mapping of room id, as text, to token
        What the browser's signed cookie says.
    in_bin : bool
        For what a host can do about a room in the bin, where all else is closed to them as well.

    Raises
    ------
    NotFoundError
        If the room does not exist.
    RoomEndedError
        If the browser has not joined it, and it is too late for that; if the code is a former one.
    RoomBinnedError
        If the room is in the bin, and the browser that of a host.
    RoomMovedError
        If the browser has joined it, and the code is a former one.
    PasswordChangedError
        If the browser has joined it, and has to give the new password first.
    NotJoinedError
        If the browser has not joined it.
    """
    hashes = hash_tokens(tokens)
    found = db.session.execute(
        _WHO_IS_IN, {"hashes": list(hashes.values()), "code": normalise_code(code)}
    )
    for room, guest, session_id, token_hash, entered_at, seen_at in found:
        if hashes.get(str(room.id)) == token_hash:
            if room.binned_at is not None and not (in_bin and guest.is_host):
                raise _binned(room, guest)
            _check_guest(room, guest, entered_at)
            return Access(room, guest, session_id, seen_at)
    _check_former(code, tokens)
    check_is_open(find_room(code))
    raise NotJoinedError("This page doesn't exist, or only people in its room can see it.")


def _check_guest(room: Room, guest: Guest, entered_at: datetime) -> None:
    """Let hosts in always, and guests if they have given the room's password."""
    if guest.is_host:
        return
    if room.password_changed_at is not None and entered_at < room.password_changed_at:
        raise PasswordChangedError(
            "This room has a new password. Please reload the page and enter it.",
            guest_id=guest.id,
            name=guest.name,
        )


def _check_former(code: str, tokens: Mapping[str, str]) -> None:
    """Lead who is in a room from its former codes to the present one."""
    room = _find_former(code)
    if room is None:
        return
    token_hash = hash_tokens(tokens).get(str(room.id))
    is_in = select(GuestSession.id).join(Guest, Guest.id == GuestSession.guest_id)
    is_in = is_in.where(GuestSession.token_hash == token_hash, Guest.room_id == room.id)
    if db.session.scalar(is_in) is not None:
        raise RoomMovedError(code=room.code)


def check_is_open(room: Room) -> None:
    """Refuse strangers to a room that has ended; its title is for those who need no password.

    Raises
    ------
    RoomEndedError
    """
    if has_ended(room):
        title = room.title if room.password_hash is None else None
        raise _ended(title=title, host_name=None)


def _binned(room: Room, guest: Guest) -> NotFoundError:
    """Make what a browser in a room gets while that is in the bin: only hosts learn that it is."""
    if guest.is_host:
        return RoomBinnedError("This room is in the bin.", code=room.code)
    return _ended(title=room.title, host_name=_host_name(room))


def _ended(*, title: str | None, host_name: str | None) -> RoomEndedError:
    return RoomEndedError("This room has ended.", title=title, host_name=host_name)


def _host_name(room: Room) -> str | None:
    """Return the name of the first host who gave one."""
    query = select(Guest.name).where(Guest.room_id == room.id, Guest.is_host, Guest.name != "")
    return db.session.scalar(query.order_by(Guest.id).limit(1))


def list_joined_rooms(tokens: Mapping[str, str], *, to_add: bool = False) -> list[Room]:
    """List the rooms that this browser may enter, or restore, most recently joined first.

    Parameters
    ----------
    tokens : mapping of room id, as text, to token
        What the browser's signed cookie says.
    to_add : bool
        Only those to which it may add photos.
    """
    hashes = hash_tokens(tokens)
    rows = db.session.execute(
        select(Room, Guest, GuestSession.token_hash)
        .select_from(GuestSession)
        .join(Guest, Guest.id == GuestSession.guest_id)
        .join(Room, Room.id == Guest.room_id)
        .where(GuestSession.token_hash.in_(hashes.values()))
        .order_by(Guest.id.desc())
    )
    return [
        room
        for room, guest, token_hash in rows
        if hashes.get(str(room.id)) == token_hash
        if room.binned_at is None or (guest.is_host and not to_add)
        if guest.is_host or not (to_add and (has_ended(room) or is_adding_over(room)))
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
    _check_password(room, password)
    return _add_guest(room, name)


def join_again(room: Room, guest_id: int, *, password: str) -> Guest:
    """Let a guest back in who gave a former password; they stay who they are.

    The caller opens another session for them: a copy of their cookie has not given the password.

    Raises
    ------
    WrongPasswordError
        If the password is not the room's.
    InvalidInputError
        If it is too long.
    """
    _check_password(room, password)
    return db.session.get_one(Guest, guest_id)


def _check_password(room: Room, password: str) -> None:
    if room.password_hash is not None:
        check_password_length(password)
        if not is_right(room.password_hash, password):
            raise WrongPasswordError("That password isn't right.", field="password")


def become_host(room: Room, *, secret: str, name: str = "") -> Guest:
    """Let the holder of a host link in as a host of the room.

    Raises
    ------
    NotFoundError
        If the secret is not the room's.
    InvalidInputError
        If the name is too long.
    """
    link = find_link(room, secret)
    return _add_guest(room, checked_name(name or link.name), link=link)


def checked_name(name: str) -> str:
    """Return a person's name without outer spaces; refuse an overlong one."""
    name = " ".join(name.split())
    if len(name) > MAX_NAME:
        raise InvalidInputError(
            "Names can be up to %(number)s characters long.", field="name", number=MAX_NAME
        )
    return name


def admit_owner(room: Room) -> Guest:
    """Let the owner of the server in as a host, as if by the room's first host link."""
    return _add_guest(room, "", link=list_links(room.id)[0])


def _add_guest(room: Room, name: str, link: HostLink | None = None) -> Guest:
    guest = Guest(
        room_id=room.id,
        name=name,
        is_host=link is not None,
        host_link_id=link.id if link else None,
    )
    db.session.add(guest)
    db.session.flush()
    kind = ActivityKind.BECAME_HOST if guest.is_host else ActivityKind.JOINED
    activity.note(room.id, kind, guest.id)
    db.session.commit()
    return guest


def last_today() -> date:
    """Return the earliest date that it still is anywhere on earth."""
    return (utc_now() - LAST_TIME_ZONE).date()

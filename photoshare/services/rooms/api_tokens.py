"""Tokens by which scripts use the API: make them, list and remove them, and enter a room by one.

A token lets a script into the room of the host who made it, and dies with that host: when they
leave, are removed, or their host link is renewed.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import contains_eager

from photoshare.errors import InvalidInputError, NotFoundError, TokenError
from photoshare.models import ApiToken, Guest, Room, db, utc_now
from photoshare.services.rooms import activity
from photoshare.services.rooms.activity import ActivityKind
from photoshare.services.rooms.entering import Access, check_is_open, checked_name
from photoshare.services.rooms.hosts import is_first_host
from photoshare.services.rooms.sessions import SEEN_EVERY_MIN, hash_token

PREFIX = "photoshare_"  # by which scanners of source code recognise a token that was left in it
TOKEN_BYTES = 20  # 160 random bits, as many as a host link has
MAX_TOKEN = 100  # characters; ours have 38
MAX_TOKENS = 20  # of a room; its hosts shall be able to tell them apart


@dataclass(frozen=True, slots=True)
class Rights:
    """What a token is for; at least one of both."""

    may_read: bool
    may_add: bool


def add_token(access: Access, name: str, rights: Rights) -> str:
    """Make a token for scripts and return it, which nothing can do again.

    Parameters
    ----------
    access : Access
        Of a host.
    name : str
        What it is for.
    rights : Rights

    Raises
    ------
    InvalidInputError
        If the name is missing or too long, there is no right, or the room has enough tokens.
    """
    name = checked_name(name)
    if not name:
        raise InvalidInputError("Please type what the token is for.", field="name")
    if not (rights.may_read or rights.may_add):
        raise InvalidInputError("Please choose what the token is allowed to do.", field="rights")
    of_room = select(func.count()).where(ApiToken.room_id == access.room.id)
    if (db.session.scalar(of_room) or 0) >= MAX_TOKENS:
        raise InvalidInputError(
            "A room can have up to %(number)s tokens.", field="name", number=MAX_TOKENS
        )
    secret = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    token = ApiToken(
        room_id=access.room.id,
        guest_id=access.guest.id,
        name=name,
        token_hash=hash_token(secret),
        may_read=rights.may_read,
        may_add=rights.may_add,
    )
    db.session.add(token)
    activity.note(access.room.id, ActivityKind.ADDED_TOKEN, access.guest.id, about=name)
    db.session.commit()
    return secret


def list_tokens(access: Access) -> list[ApiToken]:
    """List the tokens that a host manages, with who made them, the newest first.

    Hosts by the room's first link manage all; co-hosts those that were made by way of their link.
    """
    return list(db.session.scalars(_managed_by(access).order_by(ApiToken.id.desc())))


def remove_token(access: Access, token_id: int) -> str:
    """Remove a token, which is worth nothing from now on; return its name.

    Raises
    ------
    NotFoundError
        If there is none that this host manages.
    """
    token = db.session.scalar(_managed_by(access).where(ApiToken.id == token_id))
    if token is None:
        raise NotFoundError("This token no longer exists.")
    name = token.name
    db.session.execute(delete(ApiToken).where(ApiToken.id == token_id))
    activity.note(access.room.id, ActivityKind.REMOVED_TOKEN, access.guest.id, about=name)
    db.session.commit()
    return name


def _managed_by(access: Access) -> Select[ApiToken]:
    query = select(ApiToken).join(ApiToken.guest).options(contains_eager(ApiToken.guest))
    query = query.where(ApiToken.room_id == access.room.id)
    if is_first_host(access):
        return query
    return query.where(Guest.host_link_id == access.guest.host_link_id)


def enter_by_token(secret: str) -> Access:
    """Let a script into the room of its token: the access check of the API.

    It sees what guests see, while they may enter; what it adds is the host's who made the token.

    Raises
    ------
    TokenError
        If there is no such token.
    RoomEndedError
        If the room has ended.
    """
    if len(secret) > MAX_TOKEN:
        raise _invalid()
    found = db.session.execute(
        select(ApiToken, Guest, Room)
        .join(ApiToken.guest)
        .join(Room, Room.id == ApiToken.room_id)
        .where(ApiToken.token_hash == hash_token(secret), Guest.is_host)
    ).one_or_none()
    if found is None:
        raise _invalid()
    token, guest, room = found
    check_is_open(room)
    return Access(room, guest, token=token)


def _invalid() -> TokenError:
    return TokenError("This token isn't valid. It may have been removed.")


def note_use(token: ApiToken) -> None:
    """Note that a token is in use, every few minutes.

    By a connection of its own: a commit of the session would make it read all rows again.
    """
    now = utc_now()
    if token.used_at is not None and now - token.used_at < timedelta(minutes=SEEN_EVERY_MIN):
        return
    with db.engine.begin() as connection:
        in_use = update(ApiToken).where(ApiToken.id == token.id)
        connection.execute(in_use.values(used_at=now))

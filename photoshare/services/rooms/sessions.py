"""Sessions: each browser that is in a room has a token in its cookie, and a row with its hash.

Whoever copies the cookie has the token as well, until the row is deleted.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from photoshare.models import Guest, GuestSession, Room, db, utc_now

TOKEN_BYTES = 16  # 128 random bits: nobody finds one by trying
SEEN_EVERY_MIN = 10  # how exact "last seen" is; a write for each page would cost more
DEVICES = ("phone", "tablet", "computer")


def open_session(guest: Guest, device: str, *, entered_at: datetime | None = None) -> str:
    """Let a browser in as this guest; return the token for its cookie.

    Parameters
    ----------
    guest : Guest
    device : str
        One of `DEVICES`.
    entered_at : datetime, optional
        When the guest gave the room's password, if not now.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session = GuestSession(guest_id=guest.id, token_hash=hash_token(token), device=device)
    session.created_at = entered_at or utc_now()
    db.session.add(session)
    db.session.commit()
    return token


def old_token(guest_id: int) -> str:
    """Return what stands for a guest in cookies from before there were tokens.

    Such a cookie is signed, so nobody can make one up; migration 0022 made the rows.
    """
    return f"guest {guest_id}"


def hash_token(token: str) -> str:
    """Hash a token as its row has it. It is random, so a fast hash without a salt is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def hash_tokens(tokens: Mapping[str, str]) -> dict[str, str]:
    """Hash the tokens of a browser; both by room id, as text."""
    return {room_id: hash_token(token) for room_id, token in tokens.items()}


def is_in(room: Room, guest: Guest) -> bool:
    """Whether some browser may enter the room as this guest now: they neither left nor lost it.

    A host may; a guest once they have given its present password. Nobody while it is in the bin.
    """
    if room.binned_at is not None:
        return False
    entered = select(GuestSession.id).where(GuestSession.guest_id == guest.id)
    if not guest.is_host and room.password_changed_at is not None:
        entered = entered.where(GuestSession.created_at >= room.password_changed_at)
    return db.session.scalar(entered.limit(1)) is not None


def close_session(token: str) -> None:
    """End the session of a token, if there is one: the cookie and its copies are dead."""
    db.session.execute(delete(GuestSession).where(GuestSession.token_hash == hash_token(token)))
    db.session.commit()


def is_long_ago(seen_at: datetime) -> bool:
    """Whether it is time to note that a browser is here again."""
    return utc_now() - seen_at >= timedelta(minutes=SEEN_EVERY_MIN)


def note_seen(session_id: int, device: str) -> None:
    """Note that a browser was here, and what kind it is.

    By a connection of its own: a commit of the session would make it read all rows again.
    """
    with db.engine.begin() as connection:
        connection.execute(
            update(GuestSession)
            .where(GuestSession.id == session_id)
            .values(seen_at=utc_now(), device=device)
        )

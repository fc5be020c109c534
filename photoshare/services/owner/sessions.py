"""The browsers in which the owner is logged in: each has a token, and a row with its hash."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import delete, select, update

from photoshare.errors import DiskFullError
from photoshare.models import OwnerSession, db, utc_now
from photoshare.services.rooms.sessions import TOKEN_BYTES, hash_token, is_long_ago

LASTS = timedelta(days=30)  # without a visit; whoever sits down at a forgotten browser is late


def open_session() -> str:
    """Log a browser in; return the token for its cookie."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    db.session.execute(delete(OwnerSession).where(OwnerSession.seen_at < utc_now() - LASTS))
    db.session.add(OwnerSession(token_hash=hash_token(token)))
    db.session.commit()
    return token


def is_logged_in(token: str) -> bool:
    """Whether a browser with this token is logged in; notes now and then that it was here."""
    query = select(OwnerSession).where(OwnerSession.token_hash == hash_token(token))
    found = db.session.scalar(query)
    if found is None or found.seen_at < utc_now() - LASTS:
        return False
    if is_long_ago(found.seen_at):
        seen = update(OwnerSession).where(OwnerSession.id == found.id)
        # A full disk must not keep the owner from making room: noted another time.
        with suppress(DiskFullError), db.engine.begin() as connection:
            connection.execute(seen.values(seen_at=utc_now()))
    return True


def close_session(token: str) -> None:
    """Log a browser out: its cookie and the copies of it are dead."""
    db.session.execute(delete(OwnerSession).where(OwnerSession.token_hash == hash_token(token)))
    db.session.commit()


def close_all_sessions() -> None:
    """Log every browser out."""
    db.session.execute(delete(OwnerSession))
    db.session.commit()

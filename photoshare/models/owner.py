"""The tables of the server's owner: their password, and which browsers are logged in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from photoshare.db import Base, UtcDateTime, utc_now
from photoshare.models.rooms import NEVER_REUSE_IDS


class Owner(Base):
    """Whoever runs the server: one row at most, made once something about them is decided."""

    __tablename__ = "owner"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(primary_key=True)
    password_hash: Mapped[str | None]  # werkzeug scrypt; None: nobody can log in
    # Who may open rooms unless the settings say: one of photoshare.config.owner; None: not decided
    # yet, since nobody else has been able to reach the server.
    room_creation: Mapped[str | None]


class OwnerSession(Base):
    """A browser in which the owner is logged in; without its row, its cookie is worth nothing."""

    __tablename__ = "owner_session"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)  # SHA-256 of what the cookie holds
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)  # to ten minutes

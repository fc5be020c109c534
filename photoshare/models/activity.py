"""The table of what happened in a room."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from photoshare.db import Base, UtcDateTime, utc_now
from photoshare.models.rooms import NEVER_REUSE_IDS


class LogEntry(Base):
    """Something that happened in a room, as its hosts read it (services/rooms/activity.py)."""

    __tablename__ = "log_entry"
    __table_args__ = (
        Index("ix_log_entry_room_id", "room_id", "id"),  # the pages, newest first
        Index("ix_log_entry_same", "room_id", "kind", "guest_id", "created_at"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"))
    guest_id: Mapped[int | None] = mapped_column(
        ForeignKey("guest.id", ondelete="SET NULL"), index=True
    )  # who did it; None: whoever runs the server, or a guest who has left
    name: Mapped[str | None]  # theirs at that time, perhaps empty; None: whoever runs the server
    is_host: Mapped[bool]  # at that time
    kind: Mapped[str]  # of `ActivityKind`
    count: Mapped[int]  # how many photos or corrections, of one hour
    about: Mapped[str]  # the name of another guest or co-host, or which settings; else empty
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)  # the first of them

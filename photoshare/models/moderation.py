"""The table of photos that wait for a host's yes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from photoshare.db import Base, UtcDateTime, utc_now
from photoshare.models.file_facts import FileFacts
from photoshare.models.rooms import NEVER_REUSE_IDS, Guest


class WaitingPhoto(FileFacts, Base):
    """A photo that waits for a host's yes: no photo yet, so that no page, zip or search has it.

    Its files are stored under its hash as those of a photo are. A yes copies the row into the
    table of photos.
    """

    __tablename__ = "waiting_photo"
    __table_args__ = (
        UniqueConstraint("guest_id", "sha256"),
        # The queue, in its order, and how much is in it: without reading the rows.
        Index("ix_waiting_photo_queue", "room_id", "guest_id", "id", "size_bytes"),
        Index("ix_waiting_photo_room_id_sha256", "room_id", "sha256"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"))
    guest_id: Mapped[int] = mapped_column(ForeignKey("guest.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

    guest: Mapped[Guest] = relationship()

"""The tables of cameras' clocks: by how much hosts put them right, by how much they may be off.

A camera is one of a guest: what `FileFacts.camera` says, and who added its photos.
"""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from photoshare.db import Base
from photoshare.models.rooms import NEVER_REUSE_IDS, Guest


class ClockShift(Base):
    """A host put a camera's clock right; the correction says who, when, and whether it stands."""

    __tablename__ = "clock_shift"

    correction_id: Mapped[int] = mapped_column(
        ForeignKey("correction.id", ondelete="CASCADE"), primary_key=True
    )
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)
    guest_id: Mapped[int | None] = mapped_column(
        ForeignKey("guest.id", ondelete="CASCADE"), index=True
    )  # whose camera; None: of photos that the command line added
    camera: Mapped[str]
    shift_s: Mapped[int]  # forward; negative: back

    guest: Mapped[Guest | None] = relationship()


class ClockSuggestion(Base):
    """By how much a camera's clock seems to be wrong, and what shows it; only a host applies it."""

    __tablename__ = "clock_suggestion"
    __table_args__ = (
        Index("ix_clock_suggestion_room_id", "room_id", "guest_id", "camera"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"))
    guest_id: Mapped[int | None] = mapped_column(
        ForeignKey("guest.id", ondelete="CASCADE"), index=True
    )
    camera: Mapped[str]
    shift_s: Mapped[int]  # as in `ClockShift`, on top of those in force
    evidence: Mapped[str]  # a photoshare.services.clocks.suggesting.Evidence
    # A photo of the camera, and one of another camera that shows the same moment.
    photo_id: Mapped[int | None] = mapped_column(
        ForeignKey("photo.id", ondelete="CASCADE"), index=True
    )
    other_id: Mapped[int | None] = mapped_column(
        ForeignKey("photo.id", ondelete="CASCADE"), index=True
    )


class ClockDismissal(Base):
    """A host knows better than a suggestion: by so much this clock is not wrong.

    Unlike suggestions, these stay when the clocks are looked at again.
    """

    __tablename__ = "clock_dismissal"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)
    guest_id: Mapped[int | None] = mapped_column(
        ForeignKey("guest.id", ondelete="CASCADE"), index=True
    )
    camera: Mapped[str]
    shift_s: Mapped[int]  # altogether: with the shifts that were in force

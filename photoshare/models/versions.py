"""By what photos that look alike are found."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from photoshare.db import Base


class Stands(StrEnum):
    """What someone chose for a photo, in place of what the rules say."""

    ALONE = "alone"  # neither behind another one, nor in front of one
    IN_FRONT = "in front"  # of what it is shown as one with


class LookBand(Base):
    """A part of the look of a photo: photos that share one may be near duplicates."""

    __tablename__ = "look_band"
    __table_args__ = ({"sqlite_with_rowid": False},)

    room_id: Mapped[int] = mapped_column(
        ForeignKey("room.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    # The number of the part, and its bits (photoshare.looks.hashing.bands_of).
    value: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    photo_id: Mapped[int] = mapped_column(
        ForeignKey("photo.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    )

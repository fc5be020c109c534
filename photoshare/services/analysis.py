"""The work list of the face analysis: claim a photo, give up on it, search it again.

Each function is one short transaction; nothing here decodes, locates or encodes.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import (
    PHOTO_ANALYSED,
    PHOTO_ANALYSING,
    PHOTO_FAILED,
    PHOTO_WAITING,
    Photo,
)
from photoshare.services.change import begin_change

MAX_ATTEMPTS = 3  # a photo that breaks the analysis this often is left alone


@dataclass(frozen=True, slots=True)
class ClaimedPhoto:
    """A photo that the claiming thread alone may analyse."""

    id: int
    room_id: int
    sha256: str
    is_retry: bool = False  # it was in hand when something went wrong, and may be the cause


def release_claims(*, count_attempt: bool) -> None:
    """Give back the photos that were in hand when the process ended.

    Parameters
    ----------
    count_attempt : bool
        True after a crash, which the photo may have caused; False at an orderly stop.
    """
    db.session.execute(
        update(Photo)
        .where(Photo.state == PHOTO_ANALYSING)
        .values(state=PHOTO_WAITING, attempts=Photo.attempts - (0 if count_attempt else 1))
    )
    db.session.commit()


def claim_photo(room_id: int, *, is_first_attempt: bool = False) -> ClaimedPhoto | None:
    """Take the next waiting photo of a room; None when there is none.

    The attempt is counted before the photo is touched, so that one which kills the process is not
    tried for ever; photos that failed once come last.

    Parameters
    ----------
    room_id : int
    is_first_attempt : bool
        Take only photos that were never tried.
    """
    query = select(Photo.id, Photo.sha256, Photo.attempts).where(
        Photo.room_id == room_id, Photo.state == PHOTO_WAITING
    )
    if is_first_attempt:
        query = query.where(Photo.attempts == 0)
    row = db.session.execute(query.order_by(Photo.attempts, Photo.id).limit(1)).first()
    if row is None:
        return None
    db.session.execute(
        update(Photo)
        .where(Photo.id == row.id, Photo.state == PHOTO_WAITING)
        .values(state=PHOTO_ANALYSING, attempts=Photo.attempts + 1)
    )
    db.session.commit()
    return ClaimedPhoto(row.id, room_id, row.sha256, is_retry=row.attempts > 0)


def fail_attempt(photo_id: int) -> None:
    """Put a photo whose analysis failed back into the list, or mark it failed at last."""
    in_hand = (Photo.id == photo_id, Photo.state == PHOTO_ANALYSING)
    db.session.execute(
        update(Photo).where(*in_hand, Photo.attempts >= MAX_ATTEMPTS).values(state=PHOTO_FAILED)
    )
    db.session.execute(update(Photo).where(*in_hand).values(state=PHOTO_WAITING))
    db.session.commit()


def fail_exhausted_photos() -> None:
    """Mark the photos failed that were in hand at `MAX_ATTEMPTS` crashes."""
    db.session.execute(
        update(Photo)
        .where(Photo.state == PHOTO_WAITING, Photo.attempts >= MAX_ATTEMPTS)
        .values(state=PHOTO_FAILED)
    )
    db.session.commit()


def retry_failed_photos(room_id: int) -> None:
    """Give the photos that were given up another chance; the host asked for it."""
    db.session.execute(
        update(Photo)
        .where(Photo.room_id == room_id, Photo.state == PHOTO_FAILED)
        .values(state=PHOTO_WAITING, attempts=0)
    )
    db.session.commit()


def analyse_again(room_id: int) -> None:
    """Let every photo be searched again, by another engine for one; corrections stay.

    A face that is found again is the same row, and keeps its person and all that was said of it.
    """
    begin_change(room_id)  # the photos without faces are counted anew
    db.session.execute(
        update(Photo)
        .where(Photo.room_id == room_id, Photo.state.in_([PHOTO_ANALYSED, PHOTO_FAILED]))
        .values(state=PHOTO_WAITING, attempts=0)
    )
    db.session.commit()

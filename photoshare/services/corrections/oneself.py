"""What guests ask for themselves, and what hosts can do about it once they are gone."""

from __future__ import annotations

from sqlalchemy import exists, select

from photoshare.errors import NotAllowedError
from photoshare.models import Correction, Guest, GuestSession, LinkKind, OwnLink, db
from photoshare.services.corrections.change import Change
from photoshare.services.corrections.events import CorrectionKind


def take_back_of_gone(change: Change, person_id: int) -> None:
    """Take back that a person asked not to be shown, if nobody who asked is in the room.

    Raises
    ------
    NotAllowedError
        If someone is.
    """
    asked = change.find_said(person_id, lambda event: event.kind == CorrectionKind.HIDE_ME)
    if any(_is_here(correction.guest_id) for correction in asked):
        raise NotAllowedError(
            "They asked not to be shown. Only they can change that while they're in the room."
        )
    for correction in asked:
        change.take_back(correction, guest_id=None)


def find_own(room_id: int, guest_id: int, kind: CorrectionKind) -> list[Correction]:
    """Find what a guest asked for themselves and has not taken back."""
    query = select(Correction).where(
        *(Correction.room_id == room_id, Correction.guest_id == guest_id),
        *(Correction.kind == kind, Correction.undone_at.is_(None)),
    )
    return list(db.session.scalars(query.order_by(Correction.id)))


def _is_here(guest_id: int | None) -> bool:
    """Whether a guest is in the room by some browser, or can come back by a link of their own."""
    if guest_id is None:
        return False
    by_link = exists().where(OwnLink.guest_id == Guest.id, OwnLink.kind == LinkKind.GUEST)
    is_in = exists().where(GuestSession.guest_id == Guest.id) | by_link
    return db.session.scalar(select(Guest.id).where(Guest.id == guest_id, is_in)) is not None

"""End a room now, for everyone but its hosts; ask before it is deleted."""

from __future__ import annotations

from datetime import timedelta

from photoshare.errors import InvalidInputError
from photoshare.models import Room, db
from photoshare.services.rooms.entering import has_ended, last_today


def end_now(room: Room) -> None:
    """End a room at once, everywhere on earth; one that has ended stays as it is."""
    if not has_ended(room):
        room.ends_on = last_today() - timedelta(days=1)
        db.session.commit()


def check_typed_title(title: str, typed: str) -> None:
    """Check that someone who wants to delete a room has typed its title; case doesn't count.

    Raises
    ------
    InvalidInputError
        If it is another one.
    """
    if typed.casefold().split() != title.casefold().split():
        raise InvalidInputError("Please type the room's title as it is shown.", field="title")

"""Find who else in a room has a name."""

from __future__ import annotations

from sqlalchemy import select

from photoshare.models import Person, db
from photoshare.services.rooms.entering import Author


def find_namesake(author: Author, person_id: int, name: str) -> Person | None:
    """Find another person of the same name, ignoring case; hidden people for the host only."""
    query = select(Person).where(
        Person.room_id == author.room_id, Person.id != person_id, Person.name.is_not(None)
    )
    if not author.is_host:
        query = query.where(Person.is_hidden.is_(False))
    people = db.session.scalars(query.order_by(Person.id))
    return next((one for one in people if (one.name or "").casefold() == name.casefold()), None)

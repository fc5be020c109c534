"""People of a room: list them with their covers, load one, make one, delete the empty."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    delete,
    exists,
    func,
    insert,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from photoshare.errors import NotFoundError
from photoshare.models import Face, Person, db
from photoshare.services.people.covers import CLEAREST_FIRST
from photoshare.services.rooms.entering import Access
from photoshare.services.versions.folding import folded_of_people
from photoshare.services.visibility.sight import may_see_person, visible_people


@dataclass(frozen=True, slots=True)
class PersonCard:
    """The data of a person shown in a grid."""

    id: int
    name: str | None
    is_hidden: bool  # from everyone except the host and themselves
    photo_count: int
    cover_face_id: int  # the one chosen by hand, or the clearest that is surely theirs
    has_asked: bool = False  # hidden since they asked not to be shown


def list_people(room_id: int, *, is_hidden: bool | None = False) -> list[PersonCard]:
    """List the people of a room, or the hidden ones (None: both), most photos first."""
    which = () if is_hidden is None else (Person.is_hidden.is_(is_hidden),)
    return _cards(Person.room_id == room_id, *which)


def get_person(access: Access, person_id: int) -> Person:
    """Load a person of the room whom this browser sees.

    Raises
    ------
    NotFoundError
        If the room has no such person for this browser.
    """
    person = db.session.get(Person, person_id)
    if person is None or not may_see_person(access, person):
        raise NotFoundError("This person no longer exists.")
    return person


def get_people(access: Access, person_ids: Sequence[int]) -> list[Person]:
    """Load several people of the room whom this browser sees, in the order of their ids.

    Raises
    ------
    NotFoundError
        If the room lacks one of them for this browser.
    """
    seen = (Person.room_id == access.room.id, visible_people(access))
    query = select(Person).where(*seen, Person.id.in_(person_ids)).order_by(Person.id)
    people = list(db.session.scalars(query))
    if len(people) < len(set(person_ids)):
        raise NotFoundError("This person no longer exists.")
    return people


def has_person(access: Access, person_id: int) -> bool:
    """Whether the room has this person for this browser."""
    person = db.session.get(Person, person_id)
    return person is not None and may_see_person(access, person)


def get_card(access: Access, person_id: int) -> PersonCard:
    """Load the card of one person whom this browser sees.

    Raises
    ------
    NotFoundError
        If the room has no such person for this browser.
    """
    cards = _cards(Person.id == get_person(access, person_id).id)
    if not cards:
        raise NotFoundError("This person no longer exists.")
    return cards[0]


def find_card(access: Access, person_id: int) -> PersonCard | None:
    """Load the card of one person as `get_card` does; None if there is no such person."""
    seen = (Person.room_id == access.room.id, visible_people(access))
    return next(iter(_cards(*seen, Person.id == person_id)), None)


def _cards(*conditions: ColumnElement[bool]) -> list[PersonCard]:
    """List cards using indexes: a face's row is read only if it is a cover."""
    is_theirs = Face.person_id == Person.id
    photo_count = select(func.count(Face.photo_id.distinct())).where(is_theirs).scalar_subquery()
    cover = func.coalesce(
        _if_theirs(Person.cover_face_id),
        _if_theirs(Person.clear_face_id),
        select(Face.id).where(is_theirs).order_by(*CLEAREST_FIRST).limit(1).scalar_subquery(),
    )
    count = photo_count.label("photo_count")
    rows = db.session.execute(
        select(Person.id, Person.name, Person.is_hidden, count, cover, Person.has_asked)
        .where(*conditions, exists().where(is_theirs))
        .order_by(count.desc(), Person.id)
    )
    found = [PersonCard(*row) for row in rows]
    here = select(Person.id).where(*conditions)
    folded = folded_of_people(here)
    if not folded:  # as in most rooms
        return found
    cards = [replace(card, photo_count=card.photo_count - folded.get(card.id, 0)) for card in found]
    return sorted(cards, key=lambda card: (-card.photo_count, card.id))


def _if_theirs(face_id: InstrumentedAttribute[int | None]) -> ScalarSelect[int]:
    """Select a face named in a person's row, unless it now belongs to someone else."""
    face = aliased(Face)
    is_theirs = (face.id == face_id, face.person_id == Person.id)
    return select(face.id).where(*is_theirs).scalar_subquery()


def insert_person(room_id: int) -> int:
    """Insert a person and return the id; the caller gives them a face and commits."""
    query = insert(Person).values(room_id=room_id).returning(Person.id)
    return int(db.session.execute(query).scalar_one())


def delete_empty_people(room_id: int, people: Collection[int] | None = None) -> None:
    """Delete the people without a face, of some or of all; the caller commits."""
    which = [Person.room_id == room_id, ~exists().where(Face.person_id == Person.id)]
    if people is not None:
        which.append(Person.id.in_(people))
    db.session.execute(delete(Person).where(*which))

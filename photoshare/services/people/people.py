"""List the people of a room with their covers, their faces and the unsorted faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    delete,
    exists,
    func,
    insert,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased, contains_eager, defer, joinedload

from photoshare.db import db
from photoshare.errors import InvalidInputError, NotFoundError
from photoshare.models import Face, Person, Photo
from photoshare.services.people.covers import CLEAREST_FIRST
from photoshare.services.rooms.rooms import Access

FACES_PAGE_SIZE = 120  # faces on one page to choose from


@dataclass(frozen=True, slots=True)
class PersonCard:
    """The data of a person shown in a grid."""

    id: int
    name: str | None
    is_hidden: bool  # from everyone except the host
    photo_count: int
    cover_face_id: int  # the one chosen by hand, or the clearest that is surely theirs


@dataclass(frozen=True, slots=True)
class FacePage:
    """One page of faces to choose from; pages count from 1."""

    faces: Sequence[Face]
    number: int
    count: int  # faces on all pages

    @property
    def has_next(self) -> bool:
        """Whether there are faces after this page."""
        return self.number * FACES_PAGE_SIZE < self.count


def list_people(room_id: int, *, is_hidden: bool | None = False) -> list[PersonCard]:
    """List the people of a room, or the hidden ones (None: both), most photos first."""
    which = () if is_hidden is None else (Person.is_hidden.is_(is_hidden),)
    return _cards(Person.room_id == room_id, *which)


def get_person(access: Access, person_id: int) -> Person:
    """Load a person of the room; a hidden one for the host only.

    Raises
    ------
    NotFoundError
        If the room has no such person for this browser.
    """
    person = db.session.get(Person, person_id)
    if person is None or not _may_see(access, person):
        raise NotFoundError("This person is not there (any more).")
    return person


def get_people(access: Access, person_ids: Sequence[int]) -> list[Person]:
    """Load several people of the room, in the order of their ids; hidden ones for the host only.

    Raises
    ------
    NotFoundError
        If the room lacks one of them for this browser.
    """
    query = select(Person).where(Person.room_id == access.room.id, Person.id.in_(person_ids))
    people = [one for one in db.session.scalars(query.order_by(Person.id)) if _may_see(access, one)]
    if len(people) < len(set(person_ids)):
        raise NotFoundError("This person is not there (any more).")
    return people


def has_person(access: Access, person_id: int) -> bool:
    """Whether the room has this person for this browser."""
    person = db.session.get(Person, person_id)
    return person is not None and _may_see(access, person)


def get_card(access: Access, person_id: int) -> PersonCard:
    """Load the card of one person; a hidden one for the host only.

    Raises
    ------
    NotFoundError
        If the room has no such person for this browser.
    """
    cards = _cards(Person.id == get_person(access, person_id).id)
    if not cards:
        raise NotFoundError("This person is not there (any more).")
    return cards[0]


def find_card(access: Access, person_id: int) -> PersonCard | None:
    """Load the card of one person as `get_card` does; None if there is no such person."""
    cards = _cards(Person.room_id == access.room.id, Person.id == person_id)
    return next((card for card in cards if access.is_host or not card.is_hidden), None)


def _may_see(access: Access, person: Person) -> bool:
    return person.room_id == access.room.id and (access.is_host or not person.is_hidden)


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
        select(Person.id, Person.name, Person.is_hidden, count, cover)
        .where(*conditions, exists().where(is_theirs))
        .order_by(count.desc(), Person.id)
    )
    return [PersonCard(*row) for row in rows]


def _if_theirs(face_id: InstrumentedAttribute[int | None]) -> ScalarSelect[int]:
    """Select a face named in a person's row, unless it now belongs to someone else."""
    face = aliased(Face)
    is_theirs = (face.id == face_id, face.person_id == Person.id)
    return select(face.id).where(*is_theirs).scalar_subquery()


def list_faces(access: Access, person_id: int | None, page: int) -> FacePage:
    """List one page of a person's faces, or of the unsorted ones, by time, with their photos.

    Raises
    ------
    NotFoundError
        If the room has no such person for this browser, or the page is past the end.
    """
    if person_id is None:
        query = _faces_of_room(access.room.id).where(Face.person_id.is_(None))
        order: tuple[InstrumentedAttribute[Any], ...] = (Photo.moment, Photo.id, Face.id)
        count = count_faces(access.room.id).unsorted
    else:
        is_theirs = Face.person_id == get_person(access, person_id).id
        query, order = _faces_of_room(access.room.id).where(is_theirs), (Face.photo_id, Face.id)
        count = db.session.scalar(select(func.count()).select_from(Face).where(is_theirs)) or 0
    if page < 1 or (page > 1 and (page - 1) * FACES_PAGE_SIZE >= count):
        raise NotFoundError("There is no such page of faces.")
    faces = db.session.scalars(
        query.options(contains_eager(Face.photo), defer(Face.encoding))
        .order_by(*order)
        .offset((page - 1) * FACES_PAGE_SIZE)
        .limit(FACES_PAGE_SIZE)
    ).all()
    return FacePage(faces, page, count)


class FaceCounts(NamedTuple):
    """Counts of the faces of a room: all, those with a person, and those of hidden people."""

    all: int
    of_people: int
    of_hidden: int

    @property
    def unsorted(self) -> int:
        """The number of faces without a person."""
        return self.all - self.of_people


def count_faces(room_id: int) -> FaceCounts:
    """Count the faces of a room from two indexes, without reading any face's row."""
    on_photos = select(func.sum(Photo.face_count)).where(Photo.room_id == room_id)
    of_people = (
        select(func.count())
        .select_from(Person)
        .join(Face, Face.person_id == Person.id)
        .where(Person.room_id == room_id)
    )
    of_hidden = of_people.where(Person.is_hidden)
    return FaceCounts(
        *(db.session.scalar(query) or 0 for query in (on_photos, of_people, of_hidden))
    )


def get_face(access: Access, face_id: int) -> Face:
    """Load a face with its photo and person; a hidden person's for the host only.

    Raises
    ------
    NotFoundError
        If the room has no such face for this browser, or it is marked as not a face.
    """
    return get_faces(access, [face_id])[0]


def get_faces(access: Access, face_ids: Sequence[int]) -> list[Face]:
    """Load faces as `get_face` does, in their order, each once.

    Raises
    ------
    NotFoundError
        If the room lacks one of them for this browser.
    InvalidInputError
        If there are more than fit on a page to choose from.
    """
    wanted = list(dict.fromkeys(face_ids))
    if len(wanted) > FACES_PAGE_SIZE:
        raise InvalidInputError("Please choose %(number)s faces at most.", number=FACES_PAGE_SIZE)
    rows = db.session.scalars(
        _faces_of_room(access.room.id)
        .where(Face.id.in_(wanted))
        .options(joinedload(Face.photo), joinedload(Face.person))
    )
    found = {face.id: face for face in rows if is_visible(access, face)}
    if len(found) < len(wanted):
        raise NotFoundError("This face is not there (any more).")
    return [found[face_id] for face_id in wanted]


def is_visible(access: Access, face: Face) -> bool:
    """Whether this browser may see whose face it is."""
    return face.person is None or _may_see(access, face.person)


def insert_person(room_id: int) -> int:
    """Insert a person and return the id; the caller gives them a face and commits."""
    query = insert(Person).values(room_id=room_id).returning(Person.id)
    return int(db.session.execute(query).scalar_one())


def delete_empty_people(room_id: int) -> None:
    """Delete the people without a face; the caller commits."""
    db.session.execute(
        delete(Person).where(
            Person.room_id == room_id, ~exists().where(Face.person_id == Person.id)
        )
    )


def _faces_of_room(room_id: int) -> Select[Face]:
    return select(Face).join(Photo).where(Photo.room_id == room_id, Face.is_face)

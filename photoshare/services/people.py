"""People of a room: list them with their covers, name one, find the unsorted faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import joinedload

from photoshare.db import db
from photoshare.errors import NotFoundError
from photoshare.faces.types import FaceLocation
from photoshare.models import Face, Person, Photo
from photoshare.services.rooms import checked_name


@dataclass(frozen=True, slots=True)
class PersonCard:
    """What a grid shows of a person."""

    id: int
    name: str | None
    photo_count: int
    cover_face_id: int  # of the person's largest face


def list_people(room_id: int) -> list[PersonCard]:
    """List the people of a room, those with the most photos first."""
    area = (Face.bottom - Face.top) * (Face.right - Face.left)
    faces = (
        select(
            Face.person_id,
            Face.id.label("face_id"),
            Face.photo_id,
            func.row_number()
            .over(partition_by=Face.person_id, order_by=(area.desc(), Face.id))
            .label("rank"),
        )
        .join(Person, Person.id == Face.person_id)
        .where(Person.room_id == room_id)
        .subquery()
    )
    photo_count = func.count(faces.c.photo_id.distinct()).label("photo_count")
    cover = func.min(faces.c.face_id).filter(faces.c.rank == 1)
    rows = db.session.execute(
        select(Person.id, Person.name, photo_count, cover)
        .join(faces, faces.c.person_id == Person.id)
        .group_by(Person.id)
        .order_by(photo_count.desc(), Person.id)
    )
    return [PersonCard(*row) for row in rows]


def get_person(room_id: int, person_id: int) -> Person:
    """Load a person of this room.

    Raises
    ------
    NotFoundError
        If this room has no such person.
    """
    person = db.session.get(Person, person_id)
    if person is None or person.room_id != room_id:
        raise NotFoundError("This person is not there (any more).")
    return person


def get_people(room_id: int, person_ids: Sequence[int]) -> list[Person]:
    """Load several people of this room, in the order of their ids.

    Raises
    ------
    NotFoundError
        If this room lacks one of them.
    """
    query = select(Person).where(Person.room_id == room_id, Person.id.in_(person_ids))
    people = list(db.session.scalars(query.order_by(Person.id)))
    if len(people) < len(set(person_ids)):
        raise NotFoundError("This person is not there (any more).")
    return people


def get_card(room_id: int, person_id: int) -> PersonCard:
    """Load what a grid shows of one person.

    Raises
    ------
    NotFoundError
        If this room has no such person.
    """
    for card in list_people(room_id):
        if card.id == person_id:
            return card
    raise NotFoundError("This person is not there (any more).")


def rename_person(room_id: int, person_id: int, name: str) -> None:
    """Give a person a name; an empty one takes the name away.

    Raises
    ------
    NotFoundError
        If this room has no such person.
    InvalidInputError
        If the name is too long.
    """
    get_person(room_id, person_id)
    db.session.execute(
        update(Person).where(Person.id == person_id).values(name=checked_name(name) or None)
    )
    db.session.commit()


def list_unsorted_faces(room_id: int) -> Sequence[Face]:
    """List the faces of a room that belong to no person, with their photos."""
    return db.session.scalars(
        select(Face)
        .join(Photo)
        .where(Photo.room_id == room_id, Face.person_id.is_(None))
        .options(joinedload(Face.photo))
        .order_by(Face.id)
    ).all()


def count_unsorted_faces(room_id: int) -> int:
    """Count the faces of a room that belong to no person."""
    query = select(func.count(Face.id)).join(Photo)
    return db.session.scalar(query.where(Photo.room_id == room_id, Face.person_id.is_(None))) or 0


def get_face_source(room_id: int, face_id: int) -> tuple[str, FaceLocation]:
    """Find the photo's SHA-256 and the location of a face of this room.

    Raises
    ------
    NotFoundError
        If this room has no such face.
    """
    face = db.session.scalar(
        select(Face)
        .join(Photo)
        .where(Photo.room_id == room_id, Face.id == face_id)
        .options(joinedload(Face.photo))
    )
    if face is None:
        raise NotFoundError("This face is not there (any more).")
    return face.photo.sha256, face.location


def delete_empty_people(room_id: int) -> None:
    """Remove the people without a face; the caller commits."""
    db.session.execute(
        delete(Person).where(
            Person.room_id == room_id, ~exists().where(Face.person_id == Person.id)
        )
    )

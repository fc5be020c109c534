"""Faces of a room: a page of a person's or of unsorted ones, some by id, and their counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Select,
    func,
    select,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute, contains_eager, defer, joinedload

from photoshare.databases.expressions import total
from photoshare.errors import InvalidInputError, NotFoundError
from photoshare.models import Face, Person, Photo, db
from photoshare.services.paging import ListPage, has_page
from photoshare.services.people.people import get_person
from photoshare.services.rooms.entering import Access
from photoshare.services.versions.folding import unfolded
from photoshare.services.visibility.sight import may_see_face, sees_only_self

FACES_PAGE_SIZE = 120  # faces on one page to choose from


def list_faces(access: Access, person_id: int | None, page: int) -> ListPage[Face]:
    """List one page of a person's faces, or of the unsorted ones, by time, with their photos.

    Raises
    ------
    NotFoundError
        If the room has no such person for this browser, or the page is past the end.
    """
    if person_id is None:
        if sees_only_self(access):
            raise NotFoundError("This page of faces doesn't exist.")
        query = _faces_of_room(access.room.id).where(Face.person_id.is_(None))
        order: tuple[InstrumentedAttribute[Any], ...] = (Photo.moment, Photo.id, Face.id)
        count = count_faces(access.room.id).unsorted
    else:
        is_theirs = Face.person_id == get_person(access, person_id).id
        query, order = _faces_of_room(access.room.id).where(is_theirs), (Face.photo_id, Face.id)
        count = db.session.scalar(select(func.count()).select_from(Face).where(is_theirs)) or 0
    if not has_page(page, count, FACES_PAGE_SIZE):
        raise NotFoundError("This page of faces doesn't exist.")
    faces = db.session.scalars(
        query.options(contains_eager(Face.photo), defer(Face.encoding))
        .order_by(*order)
        .offset((page - 1) * FACES_PAGE_SIZE)
        .limit(FACES_PAGE_SIZE)
    ).all()
    return ListPage(faces, page, count, FACES_PAGE_SIZE)


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
    on_photos = select(total(Photo.face_count)).where(Photo.room_id == room_id)
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
        raise InvalidInputError("Please select up to %(number)s faces.", number=FACES_PAGE_SIZE)
    rows = db.session.scalars(
        _faces_of_room(access.room.id)
        .where(Face.id.in_(wanted))
        .options(joinedload(Face.photo), joinedload(Face.person))
    )
    found = {face.id: face for face in rows if may_see_face(access, face)}
    if len(found) < len(wanted):
        raise NotFoundError("This face no longer exists.")
    return [found[face_id] for face_id in wanted]


def find_faces_on(access: Access, person_id: int, photo_ids: Sequence[int]) -> list[Face]:
    """Find a person's faces on some photos, with these, in the order of their time.

    Raises
    ------
    NotFoundError
        If the room has no such person for this browser.
    InvalidInputError
        If there are more photos than faces fit on a page to choose from.
    """
    if len(photo_ids) > FACES_PAGE_SIZE:
        raise InvalidInputError("Please select up to %(number)s photos.", number=FACES_PAGE_SIZE)
    is_theirs = Face.person_id == get_person(access, person_id).id
    query = _faces_of_room(access.room.id).where(is_theirs, Face.photo_id.in_(photo_ids))
    in_order = query.order_by(Photo.moment, Photo.id, Face.id).limit(FACES_PAGE_SIZE)
    return list(db.session.scalars(in_order.options(contains_eager(Face.photo))))


def _faces_of_room(room_id: int) -> Select[Face]:
    return select(Face).join(Photo).where(Photo.room_id == room_id, Face.is_face)


def count_without_faces(room_id: int) -> int:
    """Count the photos of a room without a face; the same number for everyone."""
    query = select(func.count()).select_from(Photo)
    is_without = Photo.is_without_faces == true()
    here = (Photo.room_id == room_id, is_without, unfolded(room_id, is_without))
    return db.session.scalar(query.where(*here)) or 0

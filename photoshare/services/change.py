"""One change of who is who in a room: what was said, what follows from it, and back again.

A correction is kept as an event (`Correction`). What holds of all events together is worked out
after each one by `photoshare.faces.constraints`, and written into the rows of faces and people.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, insert, select, update

from photoshare.db import db, utc_now
from photoshare.errors import NotFoundError
from photoshare.faces.constraints import Constraint, Links, resolve_constraints, settle_people
from photoshare.faces.types import NO_PERSON
from photoshare.models import ApartLinks, Correction, CorrectionFace, Face, Person, Photo, Room
from photoshare.services.people import delete_empty_people


class CorrectionKind(StrEnum):
    """What somebody said."""

    NAME = "name"  # this person is called so
    MERGE = "merge"  # these two are one person
    MOVE = "move"  # these faces are another person, or a new one
    NOT_THIS_PERSON = "not_this_person"  # whoever they are, these faces are not this person
    NOT_A_FACE = "not_a_face"
    HIDE = "hide"  # a bystander: only the host sees this person
    SHOW = "show"
    COVER = "cover"  # this face is the best picture of its person
    DIFFERENT = "different"  # these two are two people


# Said of a person as a whole, whoever put its faces together.
OF_A_PERSON = (CorrectionKind.NAME, CorrectionKind.HIDE, CorrectionKind.SHOW, CorrectionKind.COVER)


@dataclass(frozen=True, slots=True)
class _Event:
    """A correction that counts, as the rows say it."""

    id: int
    kind: CorrectionKind
    name: str | None
    sides: tuple[tuple[int, ...], ...]
    person_id: int | None  # who the faces of the first side became when it was said

    @property
    def constraint(self) -> Constraint:
        return Constraint(
            self.sides,
            is_face=self.kind != CorrectionKind.NOT_A_FACE,
            are_people=self.kind != CorrectionKind.NOT_THIS_PERSON,
            are_linked=self.kind not in OF_A_PERSON,
        )


@dataclass(frozen=True, slots=True)
class FaceRow:
    """A face as it was when the change began."""

    photo_id: int
    person_id: int  # NO_PERSON for an unsorted one
    is_face: bool
    link_id: int | None
    uploader_id: int | None


class Change:
    """The faces of a room while somebody changes them; made by `change_of_room`.

    Attributes
    ----------
    rows : dict of face id to FaceRow
        As they were.
    person_of : dict of face id to person id
        As they are now; NO_PERSON for unsorted faces.
    """

    def __init__(self, room_id: int) -> None:
        self.room_id = room_id
        columns = (Face.photo_id, Face.person_id, Face.is_face, Face.link_id, Photo.guest_id)
        found = db.session.execute(
            select(Face.id, *columns).join(Photo).where(Photo.room_id == room_id)
        )
        self.rows = {
            face_id: FaceRow(photo_id, person_id or NO_PERSON, is_face, link_id, uploader_id)
            for face_id, photo_id, person_id, is_face, link_id, uploader_id in found
        }
        self.person_of = {face_id: row.person_id for face_id, row in self.rows.items()}

    def faces_of(self, person_id: int) -> list[int]:
        """List the faces of a person, in the order of their ids.

        Raises
        ------
        NotFoundError
            If nobody of this id is in the room.
        """
        faces = [face for face, person in self.person_of.items() if person == person_id]
        if not faces or person_id == NO_PERSON:  # the unsorted faces are not one person
            raise NotFoundError("This person is not there (any more).")
        return sorted(faces)

    def new_person(self) -> int:
        """Make a person without a face yet."""
        query = insert(Person).values(room_id=self.room_id).returning(Person.id)
        return int(db.session.execute(query).scalar_one())

    def say(
        self,
        kind: CorrectionKind,
        sides: Sequence[Sequence[int]],
        *,
        guest_id: int | None,
        name: str | None = None,
        moves: Mapping[int, int] | None = None,
    ) -> int:
        """Record a correction and move the faces that it moves; return its id."""
        query = insert(Correction).values(
            room_id=self.room_id, guest_id=guest_id, kind=kind.value, name=name
        )
        correction_id = int(db.session.execute(query.returning(Correction.id)).scalar_one())
        before = dict(self.person_of)
        self.person_of |= moves or {}
        db.session.execute(
            insert(CorrectionFace),
            [
                {
                    "correction_id": correction_id,
                    "face_id": face,
                    "side": side,
                    "person_before": before[face] or None,
                    "person_after": self.person_of[face] or None,
                }
                for side, faces in enumerate(sides)
                for face in faces
            ],
        )
        return correction_id

    def take_back(self, correction: Correction, *, guest_id: int | None) -> None:
        """Undo one correction: what it moved goes back, unless it has moved on since."""
        db.session.execute(
            update(Correction)
            .where(Correction.id == correction.id)
            .values(undone_at=utc_now(), undone_by=guest_id)
        )
        rows = db.session.execute(
            select(
                CorrectionFace.face_id, CorrectionFace.person_before, CorrectionFace.person_after
            ).where(CorrectionFace.correction_id == correction.id)
        ).all()
        moved = [row for row in rows if row.person_before != row.person_after]
        for face, before, after in moved:
            if self.person_of[face] == (after or NO_PERSON):
                self.person_of[face] = before or NO_PERSON
        # Who joined the merged person by itself since then joined somebody who is two again.
        mentioned = {row.face_id for row in rows}
        reopened = {row.person_after for row in moved if row.person_after}
        for face, person in self.person_of.items():
            is_loose = self.rows[face].link_id is None and face not in mentioned
            if person in reopened and is_loose:
                self.person_of[face] = NO_PERSON

    def settle(self) -> None:
        """Work out what follows from all corrections, and write it; the caller commits."""
        events = _load_events(self.room_id)
        photo_of = {face: row.photo_id for face, row in self.rows.items()}
        links = resolve_constraints([event.constraint for event in events], photo_of)
        changes = settle_people(self.person_of, photo_of, links)
        new_people = {person for person in changes.values() if person < 0}
        numbers = {person: self.new_person() for person in sorted(new_people, reverse=True)}
        self.person_of |= {face: numbers.get(person, person) for face, person in changes.items()}
        self._write_faces(links)
        _write_apart(self.room_id, links)
        delete_empty_people(self.room_id)
        self._write_people(events, links)

    def _write_faces(self, links: Links) -> None:
        present = set(db.session.scalars(select(Person.id).where(Person.room_id == self.room_id)))
        # Somebody who had gone comes back under the old id, which nobody else was ever given.
        gone = set(self.person_of.values()) - present - {NO_PERSON}
        if gone:
            rows = [{"id": person, "room_id": self.room_id} for person in sorted(gone)]
            db.session.execute(insert(Person), rows)
        changed = []
        for face, row in self.rows.items():
            now = (self.person_of[face], face not in links.not_faces, links.link_of.get(face))
            if now != (row.person_id, row.is_face, row.link_id):
                person, is_face, link = now
                changed.append(
                    {"id": face, "person_id": person or None, "is_face": is_face, "link_id": link}
                )
        if changed:
            db.session.execute(update(Face), changed)

    def _write_people(self, events: Sequence[_Event], links: Links) -> None:
        """Give the people the names, covers and secrecy that the newest correction says."""
        names: dict[int, str | None] = {}
        hidden: dict[int, bool] = {}
        covers: dict[int, int] = {}
        for event in reversed(events):
            person = self._person_meant(event)
            if person == NO_PERSON:
                continue
            if event.kind == CorrectionKind.NAME or event.name is not None:
                names.setdefault(person, event.name)
            if event.kind in (CorrectionKind.HIDE, CorrectionKind.SHOW):
                hidden.setdefault(person, event.kind == CorrectionKind.HIDE)
            if event.kind == CorrectionKind.COVER:
                covers.setdefault(person, event.sides[0][0])
        corrected = {self.person_of[face] for face in links.kept & self.person_of.keys()}
        wanted = {
            person: (names.get(person), hidden.get(person, False), covers.get(person), is_corrected)
            for person in set(self.person_of.values()) - {NO_PERSON}
            for is_corrected in [person in corrected]
        }
        columns = (Person.name, Person.is_hidden, Person.cover_face_id, Person.is_corrected)
        present = db.session.execute(
            select(Person.id, *columns).where(Person.room_id == self.room_id)
        )
        changed = [
            dict(zip(("id", *(c.key for c in columns)), (person, *wanted[person]), strict=True))
            for person, *values in present
            if tuple(values) != wanted[person]
        ]
        if changed:
            db.session.execute(update(Person), changed)

    def _person_meant(self, event: _Event) -> int:
        """Tell whom a correction speaks of: the same person, or who has most of its faces now."""
        people = [self.person_of[face] for face in event.sides[0]] if event.sides else []
        people = [person for person in people if person != NO_PERSON]
        if not people:
            return NO_PERSON
        if event.person_id in people:
            return event.person_id
        return min(set(people), key=lambda person: (-people.count(person), person))


@contextlib.contextmanager
def change_of_room(room_id: int) -> Iterator[Change]:
    """Change who is who in a room: one transaction, settled and committed at the end, or nothing.

    The first statement writes, so that nobody else changes the faces meanwhile (milliseconds).
    """
    try:
        begin_change(room_id)
        change = Change(room_id)
        yield change
        change.settle()
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def begin_change(room_id: int, *, revision: int | None = None) -> bool:
    """Begin a transaction that changes faces or people of a room, and count it.

    Parameters
    ----------
    room_id : int
    revision : int, optional
        What `Room.revision` was when the caller read what it decided on.

    Returns
    -------
    bool
        False if something was changed since then, or the room is gone: decide again.
    """
    query = update(Room).where(Room.id == room_id).values(revision=Room.revision + 1)
    if revision is not None:
        query = query.where(Room.revision == revision)
    return db.session.execute(query.returning(Room.id)).first() is not None


def _load_events(room_id: int) -> list[_Event]:
    """Load the corrections that count, the oldest first."""
    rows = db.session.execute(
        select(
            Correction.id,
            Correction.kind,
            Correction.name,
            CorrectionFace.side,
            CorrectionFace.face_id,
            CorrectionFace.person_after,
        )
        .join(CorrectionFace)
        .where(Correction.room_id == room_id, Correction.undone_at.is_(None))
        .order_by(Correction.id, CorrectionFace.side, CorrectionFace.face_id)
    )
    found: dict[int, tuple[str, str | None, dict[int, list[int]], int | None]] = {}
    for correction_id, kind, name, side, face, person in rows:
        event = found.setdefault(correction_id, (kind, name, {}, person if side == 0 else None))
        event[2].setdefault(side, []).append(face)
    return [
        _Event(number, CorrectionKind(kind), name, _as_sides(sides), person)
        for number, (kind, name, sides, person) in found.items()
    ]


def _as_sides(sides: Mapping[int, Iterable[int]]) -> tuple[tuple[int, ...], ...]:
    """Put the sides in order; one whose photos were all deleted is empty, and keeps its place."""
    return tuple(tuple(sides.get(side, ())) for side in range(max(sides) + 1))


def _write_apart(room_id: int, links: Links) -> None:
    query = select(ApartLinks.link_id, ApartLinks.other_id).where(ApartLinks.room_id == room_id)
    present = {(row.link_id, row.other_id) for row in db.session.execute(query)}
    if present == links.apart:
        return
    db.session.execute(delete(ApartLinks).where(ApartLinks.room_id == room_id))
    if links.apart:
        db.session.execute(
            insert(ApartLinks),
            [
                {"room_id": room_id, "link_id": link, "other_id": other}
                for link, other in sorted(links.apart)
            ],
        )

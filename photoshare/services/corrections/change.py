"""Apply or undo one correction, and write what follows from all corrections of the room.

A correction is kept as an event (`Correction`). After each one, `grouping.constraints` works out
what all events together imply, and the result is written to the rows of faces and people.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, select, update

from photoshare.errors import NotFoundError
from photoshare.faces.grouping.constraints import Links, resolve_constraints, settle_people
from photoshare.models import (
    NO_PERSON,
    Correction,
    CorrectionFace,
    Face,
    Person,
    Photo,
    Room,
    db,
    number_of,
    reference_of,
    utc_now,
)
from photoshare.services.corrections.apart import write_apart
from photoshare.services.corrections.erasure import (
    erase_correction,
    erase_encodings,
    erase_name,
    search_photos_again,
)
from photoshare.services.corrections.events import (
    CorrectionKind,
    Event,
    insert_correction,
    load_events,
    said_of_person,
)
from photoshare.services.people.covers import settle_covers
from photoshare.services.people.people import delete_empty_people, insert_person
from photoshare.services.people.room_faces import FaceState, follow_change
from photoshare.services.people.selves import follow_merged, follow_returned, note_losses
from photoshare.services.visibility.covering import count_covering, count_if_covered


@dataclass(frozen=True, slots=True)
class FaceRow:
    """A face as it was when the change began."""

    photo_id: int
    panel: int  # of a collage
    person_id: int  # NO_PERSON for an unsorted one
    is_face: bool
    bond_id: int | None
    uploader_id: int | None

    @property
    def scene(self) -> tuple[int, int]:
        """The photo, or the panel of a collage; faces of one scene are rarely one person."""
        return self.photo_id, self.panel


class Change:
    """The faces of a room during one change; made by `change_of_room`.

    Attributes
    ----------
    rows : dict of face id to FaceRow
        As they were.
    person_of : dict of face id to person id
        As they are now; NO_PERSON for unsorted faces.
    changed : dict of face id to FaceState
        The rows that `settle` has written.
    """

    def __init__(self, room_id: int) -> None:
        self.room_id = room_id
        self.changed: dict[int, FaceState] = {}
        self._guest_id: int | None = None  # who corrects
        columns = (Face.person_id, Face.is_face, Face.bond_id, Photo.guest_id)
        found = db.session.execute(
            select(Face.id, Face.photo_id, Face.panel, *columns)
            .join(Photo)
            .where(Photo.room_id == room_id)
        )
        self.rows = {
            row.id: FaceRow(
                row.photo_id,
                row.panel,
                number_of(row.person_id),
                row.is_face,
                row.bond_id,
                row.guest_id,
            )
            for row in found
        }
        self.person_of = {face_id: row.person_id for face_id, row in self.rows.items()}

    def faces_of(self, person_id: int) -> list[int]:
        """List the faces of a person, in the order of their ids.

        Raises
        ------
        NotFoundError
            If the room has no person with this id.
        """
        faces = [face for face, person in self.person_of.items() if person == person_id]
        if not faces or person_id == NO_PERSON:  # the unsorted faces are not one person
            raise NotFoundError("This person no longer exists.")
        return sorted(faces)

    def new_person(self) -> int:
        """Insert a person who has no face yet."""
        return insert_person(self.room_id)

    def record(
        self,
        kind: CorrectionKind,
        sides: Sequence[Sequence[int]],
        *,
        guest_id: int | None,
        name: str | None = None,
        chosen: Collection[int] = (),
        moves: Mapping[int, int] | None = None,
    ) -> int:
        """Record a correction and move its faces; return its id.

        Parameters
        ----------
        kind : CorrectionKind
        sides : sequence of sequences of int
            Face ids; see `photoshare.faces.grouping.constraints.Constraint`.
        guest_id : int or None
        name : str, optional
        chosen : collection of int
            Faces that were chosen one by one. The others are included as part of their person: if
            an earlier correction brought them there, undoing it removes them from this one.
        moves : mapping of face id to person id, optional
        """
        self._guest_id = guest_id
        correction_id = insert_correction(self.room_id, guest_id, kind, name)
        brought = self._brought_by_corrections() - set(chosen)
        before = dict(self.person_of)
        self.person_of |= moves or {}
        db.session.execute(
            insert(CorrectionFace),
            [
                {
                    "correction_id": correction_id,
                    "face_id": face,
                    "side": side,
                    "is_carried": face in brought,
                    "person_before": reference_of(before[face]),
                    "person_after": reference_of(self.person_of[face]),
                }
                for side, faces in enumerate(sides)
                for face in faces
            ],
        )
        return correction_id

    def _brought_by_corrections(self) -> set[int]:
        """List the faces that a correction brought to their person."""
        rows = db.session.execute(
            select(CorrectionFace.face_id, CorrectionFace.person_after)
            .join(Correction)
            .where(
                Correction.room_id == self.room_id,
                Correction.undone_at.is_(None),
                CorrectionFace.person_before.is_distinct_from(CorrectionFace.person_after),
            )
        )
        return {face for face, person in rows if person and self.person_of[face] == person}

    def take_back(self, correction: Correction, *, guest_id: int | None) -> None:
        """Undo one correction: the faces it moved go back, unless a later one concerns them."""
        self._guest_id = guest_id
        undone = update(Correction).where(Correction.id == correction.id)
        db.session.execute(undone.values(undone_at=utc_now(), undone_by=guest_id))
        rows = db.session.execute(
            select(
                CorrectionFace.face_id, CorrectionFace.person_before, CorrectionFace.person_after
            ).where(CorrectionFace.correction_id == correction.id)
        ).all()
        moved = [row for row in rows if row.person_before != row.person_after]
        spoken_of = self._release_from_later(correction.id, [row.face_id for row in moved])
        for face, before, _after in moved:
            if face not in spoken_of:
                self.person_of[face] = self.whoever_is_now(number_of(before))
        # Faces grouped with the merged person since then belong to someone who is two again.
        mentioned = {row.face_id for row in rows}
        reopened = {row.person_after for row in moved if row.person_after}
        for face, person in self.person_of.items():
            is_loose = self.rows[face].bond_id is None and face not in mentioned
            if person in reopened and is_loose:
                self.person_of[face] = NO_PERSON
        erase_correction(correction.id)

    def _release_from_later(self, correction_id: int, faces: Sequence[int]) -> set[int]:
        """Return the faces that later corrections name; release the others from those."""
        later = select(Correction.id).where(
            Correction.room_id == self.room_id,
            Correction.id > correction_id,
            Correction.undone_at.is_(None),
        )
        is_later = (CorrectionFace.face_id.in_(faces), CorrectionFace.correction_id.in_(later))
        spoken_of = set(
            db.session.scalars(
                select(CorrectionFace.face_id).where(*is_later, ~CorrectionFace.is_carried)
            )
        )
        db.session.execute(
            delete(CorrectionFace).where(*is_later, CorrectionFace.face_id.not_in(spoken_of))
        )
        return spoken_of

    def whoever_is_now(self, person_id: int) -> int:
        """Follow a person through the merges in force, to whoever has their faces now."""
        merges = (
            select(CorrectionFace.person_before, CorrectionFace.person_after)
            .join(Correction)
            .where(
                Correction.room_id == self.room_id,
                Correction.kind == CorrectionKind.MERGE,
                Correction.undone_at.is_(None),
                CorrectionFace.person_before != CorrectionFace.person_after,
            )
            .order_by(Correction.id)
        )
        present = set(self.person_of.values())
        for before, after in db.session.execute(merges):
            if after is not None and before == person_id and person_id not in present:
                person_id = after
        return person_id

    def find_said(self, person_id: int, which: Callable[[Event], bool]) -> list[Correction]:
        """Find corrections in force that are about a person, oldest first."""
        events = [event for event in load_events(self.room_id) if which(event)]
        about = [event.id for event in events if self._person_meant(event) == person_id]
        return [db.session.get_one(Correction, correction_id) for correction_id in about]

    def erase_names(
        self, person_id: int, may_undo: Callable[[Correction], bool], *, guest_id: int | None
    ) -> bool:
        """Delete all names that a person was given, if the author may undo each of them.

        Returns
        -------
        bool
            Whether a name was deleted; this is permanent, since it is stored nowhere else.
        """
        named = self.find_said(person_id, lambda event: event.name is not None)
        if not all(may_undo(correction) for correction in named):
            return False
        for correction in named:
            if correction.kind == CorrectionKind.NAME:
                self.take_back(correction, guest_id=guest_id)
            else:
                erase_name(correction.id)
        return bool(named)

    def settle(self) -> None:
        """Work out what all corrections imply, and write it; the caller commits."""
        events = load_events(self.room_id)
        scene_of = {face: row.scene for face, row in self.rows.items()}
        links = resolve_constraints([event.constraint for event in events], scene_of)
        changes = settle_people(self.person_of, scene_of, links)
        new_people = {person for person in changes.values() if person < 0}
        numbers = {person: self.new_person() for person in sorted(new_people, reverse=True)}
        self.person_of |= {face: numbers.get(person, person) for face, person in changes.items()}
        self.changed = self._write_faces(links)
        write_apart(self.room_id, links)
        before = {face: row.person_id for face, row in self.rows.items()}
        moved = [face for face in self.changed if before[face] != self.person_of[face]]
        follow_merged(before, self.person_of)
        note_losses({before[face] for face in moved} - {NO_PERSON}, self._guest_id)
        delete_empty_people(self.room_id)
        self._write_people(events, links)
        concerned = {people[face] for people in (before, self.person_of) for face in moved}
        settle_covers(concerned)
        count_if_covered(self.room_id, concerned)

    def _write_faces(self, links: Links) -> dict[int, FaceState]:
        present = set(db.session.scalars(select(Person.id).where(Person.room_id == self.room_id)))
        # A person who was gone comes back under the old id: ids are never given twice.
        gone = set(self.person_of.values()) - present - {NO_PERSON}
        if gone:
            rows = [{"id": person, "room_id": self.room_id} for person in sorted(gone)]
            db.session.execute(insert(Person), rows)
            left = {
                self.rows[face].person_id for face, now in self.person_of.items() if now in gone
            }
            follow_returned(self.room_id, gone, left)
        changed, states = [], {}
        erased, returned = set(), set()
        for face, row in self.rows.items():
            now = (self.person_of[face], face not in links.not_faces, links.link_of.get(face))
            if now != (row.person_id, row.is_face, row.bond_id):
                person, is_face, link = now
                values = {"person_id": reference_of(person), "is_face": is_face, "bond_id": link}
                changed.append({"id": face, **values})
                states[face] = FaceState(person, number_of(link), is_face)
                if row.is_face and not is_face:
                    erased.add(face)
                elif is_face and not row.is_face:
                    returned.add(row.photo_id)
        if changed:
            db.session.execute(update(Face), changed)
        erase_encodings(erased)
        search_photos_again(returned)
        return states

    def _write_people(self, events: Sequence[Event], links: Links) -> None:
        """Write the name, cover and hiding of each person by the newest correction."""
        meant: dict[int, list[Event]] = {}
        for event in reversed(events):
            meant.setdefault(self._person_meant(event), []).append(event)
        corrected = {self.person_of[face] for face in links.kept & self.person_of.keys()}
        said = (Person.name, Person.is_hidden, Person.cover_face_id, Person.has_asked)
        columns = (*said, Person.is_corrected)
        present = db.session.execute(
            select(Person.id, *columns).where(Person.room_id == self.room_id)
        )
        changed = []
        has_changed = False  # who is covered
        for person, *values in present:
            # Corrections of this very person outrank those of people who were merged into it.
            of_person = sorted(meant.get(person, []), key=lambda event: event.person_id != person)
            wanted = (*said_of_person(of_person), person in corrected)
            if tuple(values) != wanted:
                has_changed |= values[-2] != wanted[-2]
                names = (column.key for column in columns)
                changed.append({"id": person, **dict(zip(names, wanted, strict=True))})
        if changed:
            db.session.execute(update(Person), changed)
        if has_changed:
            count_covering(self.room_id)

    def _person_meant(self, event: Event) -> int:
        """Find the person a correction is about: the same one, or who has most of its faces now."""
        people = [self.person_of[face] for face in event.sides[0]]
        people = [person for person in people if person != NO_PERSON]
        if event.person_id is not None and event.person_id in people:
            return event.person_id
        if not people:
            return NO_PERSON
        return min(set(people), key=lambda person: (-people.count(person), person))


@contextlib.contextmanager
def change_of_room(room_id: int) -> Iterator[Change]:
    """Change the faces of a room in one transaction: settled and committed at the end, or nothing.

    The first statement writes, which keeps others from changing the faces (for milliseconds).
    """
    try:
        revision = begin_change(room_id)
        change = Change(room_id)
        yield change
        change.settle()
        db.session.commit()
        follow_change(room_id, revision, change.changed)
    except BaseException:
        db.session.rollback()
        raise


# Made once: a photo changes a room. A loaded `Room` learns its new revision after the commit.
_COUNT_ONE = update(Room).where(Room.id == bindparam("room")).values(revision=Room.revision + 1)
_COUNT = _COUNT_ONE.execution_options(synchronize_session=False).returning(Room.revision)
_COUNT_IF_CURRENT = _COUNT.where(Room.revision == bindparam("known"))


def begin_change(room_id: int, *, revision: int | None = None) -> int | None:
    """Begin a transaction that changes faces or people of a room, and count it.

    Parameters
    ----------
    room_id : int
    revision : int, optional
        `Room.revision` when the caller read the data it decided on.

    Returns
    -------
    int or None
        The new revision. None if something has changed since then, or the room is gone: the caller
        has to decide again.
    """
    if revision is None:
        return db.session.scalar(_COUNT, {"room": room_id})
    return db.session.scalar(_COUNT_IF_CURRENT, {"room": room_id, "known": revision})

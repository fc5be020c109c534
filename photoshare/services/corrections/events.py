"""Load the corrections in force in a room, as events about faces and people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import insert, select

from photoshare.faces.grouping.constraints import Constraint
from photoshare.models import Correction, CorrectionFace, db
from photoshare.services.rooms import activity
from photoshare.services.rooms.activity import ActivityKind


class CorrectionKind(StrEnum):
    """The kinds of corrections."""

    NAME = "name"  # this person has this name
    MERGE = "merge"  # these two are one person
    MOVE = "move"  # these faces are another person, or a new one
    NOT_THIS_PERSON = "not_this_person"  # whoever they are, these faces are not this person
    NOT_A_FACE = "not_a_face"
    HIDE = "hide"  # a bystander: only the host sees this person
    SHOW = "show"
    COVER = "cover"  # this face is the best picture of its person
    DIFFERENT = "different"  # these two are different people
    HIDE_ME = "hide_me"  # a guest who is this person asked not to be shown
    FORGET_ME = "forget_me"  # and that these faces are never searched
    CLOCK = "clock"  # this camera's clock was wrong, and about no face (services/clocks)


# What guests ask for themselves: only they take it back, on their own page (services/mine/hiding).
OF_ONESELF = (CorrectionKind.HIDE_ME, CorrectionKind.FORGET_ME)
# About a person as a whole, however its faces were put together.
OF_A_PERSON = (
    *(CorrectionKind.NAME, CorrectionKind.HIDE, CorrectionKind.SHOW, CorrectionKind.COVER),
    *OF_ONESELF,
)


@dataclass(frozen=True, slots=True)
class Event:
    """A correction in force, as its rows describe it."""

    id: int
    kind: CorrectionKind
    name: str | None
    sides: tuple[tuple[int, ...], ...]
    person_id: int | None  # who the faces of the first side became at that time

    @property
    def constraint(self) -> Constraint:
        """Its meaning for faces, as input of `photoshare.faces.grouping.constraints`."""
        return Constraint(
            self.sides,
            is_face=self.kind != CorrectionKind.NOT_A_FACE,
            are_people=self.kind != CorrectionKind.NOT_THIS_PERSON,
            are_linked=self.kind not in OF_A_PERSON,
        )


def insert_correction(
    room_id: int, guest_id: int | None, kind: CorrectionKind, name: str | None
) -> int:
    """Insert the row of a correction, note it for the hosts, and return its id.

    That someone asked not to be shown is noted without a name.
    """
    query = insert(Correction).values(
        room_id=room_id, guest_id=guest_id, kind=kind.value, name=name
    )
    if kind == CorrectionKind.HIDE_ME:
        activity.note(room_id, ActivityKind.ASKED_HIDING)
    elif kind == CorrectionKind.CLOCK:
        activity.note(room_id, ActivityKind.SET_CLOCK, guest_id)
    elif kind not in OF_ONESELF:
        activity.note(room_id, ActivityKind.CORRECTED, guest_id)
    return int(db.session.execute(query.returning(Correction.id)).scalar_one())


def load_events(room_id: int) -> list[Event]:
    """Load the corrections in force, oldest first."""
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
        .where(
            Correction.room_id == room_id,
            Correction.undone_at.is_(None),
        )
        .order_by(Correction.id, CorrectionFace.side, CorrectionFace.face_id)
    )
    found: dict[int, tuple[str, str | None, dict[int, list[int]], int | None]] = {}
    for correction_id, kind, name, side, face, person in rows:
        event = found.setdefault(correction_id, (kind, name, {}, person if side == 0 else None))
        event[2].setdefault(side, []).append(face)
    return [
        Event(number, CorrectionKind(kind), name, _as_sides(sides), person)
        for number, (kind, name, sides, person) in found.items()
    ]


def _as_sides(sides: Mapping[int, Iterable[int]]) -> tuple[tuple[int, ...], ...]:
    """Put the sides in order; a side whose photos were all deleted stays in it, empty."""
    return tuple(tuple(sides.get(side, ())) for side in range(max(sides) + 1))


def said_of_person(events: Sequence[Event]) -> tuple[str | None, bool, int | None, bool]:
    """Return name, hiding, cover and whether they asked, each from the first event that sets it.

    Who asked not to be shown is hidden, whatever the host said since.
    """
    names = [
        event.name
        for event in events
        if event.kind == CorrectionKind.NAME or event.name is not None
    ]
    hidden = [
        event.kind == CorrectionKind.HIDE
        for event in events
        if event.kind in (CorrectionKind.HIDE, CorrectionKind.SHOW)
    ]
    covers = [event.sides[0][0] for event in events if event.kind == CorrectionKind.COVER]
    has_asked = any(event.kind == CorrectionKind.HIDE_ME for event in events)
    return (
        names[0] if names else None,
        has_asked or (hidden[0] if hidden else False),
        covers[0] if covers else None,
        has_asked,
    )

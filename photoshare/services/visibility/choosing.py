"""Who sees what in a room, as its host chooses it: at once, for photos that are there as well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, update

from photoshare.errors import InvalidInputError
from photoshare.models import Audience, Face, FacesFor, Person, Photo, Room, db
from photoshare.services.rooms import activity
from photoshare.services.rooms.activity import ActivityKind
from photoshare.services.visibility.face_switch import switch_faces
from photoshare.storage import Storage


@dataclass(frozen=True, slots=True)
class SightChoice:
    """What a host has chosen for a room; words may be any that a form holds.

    Attributes
    ----------
    audience, faces_for : str
        An `Audience` and a `FacesFor`, if they can be accepted.
    revealed_at : datetime or None
        From when guests see all photos; only `Audience.LATER` needs it.
    adds_until : date or None
        The last day on which guests may add photos. If it's over, they no longer may.
    covers_faces : bool
        Whether the faces of people who asked not to be shown are covered.
    """

    audience: str
    faces_for: str
    revealed_at: datetime | None = None
    adds_until: date | None = None
    covers_faces: bool = False


@dataclass(frozen=True, slots=True)
class FoundFaces:
    """What was found in a room, and goes with its faces: how many of each."""

    people: int
    faces: int


def check_choice(chosen: SightChoice) -> None:
    """Refuse what can't be accepted.

    Raises
    ------
    InvalidInputError
    """
    if chosen.audience not in set(Audience):
        raise InvalidInputError("Please choose who sees the photos.", field="audience")
    if chosen.audience == Audience.LATER and chosen.revealed_at is None:
        raise InvalidInputError(
            "Please choose the day and time from which everybody sees all photos.",
            field="revealed_at",
        )
    if chosen.faces_for not in set(FacesFor):
        raise InvalidInputError("Please choose for whom faces are searched.", field="faces_for")


def find_lost(room: Room, chosen: SightChoice) -> FoundFaces | None:
    """Count what a choice would delete for good; None if it deletes nothing."""
    if chosen.faces_for != FacesFor.NOBODY or room.faces_for == FacesFor.NOBODY:
        return None
    people = select(func.count()).select_from(Person).where(Person.room_id == room.id)
    faces = select(func.count(Face.id)).join(Photo).where(Photo.room_id == room.id)
    found = FoundFaces(db.session.scalar(people) or 0, db.session.scalar(faces) or 0)
    return found if found.people or found.faces else None


def choose(room: Room, chosen: SightChoice, storage: Storage, host_id: int | None = None) -> None:
    """Decide who sees what in a room from now on.

    Parameters
    ----------
    room : Room
    chosen : SightChoice
        With `FacesFor.NOBODY`, all that was found is deleted.
    host_id : int, optional
        The guest who does it; by default whoever runs the server.

    Raises
    ------
    InvalidInputError
        If it can't be accepted. Nothing is changed then.
    """
    check_choice(chosen)
    room_id = room.id
    is_later = chosen.audience == Audience.LATER
    values: dict[str, object] = {
        "audience": chosen.audience,
        "revealed_at": chosen.revealed_at if is_later else None,
        "faces_for": chosen.faces_for,
        "adds_until": chosen.adds_until,
        "covers_faces": chosen.covers_faces,
    }
    changed = [name for name, value in values.items() if value != getattr(room, name)]
    if not changed:
        return
    if "faces_for" in changed:
        switch_faces(room_id, FacesFor(chosen.faces_for), storage)
    if "covers_faces" in changed:
        values["covering"] = Room.covering + 1  # browsers keep pictures by their address
    del values["faces_for"]
    activity.note(room_id, ActivityKind.CHANGED_SETTINGS, host_id, about=",".join(changed))
    db.session.execute(update(Room).where(Room.id == room_id).values(values))
    db.session.commit()

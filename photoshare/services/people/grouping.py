"""Group the faces of a room: decide who they are, and write that."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Table, bindparam, update

from photoshare.config import Settings
from photoshare.faces.grouping.plan import plan_groups
from photoshare.faces.types import NO_PERSON, Doubt, FaceEngine
from photoshare.models import (
    Face,
    Room,
    db,
    reference_of,
)
from photoshare.services.corrections.change import begin_change
from photoshare.services.people.covers import settle_covers
from photoshare.services.people.people import delete_empty_people, insert_person
from photoshare.services.people.room_faces import (
    RoomFaces,
    forget_room_faces,
    keep_room_faces,
    load_room_faces,
)
from photoshare.services.people.selves import follow_merged
from photoshare.services.visibility.covering import count_if_covered

_FACES = cast(Table, Face.__table__)
# Made once, and not by the session, which would look for loaded faces: most photos move some.
_MOVE = (
    update(_FACES)
    .where(_FACES.c.id == bindparam("face_id"))
    .values(person_id=bindparam("moved_to"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingRule:
    """The engine whose encodings are compared, and the settings of `plan_groups`."""

    engine_name: str
    eps: float
    min_samples: int
    doubt: Doubt = field(default_factory=Doubt)  # of the engine


def grouping_rule(engine: FaceEngine, settings: Settings) -> GroupingRule:
    """Return how to group the faces of an engine: by the settings, else by its own defaults."""
    eps = engine.eps if settings.eps is None else settings.eps
    return GroupingRule(
        engine_name=engine.name, eps=eps, min_samples=settings.min_samples, doubt=engine.doubt
    )


def group_unsorted_faces(room_id: int, rule: GroupingRule) -> None:
    """Group all faces of a room again; no face of a corrected person moves."""
    forget_room_faces(room_id)  # people may have had their last face found since
    while db.session.get(Room, room_id) is not None:  # the room may be deleted meanwhile
        room = load_room_faces(room_id, rule.engine_name)
        db.session.rollback()
        planned = plan_room(room, np.ones(len(room.ids), dtype=np.bool_), rule)
        if begin_change(room_id, revision=room.revision):
            write_plan(room_id, room, planned, {})
            return
        db.session.rollback()


def plan_room(room: RoomFaces, active: NDArray[np.bool_], rule: GroupingRule) -> RoomFaces:
    """Decide who the active faces are; new people have ids below 0 until they are written."""
    plan = plan_groups(
        room.faces,
        active,
        eps=rule.eps,
        min_samples=rule.min_samples,
        fixed_people=room.fixed_people,
        apart=room.apart,
        unseen=room.unseen,
    )
    return replace(room, faces=replace(room.faces, person_ids=plan.person_ids))


def write_plan(
    room_id: int,
    before: RoomFaces,
    planned: RoomFaces,
    replaced: Mapping[int, int],
    staying: Collection[int] = (),
) -> None:
    """Write the people of the faces by the plan, and commit; the change has begun already.

    Parameters
    ----------
    room_id : int
    before : RoomFaces
        The same faces as they were, in the same order.
    planned : RoomFaces
    replaced : mapping of face id to person id
        Of faces that were found before, whether or not they are in the plan.
    staying : collection of int
        People of faces that were not found again but stay because of a correction.
    """
    person_ids = planned.faces.person_ids.copy()
    for number in np.unique(person_ids[person_ids < NO_PERSON])[::-1].tolist():
        person_ids[person_ids == number] = insert_person(room_id)
    people_before = before.faces.person_ids
    moved = np.flatnonzero(person_ids != people_before)
    changed = zip(planned.ids[moved].tolist(), person_ids[moved].tolist(), strict=True)
    values = [{"face_id": face_id, "moved_to": reference_of(person)} for face_id, person in changed]
    if values:
        db.session.connection().execute(_MOVE, values)
    written = replace(planned, faces=replace(planned.faces, person_ids=person_ids))
    left = {*people_before[moved].tolist(), *replaced.values()} - {NO_PERSON}
    others = np.array(sorted(left), dtype=np.int64)
    gone = set(others[~np.isin(others, person_ids)].tolist())
    if gone:  # people who have no face left
        rows = np.flatnonzero(np.isin(people_before, list(gone)))
        ids = planned.ids[rows].tolist()
        was = dict(zip(ids, people_before[rows].tolist(), strict=True))
        now = dict(zip(ids, person_ids[rows].tolist(), strict=True))
        was |= {face: person for face, person in replaced.items() if person in gone}
        follow_merged(was, now, for_good=True)
        delete_empty_people(room_id, gone)
    concerned = {*left, *person_ids[moved].tolist()} - {NO_PERSON}
    settle_covers({*staying, *concerned})
    count_if_covered(room_id, concerned)
    db.session.commit()
    keep_room_faces(room_id, replace(written, revision=planned.revision + 1))

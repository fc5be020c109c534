"""Leave out of a list what stands behind a photo of the same list: conditions for its queries.

A photo is left out only where its reader finds its front: a front that they don't see, that isn't
in the album, or that is lost lets it be shown by itself. So nobody learns of a front they don't
see, and an album never lacks somebody whose face is on a photo behind.
"""

from __future__ import annotations

import operator
from collections.abc import Collection

from sqlalchemy import ColumnElement, Select, func, inspect, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.util import ClauseAdapter

from photoshare.models import Face, Photo, db


def unfolded(room_id: int, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return which photos of a list don't stand behind another one of it.

    One small index tells all that stand behind another in a room: where there is none, a list costs
    what it did before.

    Parameters
    ----------
    room_id : int
    *conditions : conditions on Photo
        All that make the list, with what its reader sees.
    """
    front = aliased(Photo)
    return Photo.id.not_in(_folded(room_id, aliased(Photo), front, conditions))


def unfolded_by(
    room_id: int, guest_id: ColumnElement[int | None], is_seen: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Return which photos don't stand behind another one of the same guest.

    Parameters
    ----------
    room_id : int
    guest_id : column of Photo
        Who added each, as the reader is shown it.
    is_seen : condition on Photo
    """
    behind, front = aliased(Photo), aliased(Photo)
    folded = _folded(room_id, behind, front, [is_seen])
    theirs = (ClauseAdapter(inspect(one).selectable).traverse(guest_id) for one in (behind, front))
    return Photo.id.not_in(folded.where(operator.eq(*theirs)))


def _folded(
    room_id: int,
    behind: type[Photo],
    front: type[Photo],
    conditions: Collection[ColumnElement[bool]],
) -> Select[int]:
    """Select the photos that stand behind one that satisfies the conditions."""
    return (
        select(behind.id)
        .join(front, front.id == behind.front_id)
        .where(behind.room_id == room_id, behind.front_id.is_not(None), ~front.is_lost)
        .where(*_said_of(front, conditions))
    )


def with_behind(
    room_id: int, condition: ColumnElement[bool], is_seen: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Return which photos are in a list, or stand behind one of it that its reader sees."""
    return or_(condition, stands_behind(room_id, condition, is_seen))


def stands_behind(room_id: int, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return which photos stand behind one of a list, whose conditions on Photo are given."""
    return Photo.id.in_(_folded(room_id, aliased(Photo), aliased(Photo), conditions))


def _said_of(
    photo: type[Photo], conditions: Collection[ColumnElement[bool]]
) -> list[ColumnElement[bool]]:
    """Say conditions of another photo than the one that is listed."""
    adapter = ClauseAdapter(inspect(photo).selectable)
    return [adapter.traverse(condition) for condition in conditions]


def count_folded(room_id: int) -> int:
    """Count the photos of a room that stand behind another, for whoever sees all of it."""
    front = aliased(Photo)
    folded = select(func.count()).select_from(Photo).join(front, front.id == Photo.front_id)
    here = (Photo.room_id == room_id, Photo.front_id.is_not(None), ~front.is_lost)
    return db.session.scalar(folded.where(*here)) or 0


def folded_of_people(people: Select[int]) -> dict[int, int]:
    """Count by person the photos of their album that stand behind another one of it.

    Parameters
    ----------
    people : query of person ids
    """
    front, on_front = aliased(Photo), aliased(Face)
    is_both = (on_front.photo_id == Photo.front_id, on_front.person_id == Face.person_id)
    counted = (
        select(Face.person_id, func.count(Photo.id.distinct()))
        .join(Photo, Photo.id == Face.photo_id)
        .join(front, front.id == Photo.front_id)
        .join(on_front, is_both[0] & is_both[1])
        .where(Face.person_id.in_(people), Photo.front_id.is_not(None), ~front.is_lost)
        .group_by(Face.person_id)
    )
    return {row[0]: row[1] for row in db.session.execute(counted) if row[0] is not None}

"""Leave out of a list what stands behind a photo of the same list: conditions for its queries.

A photo is left out only where its reader finds its front: a front that they don't see, that isn't
in the album, or that is lost lets it be shown by itself. So nobody learns of a front they don't
see, and an album never lacks somebody whose face is on a photo behind.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, func, inspect, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.util import ClauseAdapter

from photoshare.models import Face, Photo, db

Said = TypeVar("Said")
# Made once: making them for each query took nearly half of a grid's time.
_BEHIND, _FRONT = aliased(Photo, name="behind"), aliased(Photo, name="front")


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
    return Photo.id.not_in(_folded(room_id, conditions))


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
    is_same = _said_of(_BEHIND, guest_id) == _said_of(_FRONT, guest_id)
    return Photo.id.not_in(_folded(room_id, [is_seen]).where(is_same))


def _folded(room_id: int, conditions: Collection[ColumnElement[bool]]) -> Select[int]:
    """Select the photos that stand behind one that satisfies the conditions."""
    here = (_BEHIND.room_id == room_id, _BEHIND.front_id.is_not(None), ~_FRONT.is_lost)
    return (
        select(_BEHIND.id)
        .join(_FRONT, _FRONT.id == _BEHIND.front_id)
        .where(*here, *(_said_of(_FRONT, condition) for condition in conditions))
    )


def with_behind(
    room_id: int, condition: ColumnElement[bool], is_seen: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Return which photos are in a list, or stand behind one of it that its reader sees."""
    return or_(condition, stands_behind(room_id, condition, is_seen))


def stands_behind(room_id: int, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return which photos stand behind one of a list, whose conditions on Photo are given."""
    return Photo.id.in_(_folded(room_id, conditions))


def _said_of(photo: type[Photo], expression: ColumnElement[Said]) -> ColumnElement[Said]:
    """Say something of another photo than the one that is listed."""
    return ClauseAdapter(inspect(photo).selectable).traverse(expression)


def count_folded(room_id: int) -> int:
    """Count the photos of a room that stand behind another, for whoever sees all of it."""
    folded = _folded(room_id, []).with_only_columns(func.count())
    return db.session.scalar(folded) or 0


def folded_of_people(people: Select[int]) -> dict[int, int]:
    """Count by person the photos of their album that stand behind another one of it.

    Parameters
    ----------
    people : query of person ids
    """
    on_front = aliased(Face)
    is_both = (on_front.photo_id == Photo.front_id, on_front.person_id == Face.person_id)
    counted = (
        select(Face.person_id, func.count(Photo.id.distinct()))
        .join(Photo, Photo.id == Face.photo_id)
        .join(_FRONT, _FRONT.id == Photo.front_id)
        .join(on_front, is_both[0] & is_both[1])
        .where(Face.person_id.in_(people), Photo.front_id.is_not(None), ~_FRONT.is_lost)
        .group_by(Face.person_id)
    )
    return {row[0]: row[1] for row in db.session.execute(counted) if row[0] is not None}

"""Faces of photos in the bin: forgotten, or deleted, as those of other photos."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import or_, select, update

from photoshare.models import PHOTO_WAITING, Deletion, db

Rows = list[dict[str, Any]]  # of one table, by column


def forget_faces_in_bin(room_id: int, is_theirs: Callable[[int], bool]) -> None:
    """Delete the encodings of someone's faces on the photos in the bin; the caller commits.

    Parameters
    ----------
    room_id : int
    is_theirs : callable
        Whether a person, by the id at the time of the deletion, is the one to be forgotten.
    """
    forgotten = {"encoding": None, "quality": None, "is_forgotten": True}
    query = select(Deletion.id, Deletion.rows).where(Deletion.room_id == room_id)
    for deletion_id, rows in db.session.execute(query).all():
        kept = json.loads(rows)
        theirs = [row for row in kept["face"] if row["person_id"] and is_theirs(row["person_id"])]
        for row in theirs:
            row.update(forgotten)
        if theirs:
            same = update(Deletion).where(Deletion.id == deletion_id)
            db.session.execute(same.values(rows=json.dumps(kept)))


def delete_faces_in_bin(room_id: int) -> bool:
    """Delete the faces of one deletion of a room and all that goes with them, and commit.

    Returns
    -------
    bool
        Whether there was one that had any.
    """
    has_faces = or_(Deletion.rows.contains('"encoding":'), Deletion.album.is_not(None))
    found = db.session.scalar(
        select(Deletion).where(Deletion.room_id == room_id, has_faces).limit(1)
    )
    if found is None:
        return False
    values = {"rows": json.dumps(without_faces(json.loads(found.rows))), "album": None}
    db.session.execute(update(Deletion).where(Deletion.id == found.id).values(values))
    db.session.commit()
    return True


def without_faces(kept: Mapping[str, Rows]) -> Mapping[str, Rows]:
    """Leave out what was found in photos, as if nobody had searched them."""
    unsearched = {"engine": None, "state": PHOTO_WAITING, "attempts": 0}
    nothing: dict[str, Rows] = {
        name: [] for name in ("face", "person", "correction", "correction_face")
    }
    return {**kept, **nothing, "photo": [row | unsearched for row in kept["photo"]]}

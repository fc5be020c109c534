"""All faces of a room as arrays, for the grouping and for suggestions; kept in memory per room.

`Room.revision` counts every change of faces and people, so that what is kept is used only while it
is true, and what was decided on it is written only if it still is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from photoshare.db import db
from photoshare.faces.quality import may_found
from photoshare.faces.types import NO_PERSON, FaceSet
from photoshare.models import ApartLinks, Face, Person, Photo, encodings_from_bytes
from photoshare.services.shelf import Shelf, current_revision

NO_LINK = 0  # link id of a face of which nothing was said


@dataclass(frozen=True, slots=True)
class RoomFaces:
    """Every face of a room; what somebody said is no face is left out.

    Attributes
    ----------
    ids : int array of shape (n_faces,)
        Of the rows of the faces.
    faces : FaceSet
    fixed_people : frozenset of int
        People who were corrected: nobody leaves them by themselves.
    apart : int array of shape (n_pairs, 2)
        Links that are two people.
    revision : int
        Of the room before all this was read: if it is still that, nothing has changed.
    """

    ids: NDArray[np.int64]
    faces: FaceSet
    fixed_people: frozenset[int]
    apart: NDArray[np.int64]
    revision: int


# Of several rooms together: 140 MB. The one that was looked at last is kept whatever its size.
KEPT_FACES = 250_000
_shelf: Shelf[RoomFaces] = Shelf(KEPT_FACES, lambda room: len(room.ids))


@dataclass(frozen=True, slots=True)
class FaceState:
    """What a change may write of a face."""

    person_id: int  # NO_PERSON for an unsorted one
    link_id: int  # NO_LINK where nothing was said
    is_face: bool


def load_room_faces(room_id: int) -> RoomFaces:
    """Load every face of a room, or take what is kept of it if nothing has changed."""
    revision = current_revision(room_id)
    return _shelf.load(room_id, revision, lambda: _read(room_id, revision))


def keep_room_faces(room_id: int, room: RoomFaces) -> None:
    """Keep what somebody has just written, so that nobody has to read it."""
    _shelf.keep(room_id, room.revision, room)


def follow_change(
    room_id: int,
    revision: int | None,
    changed: Mapping[int, FaceState],
    *,
    without_photo: int | None = None,
) -> None:
    """Bring what is kept of a room up to a change that was just committed, instead of reading all.

    Where it was not kept as it was before the change, it is read when it is next asked for.

    Parameters
    ----------
    room_id : int
    revision : int or None
        That the change made; None: the room is gone.
    changed : mapping of face id to FaceState
        All faces that the change wrote.
    without_photo : int, optional
        A photo that is gone, and its faces with it.
    """
    room = None if revision is None else _shelf.find(room_id, revision - 1)
    if revision is None or room is None:
        return
    present = set(room.ids.tolist())
    if any(now.is_face and face not in present for face, now in changed.items()):
        return  # a face is one again, whose encoding is not known here
    order = np.argsort(room.ids)
    person_ids, link_ids = room.faces.person_ids.copy(), room.faces.link_ids.copy()
    stays = room.faces.photo_ids != (-1 if without_photo is None else without_photo)
    for face in changed.keys() & present:
        row = order[np.searchsorted(room.ids, face, sorter=order)]
        person_ids[row], link_ids[row] = changed[face].person_id, changed[face].link_id
        stays[row] &= changed[face].is_face
    faces = replace(room.faces, person_ids=person_ids, link_ids=link_ids)
    ids = room.ids
    if not stays.all():
        ids, faces = ids[stays], faces.taken(stays)
    fixed_people, apart = _read_said(room_id)
    keep_room_faces(room_id, RoomFaces(ids, faces, fixed_people, apart, revision))


def _read(room_id: int, revision: int) -> RoomFaces:
    columns = (Face.id, Face.photo_id, Face.person_id, Face.link_id, Face.score, Face.encoding)
    location = (Face.top, Face.right, Face.bottom, Face.left)
    # The ids first, which an index has, so that the rows are read in the order of the file.
    ids_of_room = select(Face.id).join(Photo).where(Photo.room_id == room_id, Face.is_face)
    query = select(*columns, *location).where(Face.id.in_(ids_of_room)).order_by(Face.id)
    # By the connection and column by column: the session takes three times as long for many rows.
    rows = db.session.connection().execute(query).all()
    by_column = zip(*rows, strict=True) if rows else iter([()] * (len(columns) + len(location)))
    ids, photo_ids, person_ids, link_ids, scores, encodings, *edges = by_column
    fixed_people, apart = _read_said(room_id)
    return RoomFaces(
        np.array(ids, dtype=np.int64),
        FaceSet(
            encodings_from_bytes(list(encodings)),
            np.array(photo_ids, dtype=np.int64),
            np.array([person or NO_PERSON for person in person_ids], dtype=np.int64),
            may_found(np.column_stack(edges), scores),
            np.array([link or NO_LINK for link in link_ids], dtype=np.int64),
        ),
        fixed_people,
        apart,
        revision,
    )


def _read_said(room_id: int) -> tuple[frozenset[int], NDArray[np.int64]]:
    """Read what people said of a room: who was corrected, and which links are two people."""
    fixed = select(Person.id).where(Person.room_id == room_id, Person.is_corrected)
    apart = select(ApartLinks.link_id, ApartLinks.other_id).where(ApartLinks.room_id == room_id)
    pairs = [tuple(row) for row in db.session.execute(apart)]
    return frozenset(db.session.scalars(fixed)), np.array(pairs, dtype=np.int64).reshape(-1, 2)

"""All faces of a room as arrays, for the grouping and for suggestions; kept in memory per room.

`Room.revision` counts every change of faces and people, so that what is kept is used only while it
is true, and what was decided on it is written only if it still is.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from photoshare.db import db
from photoshare.faces.quality import may_found
from photoshare.faces.types import NO_PERSON, FaceSet
from photoshare.models import ApartLinks, Face, Person, Photo, Room, encodings_from_bytes
from photoshare.services.erasure import HAS_ENCODING

NO_LINK = 0  # link id of a face of which nothing was said
KEPT_ROOMS = 4  # 10,000 faces are 6 MB


@dataclass(frozen=True, slots=True)
class RoomFaces:
    """Every face of a room; what somebody said is no face is left out.

    So is what was said to be one after all, until its photo has been searched again.

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


class _Shelf:
    """The rooms that were looked at last; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rooms: OrderedDict[tuple[str, int], RoomFaces] = OrderedDict()

    def get(self, room_id: int) -> RoomFaces | None:
        with self._lock:
            return self._rooms.get((str(db.engine.url), room_id))

    def put(self, room_id: int, room: RoomFaces) -> None:
        key = (str(db.engine.url), room_id)
        with self._lock:
            self._rooms[key] = room
            self._rooms.move_to_end(key)
            while len(self._rooms) > KEPT_ROOMS:
                self._rooms.popitem(last=False)

    def drop(self, room_id: int) -> None:
        with self._lock:
            self._rooms.pop((str(db.engine.url), room_id), None)


_shelf = _Shelf()


def load_room_faces(room_id: int) -> RoomFaces:
    """Load every face of a room, or take what is kept of it if nothing has changed."""
    revision = db.session.scalar(select(Room.revision).where(Room.id == room_id)) or 0
    kept = _shelf.get(room_id)
    if kept is None or kept.revision != revision:
        kept = _read(room_id, revision)
        _shelf.put(room_id, kept)
    return kept


def keep_room_faces(room_id: int, room: RoomFaces) -> None:
    """Keep what somebody has just written, so that nobody has to read it."""
    _shelf.put(room_id, room)


def forget_room_faces(room_id: int) -> None:
    """Drop what is kept of a room in which something was deleted: encodings do not outlive it."""
    _shelf.drop(room_id)


def _read(room_id: int, revision: int) -> RoomFaces:
    columns = (Face.top, Face.right, Face.bottom, Face.left, Face.score)
    rows = db.session.execute(
        select(Face.id, Face.photo_id, Face.person_id, Face.link_id, Face.encoding, *columns)
        .join(Photo)
        .where(Photo.room_id == room_id, Face.is_face, HAS_ENCODING)
        .order_by(Face.id)
    ).all()
    locations = [(row.top, row.right, row.bottom, row.left) for row in rows]
    fixed = select(Person.id).where(Person.room_id == room_id, Person.is_corrected)
    apart = select(ApartLinks.link_id, ApartLinks.other_id).where(ApartLinks.room_id == room_id)
    pairs = [tuple(row) for row in db.session.execute(apart)]
    return RoomFaces(
        np.array([row.id for row in rows], dtype=np.int64),
        FaceSet(
            encodings_from_bytes([row.encoding for row in rows]),
            np.array([row.photo_id for row in rows], dtype=np.int64),
            np.array([row.person_id or NO_PERSON for row in rows], dtype=np.int64),
            may_found(locations, [row.score for row in rows]),
            np.array([row.link_id or NO_LINK for row in rows], dtype=np.int64),
        ),
        frozenset(db.session.scalars(fixed)),
        np.array(pairs, dtype=np.int64).reshape(-1, 2),
        revision,
    )

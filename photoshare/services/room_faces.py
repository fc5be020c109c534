"""The faces of a room as arrays, for the grouping and for suggestions; kept in memory per room.

Encodings of two engines have nothing to do with each other. While a room is searched again, the
faces of the running engine are all there is here; the others wait with the people they have.

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
from photoshare.models import (
    PHOTO_FAILED,
    ApartLinks,
    Face,
    Person,
    Photo,
    Room,
    encodings_from_bytes,
)
from photoshare.services.erasure import HAS_ENCODING

NO_LINK = 0  # link id of a face of which nothing was said
KEPT_ROOMS = 4  # 10,000 faces are 6 MB


@dataclass(frozen=True, slots=True)
class RoomFaces:
    """The faces of a room that one engine encoded; what somebody said is no face is left out.

    So is what was said to be one after all, until its photo has been searched again.

    Attributes
    ----------
    engine_name : str
    ids : int array of shape (n_faces,)
        Of the rows of the faces.
    faces : FaceSet
    fixed_people : frozenset of int
        Nobody leaves them by themselves: people who were corrected, and while the room is searched
        again those of whom this engine has yet to find some face, or does not find it.
    apart : int array of shape (n_pairs, 2)
        Links that are two people.
    unseen : frozenset of (photo id, person id)
        Who is on a photo, as somebody said, though this engine does not find the face.
    revision : int
        Of the room before all this was read: if it is still that, nothing has changed.
    """

    engine_name: str
    ids: NDArray[np.int64]
    faces: FaceSet
    fixed_people: frozenset[int]
    apart: NDArray[np.int64]
    unseen: frozenset[tuple[int, int]]
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


def load_room_faces(room_id: int, engine_name: str) -> RoomFaces:
    """Load the faces of a room, or take what is kept of them if nothing has changed.

    Parameters
    ----------
    room_id : int
    engine_name : str
        The running engine, whose faces they are.
    """
    revision = db.session.scalar(select(Room.revision).where(Room.id == room_id)) or 0
    kept = _shelf.get(room_id)
    if kept is None or (kept.revision, kept.engine_name) != (revision, engine_name):
        kept = _read(room_id, engine_name, revision)
        _shelf.put(room_id, kept)
    return kept


def keep_room_faces(room_id: int, room: RoomFaces) -> None:
    """Keep what somebody has just written, so that nobody has to read it."""
    _shelf.put(room_id, room)


def forget_room_faces(room_id: int) -> None:
    """Drop what is kept of a room in which something was deleted: encodings do not outlive it."""
    _shelf.drop(room_id)


def _read(room_id: int, engine_name: str, revision: int) -> RoomFaces:
    columns = (Face.panel, Face.top, Face.right, Face.bottom, Face.left, Face.score, Face.quality)
    rows = db.session.execute(
        select(Face.id, Face.photo_id, Face.person_id, Face.link_id, Face.encoding, *columns)
        .join(Photo)
        .where(
            Photo.room_id == room_id,
            Photo.engine == engine_name,
            Face.is_face,
            HAS_ENCODING,
        )
        .order_by(Face.id)
    ).all()
    locations = [(row.top, row.right, row.bottom, row.left) for row in rows]
    corrected = select(Person.id).where(Person.room_id == room_id, Person.is_corrected)
    of_people = select(Face.photo_id, Face.person_id).join(Photo)
    of_people = of_people.where(Photo.room_id == room_id, Face.person_id.is_not(None))
    to_be_found = of_people.with_only_columns(Face.person_id).where(
        Photo.engine.is_distinct_from(engine_name), Photo.state != PHOTO_FAILED
    )
    unseen = of_people.where(Photo.engine == engine_name, Face.encoding.is_(None))
    apart = select(ApartLinks.link_id, ApartLinks.other_id).where(ApartLinks.room_id == room_id)
    pairs = [tuple(row) for row in db.session.execute(apart)]
    places = frozenset((row[0], row[1] or NO_PERSON) for row in db.session.execute(unseen))
    fixed = {*db.session.scalars(corrected), *db.session.scalars(to_be_found)}
    fixed |= {person for _, person in places}
    return RoomFaces(
        engine_name,
        np.array([row.id for row in rows], dtype=np.int64),
        FaceSet(
            encodings_from_bytes([row.encoding for row in rows if row.encoding is not None]),
            np.array([row.photo_id for row in rows], dtype=np.int64),
            np.array([row.person_id or NO_PERSON for row in rows], dtype=np.int64),
            may_found(locations, [row.score for row in rows], [row.quality for row in rows]),
            np.array([row.link_id or NO_LINK for row in rows], dtype=np.int64),
            np.array([row.panel for row in rows], dtype=np.int64),
        ),
        frozenset(person for person in fixed if person is not None),
        np.array(pairs, dtype=np.int64).reshape(-1, 2),
        places,
        revision,
    )

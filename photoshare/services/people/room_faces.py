"""Load the faces of a room as arrays, for grouping and suggestions; cached per room.

Encodings of different engines cannot be compared. While a room is searched again, only the faces of
the running engine are here; the others keep their people.

`Room.revision` counts every change of faces and people, so that the cache is used only while it is
current, and a decision based on it is written only if it still is.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from photoshare.faces.grouping.kept.memory import unit_length
from photoshare.faces.quality import are_founders
from photoshare.faces.types import FaceSet
from photoshare.models import (
    PHOTO_FAILED,
    ApartLinks,
    Face,
    Person,
    Photo,
    db,
    encodings_from_bytes,
    number_of,
)
from photoshare.services.corrections.erasure import HAS_ENCODING
from photoshare.services.shelf import Shelf, current_revision, forget_room


@dataclass(frozen=True, slots=True)
class RoomFaces:
    """The faces of a room that one engine encoded, without those marked as not a face.

    A face that was unmarked is left out, too, until its photo has been searched again.

    Attributes
    ----------
    engine_name : str
    ids : int array of shape (n_faces,)
        Of the rows of the faces.
    faces : FaceSet
    fixed_people : frozenset of int
        People whose faces clustering may not take away: those with corrections and, while the room
        is searched again, those with a face that this engine has not found, or not yet.
    apart : int array of shape (n_pairs, 2)
        Links that are different people.
    unseen : frozenset of (photo id, person id)
        People in a photo according to a correction whose faces this engine does not find.
    revision : int
        Of the room before all this was read: while it is the same, nothing has changed.
    """

    engine_name: str
    ids: NDArray[np.int64]
    faces: FaceSet
    fixed_people: frozenset[int]
    apart: NDArray[np.int64]
    unseen: frozenset[tuple[int, int]]
    revision: int


# For all rooms together: 256 MB of encodings, and 1 KB for each person and each unsorted face. The
# room used last is kept whatever its size.
KEPT_FACES = 250_000
_shelf: Shelf[RoomFaces] = Shelf(KEPT_FACES, lambda room: len(room.ids))


@dataclass(frozen=True, slots=True)
class FaceState:
    """The columns of a face that a change may write."""

    person_id: int  # NO_PERSON for an unsorted one
    bond_id: int  # NO_BOND without a correction
    is_face: bool


def load_room_faces(room_id: int, engine_name: str) -> RoomFaces:
    """Load the faces of a room, from memory if nothing has changed.

    Parameters
    ----------
    room_id : int
    engine_name : str
        The running engine, which encoded the faces.
    """
    revision = current_revision(room_id)
    return _shelf.load(
        room_id, revision, lambda: _read(room_id, engine_name, revision), engine_name
    )


def keep_room_faces(room_id: int, room: RoomFaces) -> None:
    """Keep faces that have just been written, so that they need not be read."""
    _shelf.keep(room_id, room.revision, room, room.engine_name)


def forget_room_faces(room_id: int) -> None:
    """Drop the kept faces of a room, so that they are read again."""
    _shelf.forget(room_id)


def follow_change(
    room_id: int,
    revision: int | None,
    changed: Mapping[int, FaceState],
    *,
    without_photos: Collection[int] = (),
) -> None:
    """Apply a change that was just committed to the kept faces, instead of reading all again.

    Everything else kept of the room is dropped: no name and no encoding outlives its deletion. If
    the faces were not kept as they were before the change, they are read on next use.

    Parameters
    ----------
    room_id : int
    revision : int or None
        The one made by the change; None: the room is gone.
    changed : mapping of face id to FaceState
        All faces that the change wrote.
    without_photos : collection of int
        Photos that were deleted, together with their faces.
    """
    if revision is None:
        return forget_room(room_id, before=math.inf)
    kept = _shelf.find_all(room_id, revision - 1)
    forget_room(room_id, before=revision)
    for room in kept:
        followed = _followed(room_id, room, changed, without_photos)
        if followed is not None:
            keep_room_faces(room_id, replace(followed, revision=revision))


def _followed(
    room_id: int,
    room: RoomFaces,
    changed: Mapping[int, FaceState],
    without_photos: Collection[int],
) -> RoomFaces | None:
    """Apply the change to the kept faces; None if they lack something that it needs."""
    present = set(room.ids.tolist())
    others = changed.keys() - present
    # A face of another engine, one to be encoded again, or one that is no longer `unseen`.
    if any(changed[face].is_face or room.unseen for face in others):
        return None
    order = np.argsort(room.ids)
    person_ids, bond_ids = room.faces.person_ids.copy(), room.faces.bond_ids.copy()
    stays = ~np.isin(room.faces.photo_ids, list(without_photos))
    for face in changed.keys() & present:
        row = order[np.searchsorted(room.ids, face, sorter=order)]
        person_ids[row], bond_ids[row] = changed[face].person_id, changed[face].bond_id
        stays[row] &= changed[face].is_face  # the encoding of a non-face was erased
    faces = replace(room.faces, person_ids=person_ids, bond_ids=bond_ids)
    ids = room.ids
    if not stays.all():
        ids, faces = ids[stays], faces.subset(stays)
    unseen = frozenset(place for place in room.unseen if place[0] not in without_photos)
    fixed_people, apart = _read_said(room_id, room.engine_name, unseen)
    return replace(
        room, ids=ids, faces=faces, fixed_people=fixed_people, apart=apart, unseen=unseen
    )


def _read(room_id: int, engine_name: str, revision: int) -> RoomFaces:
    columns = (Face.id, Face.photo_id, Face.person_id, Face.bond_id, Face.panel, Face.encoding)
    goodness = (Face.score, Face.quality, Face.top, Face.right, Face.bottom, Face.left)
    is_of_engine = (Photo.room_id == room_id, Photo.engine == engine_name)
    # First the ids, from an index, so that the rows are then read in the order of the file.
    ids_of_room = select(Face.id).join(Photo).where(*is_of_engine, Face.is_face)
    query = select(*columns, *goodness).where(Face.id.in_(ids_of_room), HAS_ENCODING)
    # On the connection and column by column: the session takes three times as long for many rows.
    rows = db.session.connection().execute(query.order_by(Face.id)).all()
    by_column = zip(*rows, strict=True) if rows else iter([()] * (len(columns) + len(goodness)))
    ids, photo_ids, person_ids, bond_ids, panels, encodings, scores, qualities, *edges = by_column
    places = select(Face.photo_id, Face.person_id).join(Photo)
    places = places.where(*is_of_engine, Face.person_id.is_not(None), ~HAS_ENCODING)
    unseen = frozenset((row[0], number_of(row[1])) for row in db.session.execute(places))
    fixed_people, apart = _read_said(room_id, engine_name, unseen)
    return RoomFaces(
        engine_name,
        np.array(ids, dtype=np.int64),
        FaceSet(
            unit_length(encodings_from_bytes(list(encodings))),
            np.array(photo_ids, dtype=np.int64),
            np.array(list(map(number_of, person_ids)), dtype=np.int64),
            are_founders(np.column_stack(edges), scores, qualities),
            np.array(list(map(number_of, bond_ids)), dtype=np.int64),
            np.array(panels, dtype=np.int64),
        ),
        fixed_people,
        apart,
        unseen,
        revision,
    )


def _read_said(
    room_id: int, engine_name: str, unseen: frozenset[tuple[int, int]]
) -> tuple[frozenset[int], NDArray[np.int64]]:
    """Read the corrections of a room: the fixed people, and the links kept apart."""
    corrected = select(Person.id).where(Person.room_id == room_id, Person.is_corrected)
    to_be_found = (
        select(Face.person_id)
        .join(Photo)
        .where(
            Photo.room_id == room_id,
            Photo.engine.is_distinct_from(engine_name),
            Photo.state != PHOTO_FAILED,
            Face.person_id.is_not(None),
        )
    )
    fixed_people = {*db.session.scalars(corrected), *db.session.scalars(to_be_found)}
    fixed_people |= {person for _, person in unseen}
    apart = select(ApartLinks.bond_id, ApartLinks.other_id).where(ApartLinks.room_id == room_id)
    pairs = [tuple(row) for row in db.session.execute(apart)]
    return frozenset(fixed_people - {None}), np.array(pairs, dtype=np.int64).reshape(-1, 2)

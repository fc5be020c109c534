"""The faces of a room as arrays, for the grouping and for suggestions; kept in memory per room.

Encodings of two engines have nothing to do with each other. While a room is searched again, the
faces of the running engine are all there is here; the others wait with the people they have.

`Room.revision` counts every change of faces and people, so that what is kept is used only while it
is true, and what was decided on it is written only if it still is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from photoshare.faces.grouping.memory import unit_length
from photoshare.faces.quality import may_found
from photoshare.faces.types import NO_PERSON, FaceSet
from photoshare.models import (
    PHOTO_FAILED,
    ApartLinks,
    Face,
    Person,
    Photo,
    db,
    encodings_from_bytes,
)
from photoshare.services.corrections.erasure import HAS_ENCODING
from photoshare.services.shelf import Shelf, current_revision, forget_room

NO_LINK = 0  # link id of a face of which nothing was said


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


# Of several rooms together: 140 MB. The one that was looked at last is kept whatever its size.
KEPT_FACES = 250_000
_shelf: Shelf[RoomFaces] = Shelf(KEPT_FACES, lambda room: len(room.ids))


@dataclass(frozen=True, slots=True)
class FaceState:
    """What a change may write of a face."""

    person_id: int  # NO_PERSON for an unsorted one
    link_id: int  # NO_LINK where nothing was said
    is_face: bool


def load_room_faces(room_id: int, engine_name: str) -> RoomFaces:
    """Load the faces of a room, or take what is kept of them if nothing has changed.

    Parameters
    ----------
    room_id : int
    engine_name : str
        The running engine, whose faces they are.
    """
    revision = current_revision(room_id)
    return _shelf.load(
        room_id, revision, lambda: _read(room_id, engine_name, revision), engine_name
    )


def keep_room_faces(room_id: int, room: RoomFaces) -> None:
    """Keep what somebody has just written, so that nobody has to read it."""
    _shelf.keep(room_id, room.revision, room, room.engine_name)


def forget_room_faces(room_id: int) -> None:
    """Drop the faces that are kept of a room, so that they are read anew."""
    _shelf.forget(room_id)


def follow_change(
    room_id: int,
    revision: int | None,
    changed: Mapping[int, FaceState],
    *,
    without_photo: int | None = None,
) -> None:
    """Bring what is kept of a room up to a change that was just committed, instead of reading all.

    All else that is kept of the room goes: no name and no encoding outlives its deletion. Where the
    faces were not kept as they were before the change, they are read when they are next asked for.

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
    if revision is None:
        return forget_room(room_id, before=math.inf)
    kept = _shelf.find_all(room_id, revision - 1)
    forget_room(room_id, before=revision)
    for room in kept:
        followed = _followed(room_id, room, changed, without_photo)
        if followed is not None:
            keep_room_faces(room_id, replace(followed, revision=revision))


def _followed(
    room_id: int, room: RoomFaces, changed: Mapping[int, FaceState], without_photo: int | None
) -> RoomFaces | None:
    """Change what is kept; None where it does not hold all that is needed for it."""
    present = set(room.ids.tolist())
    others = changed.keys() - present
    # A face of another engine, or one that is to be encoded anew; or one that is `unseen` no more.
    if any(changed[face].is_face or room.unseen for face in others):
        return None
    order = np.argsort(room.ids)
    person_ids, link_ids = room.faces.person_ids.copy(), room.faces.link_ids.copy()
    stays = room.faces.photo_ids != (-1 if without_photo is None else without_photo)
    for face in changed.keys() & present:
        row = order[np.searchsorted(room.ids, face, sorter=order)]
        person_ids[row], link_ids[row] = changed[face].person_id, changed[face].link_id
        stays[row] &= changed[face].is_face  # of what is none, the encoding was erased
    faces = replace(room.faces, person_ids=person_ids, link_ids=link_ids)
    ids = room.ids
    if not stays.all():
        ids, faces = ids[stays], faces.taken(stays)
    unseen = frozenset(place for place in room.unseen if place[0] != without_photo)
    fixed_people, apart = _read_said(room_id, room.engine_name, unseen)
    return replace(
        room, ids=ids, faces=faces, fixed_people=fixed_people, apart=apart, unseen=unseen
    )


def _read(room_id: int, engine_name: str, revision: int) -> RoomFaces:
    columns = (Face.id, Face.photo_id, Face.person_id, Face.link_id, Face.panel, Face.encoding)
    goodness = (Face.score, Face.quality, Face.top, Face.right, Face.bottom, Face.left)
    is_of_engine = (Photo.room_id == room_id, Photo.engine == engine_name)
    # The ids first, which an index has, so that the rows are read in the order of the file.
    ids_of_room = select(Face.id).join(Photo).where(*is_of_engine, Face.is_face)
    query = select(*columns, *goodness).where(Face.id.in_(ids_of_room), HAS_ENCODING)
    # By the connection and column by column: the session takes three times as long for many rows.
    rows = db.session.connection().execute(query.order_by(Face.id)).all()
    by_column = zip(*rows, strict=True) if rows else iter([()] * (len(columns) + len(goodness)))
    ids, photo_ids, person_ids, link_ids, panels, encodings, scores, qualities, *edges = by_column
    places = select(Face.photo_id, Face.person_id).join(Photo)
    places = places.where(*is_of_engine, Face.person_id.is_not(None), ~HAS_ENCODING)
    unseen = frozenset((row[0], row[1] or NO_PERSON) for row in db.session.execute(places))
    fixed_people, apart = _read_said(room_id, engine_name, unseen)
    return RoomFaces(
        engine_name,
        np.array(ids, dtype=np.int64),
        FaceSet(
            unit_length(encodings_from_bytes(list(encodings))),
            np.array(photo_ids, dtype=np.int64),
            np.array([person or NO_PERSON for person in person_ids], dtype=np.int64),
            may_found(np.column_stack(edges), scores, qualities),
            np.array([link or NO_LINK for link in link_ids], dtype=np.int64),
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
    """Read what people said of a room: whom no face leaves, and which links are two people."""
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
    apart = select(ApartLinks.link_id, ApartLinks.other_id).where(ApartLinks.room_id == room_id)
    pairs = [tuple(row) for row in db.session.execute(apart)]
    return frozenset(fixed_people - {None}), np.array(pairs, dtype=np.int64).reshape(-1, 2)

"""Store the faces of analysed photos and group them with the people of their room.

What is known is read, the plan is made without a transaction, and it is written only if no face or
person has changed meanwhile (`Room.revision`); otherwise all three are done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Table, bindparam, delete, insert, update

from photoshare.faces.quality import are_founders, face_quality
from photoshare.faces.types import NO_BOND, NO_PERSON, AnalysedFace, FaceSet
from photoshare.models import (
    PHOTO_ANALYSED,
    PHOTO_ANALYSING,
    ROOMS_WITHOUT_FACES,
    Face,
    Photo,
    db,
    encoding_to_bytes,
)
from photoshare.services.corrections.change import begin_change
from photoshare.services.kept_files import is_kept
from photoshare.services.people.grouping import GroupingRule, plan_room, write_plan
from photoshare.services.people.known_faces import (
    NEW_FACE,
    FacePlace,
    KnownFace,
    MatchedFaces,
    match_known_faces,
    without_forgotten,
)
from photoshare.services.people.room_faces import (
    RoomFaces,
    load_room_faces,
)
from photoshare.services.visibility.sight import searches_faces
from photoshare.services.work.photo_queue import ClaimedPhoto
from photoshare.storage import Storage

_PHOTOS, _FACES = cast(Table, Photo.__table__), cast(Table, Face.__table__)
# Made once, and not by the session, which would look for loaded rows: each is run for every photo.
_MARK_ANALYSED = (
    update(_PHOTOS)
    .where(_PHOTOS.c.id.in_(bindparam("photos", expanding=True)))
    .where(_PHOTOS.c.state == PHOTO_ANALYSING, _PHOTOS.c.room_id.not_in(ROOMS_WITHOUT_FACES))
    .values(state=PHOTO_ANALYSED, engine=bindparam("by"))
    .returning(_PHOTOS.c.id)
)
_INSERT_FACES = insert(_FACES).returning(_FACES.c.id, sort_by_parameter_order=True)


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face that the analysis found, with its cover: a small square JPEG."""

    face: AnalysedFace
    crop: bytes


@dataclass(frozen=True, slots=True)
class FoundPhoto:
    """A searched photo: the faces found in it now, and those known before.

    Attributes
    ----------
    claimed : ClaimedPhoto
    found : list of AnalysedFace
        All that the engine found.
    faces : list of AnalysedFace
        Without those that someone asked to be forgotten.
    known : MatchedFaces
    """

    claimed: ClaimedPhoto
    found: list[AnalysedFace]
    faces: list[AnalysedFace]
    known: MatchedFaces

    @property
    def unseen(self) -> set[tuple[int, int]]:
        """People in the photo according to a correction whose faces were not found this time."""
        left_behind = self.known.left_behind if self.known.is_other_engine else []
        return {(self.claimed.id, row.person_id) for row in left_behind if row.person_id}

    def rows(self) -> list[tuple[int, AnalysedFace, KnownFace]]:
        """List (photo id, found face, known face), without those marked as not a face."""
        nobody = KnownFace(NEW_FACE, NO_PERSON, NO_BOND, is_face=True)
        known = [self.known.found_again.get(place, nobody) for place in range(len(self.faces))]
        rows = zip(self.faces, known, strict=True)
        return [(self.claimed.id, face, row) for face, row in rows if row.is_face]


Searched: TypeAlias = tuple[ClaimedPhoto, list[AnalysedFace]]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was known of a room when some of its photos had been searched."""

    room: RoomFaces
    photos: list[FoundPhoto]

    @property
    def replaced(self) -> dict[int, int]:
        """The former person of every face that was found again or is gone, by face id."""
        return {
            face_id: person_id
            for photo in self.photos
            for face_id, person_id in photo.known.replaced.items()
        }

    @property
    def staying(self) -> set[int]:
        """The people whose faces were not found again but stay because of a correction."""
        return {row.person_id for photo in self.photos for row in photo.known.left_behind}


@dataclass(frozen=True, slots=True)
class _Plan:
    """The faces of a room with those of the searched photos: as they were, and who they are."""

    before: RoomFaces
    planned: RoomFaces


def store_analysis(
    photos: Sequence[tuple[ClaimedPhoto, list[FoundFace]]],
    *,
    rule: GroupingRule,
    storage: Storage,
) -> None:
    """Store the faces of some photos of a room and group them with its people, all or nothing.

    A photo that was deleted meanwhile leaves nothing behind, nor does one of a room whose faces are
    no longer searched. A face that an earlier analysis found,
    with whichever engine, keeps its row, its person and its corrections.
    """
    _write_crops(photos, storage)
    left = [(claimed, [one.face for one in found]) for claimed, found in photos]
    while left:
        try:
            reading = _read(left, rule)
            left = _write(reading, _plan(reading, rule), rule, storage)
        finally:
            db.session.rollback()  # so that nothing half done is committed later


def _write_crops(photos: Sequence[tuple[ClaimedPhoto, list[FoundFace]]], storage: Storage) -> None:
    """Write the pictures of faces before their rows; the sweep removes files without a row."""
    storage.write_all_derived(
        (_crop_file(storage, claimed, _place_of(one.face)), one.crop)
        for claimed, found in photos
        for one in found
    )


def _read(photos: Sequence[Searched], rule: GroupingRule) -> _Reading:
    """Read the faces of the room and those known of the photos; no transaction stays open."""
    room = load_room_faces(photos[0][0].room_id, rule.engine_name)
    found = [_found_photo(claimed, faces, rule) for claimed, faces in photos]
    db.session.rollback()
    return _Reading(room, found)


def _found_photo(
    claimed: ClaimedPhoto, found: list[AnalysedFace], rule: GroupingRule
) -> FoundPhoto:
    faces = without_forgotten(claimed.id, found)
    known = match_known_faces(claimed.id, faces, rule.engine_name)
    return FoundPhoto(claimed, found, faces, known)


def _plan(reading: _Reading, rule: GroupingRule) -> _Plan:
    """Decide who the faces of the photos are; reads and writes nothing."""
    before, is_active = _with_faces(reading.room, reading.photos)
    return _Plan(before, plan_room(before, is_active, rule))


def _write(reading: _Reading, plan: _Plan, rule: GroupingRule, storage: Storage) -> list[Searched]:
    """Write the plan if nothing has changed; return the photos to try again."""
    claimed = [photo.claimed for photo in reading.photos]
    with storage.locked():
        is_current = begin_change(claimed[0].room_id, revision=reading.room.revision)
        present = _mark_analysed(claimed, rule)
        if not is_current or len(present) < len(claimed):
            db.session.rollback()
            reading.room.faces.memory.take_back(len(reading.room.ids))  # the photo may be deleted
            gone = [photo for photo in reading.photos if photo.claimed.id not in present]
            _delete_files(gone, storage)
            return [
                (photo.claimed, photo.found)
                for photo in reading.photos
                if photo.claimed.id in present
            ]
        new_ids = [face_id for photo in reading.photos for face_id in _write_faces(photo)]
        plan.planned.ids[plan.planned.ids == NEW_FACE] = new_ids
        write_plan(claimed[0].room_id, plan.before, plan.planned, reading.replaced, reading.staying)
        for photo in reading.photos:
            _delete_old_crops(photo, storage)
    return []


def _with_faces(room: RoomFaces, searched: list[FoundPhoto]) -> tuple[RoomFaces, NDArray[np.bool_]]:
    """Replace the known faces of photos by those found now.

    Returns
    -------
    room : RoomFaces
        A face without a row has the id NEW_FACE; these come last, in the order of the photos.
    is_active : bool array of shape (n_faces,)
        Which faces belong to the photos.
    """
    replaced = [face_id for photo in searched for face_id in photo.known.replaced]
    rows = [row for photo in searched for row in photo.rows()]
    faces = [face for _, face, _ in rows]
    good = are_founders(
        [face.location for face in faces],
        [face.score for face in faces],
        [face_quality(face) for face in faces],
    )
    encodings = [face.encoding for face in faces]
    new = FaceSet(
        np.array(encodings, dtype=np.float32) if faces else room.faces.encodings[:0],
        _numbers([photo_id for photo_id, _, _ in rows]),
        _numbers([known.person_id for _, _, known in rows]),
        good,
        _numbers([known.bond_id for _, _, known in rows]),
        _numbers([face.panel for face in faces]),
    )
    ids, old = room.ids, room.faces
    if replaced:
        kept = ~np.isin(ids, replaced)
        ids, old = ids[kept], old.subset(kept)
    unseen = room.unseen.union(*(photo.unseen for photo in searched))
    is_active = np.arange(len(ids) + len(rows)) >= len(ids)
    ids = np.concatenate([ids, _numbers([known.id for _, _, known in rows])])
    people = {person_id for photo in searched for _, person_id in photo.unseen}
    fixed = room.fixed_people | people
    everything = old.extended(new)
    return replace(room, ids=ids, faces=everything, unseen=unseen, fixed_people=fixed), is_active


def _numbers(values: list[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def _mark_analysed(photos: list[ClaimedPhoto], rule: GroupingRule) -> set[int]:
    """Mark photos as searched; return the ids of those that still exist and are searched."""
    values = {"photos": [photo.id for photo in photos], "by": rule.engine_name}
    return set(db.session.connection().execute(_MARK_ANALYSED, values).scalars())


def _write_faces(photo: FoundPhoto) -> list[int]:
    """Write the rows of a photo's faces; return the ids of the new ones, in order."""
    photo_id, faces, known = photo.claimed.id, photo.faces, photo.known
    changed, new = [], []
    for place, face in enumerate(faces):
        top, right, bottom, left = face.location
        values: dict[str, Any] = {"top": top, "right": right, "bottom": bottom, "left": left}
        values |= {"score": face.score, "encoding": encoding_to_bytes(face.encoding)}
        values["quality"] = face_quality(face)
        values |= {"panel": face.panel, "at_ms": face.at_ms}
        if place in known.found_again:
            if not known.found_again[place].is_face:
                values["encoding"] = (
                    None  # stays erased: see photoshare.services.corrections.erasure
                )
            changed.append(values | {"id": known.found_again[place].id})
        else:
            new.append(values | {"photo_id": photo_id})
    if changed:
        db.session.execute(update(Face), changed)
    if known.is_other_engine:  # drop every encoding that the photo's engine has not made
        lost = [row.id for row in known.left_behind]
        db.session.execute(update(Face).where(Face.id.in_(lost)).values(encoding=None))
    if known.gone:
        gone = [row.id for row in known.gone]
        db.session.execute(delete(Face).where(Face.id.in_(gone)))
    return list(db.session.connection().execute(_INSERT_FACES, new).scalars()) if new else []


def _delete_files(gone: list[FoundPhoto], storage: Storage) -> None:
    """Delete the files of deleted photos, unless they are still needed; else those of faces.

    These stay if the photo was only given back, and its faces may be in their rows.
    """
    for photo in gone:
        claimed = photo.claimed
        room_id, sha256 = claimed.room_id, claimed.sha256
        if not is_kept(room_id, sha256):
            storage.delete_photo(room_id, sha256)
        elif not searches_faces(room_id):
            crops = (_crop_file(storage, claimed, _place_of(face)) for face in photo.faces)
            storage.delete_derived(crops)


def _delete_old_crops(photo: FoundPhoto, storage: Storage) -> None:
    """Delete the pictures of faces whose location has changed."""
    claimed, faces, known = photo.claimed, photo.faces, photo.known
    shown = {
        _place_of(face)
        for place, face in enumerate(faces)
        if place not in known.found_again or known.found_again[place].is_face
    }
    storage.delete_derived(
        _crop_file(storage, claimed, where)
        for where in (known.old_places | {_place_of(face) for face in photo.found}) - shown
    )


def _place_of(face: AnalysedFace) -> FacePlace:
    return face.location, face.at_ms


def _crop_file(storage: Storage, claimed: ClaimedPhoto, where: FacePlace) -> Path:
    return storage.face_crop(claimed.room_id, claimed.sha256, *where)

"""Store the faces of analysed photos and group them with the people of the room.

Planning holds no transaction. The plan is written only if no face or person has changed meanwhile
(`Room.revision`); otherwise it is made again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, select, update

from photoshare.config import Settings
from photoshare.db import db
from photoshare.faces.grouping.plan import plan_groups
from photoshare.faces.quality import face_quality, may_found
from photoshare.faces.types import NO_PERSON, AnalysedFace, Doubt, FaceEngine, FaceSet
from photoshare.models import (
    PHOTO_ANALYSED,
    PHOTO_ANALYSING,
    Face,
    Photo,
    Room,
    encoding_to_bytes,
)
from photoshare.services.corrections.change import begin_change
from photoshare.services.people.covers import settle_covers
from photoshare.services.people.known_faces import (
    NEW_FACE,
    KnownFace,
    MatchedFaces,
    match_known_faces,
)
from photoshare.services.people.people import delete_empty_people, insert_person
from photoshare.services.people.room_faces import (
    NO_LINK,
    RoomFaces,
    forget_room_faces,
    keep_room_faces,
    load_room_faces,
)
from photoshare.services.people.selves import follow_merged
from photoshare.services.work.photo_queue import ClaimedPhoto
from photoshare.storage import Storage


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face that the analysis found, with its cover: a small square JPEG."""

    face: AnalysedFace
    crop: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingRule:
    """The engine whose encodings are compared, and the settings of `plan_groups`."""

    engine_name: str
    eps: float
    min_samples: int
    doubt: Doubt = field(default_factory=Doubt)  # of the engine


@dataclass(frozen=True, slots=True)
class _SearchedPhoto:
    """A photo, the faces found in it now, and those known before."""

    claimed: ClaimedPhoto
    faces: list[AnalysedFace]
    known: MatchedFaces

    @property
    def unseen(self) -> set[tuple[int, int]]:
        """People in the photo according to a correction whose faces were not found this time."""
        left_behind = self.known.left_behind if self.known.is_other_engine else []
        return {(self.claimed.id, row.person_id) for row in left_behind if row.person_id}

    def rows(self) -> list[tuple[int, AnalysedFace, KnownFace]]:
        """List (photo id, found face, known face), without those marked as not a face."""
        nobody = KnownFace(NEW_FACE, NO_PERSON, NO_LINK, is_face=True)
        known = [self.known.found_again.get(place, nobody) for place in range(len(self.faces))]
        rows = zip(self.faces, known, strict=True)
        return [(self.claimed.id, face, row) for face, row in rows if row.is_face]


def grouping_rule(engine: FaceEngine, settings: Settings) -> GroupingRule:
    """Return how to group the faces of an engine: by the settings, else by its own defaults."""
    eps = engine.eps if settings.eps is None else settings.eps
    return GroupingRule(
        engine_name=engine.name, eps=eps, min_samples=settings.min_samples, doubt=engine.doubt
    )


def store_analysis(
    photos: Sequence[tuple[ClaimedPhoto, list[FoundFace]]],
    *,
    rule: GroupingRule,
    storage: Storage,
) -> None:
    """Store the faces of some photos of a room and group them with its people, all or nothing.

    A photo that was deleted meanwhile leaves nothing behind. A face that an earlier analysis found,
    with whichever engine, keeps its row, its person and its corrections.
    """
    for claimed, found in photos:  # before the transaction; the sweep removes files without a row
        for one in found:
            target = storage.face_crop(claimed.room_id, claimed.sha256, one.face.location)
            storage.write_derived(target, one.crop)
    left = [(claimed, [one.face for one in found]) for claimed, found in photos]
    while left:
        left = _left_to_store(left, rule, storage)
        db.session.rollback()


def group_unsorted_faces(room_id: int, rule: GroupingRule) -> None:
    """Group all faces of a room again; no face of a corrected person moves."""
    forget_room_faces(room_id)  # people may have had their last face found since
    while db.session.get(Room, room_id) is not None:  # the room may be deleted meanwhile
        room = load_room_faces(room_id, rule.engine_name)
        db.session.rollback()
        planned = _planned(room, np.ones(len(room.ids), dtype=np.bool_), rule)
        if begin_change(room_id, revision=room.revision):
            _write_plan(room_id, room, planned, {})
            return
        db.session.rollback()


def _left_to_store(
    photos: list[tuple[ClaimedPhoto, list[AnalysedFace]]], rule: GroupingRule, storage: Storage
) -> list[tuple[ClaimedPhoto, list[AnalysedFace]]]:
    """Make a plan, and write it if nothing has changed; return the photos to try again."""
    room_id = photos[0][0].room_id
    room = load_room_faces(room_id, rule.engine_name)
    searched = [
        _SearchedPhoto(claimed, faces, _known_among(claimed, faces, rule))
        for claimed, faces in photos
    ]
    db.session.rollback()  # the planning below holds no transaction
    before, is_active = _with_faces(room, searched)
    planned = _planned(before, is_active, rule)
    with storage.locked():
        is_current = begin_change(room_id, revision=room.revision)
        present = _mark_analysed([claimed for claimed, _ in photos], rule)
        if not is_current or len(present) < len(photos):
            db.session.rollback()
            room.faces.memory.take_back(len(room.ids))  # the photo may be deleted
            gone = [claimed for claimed, _ in photos if claimed.id not in present]
            _delete_files(gone, storage)
            return [photo for photo in photos if photo[0].id in present]
        new_ids = [face_id for photo in searched for face_id in _write_faces(photo)]
        planned.ids[planned.ids == NEW_FACE] = new_ids
        replaced = {
            face_id: person_id
            for photo in searched
            for face_id, person_id in photo.known.replaced.items()
        }
        staying = {row.person_id for photo in searched for row in photo.known.left_behind}
        _write_plan(room_id, before, planned, replaced, staying)
        for photo in searched:
            _delete_old_crops(photo, storage)
    return []


def _known_among(
    claimed: ClaimedPhoto, faces: list[AnalysedFace], rule: GroupingRule
) -> MatchedFaces:
    return match_known_faces(claimed.id, [face.location for face in faces], rule.engine_name)


def _mark_analysed(photos: list[ClaimedPhoto], rule: GroupingRule) -> set[int]:
    """Mark photos as searched; return the ids of those that still exist."""
    done = db.session.scalars(
        update(Photo)
        .where(Photo.id.in_([photo.id for photo in photos]), Photo.state == PHOTO_ANALYSING)
        .values(state=PHOTO_ANALYSED, engine=rule.engine_name)
        .returning(Photo.id)
    )
    return set(done)


def _delete_files(gone: list[ClaimedPhoto], storage: Storage) -> None:
    """Delete the files of deleted photos, unless they were uploaded again."""
    for photo in gone:
        if not _is_known(photo.room_id, photo.sha256):
            storage.delete_photo(photo.room_id, photo.sha256)


def _delete_old_crops(photo: _SearchedPhoto, storage: Storage) -> None:
    """Delete the pictures of faces whose location has changed."""
    claimed, faces, known = photo.claimed, photo.faces, photo.known
    shown = {
        face.location
        for place, face in enumerate(faces)
        if place not in known.found_again or known.found_again[place].is_face
    }
    for location in (known.old_locations | {face.location for face in faces}) - shown:
        storage.face_crop(claimed.room_id, claimed.sha256, location).unlink(missing_ok=True)


def _planned(room: RoomFaces, active: NDArray[np.bool_], rule: GroupingRule) -> RoomFaces:
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


def _with_faces(
    room: RoomFaces, searched: list[_SearchedPhoto]
) -> tuple[RoomFaces, NDArray[np.bool_]]:
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
    good = may_found(
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
        _numbers([known.link_id for _, _, known in rows]),
        _numbers([face.panel for face in faces]),
    )
    ids, old = room.ids, room.faces
    if replaced:
        kept = ~np.isin(ids, replaced)
        ids, old = ids[kept], old.taken(kept)
    unseen = room.unseen.union(*(photo.unseen for photo in searched))
    is_active = np.arange(len(ids) + len(rows)) >= len(ids)
    ids = np.concatenate([ids, _numbers([known.id for _, _, known in rows])])
    people = {person_id for photo in searched for _, person_id in photo.unseen}
    fixed = room.fixed_people | people
    everything = old.extended(new)
    return replace(room, ids=ids, faces=everything, unseen=unseen, fixed_people=fixed), is_active


def _numbers(values: list[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def _write_faces(photo: _SearchedPhoto) -> list[int]:
    """Write the rows of a photo's faces; return the ids of the new ones, in order."""
    photo_id, faces, known = photo.claimed.id, photo.faces, photo.known
    changed, new = [], []
    for place, face in enumerate(faces):
        top, right, bottom, left = face.location
        values: dict[str, object] = {"top": top, "right": right, "bottom": bottom, "left": left}
        values |= {"score": face.score, "encoding": encoding_to_bytes(face.encoding)}
        values["quality"] = face_quality(face)
        values["panel"] = face.panel
        if place in known.found_again:
            if not known.found_again[place].is_face:
                values["encoding"] = (
                    None  # stays erased: see photoshare.services.corrections.erasure
                )
            changed.append(values | {"id": known.found_again[place].id})
        else:
            new.append(Face(photo_id=photo_id, **values))
    if changed:
        db.session.execute(update(Face), changed)
    if known.is_other_engine:  # drop every encoding that the photo's engine has not made
        lost = [row.id for row in known.left_behind]
        db.session.execute(update(Face).where(Face.id.in_(lost)).values(encoding=None))
    if known.gone:
        gone = [row.id for row in known.gone]
        db.session.execute(delete(Face).where(Face.id.in_(gone)))
    db.session.add_all(new)
    db.session.flush()
    return [row.id for row in new]


def _write_plan(
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
    values = [{"id": face_id, "person_id": person_id or None} for face_id, person_id in changed]
    if values:
        db.session.execute(update(Face), values)
    written = replace(planned, faces=replace(planned.faces, person_ids=person_ids))
    left = {*people_before[moved].tolist(), *replaced.values()} - {NO_PERSON}
    gone = left.difference(person_ids.tolist())
    if gone:  # people who have no face left
        rows = np.flatnonzero(np.isin(people_before, list(gone)))
        ids = planned.ids[rows].tolist()
        was = dict(zip(ids, people_before[rows].tolist(), strict=True))
        now = dict(zip(ids, person_ids[rows].tolist(), strict=True))
        was |= {face: person for face, person in replaced.items() if person in gone}
        follow_merged(was, now, for_good=True)
        delete_empty_people(room_id)
    settle_covers({*staying, *left, *person_ids[moved].tolist()} - {NO_PERSON})
    db.session.commit()
    keep_room_faces(room_id, replace(written, revision=planned.revision + 1))


def _is_known(room_id: int, sha256: str) -> bool:
    """Whether the room has this photo, perhaps uploaded again under another id."""
    query = select(Photo.id).where(Photo.room_id == room_id, Photo.sha256 == sha256)
    return db.session.scalar(query) is not None

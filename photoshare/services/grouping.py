"""Store the faces of an analysed photo, and decide with all others of the room who they are.

The planning holds no transaction; what was planned is written only if nobody changed a face or a
person meanwhile (`Room.revision`), else it is planned again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, select, update

from photoshare.db import db
from photoshare.faces.matching import plan_groups
from photoshare.faces.quality import may_found
from photoshare.faces.types import ENCODING_SIZE, NO_PERSON, AnalysedFace, FaceSet
from photoshare.models import (
    PHOTO_ANALYSED,
    PHOTO_ANALYSING,
    Face,
    Photo,
    Room,
    encoding_to_bytes,
)
from photoshare.services.analysis import ClaimedPhoto
from photoshare.services.change import begin_change
from photoshare.services.known_faces import NEW_FACE, KnownFace, match_known_faces
from photoshare.services.people import delete_empty_people, insert_person
from photoshare.services.room_faces import NO_LINK, RoomFaces, keep_room_faces, load_room_faces
from photoshare.services.selves import follow_merged
from photoshare.storage import Storage


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face that the analysis found, with its cover: a small square JPEG."""

    face: AnalysedFace
    crop: bytes


@dataclass(frozen=True, slots=True)
class GroupingRule:
    """The settings of `plan_groups`."""

    eps: float
    min_samples: int


def store_analysis(
    claimed: ClaimedPhoto,
    found: list[FoundFace],
    *,
    engine_name: str,
    rule: GroupingRule,
    storage: Storage,
) -> None:
    """Store the faces of a photo and group them with the room's people, all or nothing.

    A photo that was deleted meanwhile leaves nothing behind. A face that an earlier analysis found
    stays the same row, with its person and all that was said of it.
    """
    for one in found:  # before the transaction; without a row the sweep removes them
        target = storage.face_crop(claimed.room_id, claimed.sha256, one.face.location)
        storage.write_derived(target, one.crop)
    faces = [one.face for one in found]
    while not _try_to_store(claimed, faces, engine_name, rule, storage):
        db.session.rollback()


def group_unsorted_faces(room_id: int, rule: GroupingRule) -> None:
    """Look at all faces of a room again; no face of a corrected person moves."""
    while db.session.get(Room, room_id) is not None:  # it may be deleted meanwhile
        room = load_room_faces(room_id)
        db.session.rollback()
        planned = _planned(room, np.ones(len(room.ids), dtype=np.bool_), rule)
        if begin_change(room_id, revision=room.revision):
            _write_plan(room_id, room, planned)
            return
        db.session.rollback()


def _try_to_store(
    claimed: ClaimedPhoto,
    faces: list[AnalysedFace],
    engine_name: str,
    rule: GroupingRule,
    storage: Storage,
) -> bool:
    """Plan, and write the plan if the room is still as it was; return whether it is done with."""
    room = load_room_faces(claimed.room_id)
    known = match_known_faces(claimed.id, [face.location for face in faces])
    db.session.rollback()  # the planning below holds no transaction
    everything, is_active = _with_faces(room, claimed.id, faces, known.found_again, known.gone)
    planned = _planned(everything, is_active, rule)
    with storage.locked():
        is_current = begin_change(claimed.room_id, revision=room.revision)
        done = db.session.execute(
            update(Photo)
            .where(Photo.id == claimed.id, Photo.state == PHOTO_ANALYSING)
            .values(state=PHOTO_ANALYSED, engine=engine_name)
            .returning(Photo.id)
        )
        if done.first() is None:
            db.session.rollback()
            if not _is_known(claimed.room_id, claimed.sha256):
                storage.delete_photo(claimed.room_id, claimed.sha256)
            return True
        if not is_current:
            return False
        new_ids = _write_faces(claimed.id, faces, known.found_again, known.gone)
        planned.ids[planned.ids == NEW_FACE] = new_ids
        _write_plan(claimed.room_id, room, planned)
        shown = {
            face.location
            for place, face in enumerate(faces)
            if place not in known.found_again or known.found_again[place].is_face
        }
        for location in (known.old_locations | {face.location for face in faces}) - shown:
            storage.face_crop(claimed.room_id, claimed.sha256, location).unlink(missing_ok=True)
    return True


def _planned(room: RoomFaces, active: NDArray[np.bool_], rule: GroupingRule) -> RoomFaces:
    """Decide who the active faces are; new people have numbers below 0 as yet."""
    plan = plan_groups(
        room.faces,
        active,
        eps=rule.eps,
        min_samples=rule.min_samples,
        fixed_people=room.fixed_people,
        apart=room.apart,
    )
    return replace(room, faces=replace(room.faces, person_ids=plan.person_ids))


def _with_faces(
    room: RoomFaces,
    photo_id: int,
    faces: list[AnalysedFace],
    found_again: dict[int, KnownFace],
    gone: list[int],
) -> tuple[RoomFaces, NDArray[np.bool_]]:
    """Put the faces that were found on a photo in place of those known so far.

    Returns
    -------
    room : RoomFaces
        The id of a face without a row is NEW_FACE.
    is_active : bool array of shape (n_faces,)
        Which faces are the photo's.
    """
    replaced = [face.id for face in found_again.values()] + gone
    kept = ~np.isin(room.ids, replaced)
    nobody = KnownFace(NEW_FACE, NO_PERSON, NO_LINK, is_face=True)
    rows = [(face, found_again.get(place, nobody)) for place, face in enumerate(faces)]
    rows = [(face, known) for face, known in rows if known.is_face]
    new = np.array([face.encoding for face, _ in rows], dtype=np.float32)
    good = may_found([face.location for face, _ in rows], [face.score for face, _ in rows])
    old = room.faces
    everything = FaceSet(
        np.concatenate([old.encodings[kept], new.reshape(-1, ENCODING_SIZE)]),
        _joined(old.photo_ids[kept], [photo_id] * len(rows)),
        _joined(old.person_ids[kept], [known.person_id for _, known in rows]),
        np.concatenate([old.may_found[kept], good]),
        _joined(old.link_ids[kept], [known.link_id for _, known in rows]),
    )
    ids = _joined(room.ids[kept], [known.id for _, known in rows])
    is_active = np.arange(len(ids)) >= kept.sum()
    return replace(room, ids=ids, faces=everything), is_active


def _joined(old: NDArray[np.int64], new: list[int]) -> NDArray[np.int64]:
    return np.concatenate([old, np.array(new, dtype=np.int64)])


def _write_faces(
    photo_id: int, faces: list[AnalysedFace], found_again: dict[int, KnownFace], gone: list[int]
) -> list[int]:
    """Write the rows of a photo's faces; return the ids of the new ones, in their order."""
    changed, new = [], []
    for place, face in enumerate(faces):
        top, right, bottom, left = face.location
        values: dict[str, object] = {"top": top, "right": right, "bottom": bottom, "left": left}
        encoding = encoding_to_bytes(face.encoding)
        if place in found_again and not found_again[place].is_face:
            encoding = bytes(len(encoding))  # stays erased: see photoshare.services.erasure
        values |= {"score": face.score, "encoding": encoding}
        if place in found_again:
            changed.append(values | {"id": found_again[place].id})
        else:
            new.append(Face(photo_id=photo_id, **values))
    if changed:
        db.session.execute(update(Face), changed)
    if gone:
        db.session.execute(delete(Face).where(Face.id.in_(gone)))
    db.session.add_all(new)
    db.session.flush()
    return [row.id for row in new]


def _write_plan(room_id: int, before: RoomFaces, planned: RoomFaces) -> None:
    """Write who the faces are by the plan, and commit; the transaction has begun as a change."""
    person_ids = planned.faces.person_ids.copy()
    for number in np.unique(person_ids[person_ids < NO_PERSON])[::-1].tolist():
        person_ids[person_ids == number] = insert_person(room_id)
    known = dict(zip(before.ids.tolist(), before.faces.person_ids.tolist(), strict=True))
    changed = [
        {"id": face_id, "person_id": person_id or None}
        for face_id, person_id in zip(planned.ids.tolist(), person_ids.tolist(), strict=True)
        if known.get(face_id, NO_PERSON) != person_id
    ]
    if changed:
        db.session.execute(update(Face), changed)
    now = dict(zip(planned.ids.tolist(), person_ids.tolist(), strict=True))
    follow_merged(known, now, for_good=True)
    delete_empty_people(room_id)
    db.session.commit()
    faces = replace(planned.faces, person_ids=person_ids)
    keep_room_faces(room_id, replace(planned, faces=faces, revision=before.revision + 1))


def _is_known(room_id: int, sha256: str) -> bool:
    """Whether the room has this photo, perhaps uploaded again under another id."""
    query = select(Photo.id).where(Photo.room_id == room_id, Photo.sha256 == sha256)
    return db.session.scalar(query) is not None

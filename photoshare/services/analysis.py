"""The work list of the face analysis: claim a photo, store what it holds, group its faces.

Each function is one short transaction; nothing here decodes, locates or encodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select, update

from photoshare.db import db
from photoshare.faces.matching import NO_PERSON, FaceSet, GroupPlan, plan_groups
from photoshare.faces.quality import may_found
from photoshare.faces.types import ENCODING_SIZE, AnalysedFace
from photoshare.models import (
    PHOTO_ANALYSED,
    PHOTO_ANALYSING,
    PHOTO_FAILED,
    PHOTO_WAITING,
    Face,
    Person,
    Photo,
    Room,
    encoding_to_bytes,
    encodings_from_bytes,
)
from photoshare.services.people import delete_empty_people
from photoshare.storage import Storage

MAX_ATTEMPTS = 3  # a photo that breaks the analysis this often is left alone


@dataclass(frozen=True, slots=True)
class ClaimedPhoto:
    """A photo that the claiming thread alone may analyse."""

    id: int
    room_id: int
    sha256: str
    is_retry: bool = False  # it was in hand when something went wrong, and may be the cause


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


@dataclass(frozen=True, slots=True)
class RoomFaces:
    """Every face of a room, with the ids of its rows in the same order, and who is named."""

    ids: NDArray[np.int64]
    faces: FaceSet
    named_people: set[int]


def release_claims(*, count_attempt: bool) -> None:
    """Give back the photos that were in hand when the process ended.

    Parameters
    ----------
    count_attempt : bool
        True after a crash, which the photo may have caused; False at an orderly stop.
    """
    db.session.execute(
        update(Photo)
        .where(Photo.state == PHOTO_ANALYSING)
        .values(state=PHOTO_WAITING, attempts=Photo.attempts - (0 if count_attempt else 1))
    )
    db.session.commit()


def claim_photo(room_id: int, *, is_first_attempt: bool = False) -> ClaimedPhoto | None:
    """Take the next waiting photo of a room; None when there is none.

    The attempt is counted before the photo is touched, so that one which kills the process is not
    tried for ever; photos that failed once come last.

    Parameters
    ----------
    room_id : int
    is_first_attempt : bool
        Take only photos that were never tried.
    """
    query = select(Photo.id, Photo.sha256, Photo.attempts).where(
        Photo.room_id == room_id, Photo.state == PHOTO_WAITING
    )
    if is_first_attempt:
        query = query.where(Photo.attempts == 0)
    row = db.session.execute(query.order_by(Photo.attempts, Photo.id).limit(1)).first()
    if row is None:
        return None
    db.session.execute(
        update(Photo)
        .where(Photo.id == row.id, Photo.state == PHOTO_WAITING)
        .values(state=PHOTO_ANALYSING, attempts=Photo.attempts + 1)
    )
    db.session.commit()
    return ClaimedPhoto(row.id, room_id, row.sha256, is_retry=row.attempts > 0)


def fail_attempt(photo_id: int) -> None:
    """Put a photo whose analysis failed back into the list, or mark it failed at last."""
    in_hand = (Photo.id == photo_id, Photo.state == PHOTO_ANALYSING)
    db.session.execute(
        update(Photo).where(*in_hand, Photo.attempts >= MAX_ATTEMPTS).values(state=PHOTO_FAILED)
    )
    db.session.execute(update(Photo).where(*in_hand).values(state=PHOTO_WAITING))
    db.session.commit()


def fail_exhausted_photos() -> None:
    """Mark the photos failed that were in hand at `MAX_ATTEMPTS` crashes."""
    db.session.execute(
        update(Photo)
        .where(Photo.state == PHOTO_WAITING, Photo.attempts >= MAX_ATTEMPTS)
        .values(state=PHOTO_FAILED)
    )
    db.session.commit()


def retry_failed_photos(room_id: int) -> None:
    """Give the photos that were given up another chance; the host asked for it."""
    db.session.execute(
        update(Photo)
        .where(Photo.room_id == room_id, Photo.state == PHOTO_FAILED)
        .values(state=PHOTO_WAITING, attempts=0)
    )
    db.session.commit()


def store_analysis(
    claimed: ClaimedPhoto,
    found: list[FoundFace],
    *,
    engine_name: str,
    rule: GroupingRule,
    storage: Storage,
) -> None:
    """Store the faces of a photo and group them with the room's people, all or nothing.

    A photo that was deleted meanwhile leaves nothing behind.
    """
    room = _load_room_faces(claimed.room_id)
    db.session.rollback()  # the planning below holds no transaction
    faces = [one.face for one in found]
    everything, active = _with_new_faces(room.faces, claimed.id, faces)
    plan = _plan(everything, active, rule, room.named_people)
    for one in found:  # before the transaction; without a row the sweep removes them
        target = storage.face_crop(claimed.room_id, claimed.sha256, one.face.location)
        storage.write_derived(target, one.crop)
    with storage.locked():
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
            return
        face_ids = _insert_faces(claimed.id, faces)
        _write_people(
            claimed.room_id,
            np.concatenate([room.ids, face_ids]),
            before=everything.person_ids,
            plan=plan,
        )
        db.session.commit()


def group_unsorted_faces(room_id: int, rule: GroupingRule) -> None:
    """Look at all faces of a room again; no face of a named person moves."""
    room = _load_room_faces(room_id)
    db.session.rollback()
    everyone = np.ones(len(room.faces), dtype=np.bool_)
    plan = _plan(room.faces, everyone, rule, room.named_people)
    _write_people(room_id, room.ids, before=room.faces.person_ids, plan=plan)
    delete_empty_people(room_id)  # new people whose faces were deleted meanwhile
    db.session.commit()


def _plan(
    faces: FaceSet, active: NDArray[np.bool_], rule: GroupingRule, named_people: set[int]
) -> GroupPlan:
    return plan_groups(
        faces, active, eps=rule.eps, min_samples=rule.min_samples, fixed_people=named_people
    )


def _load_room_faces(room_id: int) -> RoomFaces:
    columns = (Face.top, Face.right, Face.bottom, Face.left, Face.score)
    rows = db.session.execute(
        select(Face.id, Face.photo_id, Face.person_id, Face.encoding, *columns)
        .join(Photo)
        .where(Photo.room_id == room_id)
        .order_by(Face.id)
    ).all()
    named = select(Person.id).where(Person.room_id == room_id, Person.name.is_not(None))
    locations = [(row.top, row.right, row.bottom, row.left) for row in rows]
    return RoomFaces(
        np.array([row.id for row in rows], dtype=np.int64),
        FaceSet(
            encodings_from_bytes([row.encoding for row in rows]),
            np.array([row.photo_id for row in rows], dtype=np.int64),
            np.array([row.person_id or NO_PERSON for row in rows], dtype=np.int64),
            may_found(locations, [row.score for row in rows]),
            np.zeros(len(rows), dtype=np.int64),
        ),
        set(db.session.scalars(named)),
    )


def _with_new_faces(
    known: FaceSet, photo_id: int, faces: list[AnalysedFace]
) -> tuple[FaceSet, NDArray[np.bool_]]:
    """Append the faces of a photo to those of the room; tell which rows are the new ones."""
    count = len(faces)
    new = np.array([face.encoding for face in faces], dtype=np.float32)
    good = may_found([face.location for face in faces], [face.score for face in faces])
    everything = FaceSet(
        np.concatenate([known.encodings, new.reshape(count, ENCODING_SIZE)]),
        np.concatenate([known.photo_ids, np.full(count, photo_id, dtype=np.int64)]),
        np.concatenate([known.person_ids, np.full(count, NO_PERSON, dtype=np.int64)]),
        np.concatenate([known.may_found, good]),
        np.concatenate([known.link_ids, np.zeros(count, dtype=np.int64)]),
    )
    return everything, np.arange(len(everything)) >= len(known)


def _insert_faces(photo_id: int, faces: list[AnalysedFace]) -> NDArray[np.int64]:
    """Insert the faces of a photo, unsorted; return their ids."""
    rows = []
    for found in faces:
        top, right, bottom, left = found.location
        rows.append(
            Face(
                photo_id=photo_id,
                top=top,
                right=right,
                bottom=bottom,
                left=left,
                score=found.score,
                encoding=encoding_to_bytes(found.encoding),
            )
        )
    db.session.add_all(rows)
    db.session.flush()
    return np.array([row.id for row in rows], dtype=np.int64)


def _write_people(
    room_id: int, face_ids: NDArray[np.int64], *, before: NDArray[np.int64], plan: GroupPlan
) -> None:
    """Write the decisions of `plan_groups`.

    People who were deleted since they were read stay deleted, those who were named stay.
    """
    # The first statement of the transaction writes, so that nobody is named from here on.
    db.session.execute(update(Room).where(Room.id == room_id).values(title=Room.title))
    named = dict(
        db.session.execute(select(Person.id, Person.name).where(Person.room_id == room_id)).all()
    )
    for gone, survivor in plan.merged.items():
        if gone in named and named[gone] is None and survivor in named:
            db.session.execute(
                update(Face).where(Face.person_id == gone).values(person_id=survivor)
            )
            db.session.execute(delete(Person).where(Person.id == gone))
    changed = np.flatnonzero((before == NO_PERSON) & (plan.person_ids != NO_PERSON))
    for wanted in np.unique(plan.person_ids[changed]).tolist():
        person_id = _new_person(room_id) if wanted < 0 else wanted
        if wanted > 0 and wanted not in named:
            continue
        rows = changed[plan.person_ids[changed] == wanted]
        db.session.execute(
            update(Face)
            .where(Face.id.in_(face_ids[rows].tolist()), Face.person_id.is_(None))
            .values(person_id=person_id)
        )


def _is_known(room_id: int, sha256: str) -> bool:
    """Whether the room has this photo, perhaps uploaded again under another id."""
    query = select(Photo.id).where(Photo.room_id == room_id, Photo.sha256 == sha256)
    return db.session.scalar(query) is not None


def _new_person(room_id: int) -> int:
    row = db.session.execute(insert(Person).values(room_id=room_id).returning(Person.id))
    return int(row.scalar_one())

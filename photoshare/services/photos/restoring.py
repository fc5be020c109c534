"""The bin of photos: keep the rows of deleted ones for a while, and bring them back.

A deleted photo is in no table that any page reads: its rows are kept as one text per deletion. What
else the deletion changed (people, names, covers, bonds) follows from faces and corrections, so that
`corrections.change` works it out again when they are back, with all that was said since.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    LargeBinary,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import defer

from photoshare.config import SHORTEST_BIN_TIME
from photoshare.db import Base
from photoshare.errors import NotFoundError
from photoshare.models import (
    PHOTO_ANALYSING,
    PHOTO_WAITING,
    AlsoAdded,
    Correction,
    CorrectionFace,
    DeletedPhoto,
    Deletion,
    Face,
    Guest,
    Heart,
    Person,
    Photo,
    db,
    number_of,
    utc_now,
)
from photoshare.services.clocks.settling import settle_clocks
from photoshare.services.corrections.change import Change, begin_change
from photoshare.services.paging import ListPage
from photoshare.services.people.room_faces import follow_change
from photoshare.services.rooms import activity
from photoshare.services.rooms.activity import ActivityKind
from photoshare.services.rooms.entering import Access
from photoshare.services.versions.stacking import put_back
from photoshare.services.visibility.also_added import add_all_also, add_also
from photoshare.services.visibility.faces_in_bin import Rows, without_faces
from photoshare.services.visibility.sight import searches_faces, sees_only_self
from photoshare.storage import Storage

BIN_PAGE_SIZE = 20  # deletions: a phone shows four at once
SHOWN_IN_BIN = 8  # pictures of one deletion: two rows on a phone


@dataclass(frozen=True, slots=True)
class BinEntry:
    """What was deleted at once, as the bin shows it."""

    id: int
    photo_count: int
    album: str | None  # as `Deletion.album`
    by: str | None  # the name of whoever deleted it; may be empty; None: no longer here
    is_own: bool  # by this browser's guest
    created_at: datetime
    hashes: list[str]  # SHA-256 of some photos, to show


def keep_rows(
    room_id: int,
    photo_ids: Sequence[int],
    *,
    guest_id: int,
    album: str | None = None,
    left: Collection[int] = (),
) -> int:
    """Keep the rows of photos that are about to be deleted; return the id of the deletion.

    The caller deletes them and commits.

    Parameters
    ----------
    left : collection of int
        Photos that stay, since others added them as well, and are this guest's no longer.
    """
    here = Face.photo_id.in_(photo_ids)
    said = CorrectionFace.face_id.in_(select(Face.id).where(here))
    concerned = select(CorrectionFace.correction_id).where(said)
    kept = {
        "photo": _read(Photo, Photo.id.in_(photo_ids)),
        "face": _read(Face, here),
        "person": _read(Person, Person.id.in_(select(Face.person_id).where(here))),
        "heart": _read(Heart, Heart.photo_id.in_(photo_ids)),
        "correction": _read(Correction, Correction.id.in_(concerned)),
        "correction_face": _read(CorrectionFace, CorrectionFace.correction_id.in_(concerned)),
        "also_added": [
            *_read(AlsoAdded, AlsoAdded.photo_id.in_(photo_ids)),
            *({"photo_id": photo_id, "guest_id": guest_id} for photo_id in left),
        ],
    }
    hashes = db.session.scalars(select(Photo.sha256).where(Photo.id.in_([*photo_ids, *left]))).all()
    query = insert(Deletion).values(
        room_id=room_id,
        guest_id=guest_id,
        photo_count=len(hashes),
        album=album,
        rows=json.dumps(kept, default=_as_json),
    )
    deletion_id = int(db.session.execute(query.returning(Deletion.id)).scalar_one())
    same = {"room_id": room_id, "deletion_id": deletion_id}
    db.session.execute(insert(DeletedPhoto), [same | {"sha256": sha256} for sha256 in hashes])
    return deletion_id


def in_bin_of(access: Access) -> ColumnElement[bool]:
    """Make the condition that this browser may restore a deletion: its own, or for a host any."""
    is_here = Deletion.room_id == access.room.id
    return is_here if access.is_host else is_here & (Deletion.guest_id == access.guest.id)


def get_deletion(access: Access, deletion_id: int) -> Deletion:
    """Load a deletion that this browser may restore, or make final.

    Raises
    ------
    NotFoundError
        If there is none, or its time is over.
    """
    query = select(Deletion).where(Deletion.id == deletion_id, in_bin_of(access))
    deletion = db.session.scalar(query.options(defer(Deletion.rows)))
    if deletion is None:
        raise NotFoundError("It's too late to undo this: the photos are gone for good.")
    return deletion


def find_undoable(access: Access) -> Deletion | None:
    """Find the last deletion, if it was a moment ago and this browser may restore it."""
    is_new = Deletion.created_at > utc_now() - SHORTEST_BIN_TIME
    query = select(Deletion).where(in_bin_of(access), is_new).options(defer(Deletion.rows))
    return db.session.scalar(query.order_by(Deletion.id.desc()).limit(1))


def list_bin(access: Access, page: int) -> ListPage[BinEntry]:
    """List a page of what this browser may restore, the newest first."""
    mine = in_bin_of(access)
    count = db.session.scalar(select(func.count()).select_from(Deletion).where(mine)) or 0
    query = select(Deletion, Guest.name).outerjoin(Guest, Guest.id == Deletion.guest_id)
    query = query.where(mine).options(defer(Deletion.rows)).order_by(Deletion.id.desc())
    page = max(1, page)
    found = db.session.execute(query.offset((page - 1) * BIN_PAGE_SIZE).limit(BIN_PAGE_SIZE)).all()
    entries = [_entry(access, row, name) for row, name in found]
    return ListPage(entries, page, count, BIN_PAGE_SIZE)


def _entry(access: Access, deletion: Deletion, name: str | None) -> BinEntry:
    hashes = select(DeletedPhoto.sha256).where(DeletedPhoto.deletion_id == deletion.id)
    return BinEntry(
        deletion.id,
        deletion.photo_count,
        None if sees_only_self(access) else deletion.album,
        name,
        deletion.guest_id == access.guest.id,
        deletion.created_at,
        list(db.session.scalars(hashes.limit(SHOWN_IN_BIN))),
    )


def get_binned_photo(access: Access, deletion_id: int, digest: str) -> Photo:
    """Find a photo of the bin by the beginning of its hash; only to show a picture of it.

    Returns
    -------
    Photo
        Not of the database: with its room and its hash, and nothing else.

    Raises
    ------
    NotFoundError
        If this browser's bin has none.
    """
    of_it = DeletedPhoto.deletion_id == get_deletion(access, deletion_id).id
    is_it = DeletedPhoto.sha256.startswith(digest, autoescape=True)
    sha256 = db.session.scalar(select(DeletedPhoto.sha256).where(of_it, is_it))
    if sha256 is None:
        raise NotFoundError("This picture no longer exists.")
    return Photo(room_id=access.room.id, sha256=sha256)


def restore_photos(access: Access, deletion_id: int, storage: Storage) -> int:
    """Undo a deletion; return how many photos are back.

    A photo that was uploaded again meanwhile stays as it is; if its guest doesn't see it, since
    another one added it, it is theirs as well.

    Raises
    ------
    NotFoundError
        If there is no such deletion for this browser, or its time is over.
    """
    deletion = get_deletion(access, deletion_id)
    room_id, kept = deletion.room_id, json.loads(deletion.rows)
    with storage.locked():
        try:
            begin_change(room_id)
            taken = db.session.execute(delete(Deletion).where(Deletion.id == deletion_id))
            if taken.rowcount == 0:  # type: ignore[attr-defined]  # of a result of DELETE
                raise NotFoundError("It's too late to undo this: the photos are gone for good.")
            count = _put_back(room_id, kept)
            activity.note(room_id, ActivityKind.RESTORED, access.guest.id, count=count)
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise
    follow_change(room_id, None, {})  # faces came: read all of them again
    return count


def _put_back(room_id: int, kept: Mapping[str, Rows]) -> int:
    """Insert the rows again and settle what follows from them; the caller commits."""
    if not searches_faces(room_id):
        kept = without_faces(kept)
    known = set(db.session.scalars(select(Photo.sha256).where(Photo.room_id == room_id)))
    guests = set(db.session.scalars(select(Guest.id).where(Guest.room_id == room_id)))
    photos = [row for row in kept["photo"] if row["sha256"] not in known]
    for row in photos:
        row["face_count"] = row["heart_count"] = 0  # the database counts them as they come
        row["state"] = PHOTO_WAITING if row["state"] == PHOTO_ANALYSING else row["state"]
        row["paired_by"] = None  # compared again: what was found by its look is gone
        _without_gone(row, guests, "guest_id")
    back = {row["id"] for row in photos}
    fronts = {row["id"]: row["front_id"] for row in photos if row.get("front_id")}
    faces = [row for row in kept["face"] if row["photo_id"] in back]
    people = {row["id"]: row["person_id"] for row in faces}
    _write(Photo, [row | {"front_id": None, "behind_as": None} for row in photos])
    put_back(fronts)
    settle_clocks(room_id, Photo.id.in_(back))  # as was said since
    _write(Face, [row | {"person_id": None} for row in faces])
    hearts = [row for row in kept["heart"] if row["photo_id"] in back]
    _write(Heart, [row for row in hearts if row["guest_id"] in guests])
    _put_back_corrections(kept, people.keys(), guests)
    change = Change(room_id)
    for face_id, person_id in people.items():
        change.person_of[face_id] = change.whoever_is_now(number_of(person_id))
    change.settle()
    for row in kept["person"]:
        _put_back_person(row)
    again = {row["sha256"]: row["guest_id"] for row in kept["photo"] if row["id"] not in back}
    of_guests = [(sha256, guest_id) for sha256, guest_id in again.items() if guest_id in guests]
    return len(photos) + _put_back_also(kept, back, guests) + add_all_also(room_id, of_guests)


def _put_back_also(kept: Mapping[str, Rows], back: Collection[int], guests: set[int]) -> int:
    """Let guests have again what others added as well; return how many of these had stayed."""
    rows = kept.get("also_added", [])
    ids = [row["photo_id"] for row in rows]
    found = db.session.execute(select(Photo.id, Photo.guest_id).where(Photo.id.in_(ids)))
    owners = {row.id: row.guest_id for row in found}
    count = 0
    for row in rows:
        photo_id, guest_id = row["photo_id"], row["guest_id"]
        if photo_id in owners and guest_id in guests and owners[photo_id] != guest_id:
            add_also(photo_id, guest_id)
            count += photo_id not in back
    return count


def _put_back_person(row: Mapping[str, Any]) -> None:
    """Give a person what does not follow from their faces: their age, and the cover they had."""
    same = update(Person).where(Person.id == row["id"])
    db.session.execute(same.values(created_at=datetime.fromisoformat(row["created_at"])))
    is_theirs = exists().where(Face.id == row["clear_face_id"], Face.person_id == row["id"])
    db.session.execute(same.where(is_theirs).values(clear_face_id=row["clear_face_id"]))


def _put_back_corrections(
    kept: Mapping[str, Rows], face_ids: Collection[int], guests: set[int]
) -> None:
    """Let corrections be about the faces that are back, as they were before the deletion."""
    rows = [row for row in kept["correction_face"] if row["face_id"] in face_ids]
    concerned = {row["correction_id"] for row in rows}
    corrections = [row for row in kept["correction"] if row["id"] in concerned]
    found = select(Correction.id, Correction.undone_at).where(Correction.id.in_(concerned))
    undone_at = {row.id: row.undone_at for row in db.session.execute(found)}
    gone = [row for row in corrections if row["id"] not in undone_at]
    for row in gone:
        _without_gone(row, guests, "guest_id", "undone_by")
    _write(Correction, gone)
    for row in corrections:
        if row["id"] in undone_at and undone_at[row["id"]] is None:
            _end_stand_in(row, kept["correction_face"])
    in_force = concerned - {number for number, time in undone_at.items() if time is not None}
    _write(CorrectionFace, [row for row in rows if row["correction_id"] in in_force])


def _end_stand_in(correction: Mapping[str, Any], kept_faces: Rows) -> None:
    """Take a correction from the faces that stood in for the deleted ones (`erasure`)."""
    about = [row["face_id"] for row in kept_faces if row["correction_id"] == correction["id"]]
    of_it = CorrectionFace.correction_id == correction["id"]
    db.session.execute(delete(CorrectionFace).where(of_it, CorrectionFace.face_id.not_in(about)))
    same = update(Correction).where(Correction.id == correction["id"])
    db.session.execute(same.values(kind=correction["kind"]))  # a merge may have become a name


def _without_gone(row: dict[str, Any], guests: set[int], *columns: str) -> None:
    """Forget guests who have left meanwhile."""
    for column in columns:
        if row[column] not in guests:
            row[column] = None


# ---- Rows as JSON --------------------------------------------------------------------------------


def _columns(model: type[Base]) -> list[ColumnElement[Any]]:
    return [column for column in model.__table__.columns if column.computed is None]


def _read(model: type[Base], condition: ColumnElement[bool]) -> Rows:
    query = select(*_columns(model)).where(condition)
    return [dict(row) for row in db.session.execute(query).mappings()]


def _as_json(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value)} is in no column")


def _write(model: type[Base], rows: Rows) -> None:
    """Insert rows as `_read` found them, through JSON; columns of other versions are left out."""
    if not rows:
        return
    columns = {column.key: column.type for column in _columns(model)}

    def value(name: str, given: Any) -> Any:
        kind = columns[name]
        if given is None or not isinstance(given, str):
            return given
        if isinstance(kind, LargeBinary):
            return base64.b64decode(given)
        is_time = isinstance(getattr(kind, "impl", kind), DateTime)
        return datetime.fromisoformat(given) if is_time else given

    known = [{key: value(key, row[key]) for key in row.keys() & columns.keys()} for row in rows]
    db.session.execute(insert(model), known)

"""Switch for whom the faces of a room are searched; for nobody, all that was found is deleted."""

from __future__ import annotations

import contextlib

from sqlalchemy import ColumnElement, delete, exists, or_, select, update

from photoshare.errors import StorageError
from photoshare.models import (
    JOB_QUEUED,
    PHOTO_WAITING,
    ROOMS_WITHOUT_FACES,
    ApartLinks,
    ClockShift,
    Correction,
    Face,
    FacesFor,
    Guest,
    Job,
    LinkKind,
    OwnLink,
    Person,
    Photo,
    Room,
    db,
)
from photoshare.services.corrections.change import begin_change
from photoshare.services.rooms.rooms import PHOTOS_AT_ONCE
from photoshare.services.shelf import forget_room
from photoshare.services.space import even_when_full
from photoshare.services.take_home.packs import forget_packs
from photoshare.services.visibility.faces_in_bin import delete_faces_in_bin
from photoshare.services.work.job_table import FACE_SEARCH
from photoshare.storage import Storage


def switch_faces(room_id: int, faces_for: FacesFor, storage: Storage) -> None:
    """Search the faces of a room for everybody, for who found themselves, or for nobody.

    For nobody, every face, encoding, person and correction is deleted at once, also of photos in
    the bin; if the process ends in between, `finish_switches` resumes. Otherwise the photos that
    nobody has searched wait for it, and the job thread finds them.
    """
    begin_change(room_id)
    db.session.execute(update(Room).where(Room.id == room_id).values(faces_for=faces_for.value))
    db.session.commit()
    if faces_for is FacesFor.NOBODY:
        _delete_faces(room_id, storage, is_switched=True)


def finish_switches(storage: Storage) -> None:
    """Delete what is left of the faces of rooms in which they are searched for nobody."""
    for room_id in db.session.scalars(ROOMS_WITHOUT_FACES).all():
        _delete_faces(room_id, storage)


def _delete_faces(room_id: int, storage: Storage, *, is_switched: bool = False) -> None:
    """Delete the faces of a room in portions, as rooms are deleted, then who they were.

    Unless it was just switched, there is hardly ever anything left.
    """

    def forget() -> None:
        while _forget_some_faces(room_id):
            pass
        while delete_faces_in_bin(room_id):  # last: a deletion takes faces there
            pass
        if is_switched or _has_people(room_id):
            _forget_people(room_id)

    with storage.locked():  # nobody adds, deletes or restores photos
        even_when_full(storage, forget)
        with contextlib.suppress(StorageError):  # the next sweep reaches the bucket
            storage.delete_face_crops(room_id)
        forget_packs(storage, room_id)
    storage.fill_reserve()


def _forget_some_faces(room_id: int) -> bool:
    """Let some photos be as before their search, and commit; return whether there were any."""
    is_searched = or_(
        Photo.engine.is_not(None),
        Photo.state != PHOTO_WAITING,
        exists().where(Face.photo_id == Photo.id),
    )
    some = select(Photo.id).where(Photo.room_id == room_id, is_searched).limit(PHOTOS_AT_ONCE)
    ids = db.session.scalars(some).all()
    if not ids:
        return False
    begin_change(room_id)
    db.session.execute(delete(Face).where(Face.photo_id.in_(ids)))
    unsearched = {"engine": None, "state": PHOTO_WAITING, "attempts": 0}
    db.session.execute(update(Photo).where(Photo.id.in_(ids)).values(unsearched))
    db.session.commit()
    return True


def _has_people(room_id: int) -> bool:
    return any(
        db.session.scalar(select(exists().where(*_of_faces(table, room_id))))
        for table in (Person, Correction, ApartLinks)
    )


def _of_faces(
    table: type[Person | Correction | ApartLinks], room_id: int
) -> list[ColumnElement[bool]]:
    """Select the rows of a room that are about faces: the clocks of cameras stay right."""
    here = [table.room_id == room_id]
    if table is Correction:
        here.append(Correction.id.not_in(select(ClockShift.correction_id)))
    return here


def _forget_people(room_id: int) -> None:
    """Delete the people, what was said of them, who guests are, and what memory keeps; commit."""
    revision = begin_change(room_id)
    of_room = select(Guest.id).where(Guest.room_id == room_id)
    is_album = OwnLink.kind == LinkKind.ALBUM
    db.session.execute(delete(OwnLink).where(is_album, OwnLink.guest_id.in_(of_room)))
    nobody = {"person_id": None, "said_person_id": None, "own_seen_count": None}
    guests = update(Guest).where(Guest.room_id == room_id)
    db.session.execute(guests.values(nobody | {"is_proven": False}))
    for table in (Correction, ApartLinks, Person):
        db.session.execute(delete(table).where(*_of_faces(table, room_id)))
    waits = (Job.kind.in_(FACE_SEARCH), Job.state == JOB_QUEUED)
    db.session.execute(delete(Job).where(Job.room_id == room_id, *waits))
    db.session.commit()
    forget_room(room_id, before=revision or 0)

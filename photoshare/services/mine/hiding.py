"""Ask not to be shown, and to have one's face forgotten; only whoever asked takes it back.

Both are corrections, so they outlast regrouping, merges, engines, and a move to another server. A
face that is forgotten keeps its location and its person, for the own album and for covering. It has
no encoding, and no search makes one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, update

from photoshare.errors import InvalidInputError
from photoshare.models import Correction, CorrectionFace, Face, Photo, db
from photoshare.services.corrections.change import Change, change_of_room
from photoshare.services.corrections.erasure import search_photos_again
from photoshare.services.corrections.events import CorrectionKind
from photoshare.services.corrections.oneself import find_own
from photoshare.services.people.covers import settle_covers
from photoshare.services.rooms.entering import Access
from photoshare.services.shelf import current_revision, forget_room
from photoshare.services.take_home.packs import forget_packs
from photoshare.services.visibility.faces_in_bin import forget_faces_in_bin
from photoshare.services.visibility.sight import own_person_id
from photoshare.storage import Storage


@dataclass(frozen=True, slots=True)
class Hiding:
    """What a guest has asked for, and not taken back."""

    is_hidden: bool
    is_forgotten: bool


def find_hiding(access: Access) -> Hiding:
    """Tell what this guest has asked for."""
    kinds = (CorrectionKind.HIDE_ME, CorrectionKind.FORGET_ME)
    return Hiding(*(bool(find_own(access.room.id, access.guest.id, kind)) for kind in kinds))


def hide_me(access: Access, storage: Storage, *, forgets: bool) -> None:
    """Hide the person that this guest is from everybody but themselves and the hosts.

    Parameters
    ----------
    access : Access
    storage : Storage
    forgets : bool
        Also delete the encodings of their faces, for good.

    Raises
    ------
    InvalidInputError
        If the guest has not chosen their album, or not proven that it is theirs where needed.
    """
    room_id, guest_id, person_id = access.room.id, access.guest.id, own_person_id(access)
    if person_id is None:
        raise InvalidInputError("First say which one is you, under “Me”.")
    crops = []
    with change_of_room(room_id) as change:
        faces = change.faces_of(person_id)
        if not _is_hidden_by(guest_id, person_id, change):
            change.record(CorrectionKind.HIDE_ME, [faces], guest_id=guest_id)
        if forgets:
            change.record(CorrectionKind.FORGET_ME, [faces], guest_id=guest_id)
            crops = _crops_of(room_id, faces, storage)
            _forget(faces)
            settle_covers([person_id])
            forget_faces_in_bin(room_id, lambda person: change.whoever_is_now(person) == person_id)
    if forgets:
        forget_room(room_id, before=current_revision(room_id))  # encodings are in memory as well
        storage.delete_derived(crops)
        forget_packs(storage, room_id)


def show_me(access: Access) -> None:
    """Take back that this guest asked not to be shown; who else asked for the same is not."""
    _take_back(access, CorrectionKind.HIDE_ME)


def search_me_again(access: Access) -> None:
    """Let the faces that this guest had forgotten be searched again, with their photos."""
    with change_of_room(access.room.id) as change:
        own = find_own(access.room.id, access.guest.id, CorrectionKind.FORGET_ME)
        ids = [correction.id for correction in own]
        of_own = select(CorrectionFace.face_id).where(CorrectionFace.correction_id.in_(ids))
        by_others = (
            select(CorrectionFace.face_id)
            .join(Correction)
            .where(
                *(Correction.room_id == access.room.id, Correction.undone_at.is_(None)),
                *(Correction.kind == CorrectionKind.FORGET_ME, Correction.id.not_in(ids)),
            )
        )
        query = select(Face.id, Face.photo_id).where(
            *(Face.id.in_(of_own), Face.id.not_in(by_others), Face.is_forgotten)
        )
        found = db.session.execute(query).all()
        for correction in own:
            change.take_back(correction, guest_id=access.guest.id)
        faces = [{"id": face_id, "is_forgotten": False} for face_id, _ in found]
        if faces:
            db.session.execute(update(Face), faces)
        search_photos_again({photo_id for _, photo_id in found})


def _take_back(access: Access, kind: CorrectionKind) -> None:
    with change_of_room(access.room.id) as change:
        for correction in find_own(access.room.id, access.guest.id, kind):
            change.take_back(correction, guest_id=access.guest.id)


def _is_hidden_by(guest_id: int, person_id: int, change: Change) -> bool:
    asked = change.find_said(person_id, lambda event: event.kind == CorrectionKind.HIDE_ME)
    return any(correction.guest_id == guest_id for correction in asked)


def _forget(face_ids: Collection[int]) -> None:
    gone = {"encoding": None, "quality": None, "is_forgotten": True}
    db.session.execute(update(Face), [{"id": face_id} | gone for face_id in face_ids])


def _crops_of(room_id: int, face_ids: Collection[int], storage: Storage) -> list[Path]:
    """List the files of the small pictures of faces."""
    edges = (Face.top, Face.right, Face.bottom, Face.left)
    query = select(Photo.sha256, *edges, Face.at_ms).join(Face)
    found = db.session.execute(query.where(Face.id.in_(face_ids)))
    return [
        storage.face_crop(room_id, sha256, (top, right, bottom, left), at_ms)
        for sha256, top, right, bottom, left, at_ms in found
    ]

"""Delete photos with their faces and whoever is on no other photo; for good after a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from photoshare.errors import InvalidInputError, NotAllowedError, NotFoundError
from photoshare.models import DeletedPhoto, Deletion, Photo, db, utc_now
from photoshare.services.corrections.change import begin_change
from photoshare.services.corrections.erasure import delete_spent_corrections, detach_corrections
from photoshare.services.kept_files import is_kept
from photoshare.services.people.covers import people_on, settle_covers
from photoshare.services.people.people import delete_empty_people
from photoshare.services.people.room_faces import follow_change
from photoshare.services.photos.albums import MOST_CHOSEN
from photoshare.services.photos.restoring import keep_rows
from photoshare.services.rooms.entering import Access
from photoshare.services.space import even_when_full
from photoshare.services.take_home.packs import forget_packs
from photoshare.storage import Storage


@dataclass(frozen=True, slots=True)
class DeletedPhotos:
    """The outcome of a deletion."""

    count: int
    deletion_id: int | None  # to undo it by; None: the disk is full, so they are gone for good


def may_delete(access: Access, photo: Photo) -> bool:
    """Whether this browser may delete a photo: the host any, a guest their own."""
    return access.is_host or photo.guest_id == access.guest.id


def list_deletable(access: Access, photo_ids: Sequence[int]) -> list[Photo]:
    """Load those of some photos of the room that this browser may delete, in the order of time.

    Raises
    ------
    InvalidInputError
        If there are more than may be chosen.
    """
    if len(photo_ids) > MOST_CHOSEN:
        raise InvalidInputError("Please select up to %(number)s photos.", number=MOST_CHOSEN)
    query = select(Photo).where(Photo.room_id == access.room.id, Photo.id.in_(photo_ids))
    photos = db.session.scalars(query.order_by(Photo.moment, Photo.id))
    return [photo for photo in photos if may_delete(access, photo)]


def delete_photos(access: Access, photo_ids: Sequence[int], storage: Storage) -> DeletedPhotos:
    """Delete photos with their faces and the people left without a face.

    From here on nobody finds them. `restoring.restore_photos` brings them back, until
    `delete_for_good` removes what is kept for that, and their files: at once on a full disk.

    Parameters
    ----------
    photo_ids : sequence of int
        Those that this browser may not delete stay.

    Raises
    ------
    NotFoundError
        If this room has none of them.
    NotAllowedError
        If the browser neither hosts the room nor uploaded any of them.
    """
    room_id = access.room.id
    ids = [photo.id for photo in list_deletable(access, photo_ids)]
    if not ids:
        is_there = select(Photo.id).where(Photo.room_id == room_id, Photo.id.in_(photo_ids))
        if db.session.scalar(is_there.limit(1)) is None:
            raise NotFoundError("This photo doesn't exist or was deleted.")
        raise NotAllowedError("Only the host or the guest who uploaded a photo can delete it.")
    deletion_id = 0

    def delete_rows() -> None:
        nonlocal deletion_id
        revision = begin_change(room_id)
        deletion_id = keep_rows(room_id, ids, guest_id=access.guest.id)
        detach_corrections(room_id, ids)
        left = people_on(ids)
        db.session.execute(delete(Photo).where(Photo.id.in_(ids)))
        delete_spent_corrections(room_id)
        delete_empty_people(room_id)
        settle_covers(left)
        db.session.commit()
        follow_change(room_id, revision, {}, without_photos=ids)

    with storage.locked():
        is_full = even_when_full(storage, delete_rows)
    forget_packs(storage, room_id)
    if is_full or not storage.has_free_space():
        delete_for_good(storage, before=utc_now())
        return DeletedPhotos(len(ids), None)
    return DeletedPhotos(len(ids), deletion_id)


def delete_photos_of(access: Access, guest_id: int, storage: Storage) -> list[DeletedPhotos]:
    """Delete all photos that a guest uploaded, as `delete_photos`; for a host.

    A deletion holds as many as may be chosen, so that its rows fit into memory.
    """
    done = []
    of_guest = select(Photo.id).where(Photo.room_id == access.room.id, Photo.guest_id == guest_id)
    while ids := db.session.scalars(of_guest.limit(MOST_CHOSEN)).all():
        done.append(delete_photos(access, ids, storage))
    return done


def delete_for_good(storage: Storage, *, before: datetime) -> int:
    """Remove what was kept of deleted photos, and their files; return how many photos.

    Parameters
    ----------
    storage : Storage
    before : datetime
        Only of deletions until this time. A crash in between leaves files without a row, which the
        hourly sweep removes.
    """
    is_over = select(Deletion.id).where(Deletion.created_at <= before)
    if db.session.scalar(is_over.limit(1)) is None:
        return 0
    query = select(DeletedPhoto.room_id, DeletedPhoto.sha256)
    photos = db.session.execute(query.where(DeletedPhoto.deletion_id.in_(is_over))).all()
    files = [(room_id, sha256) for room_id, sha256 in photos]
    storage.note_deletions(files)
    with storage.locked():
        even_when_full(storage, lambda: _forget(before))
    for room_id, sha256 in files:
        with storage.locked():  # for each: an upload waits for one of them at most
            if not is_kept(room_id, sha256):  # else it was uploaded again
                storage.delete_photo(room_id, sha256)
    for room_id in {room_id for room_id, _ in files}:
        forget_packs(storage, room_id)
    storage.fill_reserve()
    return len(photos)


def _forget(before: datetime) -> None:
    db.session.execute(delete(Deletion).where(Deletion.created_at <= before))
    db.session.commit()

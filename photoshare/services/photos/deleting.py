"""Delete photos with their faces and whoever is on no other photo: into the bin, then for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, select

from photoshare.errors import InvalidInputError, NotAllowedError, NotFoundError
from photoshare.models import DeletedPhoto, Deletion, Face, Photo, db
from photoshare.services.corrections.change import begin_change
from photoshare.services.corrections.erasure import delete_spent_corrections, detach_corrections
from photoshare.services.kept_files import is_kept
from photoshare.services.people.covers import people_on, settle_covers
from photoshare.services.people.people import delete_empty_people, get_person
from photoshare.services.people.room_faces import follow_change
from photoshare.services.photos.albums import MOST_CHOSEN, open_album, with_behind
from photoshare.services.photos.listing import select_seen
from photoshare.services.photos.restoring import get_deletion, in_bin_of, keep_rows
from photoshare.services.rooms import activity
from photoshare.services.rooms.activity import ActivityKind
from photoshare.services.rooms.entering import Access
from photoshare.services.space import even_when_full
from photoshare.services.take_home.packs import forget_packs
from photoshare.services.versions.stacking import step_forward
from photoshare.services.visibility.also_added import (
    find_shared,
    give_up,
    leave_to_others,
    reader_of,
    show_as_own,
)
from photoshare.storage import Storage


@dataclass(frozen=True, slots=True)
class DeletedPhotos:
    """The outcome of a deletion."""

    count: int
    deletion_id: int | None  # to restore it by; None: the disk is full, so they are gone for good


def may_delete(access: Access, photo: Photo) -> bool:
    """Whether this browser may delete a photo: the host any, a guest their own before the end."""
    is_own = photo.guest_id == access.guest.id
    return access.is_host or (is_own and not access.is_read_only)


def list_deletable(access: Access, photo_ids: Sequence[int]) -> list[Photo]:
    """Load those of some photos of the room that this browser may delete, in the order of time.

    Raises
    ------
    InvalidInputError
        If there are more than may be chosen.
    """
    if len(photo_ids) > MOST_CHOSEN:
        raise InvalidInputError("Please select up to %(number)s photos.", number=MOST_CHOSEN)
    query = select_seen(access).where(Photo.id.in_(photo_ids)).order_by(Photo.moment, Photo.id)
    photos = show_as_own(reader_of(access), db.session.scalars(query).all())
    return [photo for photo in photos if may_delete(access, photo)]


def delete_photos(
    access: Access, photo_ids: Sequence[int], storage: Storage, *, album: str | None = None
) -> DeletedPhotos:
    """Put photos into the bin, with their faces and the people left without a face.

    From here on only the bin shows them. `restoring.restore_photos` brings them back, until
    `delete_for_good` removes what is kept for that, and their files: at once on a full disk.

    Parameters
    ----------
    photo_ids : sequence of int
        Those that this browser may not delete stay, and a guest leaves to others what they added
        as well.
    album : str, optional
        The name of the person whose album they are.

    Raises
    ------
    NotFoundError
        If this room has none of them for this browser.
    NotAllowedError
        If the browser neither hosts the room nor uploaded any of them.
    """
    room_id = access.room.id
    ids = [photo.id for photo in list_deletable(access, photo_ids)]
    if not ids:
        if db.session.scalar(select_seen(access).where(Photo.id.in_(photo_ids)).limit(1)) is None:
            raise NotFoundError("This photo doesn't exist or was deleted.")
        raise NotAllowedError("Only the host or the guest who uploaded a photo can delete it.")
    left = set() if access.is_host else find_shared(ids)
    gone = [photo_id for photo_id in ids if photo_id not in left]
    deletion_id = 0

    def delete_rows() -> None:
        nonlocal deletion_id
        revision = begin_change(room_id)
        step_forward(gone)
        deletion_id = keep_rows(room_id, gone, guest_id=access.guest.id, album=album, left=left)
        give_up(access.guest.id, left)
        detach_corrections(room_id, gone)
        people = people_on(gone)
        db.session.execute(delete(Photo).where(Photo.id.in_(gone)))
        activity.note(room_id, ActivityKind.DELETED, access.guest.id, count=len(ids))
        delete_spent_corrections(room_id)
        delete_empty_people(room_id)
        settle_covers(people)
        db.session.commit()
        follow_change(room_id, revision, {}, without_photos=gone)

    with storage.locked():
        is_full = even_when_full(storage, delete_rows)
    forget_packs(storage, room_id)
    if is_full or not storage.has_free_space():
        delete_for_good(storage, Deletion.id == deletion_id)
        return DeletedPhotos(len(ids), None)
    return DeletedPhotos(len(ids), deletion_id)


def delete_photos_of(access: Access, guest_id: int, storage: Storage) -> list[DeletedPhotos]:
    """Delete all photos that a guest uploaded, as `delete_photos`; for a host.

    What others added as well is theirs from now on. A deletion holds as many as may be chosen, so
    that its rows fit into memory.
    """
    leave_to_others(access.room.id, guest_id)
    done = []
    of_guest = select(Photo.id).where(Photo.room_id == access.room.id, Photo.guest_id == guest_id)
    while ids := db.session.scalars(of_guest.limit(MOST_CHOSEN)).all():
        done.append(delete_photos(access, ids, storage))
    return done


def delete_album(access: Access, person_id: int, storage: Storage) -> list[DeletedPhotos]:
    """Delete the photos of a person's album, as `delete_photos`; for a host."""
    album, name = open_album(access, person_id=person_id), get_person(access, person_id).name or ""
    album = with_behind(album)  # else the next version of each would come to the front
    ids = db.session.scalars(album.select().with_only_columns(Photo.id)).all()
    return [
        delete_photos(access, ids[first : first + MOST_CHOSEN], storage, album=name)
        for first in range(0, len(ids), MOST_CHOSEN)
    ]


def count_shared(access: Access, person_id: int) -> int:
    """Count the photos of a person's album that other people are on as well."""
    is_other = Face.is_face & (Face.person_id != person_id)
    has_other = exists().where(Face.photo_id == Photo.id, is_other)
    album = with_behind(open_album(access, person_id=person_id))
    query = album.select().with_only_columns(Photo.id)
    shared = query.where(has_other).order_by(None).subquery()
    return db.session.scalar(select(func.count()).select_from(shared)) or 0


def delete_now(access: Access, deletion_id: int, storage: Storage) -> int:
    """Delete what one deletion put into the bin for good; return how many photos.

    Raises
    ------
    NotFoundError
        If this browser's bin has no such deletion.
    """
    return delete_for_good(storage, Deletion.id == get_deletion(access, deletion_id).id)


def empty_bin(access: Access, storage: Storage) -> int:
    """Delete all that this browser sees in the bin for good; return how many photos."""
    return delete_for_good(storage, in_bin_of(access))


def delete_for_good(storage: Storage, which: ColumnElement[bool]) -> int:
    """Remove what was kept of deleted photos, and their files; return how many photos.

    A crash in between leaves files without a row, which the next start removes.

    Parameters
    ----------
    storage : Storage
    which : condition on Deletion
    """
    ids = db.session.scalars(select(Deletion.id).where(which)).all()
    if not ids:
        return 0
    query = select(DeletedPhoto.room_id, DeletedPhoto.sha256)
    photos = db.session.execute(query.where(DeletedPhoto.deletion_id.in_(ids))).all()
    files = [(room_id, sha256) for room_id, sha256 in photos]
    storage.note_deletions(files)
    with storage.locked():
        even_when_full(storage, lambda: _forget(ids))
    for room_id, sha256 in files:
        with storage.locked():  # for each: an upload waits for one of them at most
            if not is_kept(room_id, sha256):  # else it was uploaded again
                storage.delete_photo(room_id, sha256)
    for room_id in {room_id for room_id, _ in files}:
        forget_packs(storage, room_id)
    storage.fill_reserve()
    return len(photos)


def is_over(before: datetime) -> ColumnElement[bool]:
    """Make the condition that a deletion is this old: its time in the bin is over."""
    return Deletion.created_at <= before


def _forget(deletion_ids: Sequence[int]) -> None:
    db.session.execute(delete(Deletion).where(Deletion.id.in_(deletion_ids)))
    db.session.commit()

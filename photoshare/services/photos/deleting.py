"""Delete a photo with its faces, its files and whoever is on no other photo."""

from __future__ import annotations

from sqlalchemy import delete

from photoshare.errors import NotAllowedError
from photoshare.models import Photo, db
from photoshare.services.corrections.change import begin_change
from photoshare.services.corrections.erasure import delete_spent_corrections, detach_corrections
from photoshare.services.people.covers import people_on, settle_covers
from photoshare.services.people.people import delete_empty_people
from photoshare.services.people.room_faces import follow_change
from photoshare.services.photos.listing import get_photo
from photoshare.services.rooms.entering import Access
from photoshare.services.space import even_when_full
from photoshare.storage import Storage


def may_delete(access: Access, photo: Photo) -> bool:
    """Whether this browser may delete a photo: the host any, a guest their own."""
    return access.is_host or photo.guest_id == access.guest.id


def delete_photo(access: Access, photo_id: int, storage: Storage) -> None:
    """Delete a photo with its faces, its files and the people left without a face.

    Raises
    ------
    NotFoundError
        If this room has no such photo.
    NotAllowedError
        If the browser neither hosts the room nor uploaded the photo.
    """
    photo = get_photo(access.room.id, photo_id)
    if not may_delete(access, photo):
        raise NotAllowedError("Only the host or the guest who uploaded a photo can delete it.")
    room_id, sha256 = photo.room_id, photo.sha256

    def delete_rows() -> None:
        revision = begin_change(room_id)
        detach_corrections(room_id, photo_id)
        left = people_on([photo_id])
        db.session.execute(delete(Photo).where(Photo.id == photo_id))
        delete_spent_corrections(room_id)
        delete_empty_people(room_id)
        settle_covers(left)
        db.session.commit()
        follow_change(room_id, revision, {}, without_photo=photo_id)

    with storage.locked():
        even_when_full(storage, delete_rows)
        storage.delete_photo(room_id, sha256)
    storage.fill_reserve()

"""List the photos of the live wall, with new ones as they are added."""

from __future__ import annotations

from collections.abc import Sequence

from photoshare.models import Photo, db
from photoshare.services.photos.albums import open_album
from photoshare.services.photos.listing import load_photos, with_faces
from photoshare.services.rooms.entering import Access
from photoshare.services.visibility.also_added import reader_of, show_as_own

WALL_PHOTOS = 200  # in one answer; at 8 seconds each they last 27 minutes


def list_newer(access: Access, after_id: int = 0) -> Sequence[Photo]:
    """List the newest photos this browser sees that were added after a given one, oldest first.

    Parameters
    ----------
    access : Access
    after_id : int
        Id of the newest photo known so far; 0 for none.

    Returns
    -------
    photos : sequence of Photo
        With their guests, faces and people; at most `WALL_PHOTOS`.
    """
    album = open_album(access)
    newest = album.select().order_by(None).order_by(Photo.id.desc()).where(Photo.id > after_id)
    return load_photos(album, newest.options(*with_faces()).limit(WALL_PHOTOS))[::-1]


def find_before(access: Access, before_id: int | None) -> Photo | None:
    """Find the newest photo added before another one, else the newest; None without photos."""
    album = open_album(access)
    newest = album.select().order_by(None).order_by(Photo.id.desc())
    newest = newest.options(*with_faces()).limit(1)
    before = None
    if before_id is not None:
        before = db.session.scalar(newest.where(Photo.id < before_id))
    found = before or db.session.scalar(newest)
    if found is not None:
        show_as_own(reader_of(access), [found])
    return found

"""The album that a guest shares with someone who does not join: their own photos, nothing else.

`open_shared` is the access check. Every page, picture and zip of a shared album begins with it, and
takes its photos from the album it returns, so that corrections move them in and out at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from photoshare.errors import NotFoundError
from photoshare.models import LinkKind, Person, Photo, Room, db
from photoshare.services.downloads.clean_originals import check_exact
from photoshare.services.mine.own_links import find_by_secret
from photoshare.services.photos import Album, load_photos, open_album
from photoshare.services.rooms.entering import Access
from photoshare.services.rooms.sessions import is_in
from photoshare.services.visibility.sight import may_see_person, own_person_id

FEED_SIZE = 50  # photos in a feed; readers keep those they have seen


@dataclass(frozen=True, slots=True)
class SharedAlbum:
    """An album that its owner shares, for as long as they do.

    Attributes
    ----------
    link_id : int
    made_at : datetime
        When it was shared.
    room : Room
    album : Album
    name : str
        The owner's; may be empty.
    is_exact : bool
        Whether guests of its room get originals bit for bit.
    """

    link_id: int
    made_at: datetime
    room: Room
    album: Album
    name: str
    is_exact: bool


def open_shared(secret: str) -> SharedAlbum:
    """Open the album that a link shows: the access check of all that is shared.

    It may be read after the end of the room, as guests who are in may still look then.

    Raises
    ------
    NotFoundError
        If there is no such link; if the room is in the bin or its guest may not enter it now; or
        if they are nobody in it, someone whom the host has hidden, or do not see their own album.
    """
    link, guest, room = find_by_secret(LinkKind.ALBUM, secret)
    access = Access(room, guest)
    own_id = own_person_id(access)
    person = None if own_id is None else db.session.get(Person, own_id)
    is_shown = person is not None and not person.is_hidden and may_see_person(access, person)
    if person is None or not is_shown or not is_in(room, guest):
        raise NotFoundError("This link isn't valid. Perhaps it was taken back.")
    return SharedAlbum(
        link.id,
        link.created_at,
        room,
        open_album(access, person_id=person.id),
        guest.name or person.name or "",
        check_exact(access, wants_exact=False),
    )


def get_shared_photo(shared: SharedAlbum, photo_id: int) -> Photo:
    """Load a photo of a shared album.

    Raises
    ------
    NotFoundError
        If it is not in it now.
    """
    found = load_photos(shared.album, shared.album.select().where(Photo.id == photo_id))
    if not found:
        raise NotFoundError("This photo doesn't exist or was deleted.")
    return found[0]


def list_added(shared: SharedAlbum) -> Sequence[Photo]:
    """List the photos of a shared album that were added last, the newest first."""
    ids = shared.album.select().with_only_columns(Photo.id).order_by(None)
    query = select(Photo).where(Photo.id.in_(ids)).order_by(Photo.id.desc())
    return db.session.scalars(query.limit(FEED_SIZE)).all()

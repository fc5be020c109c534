"""List by what the photos of a room can be filtered, each with the number of its photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, select

from photoshare.models import Guest, Photo, db
from photoshare.services.people.people import PersonCard
from photoshare.services.people.room_people import load_room_people
from photoshare.services.photos.albums import Album, Filtered, open_album
from photoshare.services.photos.hearts import count_favourites
from photoshare.services.photos.listing import count_photos
from photoshare.services.rooms.entering import Access
from photoshare.services.versions.folding import unfolded_by
from photoshare.services.visibility.sight import also_added, sees_all_photos, visible_photos

OFFERED_PEOPLE = 24  # faces to choose from: four lines on a phone; an album has all the others


@dataclass(frozen=True, slots=True)
class Uploader:
    """Someone who added photos to the room."""

    id: int
    name: str  # may be empty for the host, who sees everyone
    photo_count: int


@dataclass(frozen=True, slots=True)
class Filters:
    """What the photos of a room can be filtered by."""

    uploaders: Sequence[Uploader]  # most photos first
    people: Sequence[PersonCard]  # the chosen ones, then those with most photos
    without_faces_count: int
    favourite_count: int


def list_filters(access: Access, album: Album) -> Filters:
    """List by whom and with whom the photos are, for this browser; the chosen people come first."""
    known = load_room_people(access)
    chosen = {person.id for person in album.people} if isinstance(album, Filtered) else set()
    cards = known.cards(for_host=access.is_host)
    first = [cards[person_id] for person_id in cards if person_id in chosen]
    others = [card for card in known.people if card.id not in chosen][:OFFERED_PEOPLE]
    has_hearts = access.room.has_hearts and sees_all_photos(access)
    favourites = count_favourites(access.room.id) if has_hearts else 0
    people = [*first, *others]
    without_faces = known.without_faces_count
    if not sees_all_photos(access):
        without_faces = count_photos(open_album(access, is_without_faces=True))
    return Filters(_list_uploaders(access), people, without_faces, favourites)


def _list_uploaders(access: Access) -> list[Uploader]:
    """Count the photos per guest, from an index; the nameless are listed for the host only."""
    guest_id: ColumnElement[int | None] = Photo.guest_id.expression
    if not sees_all_photos(access):
        guest_id = case((also_added(access.guest.id), access.guest.id), else_=guest_id)
    counted = (
        select(guest_id.label("guest_id"), func.count().label("photo_count"))
        .where(Photo.room_id == access.room.id, guest_id.is_not(None), visible_photos(access))
        .where(unfolded_by(access.room.id, guest_id, visible_photos(access)))
        .group_by(guest_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Guest.id, Guest.name, counted.c.photo_count)
        .join(counted, counted.c.guest_id == Guest.id)
        .order_by(counted.c.photo_count.desc(), Guest.id)
    )
    return [Uploader(*row) for row in rows if row.name or access.is_host]

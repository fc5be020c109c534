"""The guests of a room, as its hosts see and manage them: list, rename, stop, remove."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, func, or_, select, update

from photoshare.databases.expressions import total
from photoshare.errors import InvalidInputError, NotFoundError
from photoshare.models import (
    AlsoAdded,
    ApiToken,
    ClockShift,
    Correction,
    Guest,
    GuestSession,
    OwnLink,
    Photo,
    Upload,
    WaitingPhoto,
    db,
)
from photoshare.services.people.finding import fold_name
from photoshare.services.rooms import activity
from photoshare.services.rooms.activity import ActivityKind
from photoshare.services.rooms.entering import Access, checked_name
from photoshare.services.rooms.hosts import check_first_host
from photoshare.services.visibility.sight import also_added, sees_all_photos, visible_photos
from photoshare.storage import Storage

# What refers to whoever has left.
LEFT_BEHIND = (Photo, AlsoAdded, WaitingPhoto, Correction, ClockShift)


@dataclass(frozen=True, slots=True)
class GuestCard:
    """The data of a guest that hosts see: someone who is in the room, or whose photos are."""

    id: int | None  # None: imported by the command line
    name: str  # may be empty
    is_host: bool
    is_here: bool  # by some browser; else they left, or were removed
    is_upload_stopped: bool
    photo_count: int
    size_bytes: int
    seen_at: datetime | None  # to ten minutes; None: not here
    device: str  # one of sessions.DEVICES; empty: not known


def list_guests(room_id: int, *, guest_id: int | None = None) -> list[GuestCard]:
    """List the guests of a room who are here or have photos in it, most photos first.

    Parameters
    ----------
    room_id : int
    guest_id : int, optional
        Only this one.
    """
    counts, sessions = _count_uploads(room_id, guest_id), func.max(GuestSession.seen_at)
    of_room = (Guest.room_id == room_id,) if guest_id is None else (Guest.id == guest_id,)
    rows = db.session.execute(
        select(Guest, sessions, func.coalesce(func.max(GuestSession.device), ""))
        .outerjoin(GuestSession, GuestSession.guest_id == Guest.id)
        .where(Guest.room_id == room_id, *of_room)
        .group_by(Guest.id)
    )
    cards = []
    for guest, seen_at, device in rows:
        uploads = counts.pop(guest.id, (0, 0))
        facts = (guest.is_host, seen_at is not None, guest.is_upload_stopped, *uploads)
        cards.append(GuestCard(guest.id, guest.name, *facts, seen_at, device))
    for _imported, (count, size_bytes) in counts.items():
        cards.append(GuestCard(None, "", False, False, False, count, size_bytes, None, ""))
    shown = [card for card in cards if card.is_here or card.photo_count]
    return sorted(shown, key=lambda card: (-card.photo_count, card.id or 0))


def _count_uploads(room_id: int, guest_id: int | None) -> dict[int | None, tuple[int, int]]:
    """Count the photos that each guest added, even if another had before; add up their bytes."""
    counts: dict[int | None, tuple[int, int]] = {}
    numbers = (func.count(Photo.id), total(Photo.size_bytes))
    first = select(Photo.guest_id, *numbers).where(Photo.room_id == room_id)
    also = select(Guest.id, *numbers).where(Guest.room_id == room_id).select_from(Guest)
    also = also.join(AlsoAdded, AlsoAdded.guest_id == Guest.id)
    also = also.join(Photo, Photo.id == AlsoAdded.photo_id)
    for query, added_by in ((first, Photo.guest_id), (also, Guest.id)):
        if guest_id is not None:
            query = query.where(added_by == guest_id)
        for guest, count, size in db.session.execute(query.group_by(added_by)):
            before = counts.get(guest, (0, 0))
            counts[guest] = (before[0] + count, before[1] + size)
    return counts


def find_guests(cards: list[GuestCard], words: str) -> list[GuestCard]:
    """List the guests in whose name each of the typed words is."""
    folded = fold_name(words).split()
    return [card for card in cards if all(word in fold_name(card.name) for word in folded)]


def get_guest(access: Access, guest_id: int) -> Guest:
    """Load a guest of the room whom this host may manage: co-hosts, for those by the first link.

    Raises
    ------
    NotFoundError
        If the room has no such guest.
    NotAllowedError
        If they are a host, and this browser did not come by the first host link.
    """
    guest = db.session.get(Guest, guest_id)
    if guest is None or guest.room_id != access.room.id:
        raise NotFoundError("This guest is no longer in the room.")
    if guest.is_host and guest.id != access.guest.id:
        check_first_host(access)
    return guest


def rename_guest(guest_id: int, name: str) -> None:
    """Change a guest's name, shown beside all of their photos.

    Raises
    ------
    InvalidInputError
        If the name is too long.
    """
    name = checked_name(name)
    db.session.execute(update(Guest).where(Guest.id == guest_id).values(name=name))
    db.session.commit()


def is_here(guest: Guest) -> bool:
    """Whether some browser is in the room as this guest."""
    of_guest = select(GuestSession.id).where(GuestSession.guest_id == guest.id)
    return db.session.scalar(of_guest.limit(1)) is not None


def stop_uploads(access: Access, guest: Guest, *, is_stopped: bool) -> None:
    """Let a guest add no more photos, or let them again."""
    guest.is_upload_stopped = is_stopped
    kind = ActivityKind.STOPPED_UPLOADS if is_stopped else ActivityKind.ALLOWED_UPLOADS
    activity.note(access.room.id, kind, access.guest.id, about=guest.name)
    db.session.commit()


def remove_guest(access: Access, guest: Guest, storage: Storage) -> None:
    """Take a guest out of the room, as if they had left: their cookie and its copies are dead.

    Raises
    ------
    InvalidInputError
        If a host means themselves.
    """
    if guest.id == access.guest.id:
        raise InvalidInputError("You can't remove yourself. To leave the room, go to “Me”.")
    kind, host_id = ActivityKind.REMOVED_GUEST, access.guest.id
    activity.note(access.room.id, kind, host_id, about=guest.name)
    _forget(guest, storage)


def leave_room(access: Access, storage: Storage) -> None:
    """Forget a guest who leaves: their name, who they are, and their unfinished uploads.

    Their photos stay, also those that wait for a host's yes, and so does the nameless row that
    photos and corrections refer to.
    """
    activity.note(access.room.id, ActivityKind.LEFT, access.guest.id)
    activity.forget_name(access.guest)
    _forget(access.guest, storage)


def _forget(guest: Guest, storage: Storage) -> None:
    guest_id, room_id = guest.id, guest.room_id
    unfinished = db.session.scalars(select(Upload.id).where(Upload.guest_id == guest_id)).all()
    db.session.execute(delete(Upload).where(Upload.guest_id == guest_id))
    for table in (GuestSession, OwnLink, ApiToken):
        db.session.execute(delete(table).where(table.guest_id == guest_id))
    forgotten = {"name": "", "person_id": None, "said_person_id": None, "host_link_id": None}
    stays = update(Guest).where(Guest.id == guest_id)
    no_more = dict.fromkeys(("is_host", "is_proven", "is_upload_stopped"), False)
    db.session.execute(stays.values(forgotten | no_more))
    is_left_behind = or_(*(exists().where(kind.guest_id == guest_id) for kind in LEFT_BEHIND))
    db.session.execute(delete(Guest).where(Guest.id == guest_id, ~is_left_behind))
    db.session.commit()
    for upload_id in unfinished:
        storage.piece_file(room_id, upload_id).unlink(missing_ok=True)


def list_names(access: Access) -> list[str]:
    """List the names that guests gave themselves; to guests only those shown with photos."""
    query = select(Guest.name).where(Guest.room_id == access.room.id, Guest.name != "")
    if not access.is_host:
        here = (Photo.room_id == access.room.id, visible_photos(access))
        of_others = () if sees_all_photos(access) else (~also_added(access.guest.id),)
        uploaders = select(Photo.guest_id).where(*here, *of_others)
        query = query.where(Guest.id.in_(uploaders))
    return list(db.session.scalars(query.distinct()))

"""Note what happens in a room, for its hosts to read: names as they were then, never addresses.

Whoever leaves by themselves is named no longer: that is what they were promised. It is kept as
long as the room. What one guest does many times is one entry an hour, so that a party of 20,000
photos leaves a few pages.
"""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum

from sqlalchemy import func, insert, select, update

from photoshare.errors import DiskFullError, NotFoundError
from photoshare.models import Guest, LogEntry, db, utc_now
from photoshare.services.paging import ListPage, has_page

PAGE_SIZE = 50  # entries: a wedding's day on two or three pages


class ActivityKind(StrEnum):
    """What can happen."""

    JOINED = "joined"
    BECAME_HOST = "became_host"
    LEFT = "left"
    ADDED = "added"
    SENT = "sent"  # photos that wait for a host's yes
    TOOK_BACK = "took_back"
    APPROVED = "approved"
    REFUSED = "refused"
    DELETED = "deleted"
    RESTORED = "restored"
    CORRECTED = "corrected"
    SET_CLOCK = "set_clock"  # of a camera
    ASKED_HIDING = "asked_hiding"  # someone, not to be shown: without a name
    DOWNLOADED = "downloaded"  # all photos of the room
    CHANGED_SETTINGS = "changed_settings"
    RENEWED_GUEST_LINK = "renewed_guest_link"
    RENEWED_HOST_LINK = "renewed_host_link"
    ADDED_CO_HOST = "added_co_host"
    REMOVED_CO_HOST = "removed_co_host"
    REMOVED_GUEST = "removed_guest"
    ADDED_TOKEN = "added_token"  # noqa: S105 - of the API
    REMOVED_TOKEN = "removed_token"  # noqa: S105
    ENDED = "ended"
    REOPENED = "reopened"
    DELETED_ROOM = "deleted_room"  # into the bin
    RESTORED_ROOM = "restored_room"
    STOPPED_UPLOADS = "stopped_uploads"
    ALLOWED_UPLOADS = "allowed_uploads"


FOLDED = {
    *(ActivityKind.ADDED, ActivityKind.SENT, ActivityKind.TOOK_BACK, ActivityKind.APPROVED),
    *(ActivityKind.REFUSED, ActivityKind.DELETED, ActivityKind.RESTORED, ActivityKind.CORRECTED),
    *(ActivityKind.SET_CLOCK, ActivityKind.DOWNLOADED),
}


def note(
    room_id: int,
    kind: ActivityKind,
    guest_id: int | None = None,
    *,
    count: int = 1,
    about: str = "",
) -> None:
    """Note that something happened, in the caller's transaction.

    Parameters
    ----------
    room_id : int
    kind : ActivityKind
    guest_id : int or None
        Who did it; None: whoever runs the server.
    count : int
        Of photos or corrections, added to what the same guest did within this hour.
    about : str
        The name of another guest, a co-host or a token; or of settings, with commas between them.
    """
    who = db.session.execute(select(Guest.name, Guest.is_host).where(Guest.id == guest_id)).first()
    name, is_host = (who.name, who.is_host) if who else (None, True)
    if kind in FOLDED:
        this_hour = utc_now().replace(minute=0, second=0, microsecond=0)
        same = select(func.max(LogEntry.id)).where(
            LogEntry.room_id == room_id,
            LogEntry.kind == kind,
            LogEntry.guest_id.is_(None) if guest_id is None else LogEntry.guest_id == guest_id,
            LogEntry.created_at >= this_hour,
            LogEntry.name.is_(None) if name is None else LogEntry.name == name,
        )
        if (entry_id := db.session.scalar(same)) is not None:
            more = update(LogEntry).where(LogEntry.id == entry_id)
            db.session.execute(more.values(count=LogEntry.count + count))
            return
    db.session.execute(
        insert(LogEntry).values(
            room_id=room_id,
            guest_id=guest_id if who else None,
            name=name,
            is_host=is_host,
            kind=kind.value,
            count=count,
            about=about,
        )
    )


def forget_name(guest: Guest) -> None:
    """Forget the name of a guest who leaves by themselves, in the caller's transaction."""
    by_them = update(LogEntry).where(LogEntry.guest_id == guest.id)
    db.session.execute(by_them.values(name=""))
    of_uploads = LogEntry.kind.in_([ActivityKind.STOPPED_UPLOADS, ActivityKind.ALLOWED_UPLOADS])
    about_them = (LogEntry.room_id == guest.room_id) & of_uploads & (LogEntry.about == guest.name)
    db.session.execute(update(LogEntry).where(about_them).values(about=""))


def note_download(room_id: int, guest_id: int) -> None:
    """Note that a guest downloads all photos of the room, unless the disk is full."""
    with suppress(DiskFullError):  # which must not keep anybody from their photos
        note(room_id, ActivityKind.DOWNLOADED, guest_id)
        db.session.commit()


def list_activity(room_id: int, page: int) -> ListPage[LogEntry]:
    """List one page of what happened in a room, the newest first; for hosts.

    Raises
    ------
    NotFoundError
        If the page is past the end.
    """
    count = db.session.scalar(select(func.count()).where(LogEntry.room_id == room_id)) or 0
    if not has_page(page, count, PAGE_SIZE):
        raise NotFoundError("This page doesn't exist.")
    rows = db.session.scalars(
        select(LogEntry)
        .where(LogEntry.room_id == room_id)
        .order_by(LogEntry.id.desc())
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return ListPage(list(rows), page, count, PAGE_SIZE)

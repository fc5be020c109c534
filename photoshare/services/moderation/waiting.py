"""Keep what waits for a host's yes, and show it to hosts and to whoever uploaded it.

Nothing outside of this package reads its rows, except for what looks after files.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import joinedload

from photoshare.databases.expressions import total
from photoshare.errors import NotFoundError
from photoshare.models import Guest, Room, WaitingPhoto, db
from photoshare.services.paging import ListPage, has_page
from photoshare.services.rooms.entering import Access
from photoshare.services.visibility.also_added import add_all_also

PAGE_SIZE = 48  # photos: a phone shows twelve at once, and what is decided makes room for others


def must_wait(room_id: int, guest_id: int | None) -> bool:
    """Whether what this guest adds now waits for a host's yes.

    That of hosts and of the command line, whose guest is None, never does.
    """
    query = select(Guest.id).join(Room, Room.id == Guest.room_id)
    of_guest = query.where(Guest.id == guest_id, Room.id == room_id)
    waits = of_guest.where(Room.is_moderated, ~Guest.is_host)
    return guest_id is not None and db.session.scalar(waits) is not None


def find_own(guest_id: int | None, hashes: Collection[str]) -> dict[str, int]:
    """Find which of these SHA-256 wait already from the same guest, each with its id.

    Of what waits from others nothing is told.
    """
    if guest_id is None:
        return {}
    own = (WaitingPhoto.guest_id == guest_id) & WaitingPhoto.sha256.in_(hashes)
    rows = db.session.execute(select(WaitingPhoto.sha256, WaitingPhoto.id).where(own))
    return {row.sha256: row.id for row in rows}


def measure_queue(room_id: int) -> tuple[int, int]:
    """Return how many photos wait in a room, and their bytes: they count against its limits."""
    query = select(func.count(), total(WaitingPhoto.size_bytes))
    count, size = db.session.execute(query.where(WaitingPhoto.room_id == room_id)).one()
    return count, size


def forget_same(room_id: int, hashes: Collection[str]) -> None:
    """Let what has become a photo wait no longer, whoever else sent it; the caller commits.

    Where guests don't see each other's photos, it is theirs as well.
    """
    same = (WaitingPhoto.room_id == room_id, WaitingPhoto.sha256.in_(hashes))
    rows = db.session.execute(select(WaitingPhoto.sha256, WaitingPhoto.guest_id).where(*same))
    add_all_also(room_id, [(sha256, guest_id) for sha256, guest_id in rows])
    db.session.execute(delete(WaitingPhoto).where(*same))


def visible_to(access: Access) -> ColumnElement[bool]:
    """Select what waits and this browser may see: the access check of everything that waits.

    Hosts see all that waits in their room, guests what they uploaded, and nobody else anything.
    """
    here = WaitingPhoto.room_id == access.room.id
    return here if access.is_host else here & (WaitingPhoto.guest_id == access.guest.id)


def count_waiting(access: Access) -> int:
    """Count what waits and this browser may see."""
    return db.session.scalar(select(func.count()).where(visible_to(access))) or 0


def count_by_guest(access: Access) -> dict[int, int]:
    """Count what waits and this browser may see, by the id of the guest who uploaded it."""
    number = func.count().label("number")
    by_guest = select(WaitingPhoto.guest_id, number).where(visible_to(access))
    rows = db.session.execute(by_guest.group_by(WaitingPhoto.guest_id))
    return {row.guest_id: row.number for row in rows}


def list_waiting(access: Access, page: int) -> ListPage[WaitingPhoto]:
    """List a page of what waits and this browser may see: guest by guest, each in order.

    A page past the end is the last one: what was on it may have been decided just now.
    """
    count = count_waiting(access)
    while page > 1 and not has_page(page, count, PAGE_SIZE):
        page = min(page - 1, max(1, -(-count // PAGE_SIZE)))
    query = select(WaitingPhoto).where(visible_to(access)).options(joinedload(WaitingPhoto.guest))
    rows = db.session.scalars(
        query.order_by(WaitingPhoto.guest_id, WaitingPhoto.id)
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return ListPage(list(rows), page, count, PAGE_SIZE)


def list_some(access: Access, guest_id: int, *, at_most: int) -> Sequence[WaitingPhoto]:
    """List the first photos of a guest that wait and that this browser may see."""
    of_guest = WaitingPhoto.guest_id == guest_id
    query = select(WaitingPhoto).where(visible_to(access), of_guest)
    return db.session.scalars(query.order_by(WaitingPhoto.id).limit(at_most)).all()


def get_waiting(access: Access, waiting_id: int) -> WaitingPhoto:
    """Load a photo that waits.

    Raises
    ------
    NotFoundError
        If it doesn't wait any longer, or this browser may not see it.
    """
    query = select(WaitingPhoto).where(visible_to(access), WaitingPhoto.id == waiting_id)
    photo = db.session.scalar(query.options(joinedload(WaitingPhoto.guest)))
    if photo is None:
        raise NotFoundError("This photo is no longer waiting.")
    return photo

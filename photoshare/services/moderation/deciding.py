"""Decide about what waits: a yes makes photos of it, a no lets nothing remain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, insert, null, select

from photoshare.errors import NotFoundError
from photoshare.metadata.clean import CLEANING_RULES
from photoshare.models import Photo, WaitingPhoto, db
from photoshare.services.clocks.settling import settle_clocks
from photoshare.services.kept_files import is_kept
from photoshare.services.moderation.waiting import forget_same, visible_to
from photoshare.services.rooms import activity
from photoshare.services.rooms.activity import ActivityKind
from photoshare.services.rooms.entering import Access, check_host
from photoshare.services.space import even_when_full
from photoshare.storage import Storage

AT_ONCE = 500  # photos in one transaction: others wait for it, for some 20 ms
# All that both tables have; a photo's id is its own.
COLUMNS = [
    column.name
    for column in WaitingPhoto.__table__.columns
    if column.name not in ("id", "crc32") and column.name in Photo.__table__.columns
]


def add_waiting(
    access: Access,
    storage: Storage,
    *,
    waiting_id: int | None = None,
    guest_id: int | None = None,
) -> int:
    """Say yes: what waits becomes photos of the room, which the caller lets be searched.

    The same photo of another guest waits no longer; a photo that the room has stays as it is.

    Parameters
    ----------
    access : Access
        Of a host.
    storage : Storage
    waiting_id, guest_id : int, optional
        Only this one, or only those of this guest; by default all.

    Returns
    -------
    int
        How many were decided.

    Raises
    ------
    NotAllowedError
        If the browser isn't a host's.
    NotFoundError
        If nothing waits there.
    """
    check_host(access)
    chosen = _chosen(access, waiting_id, guest_id)
    count = 0
    while True:
        with storage.locked():
            hashes = db.session.scalars(
                select(WaitingPhoto.sha256).where(chosen).order_by(WaitingPhoto.id).limit(AT_ONCE)
            ).all()
            if not hashes:
                db.session.rollback()
                break
            _make_photos(chosen, hashes)
            settle_clocks(access.room.id, Photo.sha256.in_(hashes))
            forget_same(access.room.id, hashes)
            decided = len(set(hashes))
            activity.note(access.room.id, ActivityKind.APPROVED, access.guest.id, count=decided)
            db.session.commit()
        count += decided
    return _checked(count)


def discard_waiting(
    access: Access,
    storage: Storage,
    *,
    waiting_id: int | None = None,
    guest_id: int | None = None,
) -> int:
    """Say no, or withdraw what one uploaded oneself: the rows and files are gone for good.

    A crash in between leaves files without a row, which the hourly sweep removes.

    Parameters
    ----------
    access : Access
        Of a host, or of the guest who uploaded it.
    storage : Storage
    waiting_id, guest_id : int, optional
        Only this one, or only those of this guest; by default all that the browser may see.

    Returns
    -------
    int
        How many are gone.

    Raises
    ------
    NotFoundError
        If nothing waits there for this browser.
    """
    chosen = _chosen(access, waiting_id, guest_id)
    count = 0
    some = select(WaitingPhoto.id, WaitingPhoto.sha256).where(chosen).limit(AT_ONCE)
    while rows := db.session.execute(some).all():
        _discard(access, {row.id: row.sha256 for row in rows}, storage)
        count += len(rows)
    return _checked(count)


def _discard(access: Access, hashes: Mapping[int, str], storage: Storage) -> None:
    """Remove what waits, given by the hash of each id, and the files that nothing else needs."""
    room_id, kind = access.room.id, ActivityKind.TOOK_BACK
    if access.is_host:
        kind = ActivityKind.REFUSED

    def forget() -> None:
        db.session.execute(delete(WaitingPhoto).where(WaitingPhoto.id.in_(hashes)))
        activity.note(room_id, kind, access.guest.id, count=len(hashes))
        db.session.commit()

    files = [(room_id, sha256) for sha256 in set(hashes.values())]
    storage.note_deletions(files)
    with storage.locked():
        even_when_full(storage, forget)
    for _room, sha256 in files:
        with storage.locked():  # for each: an upload waits for one of them at most
            if not is_kept(room_id, sha256):  # else it waits from another guest as well
                storage.delete_photo(room_id, sha256)
    storage.fill_reserve()


def _chosen(access: Access, waiting_id: int | None, guest_id: int | None) -> ColumnElement[bool]:
    conditions = [visible_to(access)]
    if waiting_id is not None:
        conditions.append(WaitingPhoto.id == waiting_id)
    if guest_id is not None:
        conditions.append(WaitingPhoto.guest_id == guest_id)
    return and_(*conditions)


def _checked(count: int) -> int:
    if not count:
        raise NotFoundError("This photo is no longer waiting.")
    return count


def _make_photos(chosen: ColumnElement[bool], hashes: Sequence[str]) -> None:
    """Copy the first row of each hash into the table of photos; the caller commits."""
    here = chosen & WaitingPhoto.sha256.in_(hashes)
    first = select(func.min(WaitingPhoto.id)).where(here).group_by(WaitingPhoto.sha256)
    is_there = exists().where(
        Photo.room_id == WaitingPhoto.room_id, Photo.sha256 == WaitingPhoto.sha256
    )
    # What was measured by the rules of a former version is measured again.
    is_present = WaitingPhoto.cleaning_rules == CLEANING_RULES
    crc32 = case((is_present, WaitingPhoto.crc32), else_=null())
    table = WaitingPhoto.__table__.columns
    rows = select(*(table[name] for name in COLUMNS), crc32)
    rows = rows.where(WaitingPhoto.id.in_(first), ~is_there).order_by(WaitingPhoto.id)
    db.session.execute(insert(Photo).from_select([*COLUMNS, "crc32"], rows))

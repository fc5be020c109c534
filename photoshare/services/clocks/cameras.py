"""List the cameras of a room's guests, for hosts: their photos, shifts and suggestions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from photoshare.errors import NotFoundError
from photoshare.models import (
    JOB_QUEUED,
    JOB_RUNNING,
    ClockShift,
    ClockSuggestion,
    Correction,
    Guest,
    Job,
    Photo,
    db,
)
from photoshare.services.clocks.dismissing import read_suggestions
from photoshare.services.clocks.settling import CameraKey, by_its_clock
from photoshare.services.paging import ListPage, has_page
from photoshare.services.work.job_table import FACE_SEARCH, JobKind

PAGE_SIZE = 20  # cameras
SHOWN = 3  # photos of each


@dataclass(frozen=True, slots=True)
class Suggestion:
    """By how much a clock seems to be wrong, with photos that show it.

    Attributes
    ----------
    pair : tuple of Photo
        One of the camera, and one of another that shows the same moment; or nothing.
    """

    shift_s: int
    evidence: str
    pair: tuple[Photo, ...]


@dataclass(slots=True)
class CameraClock:
    """A camera of a guest, and how its clock goes.

    Attributes
    ----------
    guest : Guest or None
        Whose it is; None: of photos that the command line added.
    first, last : datetime
        Of its photos, put right.
    shift_s : int
        By how much hosts have put it right, altogether.
    correction_id : int or None
        The last time that they did.
    is_put_aside : bool
        Whether a host put aside what would be suggested.
    """

    guest: Guest | None
    camera: str
    photo_count: int
    first: datetime
    last: datetime
    shift_s: int = 0
    correction_id: int | None = None
    photos: list[Photo] = field(default_factory=list)
    suggestion: Suggestion | None = None
    is_put_aside: bool = False


def list_cameras(room_id: int, page: int) -> ListPage[CameraClock]:
    """List a page of the cameras of a room: those to decide about first, then most photos.

    Raises
    ------
    NotFoundError
        If the page is past the end.
    """
    shifts, (suggestions, put_aside) = _read_shifts(room_id), read_suggestions(room_id)
    counted = (func.count(), func.min(Photo.captured_at), func.max(Photo.captured_at))
    query = select(Photo.guest_id, Photo.camera, *counted)
    query = query.where(Photo.room_id == room_id, by_its_clock())
    rows = db.session.execute(query.group_by(Photo.guest_id, Photo.camera)).all()

    def importance(row: Sequence[object]) -> tuple[object, ...]:
        key, count = (row[0], row[1]), row[2]
        return key not in suggestions, key not in shifts, -int(str(count)), str(key)

    if not has_page(page, len(rows), PAGE_SIZE):
        raise NotFoundError("This page doesn't exist.")
    shown = sorted(rows, key=importance)[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    ids = {row[0] for row in shown}
    found = db.session.scalars(select(Guest).where(Guest.id.in_(ids - {None})))
    guests: dict[int | None, Guest] = {guest.id: guest for guest in found}
    clocks: dict[CameraKey, CameraClock] = {}
    for guest_id, camera, count, first, last in shown:
        if camera is None or first is None or last is None:  # which `by_its_clock` leaves out
            continue
        clock = CameraClock(guests.get(guest_id), camera, count, first, last)
        clock.shift_s, clock.correction_id = shifts.get((guest_id, camera), (0, None))
        clock.is_put_aside = (guest_id, camera) in put_aside
        clocks[guest_id, camera] = clock
    _add_photos(room_id, clocks)
    _add_suggestions(clocks, suggestions)
    return ListPage(list(clocks.values()), page, len(rows), PAGE_SIZE)


def _read_shifts(room_id: int) -> dict[CameraKey, tuple[int, int]]:
    """Read by how much each clock was put right, and the last correction of it."""
    of_it = (func.sum(ClockShift.shift_s), func.max(ClockShift.correction_id))
    query = (
        select(ClockShift.guest_id, ClockShift.camera, *of_it)
        .join(Correction, Correction.id == ClockShift.correction_id)
        .where(ClockShift.room_id == room_id, Correction.undone_at.is_(None))
        .group_by(ClockShift.guest_id, ClockShift.camera)
    )
    rows = db.session.execute(query)
    return {(guest, camera): (int(total), last) for guest, camera, total, last in rows}


def _add_photos(room_id: int, clocks: dict[CameraKey, CameraClock]) -> None:
    """Let each camera show a few of its photos, the first, one in the middle and the last."""
    by_camera = (Photo.guest_id, Photo.camera)
    ranked = (
        select(
            Photo.id,
            *by_camera,
            func.row_number()
            .over(partition_by=by_camera, order_by=(Photo.captured_at, Photo.id))
            .label("rank"),
            func.count().over(partition_by=by_camera).label("size"),
        )
        .where(Photo.room_id == room_id, by_its_clock())
        .where(Photo.camera.in_({camera for _, camera in clocks}))
        .subquery()
    )
    middle = (ranked.c.size + 1) // 2
    is_shown = (ranked.c.rank == 1) | (ranked.c.rank == ranked.c.size) | (ranked.c.rank == middle)
    ids = db.session.scalars(select(ranked.c.id).where(is_shown))
    photos = select(Photo).where(Photo.id.in_(ids.all())).order_by(Photo.captured_at, Photo.id)
    for photo in db.session.scalars(photos):
        clock = clocks.get((photo.guest_id, photo.camera or ""))
        if clock is not None and len(clock.photos) < SHOWN:
            clock.photos.append(photo)


def _add_suggestions(
    clocks: dict[CameraKey, CameraClock], suggestions: dict[CameraKey, ClockSuggestion]
) -> None:
    shown = {key: row for key, row in suggestions.items() if key in clocks}
    ids = {number for row in shown.values() for number in (row.photo_id, row.other_id)}
    photos = db.session.scalars(select(Photo).where(Photo.id.in_(ids - {None})))
    by_id = {photo.id: photo for photo in photos}
    for key, row in shown.items():
        of_it = (by_id.get(number or 0) for number in (row.photo_id, row.other_id))
        pair = tuple(photo for photo in of_it if photo is not None)
        pair = pair if len(pair) == 2 else ()
        clocks[key].suggestion = Suggestion(row.shift_s, row.evidence, pair)


def is_checked(room_id: int) -> bool:
    """Whether the clocks were looked at since the newest photo came and people were found."""
    ended = func.max(Job.finished_at)
    checked_at = db.session.scalar(select(ended).where(*_of_check(room_id)))
    searches = (Job.room_id == room_id, Job.kind.in_(FACE_SEARCH))
    newest = select(func.max(Photo.created_at)).where(Photo.room_id == room_id)
    since = [db.session.scalar(newest), db.session.scalar(select(ended).where(*searches))]
    return all(time is None or (checked_at and checked_at >= time) for time in since)


def is_checking(room_id: int) -> bool:
    """Whether a check waits or runs."""
    waits = Job.state.in_((JOB_QUEUED, JOB_RUNNING))
    return db.session.scalar(select(Job.id).where(*_of_check(room_id), waits).limit(1)) is not None


def _of_check(room_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Job.room_id == room_id, Job.kind == JobKind.CHECK_CLOCKS.value

"""Put the clock of a guest's camera forward or back; a correction, which is undone as any other."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, insert, select

from photoshare.errors import InvalidInputError, NotFoundError
from photoshare.models import ClockShift, ClockSuggestion, Photo, db
from photoshare.pictures.capture_time import is_plausible
from photoshare.services.clocks.settling import by_its_clock, settle_clocks
from photoshare.services.corrections.change import begin_change
from photoshare.services.corrections.events import CorrectionKind, insert_correction
from photoshare.services.people.room_faces import follow_change
from photoshare.services.rooms.entering import Author, check_host

MAX_SHIFT_S = 50 * 366 * 86400  # a clock that was never set begins in 1980


def shift_clock(author: Author, guest_id: int | None, camera: str, shift_s: int) -> int:
    """Put a camera's clock right: its photos move, and those that come later move with them.

    Parameters
    ----------
    author : Author
        A host.
    guest_id : int or None
        Whose camera; None: of photos that the command line added.
    camera : str
    shift_s : int
        Seconds forward; negative: back. On top of earlier shifts.

    Returns
    -------
    int
        The correction, for `photoshare.services.corrections.verbs.undo`.

    Raises
    ------
    NotAllowedError
        If the author isn't a host.
    NotFoundError
        If the room has no photo of this camera.
    InvalidInputError
        If the clock would not move, or its photos would be in the future.
    """
    check_host(author)
    if not 0 < abs(shift_s) <= MAX_SHIFT_S:
        raise InvalidInputError("Please say by how much the clock is wrong.", field="minutes")
    room_id = author.room_id
    try:
        revision = begin_change(room_id)
        _check_range(room_id, guest_id, camera, shift_s)
        kind = CorrectionKind.CLOCK
        correction_id = insert_correction(room_id, author.guest_id, kind, None)
        of_camera = {"room_id": room_id, "guest_id": guest_id, "camera": camera}
        shift = {"correction_id": correction_id, "shift_s": shift_s}
        db.session.execute(insert(ClockShift).values(of_camera | shift))
        forget_suggestions(room_id, guest_id, camera)
        settle_clocks(room_id, Photo.camera == camera)
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    follow_change(room_id, revision, {})
    return correction_id


def _check_range(room_id: int, guest_id: int | None, camera: str, shift_s: int) -> None:
    first, last = db.session.execute(
        select(func.min(Photo.captured_at), func.max(Photo.captured_at)).where(
            Photo.room_id == room_id, by_its_clock(), of_camera(guest_id, camera)
        )
    ).one()
    if first is None or last is None:
        raise NotFoundError("This room no longer has a photo of this camera.")
    moved = timedelta(seconds=shift_s)
    if not (is_plausible(first + moved) and is_plausible(last + moved)):
        raise InvalidInputError(
            "Then some of its photos would be in the future, or older than digital cameras.",
            field="minutes",
        )


def of_camera(guest_id: int | None, camera: str) -> ColumnElement[bool]:
    """Select the photos of one guest's camera."""
    return Photo.guest_id.is_not_distinct_from(guest_id) & (Photo.camera == camera)


def forget_suggestions(room_id: int, guest_id: int | None, camera: str) -> None:
    """Forget what was suggested for a camera whose clock has moved; the caller commits."""
    db.session.execute(
        delete(ClockSuggestion).where(
            ClockSuggestion.room_id == room_id,
            ClockSuggestion.guest_id.is_not_distinct_from(guest_id),
            ClockSuggestion.camera == camera,
        )
    )


def undo_shift(room_id: int, correction_id: int) -> None:
    """Let photos follow after the correction of a clock was undone; the caller commits.

    Earlier and later shifts of the same camera stay: what they add up to holds.
    """
    shift = db.session.get(ClockShift, correction_id)
    if shift is not None:
        forget_suggestions(room_id, shift.guest_id, shift.camera)
        settle_clocks(room_id, Photo.camera == shift.camera)

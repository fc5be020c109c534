"""Let photos have the time that their camera's clock would have shown, had it been right.

What holds after every change of photos or shifts: a photo is shifted by the sum of the shifts in
force of its camera. Whoever changes either calls `settle_clocks`, in the same transaction.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, func, or_, select, update

from photoshare.models import ClockShift, Correction, Photo, db
from photoshare.pictures.best_time import TimeSource
from photoshare.pictures.capture_time import is_plausible

OF_A_CAMERA = (TimeSource.CAMERA, TimeSource.NAME)  # what a camera's clock told; not when it came
CameraKey = tuple[int | None, str]  # a guest, and what their files say of the camera


def by_its_clock() -> ColumnElement[bool]:
    """Select the photos whose time is by the clock of a camera that is known."""
    return (
        Photo.camera.is_not(None)
        & Photo.captured_at.is_not(None)
        & Photo.captured_by.in_(OF_A_CAMERA)
    )


def shifts_in_force(room_id: int) -> dict[CameraKey, int]:
    """Add up the shifts of each camera that stand, in seconds."""
    query = (
        select(ClockShift.guest_id, ClockShift.camera, func.sum(ClockShift.shift_s))
        .join(Correction, Correction.id == ClockShift.correction_id)
        .where(ClockShift.room_id == room_id, Correction.undone_at.is_(None))
        .group_by(ClockShift.guest_id, ClockShift.camera)
    )
    return {(guest, camera): int(total) for guest, camera, total in db.session.execute(query)}


def settle_clocks(room_id: int, *which: ColumnElement[bool]) -> int:
    """Shift photos as the corrections in force say; the caller commits.

    A photo that would leave the years of cameras stays as its file says.

    Parameters
    ----------
    room_id : int
    which : conditions on Photo
        By default all of the room.

    Returns
    -------
    int
        How many photos have another time now.
    """
    shifts = shifts_in_force(room_id)
    cameras = {camera for _, camera in shifts}
    query = select(
        Photo.id, Photo.guest_id, Photo.camera, Photo.captured_at, Photo.shifted_s
    ).where(
        *(Photo.room_id == room_id, by_its_clock(), *which),
        or_(Photo.shifted_s != 0, Photo.camera.in_(cameras)),
    )
    changed = []
    for photo_id, guest, camera, shown, shifted_s in db.session.execute(query).all():
        if camera is None or shown is None:  # which `by_its_clock` leaves out
            continue
        told = shown - timedelta(seconds=shifted_s)  # by its file
        shift_s = shifts.get((guest, camera), 0)
        right = told + timedelta(seconds=shift_s)
        if not is_plausible(right):
            right, shift_s = told, 0
        if shift_s != shifted_s:
            changed.append({"id": photo_id, "captured_at": right, "shifted_s": shift_s})
    if changed:
        db.session.execute(update(Photo), changed)
    return len(changed)

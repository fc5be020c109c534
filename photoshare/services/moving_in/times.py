"""Read from a room file when photos were taken, and by how much clocks were put right."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from photoshare.models import ClockShift, Correction, db
from photoshare.pictures.best_time import TimeSource
from photoshare.pictures.capture_time import MAX_CAMERA, MAX_OFFSET_MIN
from photoshare.services.clocks.settling import settle_clocks
from photoshare.services.clocks.shifting import MAX_SHIFT_S
from photoshare.services.corrections.events import CorrectionKind
from photoshare.services.moving_in.fields import Fields
from photoshare.services.moving_in.opening import RoomFile
from photoshare.services.take_home.room_file import CLOCKS

_MAX_SHIFTED_S = 2 * MAX_SHIFT_S  # of several shifts: a photo stays within the years of cameras


def read_taken(line: Fields) -> dict[str, Any]:
    """Return the columns of a photo that tell when it was taken; none by a former version."""
    if not line.has("captured_by"):  # as the file itself says
        return {}
    source = line.text("captured_by", most=20)
    if source not in set(TimeSource):
        raise line.refusal("nothing tells when a photo was taken by that")
    offset_min = line.number_or_none("captured_offset_min", least=-MAX_OFFSET_MIN)
    shifted_s = 0
    if line.has("shifted_s"):
        shifted_s = line.number("shifted_s", least=-_MAX_SHIFTED_S, most=_MAX_SHIFTED_S)
    return {
        "captured_at": line.local_time_or_none("captured_at"),
        "captured_by": source,
        "captured_offset_min": offset_min,
        "shifted_s": shifted_s,
    }


def write_clocks(room_id: int, file: RoomFile, guests: dict[int, int]) -> int:
    """Put the clocks right that were, with who did it; return how many times that was.

    Parameters
    ----------
    room_id : int
    file : RoomFile
    guests : dict of int to int
        The new ids of guests, by the old ones.
    """
    count = 0
    for line in file.lines(CLOCKS) if file.has(CLOCKS) else ():
        said = {
            "room_id": room_id,
            "guest_id": _guest(line, "guest", guests),
            "kind": CorrectionKind.CLOCK.value,
            "created_at": line.moment("made_at"),
            "undone_at": line.moment_or_none("undone_at"),
            "undone_by": _guest(line, "undone_by", guests),
        }
        query = insert(Correction).values(said).returning(Correction.id)
        shift = {
            "correction_id": db.session.execute(query).scalar_one(),
            "room_id": room_id,
            "guest_id": _guest(line, "owner", guests),
            "camera": line.text("camera", most=MAX_CAMERA),
            "shift_s": line.number("shift_s", least=-MAX_SHIFT_S, most=MAX_SHIFT_S),
        }
        db.session.execute(insert(ClockShift).values(shift))
        count += 1
    settle_clocks(room_id)
    db.session.commit()
    return count


def _guest(line: Fields, name: str, guests: dict[int, int]) -> int | None:
    number = line.number_or_none(name)
    if number is not None and number not in guests:
        raise line.refusal(f"there is no {name} {number}")
    return None if number is None else guests[number]

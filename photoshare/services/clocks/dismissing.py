"""Tell what is suggested about clocks from what hosts put aside, because they know better.

Put aside is by how much a clock would be wrong altogether, so that it stays away when the clock is
shifted, and when it is found again in other photos.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, insert, select

from photoshare.errors import NotFoundError
from photoshare.models import ClockDismissal, ClockSuggestion, db
from photoshare.services.clocks.matching import APART_S
from photoshare.services.clocks.settling import CameraKey, shifts_in_force
from photoshare.services.rooms.entering import Author, check_host

# A suggestion as near as this to one that was put aside is the same, from other photos or by
# another evidence. Farther apart, the comparison of moments takes two peaks for different ones.
SAME_S = APART_S
Dismissed = Mapping[CameraKey, Sequence[int]]  # by how much clocks aren't wrong, from now


def read_dismissed(room_id: int) -> Dismissed:
    """Read by how much clocks aren't wrong, in seconds on top of the shifts in force."""
    query = select(ClockDismissal.guest_id, ClockDismissal.camera, ClockDismissal.shift_s)
    rows = db.session.execute(query.where(ClockDismissal.room_id == room_id)).all()
    shifts = shifts_in_force(room_id) if rows else {}
    dismissed: dict[CameraKey, list[int]] = {}
    for guest, camera, shift_s in rows:
        left = shift_s - shifts.get((guest, camera), 0)
        dismissed.setdefault((guest, camera), []).append(left)
    return dismissed


def is_dismissed(dismissed: Dismissed, key: CameraKey, shift_s: int) -> bool:
    """Whether a suggestion is one that a host put aside."""
    return any(abs(shift_s - other) <= SAME_S for other in dismissed.get(key, ()))


def read_suggestions(
    room_id: int,
) -> tuple[dict[CameraKey, ClockSuggestion], dict[CameraKey, ClockSuggestion]]:
    """Read which clocks seem to be wrong, and those suggestions that hosts put aside."""
    rows = db.session.scalars(select(ClockSuggestion).where(ClockSuggestion.room_id == room_id))
    found: dict[CameraKey, ClockSuggestion] = {(row.guest_id, row.camera): row for row in rows}
    dismissed = read_dismissed(room_id) if found else {}
    aside = {key: row for key, row in found.items() if is_dismissed(dismissed, key, row.shift_s)}
    return {key: row for key, row in found.items() if key not in aside}, aside


def count_suggestions(room_id: int) -> int:
    """Count the clocks that seem to be wrong, and about which no host knows better."""
    return len(read_suggestions(room_id)[0])


def get_suggestion(room_id: int, guest_id: int | None, camera: str) -> int:
    """Return by how much a clock seems to be wrong, in seconds.

    Raises
    ------
    NotFoundError
        If nothing is suggested now.
    """
    return _shift_of(read_suggestions(room_id)[0], guest_id, camera)


def dismiss(author: Author, guest_id: int | None, camera: str) -> None:
    """Put aside what is suggested for a camera: it stays away, until other evidence is found.

    Raises
    ------
    NotAllowedError
        If the author isn't a host.
    NotFoundError
        If nothing is suggested now.
    """
    check_host(author)
    suggested, _ = read_suggestions(author.room_id)
    shift_s = _wrong_altogether(author, suggested, guest_id, camera)
    of_camera = {"room_id": author.room_id, "guest_id": guest_id, "camera": camera}
    db.session.execute(insert(ClockDismissal).values(of_camera | {"shift_s": shift_s}))
    db.session.commit()


def show_again(author: Author, guest_id: int | None, camera: str) -> None:
    """Suggest again what was put aside for a camera.

    Raises
    ------
    NotAllowedError
        If the author isn't a host.
    NotFoundError
        If nothing is put aside that would be suggested now.
    """
    check_host(author)
    _, put_aside = read_suggestions(author.room_id)
    shift_s = _wrong_altogether(author, put_aside, guest_id, camera)
    db.session.execute(
        delete(ClockDismissal).where(
            *(ClockDismissal.room_id == author.room_id, ClockDismissal.camera == camera),
            ClockDismissal.guest_id.is_not_distinct_from(guest_id),
            ClockDismissal.shift_s.between(shift_s - SAME_S, shift_s + SAME_S),
        )
    )
    db.session.commit()


def _wrong_altogether(
    author: Author,
    suggestions: Mapping[CameraKey, ClockSuggestion],
    guest_id: int | None,
    camera: str,
) -> int:
    """Return by how much a clock would be wrong without the shifts in force, in seconds."""
    shift_s = _shift_of(suggestions, guest_id, camera)
    return shift_s + shifts_in_force(author.room_id).get((guest_id, camera), 0)


def _shift_of(
    suggestions: Mapping[CameraKey, ClockSuggestion], guest_id: int | None, camera: str
) -> int:
    suggestion = suggestions.get((guest_id, camera))
    if suggestion is None:
        raise NotFoundError("This suggestion is out of date. Please look again.")
    return suggestion.shift_s

"""Suggest by how much the clocks of cameras are wrong, for hosts to decide; in the background.

Three things can tell, the surest first: the time of satellites in the camera's own files, photos of
other cameras that show the same moment (`matching`), and a camera that is set to another time zone
than all others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

import numpy as np
from sqlalchemy import delete, insert, select

from photoshare.models import ClockSuggestion, Face, Photo, Room, db
from photoshare.pictures.best_time import zone_named
from photoshare.pictures.capture_time import as_local
from photoshare.services.clocks.dismissing import Dismissed, is_dismissed, read_dismissed
from photoshare.services.clocks.matching import Match, Sightings, find_shift
from photoshare.services.clocks.settling import CameraKey, by_its_clock

LEAST_WRONG_S = 120  # clocks that nobody has set differ by as much, and the order hardly changes
LEAST_FILES = 3  # with the time of satellites, or of another zone
STEADY_S = 60  # as near as those of one camera have to agree: a position may be a minute old
NEAR_HOUR_S = 60  # a shift this near to whole hours means whole hours
MOST_CAMERAS = 60  # that are compared, those with most photos; each takes up to half a second
NEAR_EVENT = timedelta(hours=18)  # to the middle of the others' photos: taken there, not elsewhere
_EPOCH = datetime(1970, 1, 1)


class Evidence(StrEnum):
    """What tells that a clock is wrong."""

    SATELLITES = "satellites"  # their time, in the same files
    MOMENTS = "moments"  # photos of other cameras, of the same people together
    ZONE = "zone"  # the camera is set to another time zone than the others


@dataclass(frozen=True, slots=True)
class Suggested:
    """By how much a clock seems to be wrong."""

    shift_s: int
    evidence: Evidence
    photo_id: int | None = None
    other_id: int | None = None


@dataclass(slots=True)
class _Files:
    """What the photos of a camera say, in the order of their ids."""

    ids: list[int] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    ahead_s: list[float] = field(default_factory=list)  # of satellites, with the room's zone
    offsets: Counter[int] = field(default_factory=Counter)  # in minutes, by the camera's own zone

    @property
    def zone_min(self) -> int | None:
        """The one zone that all of its files name."""
        only = len(self.offsets) == 1 and self.offsets.total() >= LEAST_FILES
        return next(iter(self.offsets)) if only else None


def find_suggestions(
    room_id: int, *, is_stopping: Callable[[], bool] = lambda: False
) -> dict[CameraKey, Suggested]:
    """Find all clocks of a room that seem to be wrong; writes nothing.

    Returns
    -------
    dict of (guest id, camera) to Suggested
        On top of the shifts in force. Also what hosts put aside, so that they can get it back.
    """
    cameras, dismissed = _read_files(room_id), read_dismissed(room_id)
    found = _by_zone(cameras) | _by_satellites(cameras)
    known = {
        key: said for key, said in found.items() if not is_dismissed(dismissed, key, said.shift_s)
    }
    return found | _by_moments(room_id, cameras, known, dismissed, is_stopping)


def write_suggestions(room_id: int, found: Mapping[CameraKey, Suggested]) -> None:
    """Write what was found instead of what was before, and commit."""
    db.session.execute(delete(ClockSuggestion).where(ClockSuggestion.room_id == room_id))
    rows = [
        {
            "room_id": room_id,
            "guest_id": guest_id,
            "camera": camera,
            "shift_s": said.shift_s,
            "evidence": said.evidence.value,
            "photo_id": said.photo_id,
            "other_id": said.other_id,
        }
        for (guest_id, camera), said in found.items()
    ]
    if rows:
        db.session.execute(insert(ClockSuggestion), rows)
    db.session.commit()


def check_clocks(room_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> bool:
    """Look at all clocks of a room, for the job thread; return whether it was not stopped."""
    found = find_suggestions(room_id, is_stopping=is_stopping)
    db.session.rollback()
    if is_stopping():
        return False
    write_suggestions(room_id, found)
    return True


def _read_files(room_id: int) -> dict[CameraKey, _Files]:
    zone = zone_named(db.session.scalar(select(Room.time_zone).where(Room.id == room_id)))
    told = (Photo.clock_ahead_s, Photo.captured_offset_min, Photo.shifted_s)
    query = select(Photo.id, Photo.guest_id, Photo.camera, Photo.captured_at, *told)
    query = query.where(Photo.room_id == room_id, by_its_clock()).order_by(Photo.id)
    cameras: dict[CameraKey, _Files] = {}
    for photo_id, guest, camera, shown, ahead_s, offset_min, shifted_s in db.session.execute(query):
        if camera is None or shown is None:  # which `by_its_clock` leaves out
            continue
        files = cameras.setdefault((guest, camera), _Files())
        files.ids.append(photo_id)
        files.times.append(shown)
        if offset_min is not None:
            # A shift by hours is a change of zone, as far as the other cameras can tell.
            files.offsets[offset_min + round(shifted_s / 60)] += 1
        if ahead_s is not None:
            utc = shown - timedelta(seconds=ahead_s + shifted_s)  # by satellites
            if offset_min is not None:
                files.ahead_s.append(ahead_s + shifted_s - offset_min * 60)
            elif zone is not None:
                files.ahead_s.append((shown - as_local(utc, zone)).total_seconds())
    return cameras


def _by_satellites(cameras: Mapping[CameraKey, _Files]) -> dict[CameraKey, Suggested]:
    """Compare clocks with the time of satellites in the same files.

    Where most cameras are wrong by the same, it's the room whose time zone is wrong.
    """
    errors = {}
    for key, files in cameras.items():
        if len(files.ahead_s) >= LEAST_FILES:
            middle = median(files.ahead_s)
            near = sum(abs(ahead - middle) <= STEADY_S for ahead in files.ahead_s)
            if near > len(files.ahead_s) * 0.8:
                errors[key] = middle
    usual = median(errors.values()) if len(errors) > 2 else 0.0
    return {
        key: Suggested(_rounded(usual - error), Evidence.SATELLITES)
        for key, error in errors.items()
        if abs(usual - error) >= LEAST_WRONG_S
    }


def _by_zone(cameras: Mapping[CameraKey, _Files]) -> dict[CameraKey, Suggested]:
    """Find cameras that were left in another zone than all others, on photos of the same days."""
    zones = {key: files.zone_min for key, files in cameras.items()}
    usual = Counter(zone for zone in zones.values() if zone is not None).most_common(2)
    if not usual or usual[0][1] < LEAST_FILES or (len(usual) > 1 and usual[1][1] > 1):
        return {}
    zone_here = usual[0][0]
    times = sorted(
        time
        for key, files in cameras.items()
        if zones[key] in (None, zone_here)
        for time in files.times
    )
    middle = times[len(times) // 2]
    return {
        key: Suggested((zone_here - zone) * 60, Evidence.ZONE)
        for key, zone in zones.items()
        if zone is not None
        and zone != zone_here
        and abs(median_time(cameras[key].times) - middle) <= NEAR_EVENT
    }


def median_time(times: Iterable[datetime]) -> datetime:
    """Return the moment before and after which as many photos were taken."""
    in_order = sorted(times)
    return in_order[len(in_order) // 2]


def _by_moments(
    room_id: int,
    cameras: Mapping[CameraKey, _Files],
    known: Mapping[CameraKey, Suggested],
    dismissed: Dismissed,
    is_stopping: Callable[[], bool],
) -> dict[CameraKey, Suggested]:
    """Compare who is on the photos of each camera, and of all others.

    Those that know no time zone come first: phones get their time from the network. What is found
    holds for the comparisons that follow, so that of two cameras that differ one is wrong; unless
    a host says that this one is right.
    """
    ids, people = _read_people(room_id)
    if not len(ids):
        return {}
    shown_at = {
        photo_id: (time - _EPOCH).total_seconds()
        for files in cameras.values()
        for photo_id, time in zip(files.ids, files.times, strict=True)
    }
    keys = list(cameras)
    whose = {photo_id: n for n, key in enumerate(keys) for photo_id in cameras[key].ids}
    has_time = np.array([photo_id in shown_at for photo_id in ids.tolist()])
    ids, people = ids[has_time], people[has_time]
    times = np.array([shown_at[photo_id] for photo_id in ids.tolist()])
    owners = np.array([whose[photo_id] for photo_id in ids.tolist()])
    for key, said in known.items():
        times[owners == keys.index(key)] += said.shift_s
    most = sorted(keys, key=lambda key: len(cameras[key].ids), reverse=True)[:MOST_CAMERAS]
    found = {}
    for key in sorted(most, key=lambda key: (bool(cameras[key].offsets), len(cameras[key].ids))):
        if is_stopping():
            break
        own = owners == keys.index(key)
        match = find_shift(*(Sightings(ids[s], times[s], people[s]) for s in (own, ~own)))
        if match is None:
            continue
        if key in known:  # it is right already by what is known: only the pair is new
            if abs(match.ahead_s) < LEAST_WRONG_S:
                found[key] = _with_pair(known[key], match)
        elif abs(match.ahead_s) >= LEAST_WRONG_S:
            found[key] = _with_pair(Suggested(_rounded(match.ahead_s), Evidence.MOMENTS), match)
            if not is_dismissed(dismissed, key, found[key].shift_s):
                times[own] += found[key].shift_s
    return found


def _with_pair(said: Suggested, match: Match) -> Suggested:
    return Suggested(said.shift_s, said.evidence, match.photo_id, match.other_id)


def _rounded(shift_s: float) -> int:
    """Round to whole hours where they are meant, else to minutes."""
    hours = round(shift_s / 3600) * 3600
    return hours if hours and abs(shift_s - hours) <= NEAR_HOUR_S else round(shift_s / 60) * 60


def _read_people(room_id: int) -> tuple[np.ndarray, np.ndarray]:
    """Read who is on which photo.

    Returns
    -------
    photo_ids : array of int64, shape (n,)
    people : array of float32, shape (n, p)
        1 where a photo shows a person.
    """
    query = (
        select(Face.photo_id, Face.person_id)
        .join(Photo, Photo.id == Face.photo_id)
        .where(*(Photo.room_id == room_id, Face.is_face, Face.person_id.is_not(None)))
        .where(by_its_clock())
        .distinct()
    )
    pairs = np.array([tuple(row) for row in db.session.execute(query)], dtype=np.int64)
    if not len(pairs):
        return np.empty(0, np.int64), np.empty((0, 0), np.float32)
    ids, rows = np.unique(pairs[:, 0], return_inverse=True)
    known, columns = np.unique(pairs[:, 1], return_inverse=True)
    people = np.zeros((len(ids), len(known)), dtype=np.float32)
    people[rows, columns] = 1
    return ids, people

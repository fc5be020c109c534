"""Choose when a photo was taken, of all that is known of it (docs/uploads.md, "When")."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from babel.dates import get_timezone

from photoshare.pictures.capture_time import FileTime, as_local, is_plausible
from photoshare.pictures.named_time import noon_of, time_in_name

MAX_ZONE = 60  # characters of a time zone's name; the longest has 32


class TimeSource(StrEnum):
    """What tells when a photo was taken."""

    CAMERA = "camera"  # EXIF, XMP, satellites
    NAME = "name"  # of the file
    FILE = "file"  # when it was last changed on the guest's device
    ARRIVAL = "arrival"  # here


@dataclass(frozen=True, slots=True)
class BestTime:
    """When a photo was taken, as a local clock showed it, and what tells it."""

    moment: datetime
    source: TimeSource
    offset_min: int | None = None  # of that clock ahead of UTC, in minutes


def zone_named(name: str | None) -> tzinfo | None:
    """Return a time zone by its name, such as Europe/Berlin; None if there is none."""
    if not name or len(name) > MAX_ZONE:
        return None
    try:
        return get_timezone(name)
    except LookupError:
        return None


def best_time(
    told: FileTime,
    file_name: str,
    changed_at: datetime | None,
    arrived_at: datetime,
    zone: tzinfo | None,
) -> BestTime | None:
    """Choose the surest time: of the camera, the name, the file, and last of its arrival.

    Parameters
    ----------
    told : FileTime
        By the file's metadata.
    file_name : str
    changed_at : datetime or None
        When the file was last changed, by the clock of the device that sent it.
    arrived_at : datetime
        By UTC, without a zone.
    zone : tzinfo or None
        Of the room; None: unknown.

    Returns
    -------
    BestTime or None
        None if only its arrival is known, and no zone.
    """
    if (moment := told.local_in(zone)) is not None:
        return BestTime(moment, TimeSource.CAMERA, told.offset_min)
    named = time_in_name(file_name)
    if named.moment and (moment := named.moment.local_in(zone)) is not None:
        return BestTime(moment, TimeSource.NAME)
    is_of_day = named.day is None or (changed_at is not None and changed_at.date() == named.day)
    if changed_at is not None and is_of_day and is_plausible(changed_at):
        return BestTime(changed_at, TimeSource.FILE)
    if (moment := noon_of(named)) is not None:
        return BestTime(moment, TimeSource.NAME)
    return None if zone is None else BestTime(as_local(arrived_at, zone), TimeSource.ARRIVAL)

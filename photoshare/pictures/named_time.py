"""When a photo was taken, as its name says: messengers and screenshots keep nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from photoshare.pictures.capture_time import FIRST_CAPTURE, FileTime, is_plausible

# 20260815_142000 (Samsung, Pixel), 2026-08-15 at 14.20.00 (WhatsApp, macOS), 2026-08-15-14-20-00
# (Signal), 2026-08-15_14-20-00 (Telegram), 20260815-142000 (screenshots): a day, and then a time.
_DAY = r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
_CLOCK = r"(?:[-_ T]|,? at )(\d{1,2})([-_.:]?)([0-5]\d)\6([0-5]\d)(?:[ \u202f]?([AaPp])[Mm])?"
_DAY_AND_CLOCK = re.compile(_DAY + _CLOCK + r"(\d{3})?(?!\d)")
_DAY_ALONE = re.compile(_DAY + r"(?!\d)")
_IN_UTC = re.compile(r"PXL_")  # Google's camera
_WHATSAPP = re.compile(r"-WA(\d{4})")  # counts the pictures of a day


@dataclass(frozen=True, slots=True)
class NamedTime:
    """What a file name says: a moment, or a day only.

    Attributes
    ----------
    moment : FileTime or None
    day : date or None
        If it names no time of it.
    number : int
        Which picture of that day it is, where the name counts them.
    """

    moment: FileTime | None = None
    day: date | None = None
    number: int = 0


def time_in_name(file_name: str) -> NamedTime:
    """Read when a photo was taken from its name.

    Parameters
    ----------
    file_name : str
        As on the guest's device; a path's folders are left out.
    """
    name = file_name.replace("\\", "/").rpartition("/")[2]
    for found in _DAY_AND_CLOCK.finditer(name):
        moment = _moment_of(found)
        if moment is not None and is_plausible(moment):
            is_utc = _IN_UTC.match(name) is not None
            return NamedTime(FileTime(utc=moment) if is_utc else FileTime(moment))
    for found in _DAY_ALONE.finditer(name):
        day = _day_of(found)
        if day is not None and is_plausible(datetime.combine(day, time())):
            counted = _WHATSAPP.search(name)
            return NamedTime(day=day, number=int(counted[1]) if counted else 0)
    return NamedTime()


def _day_of(found: re.Match[str]) -> date | None:
    try:
        return date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError:  # the 31st of June
        return None


def _moment_of(found: re.Match[str]) -> datetime | None:
    day, hour = _day_of(found), int(found[5])
    if found[9]:  # of a clock of twelve hours
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[9] in "Pp" else 0)
    if day is None or hour > 23:
        return None
    thousandths = int(found[10] or 0)
    return datetime.combine(day, time(hour, int(found[7]), int(found[8]), thousandths * 1000))


def noon_of(named: NamedTime) -> datetime | None:
    """Return a time for a name that tells a day only: noon, and then in the order of the count."""
    if named.day is None:
        return None
    noon = datetime.combine(named.day, time(12)) + timedelta(milliseconds=named.number)
    return max(noon, FIRST_CAPTURE)

"""When and with what a photo was taken, as its file says: its EXIF, its XMP, or its satellites."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction
from typing import Any

from PIL import ExifTags
from PIL.ImageFile import ImageFile

# EXIF: (where, the moment, its fraction of a second, its zone), the surest first.
_CAPTURE_TAGS = (
    (
        ExifTags.IFD.Exif,
        ExifTags.Base.DateTimeOriginal,
        ExifTags.Base.SubsecTimeOriginal,
        ExifTags.Base.OffsetTimeOriginal,
    ),
    (
        ExifTags.IFD.Exif,
        ExifTags.Base.DateTimeDigitized,
        ExifTags.Base.SubsecTimeDigitized,
        ExifTags.Base.OffsetTimeDigitized,
    ),
    (None, ExifTags.Base.DateTime, ExifTags.Base.SubsecTime, ExifTags.Base.OffsetTime),
)
# XMP's properties, the surest first, as an attribute or an element.
_XMP_NAMES = (b"DateTimeOriginal", b"DateCreated", b"CreateDate")
_XMP_VALUE = rb"\b%s\s*(?:=\s*[\"']|>\s*)([0-9][0-9T:.+\-Z ]{9,34})"
_XMP_KEYS = ("xmp", "XML:com.adobe.xmp")  # where Pillow keeps it, by format
_XMP_TAG = 700  # of TIFF
_PNG_KEYS = ("Creation Time", "CreationTime", "creation_time")
_ZONE = re.compile(r"(?:(Z)|([+-])(\d{2}):?(\d{2}))\s*$")

FIRST_CAPTURE = datetime(1980, 1, 1)  # earlier clocks were never set; zips begin here, too
FARTHEST_ZONE = timedelta(hours=14)  # ahead of UTC: a local clock may be this much ahead
MAX_OFFSET_MIN = 14 * 60
MAX_TEXT = 200  # characters of a maker, a model or a date that are looked at
MAX_CAMERA = 80  # characters; the longest that makers write has about 40
# What makers add to their name: "NIKON CORPORATION", "OLYMPUS IMAGING CORP.", "LG Electronics".
_OF_A_MAKER = re.compile(
    r"[\s,]+(?:co|company|corp|corporation|electronics|imaging|inc|kaisha|ltd|optical)\b.*", re.I
)


@dataclass(frozen=True, slots=True)
class FileTime:
    """When a photo was taken, as its file says.

    Attributes
    ----------
    local : datetime or None
        As the camera's clock showed it, without a zone.
    offset_min : int or None
        How many minutes that clock was ahead of UTC.
    utc : datetime or None
        The moment as satellites or the file tell it, without a zone; only if `local` is None.
    """

    local: datetime | None = None
    offset_min: int | None = None
    utc: datetime | None = None

    def local_in(self, zone: tzinfo | None) -> datetime | None:
        """Return the moment as a local clock showed it; in this zone, if the file tells UTC."""
        if self.local is not None or self.utc is None or zone is None:
            return self.local
        return as_local(self.utc, zone)


UNKNOWN_TIME = FileTime()


@dataclass(frozen=True, slots=True)
class Camera:
    """What a file says of the camera that took it.

    Attributes
    ----------
    name : str or None
        Maker and model, without a serial number.
    ahead_s : int or None
        By how many seconds its clock was ahead of UTC, where the file has the time of satellites.
    """

    name: str | None = None
    ahead_s: int | None = None


UNKNOWN_CAMERA = Camera()


def as_local(moment: datetime, zone: tzinfo) -> datetime:
    """Return what local clocks showed at a moment of UTC; both without a zone."""
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def capture_time_of(opened: ImageFile) -> FileTime:
    """Read from EXIF, else XMP, else the time of satellites, when a photo was taken."""
    for read in (_by_exif, _by_xmp, _by_satellites, _by_text):
        # Damaged metadata raises as many kinds of errors as damaged pictures do, and is not a
        # reason to refuse the photo.
        with contextlib.suppress(Exception):
            if (told := read(opened)) is not None:
                return told
    return UNKNOWN_TIME


def camera_of(opened: ImageFile) -> Camera:
    """Read from EXIF which camera took a photo, and how far its clock was ahead of UTC."""
    name = ahead_s = None
    with contextlib.suppress(Exception):  # as above
        exif = opened.getexif()
        name = name_camera(exif.get(ExifTags.Base.Make), exif.get(ExifTags.Base.Model))
    with contextlib.suppress(Exception):
        told, satellites = _by_exif(opened), _by_satellites(opened)
        if told and satellites and told.local and satellites.utc:
            ahead_s = round((told.local - satellites.utc).total_seconds())
    return Camera(name, ahead_s)


def name_camera(maker: object, model: object) -> str | None:
    """Make one short name of a maker and a model, such as ``Canon EOS R6``; None without any.

    Parameters
    ----------
    maker, model : object
        The values of their tags: anything a camera or a forger wrote there.
    """
    brand, kind = (_one_line(value) for value in (maker, model))
    brand = _OF_A_MAKER.sub("", brand)
    if brand.islower():  # samsung
        brand = brand.capitalize()
    first = kind.casefold().partition(" ")[0]
    is_in_it = first in brand.casefold().split() or first.startswith(brand.casefold())
    name = kind if is_in_it else f"{brand} {kind}"  # NIKON D750, LG-H870
    return name.strip()[:MAX_CAMERA].strip() or None


def _one_line(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if not isinstance(text, str):
        return ""
    text = text[:MAX_TEXT]
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())


def _by_exif(opened: ImageFile) -> FileTime | None:
    exif = opened.getexif()
    for place, moment_tag, fraction_tag, zone_tag in _CAPTURE_TAGS:
        tags = exif if place is None else exif.get_ifd(place)
        told = parse_file_time(tags.get(moment_tag), tags.get(fraction_tag), tags.get(zone_tag))
        if told is not None:
            return told
    return None


def _by_xmp(opened: ImageFile) -> FileTime | None:
    packets = [opened.info.get(key) for key in _XMP_KEYS] + [opened.getexif().get(_XMP_TAG)]
    for packet in packets:
        xmp = packet.encode() if isinstance(packet, str) else packet
        if not isinstance(xmp, bytes):
            continue
        for name in _XMP_NAMES:
            for value in re.findall(_XMP_VALUE % name, xmp):
                if (told := parse_file_time(value.decode("ascii"))) is not None:
                    return told
    return None


def _by_satellites(opened: ImageFile) -> FileTime | None:
    tags = opened.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    day, clock = tags.get(ExifTags.GPS.GPSDateStamp), tags.get(ExifTags.GPS.GPSTimeStamp)
    if day is None or clock is None:
        return None
    hours, minutes, seconds = (int(Fraction(part)) for part in clock)
    moment = parse_capture_time(f"{day} {hours}:{minutes}:{seconds}")
    return None if moment is None else FileTime(utc=moment)


def _by_text(opened: ImageFile) -> FileTime | None:
    """Read the text of a PNG, such as a screenshot's."""
    texts = (opened.info.get(key) for key in _PNG_KEYS)
    return next((told for text in texts if (told := parse_file_time(text)) is not None), None)


def parse_file_time(
    moment: object, fraction: object = None, zone: object = None
) -> FileTime | None:
    """Parse a date of EXIF or XMP, with its zone, if it has one or says that it is UTC.

    Parameters
    ----------
    moment : object
        The value of a date tag: anything a camera or a forger wrote there.
    fraction : object
        As in `parse_capture_time`.
    zone : object
        ``+09:00``, for example; else the end of `moment` tells it.
    """
    captured_at = parse_capture_time(moment, fraction)
    if captured_at is None:
        return None
    said = _ZONE.search(str(zone or "").strip("\0 ")) or _zone_behind(str(moment))
    if said is None:
        return FileTime(captured_at)
    if said[1]:
        return FileTime(utc=captured_at)
    offset_min = int(f"{said[2]}1") * (int(said[3]) * 60 + int(said[4]))
    return FileTime(captured_at, offset_min if abs(offset_min) <= MAX_OFFSET_MIN else None)


def _zone_behind(moment: str) -> re.Match[str] | None:
    """Find a zone behind the time of a date: the day of one without a time looks like a zone."""
    return _ZONE.search(moment.strip("\0 "), 16) if len(moment) > 16 else None


def parse_capture_time(moment: object, fraction: object = None) -> datetime | None:
    """Parse an EXIF date, such as ``2026:11:24 13:40:00``; None if it cannot be true.

    Parameters
    ----------
    moment : object
        The value of a date tag: anything a camera or a forger wrote there.
    fraction : object
        The digits of the second's fraction, which order the photos of a burst.
    """
    digits: list[Any] = [int(part) for part in re.findall(r"\d+", str(moment)[:MAX_TEXT])[:6]]
    try:
        captured_at = datetime(*digits)
    except (TypeError, ValueError, OverflowError):  # too few, 0000:00:00, the 13th month
        return None
    thousandths = re.match(r"\d{1,6}", str(fraction).strip())
    if thousandths:
        captured_at = captured_at.replace(microsecond=int(thousandths[0].ljust(6, "0")))
    return captured_at if is_plausible(captured_at) else None


def is_plausible(moment: datetime) -> bool:
    """Whether a photo can have been taken when a local clock showed this."""
    latest = datetime.now(UTC).replace(tzinfo=None) + FARTHEST_ZONE
    return FIRST_CAPTURE <= moment <= latest

"""When a photo was taken, as its camera wrote it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from PIL import ExifTags
from PIL.ImageFile import ImageFile

# EXIF: (where, the moment, its fraction of a second), the surest first.
_CAPTURE_TAGS = (
    (ExifTags.IFD.Exif, ExifTags.Base.DateTimeOriginal, ExifTags.Base.SubsecTimeOriginal),
    (ExifTags.IFD.Exif, ExifTags.Base.DateTimeDigitized, ExifTags.Base.SubsecTimeDigitized),
    (None, ExifTags.Base.DateTime, ExifTags.Base.SubsecTime),
)
FIRST_CAPTURE = datetime(1980, 1, 1)  # earlier clocks were never set; zips begin here, too
FARTHEST_ZONE = timedelta(hours=14)  # ahead of UTC: a local clock may be this much ahead


def capture_time_of(opened: ImageFile) -> datetime | None:
    """Read from EXIF when a photo was taken, as the camera's clock showed it."""
    try:
        exif = opened.getexif()
        for place, moment_tag, fraction_tag in _CAPTURE_TAGS:
            tags = exif if place is None else exif.get_ifd(place)
            moment = parse_capture_time(tags.get(moment_tag), tags.get(fraction_tag))
            if moment is not None:
                return moment
    except Exception:  # damaged EXIF raises as many kinds of errors as damaged pictures do
        return None  # and is not a reason to refuse the photo
    return None


def parse_capture_time(moment: object, fraction: object = None) -> datetime | None:
    """Parse an EXIF date, such as ``2026:11:24 13:40:00``; None if it cannot be true.

    Parameters
    ----------
    moment : object
        The value of a date tag: anything a camera or a forger wrote there.
    fraction : object
        The digits of the second's fraction, which order the photos of a burst.
    """
    digits = re.findall(r"\d+", str(moment))[:6]
    try:
        captured_at = datetime(*(int(part) for part in digits))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):  # too few, 0000:00:00, the 13th month
        return None
    thousandths = re.match(r"\d{1,6}", str(fraction).strip())
    if thousandths:
        captured_at = captured_at.replace(microsecond=int(thousandths[0].ljust(6, "0")))
    latest = datetime.now(UTC).replace(tzinfo=None) + FARTHEST_ZONE
    return captured_at if FIRST_CAPTURE <= captured_at <= latest else None

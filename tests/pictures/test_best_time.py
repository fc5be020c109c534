"""photoshare.pictures.best_time and named_time: the surest of all that tells when."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from photoshare.pictures.best_time import BestTime, TimeSource, best_time, zone_named
from photoshare.pictures.capture_time import UNKNOWN_TIME, FileTime, parse_file_time
from photoshare.pictures.named_time import time_in_name

AFTERNOON = datetime(2026, 8, 15, 14, 20)
ARRIVED = datetime(2026, 8, 15, 9, 30)  # UTC
TOKYO = zone_named("Asia/Tokyo")


@pytest.mark.parametrize(
    "name",
    [
        "IMG_20260815_142000.jpg",
        "20260815_142000.jpg",
        "20260815_142000(0).jpg",
        "MVIMG_20260815_142000.jpg",
        "IMG_20260815_142000_BURST001.jpg",
        "Screenshot_20260815-142000.png",
        "Screenshot_20260815-142000_WhatsApp.jpg",
        "Screenshot_2026-08-15-14-20-00-123_com.whatsapp.jpg",
        "Screenshot 2026-08-15 at 14.20.00.png",
        "Screenshot 2026-08-15 at 2.20.00\u202fPM.png",
        "signal-2026-08-15-14-20-00-123.jpg",
        "signal-2026-08-15-142000.jpeg",
        "WhatsApp Image 2026-08-15 at 14.20.00.jpeg",
        "WhatsApp Image 2026-08-15 at 2.20.00 PM (1).jpeg",
        "photo_2026-08-15_14-20-00.jpg",
        "2026-08-15 14.20.00.jpg",
        "Fêtes/2026/2026-08-15 14.20.00.jpg",
    ],
)
def test_a_name_tells_the_time(name: str) -> None:
    assert time_in_name(name).moment == FileTime(AFTERNOON)


def test_googles_camera_names_its_photos_by_utc() -> None:
    moment = time_in_name("PXL_20260815_052000123.jpg").moment

    assert moment == FileTime(utc=datetime(2026, 8, 15, 5, 20, 0, 123_000))
    assert best_time(UNKNOWN_TIME, "PXL_20260815_052000123.jpg", None, ARRIVED, TOKYO) == BestTime(
        datetime(2026, 8, 15, 14, 20, 0, 123_000), TimeSource.NAME
    )


@pytest.mark.parametrize(
    "name",
    [
        "",
        "DSC_0001.jpg",
        "IMG_2026.jpg",
        "20260231_142000.jpg",  # the 31st of February
        "12345678901234.jpg",
        "99999999_999999.jpg",
        "IMG_20990815_142000.jpg",  # not yet
        "19700101_000000.jpg",
        "1786803600000.jpg",
        "20260815/holiday.jpg",  # a folder is no file
    ],
)
def test_other_numbers_are_no_time(name: str) -> None:
    named = time_in_name(name)

    assert (named.moment, named.day) == (None, None)


def test_messengers_name_the_day_and_count() -> None:
    named = time_in_name("IMG-20260815-WA0007.jpg")

    assert (named.moment, named.day, named.number) == (None, date(2026, 8, 15), 7)


@pytest.mark.parametrize(
    ("moment", "zone", "expected"),
    [
        ("2026:08:15 14:20:00", "+09:00", FileTime(AFTERNOON, 540)),
        ("2026:08:15 14:20:00", "-03:30\0", FileTime(AFTERNOON, -210)),
        ("2026:08:15 14:20:00", "Z", FileTime(utc=AFTERNOON)),
        ("2026:08:15 14:20:00", "nonsense", FileTime(AFTERNOON)),
        ("2026:08:15 14:20:00", "+99:00", FileTime(AFTERNOON)),
        ("2026-08-15T14:20:00+09:00", None, FileTime(AFTERNOON, 540)),
        ("2026-08-15T14:20:00Z", None, FileTime(utc=AFTERNOON)),
        ("2026-08-15", None, FileTime(datetime(2026, 8, 15))),
        ("0000:00:00 00:00:00", "+09:00", None),
    ],
)
def test_a_zone_is_kept_where_it_is_known(
    moment: str, zone: str | None, expected: FileTime | None
) -> None:
    assert parse_file_time(moment, None, zone) == expected


def test_the_surest_time_counts() -> None:
    told, by_satellite = FileTime(datetime(2026, 8, 15, 14, 0), 540), FileTime(utc=ARRIVED)
    name, counted = "Screenshot_20260815-142000.png", "IMG-20260815-WA0007.jpg"
    changed, later = datetime(2026, 8, 15, 14, 10), datetime(2026, 8, 16, 9, 0)

    def best(told: FileTime, name: str, changed_at: datetime | None = None) -> BestTime | None:
        return best_time(told, name, changed_at, ARRIVED, TOKYO)

    assert best(told, name, changed) == BestTime(told.local or ARRIVED, TimeSource.CAMERA, 540)
    in_tokyo = datetime(2026, 8, 15, 18, 30)
    assert best(by_satellite, name) == BestTime(in_tokyo, TimeSource.CAMERA)
    assert best(UNKNOWN_TIME, name, changed) == BestTime(AFTERNOON, TimeSource.NAME)
    # A day is not enough: the file's own time, if it is of that day, else noon, as counted.
    assert best(UNKNOWN_TIME, counted, changed) == BestTime(changed, TimeSource.FILE)
    seventh = datetime(2026, 8, 15, 12, 0, 0, 7000)
    assert best(UNKNOWN_TIME, counted, later) == BestTime(seventh, TimeSource.NAME)
    assert best(UNKNOWN_TIME, "a.jpg", changed) == BestTime(changed, TimeSource.FILE)
    never = datetime(1970, 1, 1)
    assert best(UNKNOWN_TIME, "a.jpg", never) == BestTime(in_tokyo, TimeSource.ARRIVAL)


def test_without_a_zone_utc_is_no_local_time() -> None:
    """Written as if it were local, it would stand hours away from its moment."""
    assert best_time(FileTime(utc=ARRIVED), "a.jpg", None, ARRIVED, None) is None
    assert best_time(UNKNOWN_TIME, "PXL_20260815_142000.jpg", None, ARRIVED, None) is None


@pytest.mark.parametrize("name", ["", None, "Nowhere/City", "../etc/passwd", "a" * 300])
def test_an_unknown_zone_is_none(name: str | None) -> None:
    assert zone_named(name) is None

"""photoshare.pictures.decoding: when a photo was taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from photoshare.pictures import capture_time
from tests.pictures.test_decoding import SUFFIXES, decode, marked


@pytest.mark.parametrize(
    ("moment", "fraction", "expected"),
    [
        ("2026:07:04 18:30:05", None, datetime(2026, 7, 4, 18, 30, 5)),
        ("2026:07:04 18:30:05", "123", datetime(2026, 7, 4, 18, 30, 5, 123_000)),
        ("2026:07:04 18:30:05", "0012 ", datetime(2026, 7, 4, 18, 30, 5, 1200)),
        ("2026-07-04T18:30:05+02:00", None, datetime(2026, 7, 4, 18, 30, 5)),
        ("2026:07:04 18:30:05\x00", "x", datetime(2026, 7, 4, 18, 30, 5)),
        ("2026:07:04", None, datetime(2026, 7, 4)),
        ("0000:00:00 00:00:00", None, None),
        ("    :  :     :  :  ", None, None),
        ("2026:13:04 18:30:05", None, None),
        ("2026:07:04 25:30:05", None, None),
        ("1970:01:01 00:00:00", None, None),
        ("9999:12:31 23:59:59", None, None),
        ("99999999999999999999:1:1", None, None),
        ("9" * 5000, None, None),
        ("", None, None),
        (None, None, None),
        (b"2026", None, None),
        (7, None, None),
    ],
)
def test_a_capture_time_is_read_or_left_out(
    moment: object, fraction: object, expected: datetime | None
) -> None:
    assert capture_time.parse_capture_time(moment, fraction) == expected


def test_a_clock_may_be_ahead_by_its_zone_and_no_more() -> None:
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    ahead, too_far = now + timedelta(hours=13), now + timedelta(hours=15)

    assert capture_time.parse_capture_time(f"{ahead:%Y:%m:%d %H:%M:%S}") == ahead
    assert capture_time.parse_capture_time(f"{too_far:%Y:%m:%d %H:%M:%S}") is None


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_the_surest_capture_time_of_a_file_counts(tmp_path: Path, image_format: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.DateTime] = "2026:09:09 09:09:09"  # edited
    tags = exif.get_ifd(ExifTags.IFD.Exif)
    tags[ExifTags.Base.DateTimeDigitized] = "2026:08:08 08:08:08"
    path = tmp_path / f"photo.{SUFFIXES[image_format]}"

    marked().save(path, image_format, exif=exif)
    assert decode(path).taken.local == datetime(2026, 8, 8, 8, 8, 8)

    tags[ExifTags.Base.DateTimeOriginal] = "2026:07:07 07:07:07"
    tags[ExifTags.Base.OffsetTimeOriginal] = "+05:00"
    marked().save(path, image_format, exif=exif)
    assert decode(path).taken.local == datetime(2026, 7, 7, 7, 7, 7)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
def test_damaged_exif_is_no_reason_to_refuse_a_photo(tmp_path: Path) -> None:
    marked().save(tmp_path / "photo.jpg", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f")

    assert decode(tmp_path / "photo.jpg").taken.local is None


def test_a_tiff_without_anything_surer_has_the_time_of_its_file(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.DateTime] = "2026:09:09 09:09:09"
    marked().save(tmp_path / "scan.tif", exif=exif)

    assert decode(tmp_path / "scan.tif").taken.local == datetime(2026, 9, 9, 9, 9, 9)

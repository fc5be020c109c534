"""With what a photo was taken, and how far that camera's clock was ahead, as its file says."""

from __future__ import annotations

import io

import pytest
from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile

from photoshare.pictures.capture_time import MAX_CAMERA, Camera, camera_of, name_camera


@pytest.mark.parametrize(
    ("maker", "model", "name"),
    [
        ("Canon", "Canon EOS R6", "Canon EOS R6"),
        ("NIKON CORPORATION", "NIKON D750", "NIKON D750"),
        ("Apple", "iPhone 15 Pro", "Apple iPhone 15 Pro"),
        ("samsung\0", "SM-S918B\0\0", "Samsung SM-S918B"),
        ("OLYMPUS IMAGING CORP.  ", "E-M5MarkII      ", "OLYMPUS E-M5MarkII"),
        ("LG Electronics", "LG-H870", "LG-H870"),
        ("EASTMAN KODAK COMPANY", "KODAK DX4530", "KODAK DX4530"),
        ("FUJIFILM", None, "FUJIFILM"),
        (None, "DSC\n-RX100", "DSC -RX100"),
        (b"Sony", 7, "Sony"),
        (None, None, None),
        ("\0\0", "  ", None),
        ("A" * 100, "B" * 100, "A" * MAX_CAMERA),
    ],
)
def test_a_camera_has_one_short_name(maker: object, model: object, name: str | None) -> None:
    assert name_camera(maker, model) == name


def photo(moment: str | None, day: str | None, clock: object) -> ImageFile:
    exif, stream = Image.Exif(), io.BytesIO()
    exif[ExifTags.Base.Model] = "X100"
    if moment:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = moment
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    if day:
        place[ExifTags.GPS.GPSDateStamp], place[ExifTags.GPS.GPSTimeStamp] = day, clock
    Image.new("RGB", (8, 8)).save(stream, "JPEG", exif=exif)
    opened = Image.open(stream)
    assert isinstance(opened, ImageFile)
    return opened


def test_satellites_tell_how_far_a_clock_is_ahead() -> None:
    opened = photo("2026:07:04 14:00:30", "2026:07:04", (11.0, 0.0, 0.0))

    assert camera_of(opened) == Camera("X100", 3 * 3600 + 30)


@pytest.mark.parametrize(
    ("moment", "day", "clock"),
    [
        (None, "2026:07:04", (11.0, 0.0, 0.0)),
        ("2026:07:04 14:00:30", None, None),
        ("2026:07:04 14:00:30", "today", (11.0, 0.0, 0.0)),
        ("0000:00:00 00:00:00", "2026:07:04", (11.0, 0.0, 0.0)),
        ("2026:07:04 14:00:30", "2026:07:04", (99.0, 0.0, 0.0)),
    ],
)
def test_where_one_of_them_is_missing_nothing_is_known(
    moment: str | None, day: str | None, clock: object
) -> None:
    assert camera_of(photo(moment, day, clock)) == Camera("X100")

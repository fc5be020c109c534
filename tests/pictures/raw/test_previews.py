"""photoshare.pictures.raw: a RAW file is told by its bytes, and shown by its largest JPEG."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import rawpy
from PIL import ExifTags, Image

from photoshare.errors import RejectedPhotoError
from photoshare.pictures import decoding
from photoshare.pictures.covered import make_covered
from photoshare.pictures.decoding import DecodedPhoto
from photoshare.pictures.formats import FORMATS, Kind
from photoshare.pictures.orientation import orientation_of
from photoshare.pictures.raw.previews import MIN_PREVIEW_PX, read_preview
from photoshare.pictures.rendering import render_photo
from photoshare.pictures.tiles import cut_tiles, grid_of, tile_name
from tests.raws import (
    LEFT,
    LINEAR,
    RAW_KINDS,
    RIGHT,
    Tiff,
    camera_tags,
    draw_dng,
    draw_raw,
    jpeg_tags,
    preview,
    sensor_tags,
    thumbnail_tags,
)


def decode(content: bytes, at_least_px: int = 2000) -> DecodedPhoto:
    return decoding.decode_upright(io.BytesIO(content), at_least_px=at_least_px)


def distance(image: Image.Image, place: tuple[int, int], colour: tuple[int, ...]) -> int:
    x, y = place
    return int(np.abs(np.asarray(image)[y, x].astype(int) - colour).max())


def test_every_kind_of_raw_file_is_drawn_here() -> None:
    assert {name for name, known in FORMATS.items() if known.kind is Kind.RAW} == set(RAW_KINDS)


@pytest.mark.parametrize("kind", RAW_KINDS)
def test_a_raw_file_is_shown_by_its_jpeg_with_its_own_facts(kind: str) -> None:
    decoded = decode(draw_raw(kind, orientation=6))

    assert (decoded.image_format, decoded.width, decoded.height) == (kind, 1200, 1600)
    top, bottom = decoded.image.getpixel((9, 9)), decoded.image.getpixel((9, 1590))
    assert (top, bottom) == (LEFT, RIGHT)  # turned clockwise: what was left is above
    assert decoded.taken.local is not None
    assert decoded.taken.local.replace(microsecond=0) == datetime(2026, 8, 15, 15)
    if kind not in ("RAF", "RW2"):
        assert (decoded.taken.local.microsecond, decoded.taken.offset_min) == (250_000, 120)


@pytest.mark.parametrize("kind", [kind for kind in RAW_KINDS if kind not in ("RAF", "RW2")])
def test_the_colours_of_the_camera_are_told_with_the_jpeg(kind: str) -> None:
    content = io.BytesIO(draw_raw(kind))

    with decoding.open_picture(content, max_megapixels=100) as opened:
        details = opened.getexif().get_ifd(ExifTags.IFD.Exif)
        option = opened.getexif().get_ifd(ExifTags.IFD.Interop).get(1)

    assert details[ExifTags.Base.ColorSpace] == 1
    assert option == (None if kind == "CR3" else "R98")


@pytest.mark.parametrize("kind", RAW_KINDS)
def test_whoever_looks_at_a_raw_file_sees_the_same(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(draw_raw(kind, orientation=8))

    rendered = render_photo(path, max_megapixels=100)

    assert orientation_of(path) == 8
    assert (rendered.image_format, rendered.width, rendered.height) == (kind, 1200, 1600)
    with Image.open(io.BytesIO(rendered.derived["640.webp"])) as small:
        assert small.size == (480, 640)


@pytest.mark.parametrize("kind", RAW_KINDS)
def test_a_face_is_covered_and_a_close_look_taken_where_it_is_seen(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "photo"
    path.write_bytes(draw_raw(kind, orientation=6))
    location = (700, 700, 900, 500)  # in the upright picture: half red, half blue

    copy = decode(make_covered(path, [location], max_megapixels=100))
    tiles = zipfile.ZipFile(io.BytesIO(cut_tiles(path, factor=1, max_megapixels=100)))

    assert (copy.image_format, copy.width, copy.height) == ("JPEG", 1200, 1600)
    assert distance(copy.image, (600, 790), LEFT) > 40
    assert distance(copy.image, (60, 780), LEFT) < 9
    columns, rows = grid_of(1200, 1600, 1)
    assert len(tiles.namelist()) == columns * rows
    for row, colour in ((0, LEFT), (rows - 1, RIGHT)):
        with Image.open(io.BytesIO(tiles.read(tile_name(0, row)))) as tile:
            assert distance(tile.convert("RGB"), (9, 9), colour) < 9


@pytest.mark.parametrize("is_thumbnail_first", [True, False])
def test_the_largest_jpeg_of_a_dng_is_shown(is_thumbnail_first: bool) -> None:
    content = draw_dng(size=(1400, 1000), is_thumbnail_first=is_thumbnail_first)

    decoded = decode(content)

    assert (decoded.image_format, decoded.width, decoded.height) == ("DNG", 1400, 1000)


@pytest.mark.parametrize("kind", ["DNG", "NEF", "ARW"])  # LibRaw wants more of a file of others
def test_libraw_finds_the_same_picture(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(draw_raw(kind, orientation=6))
    found = read_preview(path)
    assert found is not None

    with rawpy.imread(str(path)) as raw:
        theirs = Image.open(io.BytesIO(bytes(raw.extract_thumb().data)))
        flip = raw.sizes.flip

    ours = Image.open(io.BytesIO(found.jpeg))
    assert theirs.tobytes() == ours.tobytes()
    assert flip == 6


@pytest.mark.parametrize("kind", RAW_KINDS)
def test_a_raw_file_with_a_thumbnail_only_is_refused(kind: str) -> None:
    content = draw_raw(kind, size=(MIN_PREVIEW_PX - 1, 700))

    with pytest.raises(RejectedPhotoError, match="no picture in it that is large enough"):
        decode(content)


def test_pixels_that_are_packed_as_a_jpeg_are_no_picture() -> None:
    """A lossy DNG: its colours are those of the sensor."""
    tiff = Tiff()
    packed = jpeg_tags(tiff, preview(3000, 2000), (3000, 2000)) | {262: (3, LINEAR), 254: (4, 0)}
    shown = jpeg_tags(tiff, preview(1200, 800), (1200, 800))
    mask = jpeg_tags(tiff, preview(2000, 1500), (2000, 1500), kind=0x10004)
    below = [tiff.table(table) for table in (packed, shown, mask)]
    facts = camera_tags(tiff, "Example", orientation=1) | {50706: (1, bytes((1, 4, 0, 0)))}
    content = tiff.finish(tiff.table(facts | thumbnail_tags(tiff) | {330: (4, below)}))

    assert decode(content).width == 1200


def test_a_raw_file_of_another_camera_is_named() -> None:
    with pytest.raises(RejectedPhotoError, match="This kind of RAW file can't be taken"):
        decode(draw_raw("NEF", make="PENTAX Corporation"))


@pytest.mark.parametrize("make", ["NIKON CORPORATION", "SONY", "Canon", "Example"])
def test_a_tiff_of_a_camera_stays_a_tiff(make: str) -> None:
    exif = Image.Exif()
    exif[271] = make
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), LEFT).save(buffer, "TIFF", exif=exif)

    decoded = decode(buffer.getvalue())

    assert (decoded.image_format, decoded.width) == ("TIFF", 300)


def test_a_dng_in_a_bigtiff_is_no_tiff() -> None:
    buffer = io.BytesIO()
    tags = {50706: bytes((1, 7, 0, 0))}
    Image.new("RGB", (300, 200)).save(buffer, "TIFF", big_tiff=True, tiffinfo=tags)
    assert buffer.getvalue()[2] == 43

    with pytest.raises(RejectedPhotoError, match="This kind of RAW file can't be taken"):
        decode(buffer.getvalue())


def test_a_dng_that_broke_off_is_refused() -> None:
    content = draw_dng(is_thumbnail_first=False)
    tiff = Tiff()
    late = sensor_tags(tiff)
    shown = tiff.table(jpeg_tags(tiff, preview(), (1600, 1200)))
    late[273] = (4, len(content) * 9)
    facts = camera_tags(tiff, "Example", orientation=1) | {50706: (1, bytes((1, 4, 0, 0)))}
    broken = tiff.finish(tiff.table(facts | late | {330: (4, shown)}))

    with pytest.raises(RejectedPhotoError, match="damaged or incomplete"):
        decode(broken)


def test_long_xmp_costs_neither_orientation_nor_time() -> None:
    """Lightroom notes every stroke of an edit."""
    tiff = Tiff()
    shown = tiff.table(jpeg_tags(tiff, preview(), (1600, 1200)))
    facts = camera_tags(tiff, "Example", orientation=6) | {
        50706: (1, bytes((1, 4, 0, 0))),
        700: (1, b"<x>" + b" " * 3_000_000),
    }
    content = tiff.finish(tiff.table(facts | sensor_tags(tiff) | {330: (4, shown)}))

    decoded = decode(content)

    assert (decoded.width, decoded.height) == (1200, 1600)
    assert decoded.taken.offset_min == 120

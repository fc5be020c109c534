"""photoshare.metadata: locations and serial numbers are removed, everything else stays."""

from __future__ import annotations

import io
import random
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from photoshare.metadata import clean as clean_module
from photoshare.metadata.clean import find_patches
from photoshare.metadata.patches import Patch, PatchedFile, UncleanableError, apply
from photoshare.pictures import formats
from tests.metadata.samples import (
    CAPTION,
    FORMATS,
    MOMENT,
    SECRETS,
    exif,
    picture,
    sample,
)
from tests.pictures.test_shared_photos import labels

GPS_IFD, EXIF_IFD = ExifTags.IFD.GPSInfo, ExifTags.IFD.Exif
FUZZED = 60  # mutations of every format
DANGEROUS_TAGS = (
    ExifTags.Base.BodySerialNumber,
    ExifTags.Base.LensSerialNumber,
    ExifTags.Base.CameraOwnerName,
    ExifTags.Base.MakerNote,
)


def clean(content: bytes, image_format: str, folder: Path) -> bytes:
    """Clean a photo as a download does."""
    path = folder / "photo"
    path.write_bytes(content)
    file = PatchedFile(path, find_patches(path, image_format))
    try:
        cleaned = file.read_at(0, file.size_bytes + 1)
        assert len(cleaned) == file.size_bytes
        return cleaned
    finally:
        file.close()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content), formats=formats.ACCEPTED_FORMATS)


@pytest.mark.parametrize("image_format", FORMATS)
def test_the_secrets_go_and_the_picture_stays(tmp_path: Path, image_format: str) -> None:
    content = sample(image_format)
    assert any(secret in content for secret in SECRETS)

    cleaned = clean(content, image_format, tmp_path)

    assert len(cleaned) <= len(content)
    assert [secret for secret in SECRETS if secret in cleaned] == []
    with opened(content) as before, opened(cleaned) as after:
        assert np.array_equal(np.asarray(before), np.asarray(after))
        assert after.getexif().get_ifd(GPS_IFD) == {}


@pytest.mark.parametrize("image_format", [f for f in FORMATS if f != "GIF"])
def test_orientation_capture_time_and_description_stay(tmp_path: Path, image_format: str) -> None:
    content = sample(image_format)

    cleaned = clean(content, image_format, tmp_path)

    with opened(content) as before, opened(cleaned) as after:
        tags = after.getexif()
        assert tags.get(ExifTags.Base.Orientation) == before.getexif()[ExifTags.Base.Orientation]
        assert tags[ExifTags.Base.DateTime] == MOMENT
        assert tags[ExifTags.Base.ImageDescription] == CAPTION
        assert ExifTags.Base.Artist not in tags
        own = tags.get_ifd(EXIF_IFD)
        assert own[ExifTags.Base.DateTimeOriginal] == MOMENT
        assert not set(DANGEROUS_TAGS) & set(own)


@pytest.mark.parametrize("image_format", FORMATS)
def test_cleaning_twice_changes_nothing_more(tmp_path: Path, image_format: str) -> None:
    once = clean(sample(image_format), image_format, tmp_path)

    assert clean(once, image_format, tmp_path) == once


@pytest.mark.parametrize("image_format", [*FORMATS, "BMP", "MPO"])
def test_a_photo_that_tells_nothing_is_not_patched(tmp_path: Path, image_format: str) -> None:
    path = tmp_path / "photo"
    options = {"save_all": True, "append_images": [picture(1)]} if image_format == "MPO" else {}
    picture().save(path, image_format, **options)

    assert find_patches(path, image_format) == []


def test_the_second_picture_of_an_mpo_is_cleaned_and_kept(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    first = picture()
    first.save(buffer, "MPO", save_all=True, append_images=[picture(1)], exif=exif())

    cleaned = clean(buffer.getvalue(), "MPO", tmp_path)

    assert not any(secret in cleaned for secret in SECRETS)
    with opened(buffer.getvalue()) as before, opened(cleaned) as after:
        assert getattr(after, "n_frames", 1) == 2
        for frame in range(2):
            before.seek(frame)
            after.seek(frame)
            assert np.array_equal(np.asarray(before), np.asarray(after))


def test_the_pages_of_a_tiff_are_all_cleaned(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    pages = [picture(number) for number in range(3)]
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:], exif=exif())

    cleaned = clean(buffer.getvalue(), "TIFF", tmp_path)

    assert not any(secret in cleaned for secret in SECRETS)
    with opened(cleaned) as after:
        assert getattr(after, "n_frames", 1) == 3


@pytest.mark.parametrize(
    "compression",
    [None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "tiff_ccitt", "group4", "zstd"],
)
def test_the_pixels_of_every_kind_of_tiff_stay(tmp_path: Path, compression: str | None) -> None:
    image = picture().convert("1" if compression in ("tiff_ccitt", "group4") else "RGB")
    buffer = io.BytesIO()
    image.save(buffer, "TIFF", compression=compression)

    cleaned = clean(buffer.getvalue() + b"47.4988N", "TIFF", tmp_path)

    assert b"47.4988N" not in cleaned
    with opened(buffer.getvalue()) as before, opened(cleaned) as after:
        assert np.array_equal(np.asarray(before), np.asarray(after))


@pytest.mark.parametrize("tag", [ExifTags.Base.StripByteCounts, ExifTags.Base.StripOffsets])
def test_a_tiff_that_hides_its_pixels_is_not_vouched_for(tmp_path: Path, tag: int) -> None:
    buffer = io.BytesIO()
    picture().save(buffer, "TIFF")
    content = buffer.getvalue().replace(struct.pack("<HH", tag, 4), struct.pack("<HH", 0xC0DE, 4))

    with pytest.raises(UncleanableError):
        clean(content, "TIFF", tmp_path)


@pytest.mark.parametrize(
    ("content", "image_format"),
    [
        (b"GIF89a", "JPEG"),
        (b"\xff\xd8\xff\xe1\xff\xff", "JPEG"),
        (b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR    ", "PNG"),
        (b"RIFF\xff\xff\xff\xffWEBPEXIF\xff\xff\xff\xff", "WEBP"),
        (b"\0\0\0\x10ftypheic\0\0\0\0", "HEIF"),
        (b"\0\0\0\x10ftypheic\0\0\0\0\0\0\xff\xffmeta", "HEIF"),
        (b"II+\0\x08\0\0\0", "TIFF"),
        (b"GIF89a\0\0\0\0\0\0\0\x99", "GIF"),
    ],
)
def test_a_file_of_another_structure_is_not_vouched_for(
    tmp_path: Path, content: bytes, image_format: str
) -> None:
    with pytest.raises(UncleanableError):
        clean(content, image_format, tmp_path)


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def heic(exif_item: bytes, *, method: int = 0, twice: bool = False, count: int = 1) -> bytes:
    """Build a HEIC without a picture: one Exif item, after the boxes or in `idat`."""
    entry = box(b"infe", b"\x02\0\0\0" + struct.pack(">HH4s", 1, 0, b"Exif") + b"\0")
    items = box(b"iinf", bytes(4) + struct.pack(">H", 1) + entry)
    head = box(b"ftyp", b"heic")

    def build(start: int) -> bytes:
        place = struct.pack(">HHHHII", 1, method, 0, 1, start, len(exif_item))
        places = b"\x01\0\0\0\x44\0" + struct.pack(">H", count) + place * count
        meta = bytes(4) + items + box(b"iloc", places) * (2 if twice else 1)
        return head + box(b"meta", meta + (box(b"idat", exif_item) if method == 1 else b""))

    size = len(build(0))
    content = build(0) if method == 1 else build(size + 8) + box(b"mdat", exif_item)
    return content + box(b"sefd", b"47.4988N") + b"47.4988N"


@pytest.mark.parametrize("method", [0, 1], ids=["in mdat", "in idat"])
@pytest.mark.parametrize("offset", [0, 6, 9999])
def test_exif_is_found_wherever_a_heic_keeps_it(tmp_path: Path, method: int, offset: int) -> None:
    prefix = b"Exif\0\0" if offset == 6 else b""
    content = heic(struct.pack(">I", offset) + prefix + exif(), method=method)

    cleaned = clean(content, "HEIF", tmp_path)

    assert not any(secret in cleaned for secret in SECRETS)
    assert MOMENT.encode() in cleaned


@pytest.mark.parametrize(
    "options", [{"method": 2}, {"twice": True}, {"count": 2}, {"count": 20_000}], ids=str
)
def test_a_heic_whose_items_can_be_read_in_two_ways_is_not_vouched_for(
    tmp_path: Path, options: dict[str, int]
) -> None:
    with pytest.raises(UncleanableError):
        clean(heic(exif(), **options), "HEIF", tmp_path)  # type: ignore[arg-type]


def test_fill_bytes_before_a_segment_are_left_alone(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    picture().save(buffer, "JPEG")
    content = buffer.getvalue()
    filled = content[:2] + b"\xff\xff" + content[2:]

    assert clean(filled, "JPEG", tmp_path) == filled


def test_a_patched_file_can_be_read_from_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(bytes(range(100)))
    patches = [Patch(90, 100), Patch(10, 80, None), Patch(80, 82, b"longer"), Patch(0, 3)]
    file = PatchedFile(path, patches)
    expected = bytes(range(3, 10)) + bytes(70) + b"longer" + bytes(range(82, 90))

    assert file.size_bytes == len(expected)
    assert file.read_at(0, 1000) == expected == apply(bytes(range(100)), patches)
    for start in range(100):
        assert file.read_at(start, 7) == expected[start : start + 7]
    file.close()


def test_patches_that_overlap_are_not_vouched_for(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(bytes(100))

    with pytest.raises(UncleanableError):
        PatchedFile(tmp_path / "photo", [Patch(10, 20), Patch(19, 30)])


def test_a_file_whose_patches_overlap_is_not_cleanable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise an upload would only find out when it is measured, too late for a copy."""
    (tmp_path / "photo").write_bytes(bytes(100))
    assert clean_module.is_cleanable(tmp_path / "photo", "BMP")
    overlapping = [Patch(10, 20), Patch(19, 30)]
    monkeypatch.setitem(clean_module._CLEANERS, "BMP", lambda _data: overlapping)

    assert not clean_module.is_cleanable(tmp_path / "photo", "BMP")


def mutated(content: bytes, numbers: random.Random) -> bytes:
    """Damage a file in one of the ways in which files get damaged, or are crafted."""
    data = bytearray(content)
    kind = numbers.randrange(4)
    at = numbers.randrange(len(data))
    if kind == 0:
        for _ in range(numbers.randrange(1, 8)):
            data[numbers.randrange(len(data))] = numbers.randrange(256)
    elif kind == 1:
        data[at : at + 4] = numbers.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"])
    elif kind == 2:
        del data[at : at + numbers.randrange(1, 40)]
    else:
        data[at:at] = data[at : at + numbers.randrange(1, 40)]
    return bytes(data)


def place_told_by(content: bytes) -> list[object]:
    """Read what programs read: location and serial numbers in Exif and XMP; nothing if damaged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with opened(content) as image:
                image.load()
                tags = image.getexif()
                own = tags.get_ifd(EXIF_IFD)
                found = [own[tag] for tag in DANGEROUS_TAGS if tag in own]
                found += list(tags.get_ifd(GPS_IFD).values())
                xmp = image.info.get("xmp") or b""
                found += [secret for secret in SECRETS if secret in xmp]
                return found
        except Exception:  # decoders of damaged files raise anything; the upload is refused
            return []


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_damaged_file_neither_breaks_the_cleaning_nor_tells_the_place(
    tmp_path: Path, image_format: str
) -> None:
    numbers = random.Random(20260501)
    original = sample(image_format)
    outcomes = []
    for _ in range(FUZZED):
        content = mutated(original, numbers)
        try:
            cleaned = clean(content, image_format, tmp_path)
        except UncleanableError:
            outcomes.append("not vouched for")
            continue
        assert len(cleaned) <= len(content) + 16
        assert place_told_by(cleaned) == []
        outcomes.append("cleaned")

    assert outcomes.count("cleaned") >= FUZZED // 4


def test_every_variant_of_one_face_keeps_its_pixels_and_loses_its_place(
    shared_photos: Path, tmp_path: Path
) -> None:
    folder = shared_photos / "face_variants"
    with_place = 0
    for row in labels(folder):
        content = (folder / row["file"]).read_bytes()
        with opened(content) as before:
            cleaned = clean(content, before.format or "", tmp_path)
            with_place += bool(before.getexif().get_ifd(GPS_IFD))
            with opened(cleaned) as after:
                assert (after.format, after.size) == (before.format, before.size), row["file"]
                assert np.array_equal(np.asarray(before), np.asarray(after)), row["file"]
                assert after.getexif().get_ifd(GPS_IFD) == {}, row["file"]
                for tag in (ExifTags.Base.Orientation, ExifTags.Base.DateTime):
                    assert after.getexif().get(tag) == before.getexif().get(tag), row["file"]

    assert with_place > 0


@pytest.mark.filterwarnings("ignore")
def test_no_bad_input_breaks_the_cleaning(shared_photos: Path, tmp_path: Path) -> None:
    folder = shared_photos / "bad_inputs"
    for row in labels(folder):
        content = (folder / row["file"]).read_bytes()
        for image_format in (*FORMATS, "BMP"):
            try:
                cleaned = clean(content, image_format, tmp_path)
            except (UncleanableError, ValueError):  # ValueError: mmap refuses an empty file
                continue
            assert len(cleaned) <= len(content) + 16, row["file"]

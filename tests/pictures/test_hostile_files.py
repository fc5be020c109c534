"""Hundreds of broken files: each is accepted or refused with a sentence, never a crash."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from photoshare.config import load_settings
from photoshare.errors import RejectedPhotoError
from photoshare.pictures.decoder_pool import DecoderPool
from tests.fakes import RED, draw_photo
from tests.metadata.samples import picture, png_chunk, sample, segment

pytestmark = pytest.mark.slow

SETTINGS = load_settings(environ={})
MUTATIONS = 200
SEED = 20261124
OUR_SENTENCES = (
    "This file can't be read as a photo",
    "This picture is damaged or incomplete.",
    "This picture has more than 200 megapixels.",
    "This picture claims to have more than 100 megapixels",
    "This picture needs more memory than this server lets one photo take",
    "This video is",  # incomplete, damaged: a changed HEIC may begin as a MOV does
)


def valid_files() -> list[bytes]:
    """Pictures of every format, some with alpha, palettes, 16 bits, EXIF or several frames."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:07:04 18:30:05"
    photo = Image.open(io.BytesIO(draw_photo(RED, width=200)))
    frames = [photo.rotate(angle) for angle in (90, 180)]
    kinds: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (photo, "JPEG", {"exif": exif}),
        (photo, "JPEG", {"progressive": True}),
        (photo.convert("CMYK"), "JPEG", {}),
        (photo, "PNG", {"exif": exif}),
        (photo.convert("RGBA"), "PNG", {}),
        (photo.convert("P"), "PNG", {"transparency": 0}),
        (photo.convert("I;16"), "PNG", {}),
        (photo, "WEBP", {"exif": exif}),
        (photo, "WEBP", {"save_all": True, "append_images": frames}),
        (photo, "HEIF", {"exif": exif.tobytes()}),
        (photo, "AVIF", {"exif": exif}),
        (photo, "GIF", {"save_all": True, "append_images": frames}),
        (photo, "TIFF", {"compression": "tiff_lzw"}),
        (photo, "TIFF", {"compression": "jpeg"}),
        (photo, "BMP", {}),
        (photo, "MPO", {"save_all": True, "append_images": frames}),
    ]
    files = []
    for image, image_format, options in kinds:
        buffer = io.BytesIO()
        image.save(buffer, image_format, **options)
        files.append(buffer.getvalue())
    return files


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Flip, cut, double or overwrite bytes, more often near the beginning."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 2, 5, 20))):
        reach = len(changed) if chance.random() < 0.5 else min(len(changed), 300)
        at = chance.randrange(max(reach, 1))
        length = chance.choice((1, 2, 4, 50))
        kind = chance.randrange(4)
        if kind == 0:
            changed[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del changed[at : at + length]
        elif kind == 2:
            changed[at:at] = changed[at : at + length]
        else:
            changed[at : at + length] = chance.choice((b"\xff", b"\x00", b"\x7f")) * length
    return bytes(changed)


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    made = DecoderPool(1)
    yield made
    made.close()


def test_random_mutations_of_valid_files_are_photos_or_refused(
    pool: DecoderPool, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    files = valid_files()
    reasons: list[str] = []
    for number in range(MUTATIONS):
        path = tmp_path / str(number)
        path.write_bytes(mutated(files[number % len(files)], chance))
        try:
            rendered = pool.render(path, SETTINGS)
        except RejectedPhotoError as error:
            reasons.append(str(error))
        else:
            assert len(rendered.placeholder) <= 400

    assert [reason for reason in reasons if not reason.startswith(OUR_SENTENCES)] == []
    # Neither would prove anything: all refused, or all harmless.
    assert MUTATIONS // 10 < len(reasons) < MUTATIONS - MUTATIONS // 10


def test_every_valid_file_of_those_is_taken(pool: DecoderPool, tmp_path: Path) -> None:
    for number, content in enumerate(valid_files()):
        (tmp_path / str(number)).write_bytes(content)

        assert pool.render(tmp_path / str(number), SETTINGS).width in (100, 200), number


def png_with_xmp(packet: bytes) -> bytes:
    content = sample("PNG")
    chunk = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)
    return content[:33] + chunk + content[33:]


def nested_xmp() -> bytes:
    """Nest elements that are blanked, each with all that are in it."""
    return png_with_xmp(b"<a>" * 200_000 + b"</a>" * 200_000)


def xmp_of_one_tag() -> bytes:
    attributes = b"".join(b"a%d='x' " % number for number in range(500_000))
    return png_with_xmp(b"<a " + attributes + b"/>")


def items_of_motion_photos_without_an_end() -> bytes:
    content = sample("JPEG")
    xmp = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b"<rdf:li>" * 7900)
    return content[:2] + xmp * 100 + content[2:]


def maker_of_commas() -> bytes:
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "," * 500_000 + "x", "One"
    picture().save(buffer, "PNG", exif=exif.tobytes())
    return buffer.getvalue()


def strips_that_lie_over_each_other() -> bytes:
    """Let the thumbnail of an Exif block consist of 200,000 parts, each as long as the block."""
    count, start = 200_000, 8 + 2 + 12 * 2 + 4
    tags = struct.pack("<HHHII", 2, 273, 4, count, start)
    tags += struct.pack("<HHII", 279, 4, count, start + 4 * count) + bytes(4)
    numbers = struct.pack(f"<{2 * count}I", *[0] * count, *[8 * count] * count)
    chunk = png_chunk(b"eXIf", b"II*\0\x08\0\0\0" + tags + numbers + b"in no table")
    content = sample("PNG")
    return content[:33] + chunk + content[33:]


def profile_that_is_a_text() -> bytes:
    tags, buffer = ImageFileDirectory_v2(), io.BytesIO()
    tags.tagtype[34675], tags[34675] = 2, "no profile"
    picture().save(buffer, "TIFF", tiffinfo=tags)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "make",
    [
        *(nested_xmp, xmp_of_one_tag, items_of_motion_photos_without_an_end, maker_of_commas),
        *(strips_that_lie_over_each_other, profile_that_is_a_text),
    ],
    ids=lambda make: make.__name__,
)
def test_a_photo_with_absurd_metadata_is_taken(
    pool: DecoderPool, tmp_path: Path, make: Callable[[], bytes]
) -> None:
    """Its metadata take neither the time nor the memory that a picture may."""
    path = tmp_path / "photo"
    path.write_bytes(make())

    assert pool.render(path, SETTINGS).placeholder

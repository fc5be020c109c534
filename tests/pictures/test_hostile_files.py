"""Hundreds of broken files: each is accepted or refused with a sentence, never a crash."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from photoshare.config import load_settings
from photoshare.errors import RejectedPhotoError
from photoshare.pictures.decoder_pool import DecoderPool
from tests.fakes import RED, draw_photo

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

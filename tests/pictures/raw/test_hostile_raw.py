"""Hostile RAW files: each is shown or refused with a sentence, in bounded time and memory."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from photoshare.config import load_settings
from photoshare.errors import RejectedPhotoError
from photoshare.pictures.decoder_pool import DecoderPool
from tests.fakes import many_scans
from tests.pictures.test_hostile_files import mutated
from tests.raws import (
    RAW_KINDS,
    Tags,
    Tiff,
    camera_tags,
    draw_dng,
    draw_raw,
    jpeg_tags,
    preview,
    sensor_tags,
)

pytestmark = pytest.mark.slow

SETTINGS = load_settings(environ={})
MUTATIONS = 160
SEED = 20261127
DNG = {50706: (1, bytes((1, 4, 0, 0)))}
OUR_SENTENCES = (
    "This file can't be read as a photo",
    "This picture is damaged or incomplete.",
    "This picture has more than",
    "This picture needs more memory than the server has.",
    "This RAW file has no picture in it that is large enough",
    "This kind of RAW file can't be taken.",
    "This picture takes too long to open.",
)


def with_tables(*tables: Callable[[Tiff], Tags]) -> bytes:
    """Draw a DNG with these tables below the first."""
    tiff = Tiff()
    below = [tiff.table(make(tiff)) for make in tables]
    facts = camera_tags(tiff, "Example", orientation=1) | DNG | sensor_tags(tiff)
    return tiff.finish(tiff.table(facts | {330: (4, below)}))


def looping() -> bytes:
    content = bytearray(draw_dng())
    first = struct.unpack_from("<I", content, 4)[0]
    count = struct.unpack_from("<H", content, first)[0]
    struct.pack_into("<I", content, first + 2 + 12 * count, first)
    return bytes(content).replace(struct.pack("<HHI", 330, 4, 3), struct.pack("<HHI", 330, 4, 1))


def table_below_itself() -> bytes:
    tiff = Tiff()
    here = len(tiff.out)
    facts = {330: (4, here), 271: (2, "N")} | DNG
    return tiff.finish(tiff.table(facts)) + preview()


def full_tables() -> bytes:
    """As many tables as are read, of 65535 tags each, all in the same bytes."""
    tiff = Tiff()
    entry = struct.pack("<HHII", 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    body = bytes(tiff.out) + b"\xff\xff" + entry * 70_000
    offsets = struct.pack("<990I", *range(8, 8 + 990))
    first = len(body) + len(offsets)
    rows = struct.pack("<HHII", 330, 4, 990, len(body)) + struct.pack("<HHII", 50706, 1, 4, 1025)
    table = struct.pack("<H", 2) + rows + bytes(4)
    return body[:4] + struct.pack("<I", first) + body[8:] + offsets + table


HOSTILE: dict[str, Callable[[], bytes]] = {
    "loop": looping,
    "below_itself": table_below_itself,
    "full_tables": full_tables,
    "beyond": lambda: with_tables(
        lambda tiff: jpeg_tags(tiff, preview(), (1600, 1200)) | {273: (4, 0xFFFFFFF0)}
    ),
    "too_long": lambda: with_tables(
        lambda tiff: jpeg_tags(tiff, preview(), (1600, 1200)) | {279: (4, 0xFFFFFFF0)}
    ),
    "bomb": lambda: draw_dng(size=(9900, 9900), jpeg=many_scans(400)),
    "claims": lambda: draw_dng(
        jpeg=preview().replace(struct.pack(">HH", 1200, 1600), struct.pack(">HH", 65500, 65500))
    ),
    "cut": lambda: draw_dng()[:-2000],
    "cut_nef": lambda: draw_raw("NEF")[:9000],
    "zeros": lambda: b"II*\0" + bytes(5_000_000),
    "zeros_of_fuji": lambda: b"FUJIFILMCCD-RAW " + bytes(5_000_000),
    "markers": lambda: b"IIRO\x08\0\0\0" + b"\xff\xd8\xff\xe0\0\x02" * 3_000_000,
    "segments": lambda: b"IIRO\x08\0\0\0" + b"\xff\xd8" + b"\xff\xe0\0\x02" * 3_000_000,
    "empty_boxes": lambda: (
        b"\0\0\0\x18ftypcrx " + b"\0\0\0\0CMT1\0\0\0\0CMT2" * 100_000 + preview()
    ),
    "only_a_head": lambda: b"IIU\0",
}


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    made = DecoderPool(1)
    yield made
    made.close()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_raw_file_is_shown_or_refused(
    name: str, pool: DecoderPool, tmp_path: Path
) -> None:
    """The pool bounds its time and memory, and says when it had to end a process."""
    path = tmp_path / "photo"
    path.write_bytes(HOSTILE[name]())

    try:
        outcome = pool.render(path, SETTINGS).image_format
    except RejectedPhotoError as error:
        outcome = str(error)

    assert outcome.startswith((*OUR_SENTENCES, *RAW_KINDS))


def test_random_mutations_of_raw_files_are_shown_or_refused(
    pool: DecoderPool, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    files = [draw_raw(kind, orientation=6) for kind in RAW_KINDS]
    reasons: list[str] = []
    for number in range(MUTATIONS):
        path = tmp_path / str(number)
        path.write_bytes(mutated(files[number % len(files)], chance))
        try:
            pool.render(path, SETTINGS)
        except RejectedPhotoError as error:
            reasons.append(str(error))

    assert [reason for reason in reasons if not reason.startswith(OUR_SENTENCES)] == []
    assert MUTATIONS // 20 < len(reasons) < MUTATIONS - MUTATIONS // 20

"""Structures that no camera writes: each is cleaned for good, or not vouched for."""

from __future__ import annotations

import io
import struct
import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from photoshare.metadata.exif import clean_exif
from photoshare.metadata.patches import UncleanableError
from photoshare.metadata.tiff import MAX_NUMBERS, Policy, TiffStructure
from photoshare.metadata.xmp import MAX_DEPTH, MAX_PARTS, clean_xmp
from tests.clips.drawing import draw_clip
from tests.fakes import BLUE, RED
from tests.metadata.samples import exif, picture, segment
from tests.metadata.test_clean import heic
from tests.metadata.test_clips import packets_of
from tests.metadata.test_motion_photo import clean
from tests.raws import draw_dng, preview

RDF = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
RATING = b'<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="5"/>'
END = b"</rdf:RDF></x:xmpmeta>"


@pytest.mark.parametrize("is_thumbnail_first", [True, False])
def test_a_dng_cleaned_twice_is_as_cleaned_once(tmp_path: Path, is_thumbnail_first: bool) -> None:
    content = draw_dng(
        is_thumbnail_first=is_thumbnail_first, is_secret=True, jpeg=preview(exif=exif())
    )

    once = clean(content, "DNG", tmp_path)

    assert clean(once, "DNG", tmp_path) == once


def test_an_exif_segment_of_its_name_alone_does_not_grow(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    picture().save(buffer, "JPEG")
    content = buffer.getvalue()

    once = clean(content[:2] + segment(0xE1, b"Exif\0") + content[2:], "JPEG", tmp_path)

    assert clean(once, "JPEG", tmp_path) == once


def test_a_table_that_claims_to_reach_over_the_pixels_leaves_them(tmp_path: Path) -> None:
    colour = (0xDE, 0xC0, 0xDE)
    buffer = io.BytesIO()
    Image.new("RGB", (48, 32), colour).save(buffer, "TIFF")
    content = bytearray(buffer.getvalue())
    (first,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, first)
    struct.pack_into("<H", content, first, count + 40)

    copy = clean(bytes(content), "TIFF", tmp_path)

    with Image.open(io.BytesIO(copy)) as opened:
        assert np.array_equal(np.asarray(opened), np.full((32, 48, 3), colour, np.uint8))


def test_a_table_over_the_pixels_is_not_vouched_for(tmp_path: Path) -> None:
    """Cleaned, the one would have spoiled the other."""
    buffer = io.BytesIO()
    picture().save(buffer, "TIFF")
    content = bytearray(buffer.getvalue())
    (first,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, first)
    entries = range(first + 2, first + 2 + 12 * count, 12)
    strips = next(at for at in entries if content[at : at + 2] == b"\x11\1")
    struct.pack_into("<I", content, strips + 8, first + 4)

    with pytest.raises(UncleanableError):
        clean(bytes(content), "TIFF", tmp_path)


def test_a_name_whose_tag_became_that_of_a_number_goes() -> None:
    artist = struct.pack("<HHII", 256, 2, 12, 8 + 2 + 12 + 4)  # 315 is a person, 256 a width
    block = b"II*\0\x08\0\0\0\1\0" + artist + bytes(4) + b"Lea Example\0"

    cleaned = clean_exif(block, len(block))

    assert b"Lea Example" not in cleaned


def test_more_offsets_than_a_picture_has_parts_are_not_read() -> None:
    count = MAX_NUMBERS + 1
    head = b"II*\0" + struct.pack("<I", 8 + 4 * count)
    table = struct.pack("<HHHII", 2, 273, 4, count, 8) + struct.pack("<HHII", 279, 4, count, 8)
    data = head + b"\1\0\0\0" * count + table + bytes(4)

    with pytest.raises(UncleanableError):
        TiffStructure(data, Policy(kept={273, 279}))


def test_an_exif_block_whose_strips_lie_over_each_other_takes_no_more_memory() -> None:
    """Written one after another, they would take a gigabyte."""
    count, size = 20_000, 50_000
    start = 8 + 2 + 12 * 2 + 4
    tags = struct.pack("<HHHII", 2, 273, 4, count, start)
    tags += struct.pack("<HHII", 279, 4, count, start + 4 * count) + bytes(4)
    numbers = struct.pack(f"<{count}I", *[0] * count) + struct.pack(f"<{count}I", *[size] * count)
    block = b"II*\0\x08\0\0\0" + tags + numbers + b"a secret between the tags"

    tracemalloc.start()
    cleaned = clean_exif(block, len(block))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(cleaned) < 100
    assert peak < 20_000_000


@pytest.mark.parametrize(
    "inside",
    [
        b"<rdf:li>" * MAX_DEPTH + b"</rdf:li>" * MAX_DEPTH,
        b"<rdf:li/>" * MAX_PARTS,
        b"<rdf:li " + b"".join(b"a%d='' " % number for number in range(MAX_PARTS)) + b"/>",
    ],
    ids=["nested", "many", "one with many attributes"],
)
def test_xmp_of_more_parts_than_programs_write_is_blanked(inside: bytes) -> None:
    packet = RDF + RATING + inside + END
    assert b"Rating" in clean_xmp(RDF + RATING + END)

    cleaned = clean_xmp(packet)

    assert b"Rating" not in cleaned
    assert len(cleaned) == len(packet)


def clip_with_data_track() -> tuple[bytes, list[bytes]]:
    """Draw a clip whose sound counts as data, and return its samples as well."""
    content = draw_clip(RED, BLUE, sound=True)
    with av.open(io.BytesIO(content), "r") as container:
        told = [bytes(packet) for packet in container.demux(audio=0) if packet.size > 8]
    return content.replace(b"soun", b"meta"), told


def test_samples_that_a_data_track_places_over_the_tracks_are_not_blanked(tmp_path: Path) -> None:
    content, _ = clip_with_data_track()
    chunks = content.rindex(b"stco") + 12  # of the second track
    moov = content.index(b"moov") - 4
    content = content[:chunks] + struct.pack(">I", moov) + content[chunks + 4 :]

    copy = clean(content, "MP4", tmp_path)

    assert packets_of(copy) == packets_of(content)
    assert clean(copy, "MP4", tmp_path) == copy


def test_samples_before_one_that_reaches_beyond_the_file_are_blanked(tmp_path: Path) -> None:
    content, told = clip_with_data_track()
    sizes = content.rindex(b"stsz")
    (count,) = struct.unpack_from(">I", content, sizes + 12)
    last = sizes + 16 + 4 * (count - 1)
    content = content[:last] + struct.pack(">I", len(content)) + content[last + 4 :]

    copy = clean(content, "MP4", tmp_path)

    assert len(told) > 5
    assert not any(sample in copy for sample in told)


@pytest.mark.parametrize("kind", [b"free", b"data"])
def test_pictures_in_a_box_that_would_be_blanked_are_not_vouched_for(
    tmp_path: Path, kind: bytes
) -> None:
    """FFmpeg plays them wherever they are."""
    content = draw_clip(RED, BLUE).replace(b"mdat", kind)

    with pytest.raises(UncleanableError):
        clean(content, "MP4", tmp_path)


def test_a_webm_whose_pictures_would_be_blanked_is_not_vouched_for(tmp_path: Path) -> None:
    """FFmpeg looks for the next element that it knows."""
    content = draw_clip(RED, BLUE, container="webm", codec="libvpx-vp9")

    with pytest.raises(UncleanableError):
        clean(content.replace(b"\x1f\x43\xb6\x75", b"\x1f\x43\xb6\x76"), "WEBM", tmp_path)


def element(number: int, content: bytes) -> bytes:
    """Make an element of EBML, with a length of eight bytes."""
    name = number.to_bytes((number.bit_length() + 7) // 8)
    return name + b"\1" + len(content).to_bytes(7) + content


@pytest.mark.parametrize("parents", [(0x1C53BB6B,), (0x1C53BB6B, 0xBB), (0x1F43B675, 0xA0)])
def test_a_tag_in_an_element_where_none_belongs_is_blanked(
    tmp_path: Path, parents: tuple[int, ...]
) -> None:
    """ExifTool and others find it there."""
    content = draw_clip(RED, BLUE, container="webm", codec="libvpx-vp9", muxer={"live": "1"})
    simple = element(0x67C8, element(0x45A3, b"ARTIST") + element(0x4487, b"Lea Example"))
    inside = element(0x1254C367, element(0x7373, simple))
    for number in reversed(parents):
        inside = element(number, inside)
    first = content.index(b"\x1f\x43\xb6\x75")

    copy = clean(content[:first] + inside + content[first:], "WEBM", tmp_path)

    assert b"Lea Example" not in copy
    assert packets_of(copy) == packets_of(content)


@pytest.mark.parametrize("parent", [b"stbl", b"edts", b"dinf"])
def test_what_people_say_is_blanked_in_any_box(tmp_path: Path, parent: bytes) -> None:
    """FFmpeg reads it in each of them."""
    content = draw_clip(RED, BLUE)
    told = b"\0\0\0\x1budta\0\0\0\x13\xa9nam\0\x07\0\0Lea Ex."
    assert len(told) == 0x1B
    at = content.index(parent)
    end = at - 4 + int.from_bytes(content[at - 4 : at])
    changed = bytearray(content[:end] + told + content[end:])
    for kind in (b"moov", b"trak", b"mdia", b"minf", parent):
        place = content.index(kind)
        size = int.from_bytes(content[place - 4 : place])
        if place < end <= place - 4 + size:
            changed[place - 4 : place] = (size + len(told)).to_bytes(4)

    copy = clean(bytes(changed), "MP4", tmp_path)

    assert b"Lea Ex." not in copy
    assert packets_of(copy) == packets_of(content)


def test_an_item_over_the_head_of_a_box_is_not_vouched_for(tmp_path: Path) -> None:
    item = struct.pack(">I", 0) + exif()
    content = heic(item)
    start = content.index(item)
    place = struct.pack(">II", start, len(item))
    assert content.count(place) == 1

    with pytest.raises(UncleanableError):
        clean(content.replace(place, struct.pack(">II", start - 8, len(item))), "HEIF", tmp_path)

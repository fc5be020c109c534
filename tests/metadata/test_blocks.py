"""photoshare.metadata: blocks of XMP, IPTC and EXIF on their own."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import ExifTags, Image

from photoshare.metadata.containers.segments import clean_thumbnail
from photoshare.metadata.exif import clean_exif
from photoshare.metadata.iptc import clean_iim, clean_resources
from photoshare.metadata.xmp import EMPTY_XMP, clean_xmp
from tests.metadata.samples import (
    SECRETS,
    XMP,
    exif,
    iptc,
    picture,
)


def test_harmless_properties_of_xmp_stay() -> None:
    cleaned = clean_xmp(XMP)

    assert len(cleaned) == len(XMP)
    assert b'xmp:Rating="5"' in cleaned
    assert b"<xmp:Label>kept &amp; sound</xmp:Label>" in cleaned
    assert not any(secret in cleaned for secret in SECRETS)
    assert b"GPS" not in cleaned
    assert b"Serial" not in cleaned


@pytest.mark.parametrize(
    "packet",
    [
        XMP[:-200],  # cut off
        XMP.replace(b"<xmp:Label>", b"<xmp:Labe1>"),  # not well-formed
        XMP.decode().encode("utf-16"),
        b"<!DOCTYPE x [<!ENTITY e 'GPSLatitude'>]>" + XMP,
        b"\0" * 50 + XMP,
        b"GPSLatitude",
        b"",
    ],
    ids=["cut", "broken", "utf-16", "document type", "zeros", "short", "empty"],
)
def test_xmp_that_cannot_be_parsed_goes_altogether(packet: bytes) -> None:
    expected = EMPTY_XMP if len(packet) >= len(EMPTY_XMP) else b""

    assert clean_xmp(packet) == expected.ljust(len(packet), b" ")


def test_the_zeros_behind_xmp_cost_nothing() -> None:
    assert b'xmp:Rating="5"' in clean_xmp(XMP + bytes(2000))


def test_the_city_of_iptc_goes_and_its_caption_stays() -> None:
    cleaned = clean_resources(iptc(), clean_exif)

    assert len(cleaned) < len(iptc())
    assert b"A caption" in cleaned
    assert not any(secret in cleaned for secret in SECRETS)


@pytest.mark.parametrize("junk", [b"\x1c\x02", b"x", b"\x1c\x02\x5a\xff\xff" + b"Winterthur-Nord"])
def test_what_cannot_be_read_of_iptc_goes(junk: bytes) -> None:
    good = struct.pack(">BBBH", 0x1C, 2, 120, 4) + b"text"

    assert clean_iim(good + junk) == good


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II",
        b"Exif\0\0",
        b"nonsense" * 20,
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08",
        b"MM\0+\0\x08\0\0",
        b"II*\0\x08\0\0\0\xff\xff" + b"47.4988N" * 8,
    ],
)
def test_a_damaged_block_of_exif_becomes_an_empty_one(block: bytes) -> None:
    cleaned = clean_exif(block, len(block))

    assert len(cleaned) <= len(block)
    assert b"47.4988N" not in cleaned
    assert b"nonsense" not in cleaned


def test_a_block_whose_tables_lead_in_circles_ends() -> None:
    table = struct.pack("<HHHII", 1, 0x8769, 4, 1, 8) + struct.pack("<I", 8)

    assert clean_exif(b"II*\0\x08\0\0\0" + table, 100) == b"II*\0\x08\0\0\0" + bytes(6)


def test_what_lies_between_the_tags_goes() -> None:
    block = exif() + b"47.4988N, left behind by an editor"

    assert b"47.4988N" not in clean_exif(block, len(block))


def test_the_thumbnail_within_exif_is_cleaned_and_kept() -> None:
    buffer = io.BytesIO()
    picture().save(buffer, "JPEG", exif=exif())
    thumbnail = buffer.getvalue()
    first = struct.pack("<HI", 0, 14)
    second = struct.pack("<HHHIIHHIII", 2, 0x201, 4, 1, 44, 0x202, 4, 1, len(thumbnail), 0)
    block = b"II*\0\x08\0\0\0" + first + second + thumbnail

    cleaned = clean_exif(block, len(block))

    assert clean_thumbnail(thumbnail) in cleaned
    assert len(cleaned) < len(block)
    assert not any(secret in cleaned for secret in SECRETS)


def test_the_note_of_an_iphone_stays_for_it_tells_how_bright_a_picture_is() -> None:
    block = Image.Exif()
    note = b"Apple iOS\0\0\x01MM\0\x01\0\x21\0\x0a\0\0\0\x01\0\0\0\x20\0\0\0\0" + bytes(8)
    block.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = note
    cleaned = Image.Exif()

    cleaned.load(clean_exif(block.tobytes(), 1000))

    assert cleaned.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] == note

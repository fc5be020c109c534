"""JPEG files as odd programs write them: the copy is the same file without what was planted."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from tests.metadata.samples import OWNER, picture, segment
from tests.metadata.test_clean import clean

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
CIFF = segment(0xE0, b"II\x1a\0\0\0HEAPJPGM\x01\0\x01\0" + bytes(8) + OWNER.encode())


def jpeg(image: Image.Image | None = None) -> bytes:
    buffer = io.BytesIO()
    (image or picture()).save(buffer, "JPEG")
    return buffer.getvalue()


def profile_part(number: int, count: int, content: bytes) -> bytes:
    return segment(0xE2, b"ICC_PROFILE\0" + bytes([number, count]) + content)


def orientation(value: int, kind: int = 3) -> bytes:
    """Make a block of Exif with this tag alone, as a number of 16 or 32 bits."""
    number = struct.pack("<HH" if kind == 3 else "<I", *((value, 0) if kind == 3 else (value,)))
    entry = struct.pack("<HHI", 0x112, kind, 1) + number
    return segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entry + bytes(4))


def xmp_orientation(value: int) -> bytes:
    packet = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        f'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="{value}"/></rdf:RDF>'
    )
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet.encode())


HALF = len(PROFILE) // 2
FIRST, SECOND = profile_part(1, 2, PROFILE[:HALF]), profile_part(2, 2, PROFILE[HALF:])
KINDS = {
    "profile in order": FIRST + SECOND,
    "profile out of order": SECOND + FIRST,
    "profile twice": profile_part(1, 1, PROFILE) * 2,
    "profile without its end": FIRST,
    "profile counted from zero": profile_part(0, 1, PROFILE),
    "turned": orientation(6),
    "turned by a number of 32 bits": orientation(6, kind=4),
    "turned by nothing": orientation(0),
    "turned by nonsense": orientation(9),
    "two blocks of Exif": orientation(1) + orientation(6),
    "XMP says turned": xmp_orientation(6),
}
ODD_ENDS = {
    "no end mark": lambda content: content[:-2],
    "something before the end mark": lambda content: content[:-2] + b"\0\0\0" + content[-2:],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["first", "last"])
def test_only_what_was_planted_goes(tmp_path: Path, kind: str, place: str) -> None:
    content = jpeg()
    planted = CIFF + KINDS[kind] if place == "first" else KINDS[kind] + CIFF

    cleaned = clean(content[:2] + planted + content[2:], "JPEG", tmp_path)

    assert cleaned == content[:2] + KINDS[kind] + content[2:]


@pytest.mark.parametrize("end", ODD_ENDS)
def test_an_odd_end_stays_as_it_is(tmp_path: Path, end: str) -> None:
    content = ODD_ENDS[end](jpeg())

    assert clean(content[:2] + CIFF + content[2:], "JPEG", tmp_path) == content


@pytest.mark.parametrize(
    "image",
    [Image.new("RGB", (1, 1)), Image.new("L", (40, 30), 120), Image.new("CMYK", (40, 30))],
    ids=["one pixel", "grey", "CMYK"],
)
def test_odd_pictures_stay_as_they_are(tmp_path: Path, image: Image.Image) -> None:
    content = jpeg(image)

    assert clean(content[:2] + CIFF + content[2:], "JPEG", tmp_path) == content

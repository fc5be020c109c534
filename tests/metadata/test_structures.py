"""photoshare.metadata: nested structures, good, odd and damaged."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from photoshare.metadata.apple import clean_apple_note
from photoshare.metadata.clean import MAX_PATCHES, find_patches
from photoshare.metadata.containers import mpf
from photoshare.metadata.containers.segments import clean_thumbnail
from photoshare.metadata.exif import clean_exif
from photoshare.metadata.iptc import clean_resources
from photoshare.metadata.patches import UncleanableError
from photoshare.metadata.xmp import clean_xmp
from tests.metadata.samples import SERIAL, exif, picture, segment
from tests.metadata.test_clean import box, clean, heic, opened

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
NAMESPACES = (
    f'xmlns:rdf="{RDF}" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:mine="http://example.org/mine"'
)


def table(order: str, start: int, *values: tuple[int, int, int, bytes]) -> bytes:
    """Make a table of tags (tag, kind, count, value), whose values follow it."""
    body, tail = b"", b""
    place = start + 2 + 12 * len(values) + 4
    for tag, kind, count, value in values:
        inline = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(f"{order}I", place)
        body += struct.pack(f"{order}HHI", tag, kind, count) + inline
        if len(value) > 4:
            tail += value
            place += len(value)
    return struct.pack(f"{order}H", len(values)) + body + bytes(4) + tail


def apple_note(order: str) -> bytes:
    """Make a maker note with an id of the movie and the brightness."""
    head = b"Apple iOS\0\0\x01" + (b"MM" if order == ">" else b"II")
    content_id = (0x11, 2, len(SERIAL), SERIAL.encode())
    return head + table(
        order, len(head), content_id, (0x21, 10, 1, struct.pack(order + "ii", 3, 2))
    )


@pytest.mark.parametrize("order", [">", "<"])
def test_an_iphone_s_note_loses_its_ids_and_keeps_the_brightness(order: str) -> None:
    note = clean_apple_note(apple_note(order))

    assert note is not None
    assert SERIAL.encode() not in note
    assert note == note[:14] + table(order, 14, (0x21, 10, 1, struct.pack(order + "ii", 3, 2)))
    assert clean_apple_note(note) == note


@pytest.mark.parametrize(
    "note", [b"Nikon\0", b"Apple iOS\0\0\x01??\0\0", b"Apple iOS\0\0\x01MM\0\x09" + b"\0\x11" * 5]
)
def test_a_note_that_is_foreign_or_damaged_goes(note: bytes) -> None:
    cleaned = clean_apple_note(note)

    assert cleaned is None or b"\x11" not in cleaned


def index(*extra: tuple[int, int, int, bytes]) -> bytes:
    one = struct.pack(">IIIHH", 0x030000, 500, 0, 0, 0)
    return b"MPF\0MM\0*\0\0\0\x08" + table(">", 8, (0xB002, 7, 16, one), *extra)


def test_the_index_of_pictures_loses_their_ids() -> None:
    cleaned = mpf.clean_index(index((0xB003, 7, 33, b"7" * 33)))

    assert cleaned == index()
    assert mpf.Index(100, 200, index()).pictures() == [0]
    assert mpf.clean_index(b"MPF\0nonsense") is None
    assert mpf.Index(100, 200, b"MPF\0MM\0*\0\0\0\x08" + bytes(6)).pictures() == []


def test_a_second_index_and_a_damaged_one_go(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    picture().save(buffer, "JPEG")
    content = buffer.getvalue()
    extras = segment(0xE2, index()) + segment(0xE2, index()) + segment(0xE2, b"MPF\0nonsense")

    cleaned = clean(content[:2] + extras + content[2:], "JPEG", tmp_path)

    assert cleaned.count(b"MPF\0") == 1


def test_a_thumbnail_that_cannot_be_read_goes() -> None:
    broken = b"\xff\xd8\xff\xe1\xff\xff" + SERIAL.encode()
    thumbnail = (0x201, 4, 1, struct.pack("<I", 62)), (0x202, 4, 1, struct.pack("<I", len(broken)))
    block = b"II*\0\x08\0\0\0" + table("<", 8, (0x112, 3, 1, b"\6\0"), *thumbnail)
    block = block.ljust(62, b"\0") + broken

    cleaned = clean_exif(block, len(block))

    assert cleaned == b"II*\0\x08\0\0\0" + table("<", 8, (0x112, 3, 1, b"\6\0"))
    assert clean_thumbnail(broken) == b""
    assert clean_thumbnail(b"\xff\xd8\xff\xd8\xff\xd9") == b""


def test_tags_that_share_a_value_cannot_ask_for_gigabytes() -> None:
    tags = b"".join(struct.pack("<HHII", 0x10E, 2, 60_000, 8) for _ in range(5000))
    block = b"II*\0\x08\0\0\0" + struct.pack("<H", 5001) + tags
    block += struct.pack("<HHII", 0x13B, 2, 4, 0)  # an artist, so that it is written anew

    assert len(clean_exif(block + bytes(8), 65_000)) <= 65_000


def test_an_uncompressed_thumbnail_stays() -> None:
    pixels = bytes(range(48))
    strip = (0x111, 4, 1, struct.pack("<I", 100)), (0x117, 4, 1, struct.pack("<I", len(pixels)))
    block = b"II*\0\x08\0\0\0" + table("<", 8, *strip, (0x13B, 2, 8, b"An owner"))

    cleaned = clean_exif(block.ljust(100, b"\0") + pixels, 200)

    assert pixels in cleaned
    assert b"An owner" not in cleaned


@pytest.mark.parametrize(
    ("text", "gone", "left"),
    [
        ('<rdf:Description rdf:about="uuid:4711" xmp:Rating="5"/>', "4711", 'Rating="5"'),
        ('<rdf:Description rdf:nodeID="n4711" xmp:Rating="5"/>', "4711", 'Rating="5"'),
        ('<rdf:Description about="n4711" xmp:Rating="5"/>', "4711", 'Rating="5"'),
        ('<rdf:Description xmp:Rating="5"><!-- 4711 --></rdf:Description>', "4711", "Rating"),
        ('<?mine 4711?><rdf:Description xmp:Rating="5"/>', "4711", "Rating"),
        ('<rdf:Description mine:Name="4711" xmp:Rating="5"/>', "4711", "Rating"),
        ("<rdf:Description><mine:Name>4711</mine:Name></rdf:Description>", "4711", "Description"),
        (
            "<rdf:Description><dc:title><rdf:Alt><rdf:li xml:lang='x-default'>Cake</rdf:li>"
            "</rdf:Alt></dc:title><dc:subject><rdf:Bag><rdf:li>4711</rdf:li></rdf:Bag></dc:subject>"
            "</rdf:Description>",
            "4711",
            "<rdf:li xml:lang='x-default'>Cake</rdf:li>",
        ),
        (
            '<rdf:Description xmlns:xmp="http://example.org/4711" xmp:Rating="4711"/>',
            "4711",
            "<rdf:Description",
        ),
    ],
)
def test_of_xmp_only_what_is_known_stays(text: str, gone: str, left: str) -> None:
    packet = f"<rdf:RDF {NAMESPACES}>{text}</rdf:RDF>".encode()

    cleaned = clean_xmp(packet).decode()

    assert len(cleaned) == len(packet)
    assert gone not in cleaned
    assert left in cleaned


@pytest.mark.parametrize("packet", [f"<mine:x {NAMESPACES}>x</mine:x>", "<a:b/>", "<a>x</a>"])
def test_xmp_that_is_no_rdf_goes(packet: str) -> None:
    assert b">x<" not in clean_xmp(packet.encode())


@pytest.mark.parametrize("cut", [5, 9, 13, 20])
def test_damaged_resources_of_photoshop_go(cut: int) -> None:
    block = b"8BIM\x04\x04\x04name\0" + struct.pack(">I", 12) + b"\x1c\x02\x78\0\x07caption"

    assert clean_resources(block, clean_exif) == b"8BIM\x04\x04\0\0" + block[-16:]
    assert clean_resources(block[:cut], clean_exif) == b""


def test_a_file_of_a_million_parts_is_not_vouched_for(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    picture().save(buffer, "JPEG")
    content = buffer.getvalue()
    cut_and_kept = segment(0xE5, b"x") + segment(0xEE, b"Adobe")
    (tmp_path / "photo").write_bytes(content[:2] + cut_and_kept * MAX_PATCHES + content[2:])

    with pytest.raises(UncleanableError):
        find_patches(tmp_path / "photo", "JPEG")


def test_segments_side_by_side_are_cut_at_once(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    picture().save(buffer, "JPEG")
    content = buffer.getvalue()
    (tmp_path / "photo").write_bytes(content[:2] + segment(0xE5, b"x") * 20_000 + content[2:])

    assert len(find_patches(tmp_path / "photo", "JPEG")) == 1


def test_the_thumbnail_of_a_tiff_is_cleaned_in_its_place(tmp_path: Path) -> None:
    small = io.BytesIO()
    picture().save(small, "JPEG", exif=exif())
    buffer = io.BytesIO()
    picture().save(buffer, "TIFF")
    content = buffer.getvalue()
    (first,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, first)
    start = len(content) + 2 + 24 + 4
    tags = (0x201, 4, 1, struct.pack("<I", start)), (0x202, 4, 1, struct.pack("<I", small.tell()))
    following = first + 2 + 12 * count
    photo = content[:following] + struct.pack("<I", len(content)) + content[following + 4 :]

    cleaned = clean(photo + table("<", len(content), *tags) + small.getvalue(), "TIFF", tmp_path)

    assert len(cleaned) == start + small.tell()
    assert SERIAL.encode() not in cleaned
    assert clean_thumbnail(small.getvalue()) in cleaned
    with opened(cleaned) as after:
        after.load()


def test_a_movie_of_pictures_loses_what_it_says_of_itself(tmp_path: Path) -> None:
    handler = box(b"hdlr", bytes(8) + b"pict" + bytes(13))
    track = box(b"trak", box(b"mdia", handler) + box(b"udta", SERIAL.encode()))
    content = box(b"ftyp", b"avis") + box(b"moov", track + box(b"meta", SERIAL.encode()))

    cleaned = clean(content + box(b"mdat", b"pixels"), "AVIF", tmp_path)

    assert SERIAL.encode() not in cleaned
    assert cleaned.endswith(box(b"mdat", b"pixels"))
    with pytest.raises(UncleanableError):
        clean(content.replace(b"pict", b"text"), "AVIF", tmp_path)


def test_free_space_and_descriptions_in_a_heic_are_emptied(tmp_path: Path) -> None:
    content = heic(struct.pack(">I", 0) + exif())
    head = content.index(b"meta") - 4
    spare = box(b"free", SERIAL.encode())
    # Before the boxes whose offsets count from the beginning, so that the item is not found.
    with pytest.raises(UncleanableError):
        clean(content[:head] + spare * 3000 + content[head:], "HEIF", tmp_path)
    properties = box(b"iprp", box(b"ipco", box(b"udes", SERIAL.encode())))
    meta = box(b"meta", bytes(4) + properties)

    cleaned = clean(box(b"ftyp", b"heic") + spare + meta + box(b"mdat", b"x"), "HEIF", tmp_path)

    assert SERIAL.encode() not in cleaned
    assert cleaned.count(b"free") == 2

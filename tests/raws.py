"""Draw RAW files: the structure of each maker, a JPEG inside, secrets where cameras put them."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from typing import Any

from PIL import Image
from PIL.ExifTags import IFD

RAW_KINDS = ("DNG", "CR2", "CR3", "NEF", "ARW", "RAF", "ORF", "RW2")
MOMENT = "2026:08:15 15:00:00"
SERIAL, OWNER = "SN-0815-4711", "Lea Example"
LEFT, RIGHT = (200, 40, 40), (40, 40, 200)
SENSOR = (64, 48)  # pixels of the mosaic
CFA, LINEAR, RGB, YCC = 32803, 34892, 2, 6
Tags = dict[int, tuple[int, Any]]  # by number: the type and the value
_CODES = {1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 7: "s", 10: "ii"}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 10: 8}


def preview(width: int = 1600, height: int = 1200, *, exif: bytes = b"") -> bytes:
    """Draw a JPEG whose left half is red, and whose right half is blue."""
    image = Image.new("RGB", (width, height), LEFT)
    image.paste(RIGHT, (width // 2, 0, width, height))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90, exif=exif)
    return buffer.getvalue()


def mosaic(size: tuple[int, int] = SENSOR) -> bytes:
    """Make what a sensor sees: 16 bits a pixel."""
    width, height = size
    return struct.pack(f"<{width * height}H", *((n * 37) % 4096 for n in range(width * height)))


class Tiff:
    """A little-endian TIFF, written from the back: what is pointed to is there already."""

    def __init__(self, head: bytes = b"II*\0", start: int = 8) -> None:
        self.out = bytearray(head.ljust(start, b"\0"))

    def put(self, content: bytes) -> int:
        """Append bytes at an even offset, and return it."""
        self.out += bytes(len(self.out) % 2)
        at = len(self.out)
        self.out += content
        return at

    def table(self, tags: Tags, following: int = 0) -> int:
        """Append a table of tags, each with its type and value, and return where it is."""
        rows = []
        for tag, (kind, value) in sorted(tags.items()):
            content = _packed(kind, value)
            count = len(content) // _SIZES[kind]
            field = (
                content.ljust(4, b"\0")
                if len(content) <= 4
                else struct.pack("<I", self.put(content))
            )
            rows.append(struct.pack("<HHI", tag, kind, count) + field)
        return self.put(
            struct.pack("<H", len(rows)) + b"".join(rows) + struct.pack("<I", following)
        )

    def finish(self, first: int) -> bytes:
        """Let the header point to the first table."""
        struct.pack_into("<I", self.out, 4, first)
        return bytes(self.out)


def _packed(kind: int, value: object) -> bytes:
    if isinstance(value, str):
        return value.encode() + b"\0"
    if isinstance(value, bytes):
        return value
    numbers = list(value) if isinstance(value, Iterable) else [value]
    code = _CODES[kind][:1]
    return struct.pack(f"<{len(numbers)}{code}", *numbers)


def sensor_tags(tiff: Tiff, size: tuple[int, int] = SENSOR, *, photometric: int = CFA) -> Tags:
    """Describe the mosaic, which is appended."""
    content = mosaic(size)
    return {
        254: (4, 0),
        256: (4, size[0]),
        257: (4, size[1]),
        258: (3, 16),
        259: (3, 1),
        262: (3, photometric),
        273: (4, tiff.put(content)),
        277: (3, 1),
        278: (4, size[1]),
        279: (4, len(content)),
        33421: (3, (2, 2)),
        33422: (1, bytes((0, 1, 1, 2))),
    }


def jpeg_tags(tiff: Tiff, jpeg: bytes, size: tuple[int, int], *, kind: int = 1) -> Tags:
    """Describe a JPEG in one strip, which is appended."""
    return {
        254: (4, kind),
        256: (4, size[0]),
        257: (4, size[1]),
        258: (3, (8, 8, 8)),
        259: (3, 7),
        262: (3, YCC),
        273: (4, tiff.put(jpeg)),
        277: (3, 3),
        278: (4, size[1]),
        279: (4, len(jpeg)),
    }


def thumbnail_tags(tiff: Tiff, size: tuple[int, int] = (16, 12)) -> Tags:
    """Describe a small picture that isn't packed, which is appended."""
    content = bytes(range(256)) * (size[0] * size[1] * 3 // 256 + 1)
    return {
        254: (4, 1),
        256: (4, size[0]),
        257: (4, size[1]),
        258: (3, (8, 8, 8)),
        259: (3, 1),
        262: (3, RGB),
        273: (4, tiff.put(content[: size[0] * size[1] * 3])),
        277: (3, 3),
        278: (4, size[1]),
        279: (4, size[0] * size[1] * 3),
    }


def camera_tags(tiff: Tiff, make: str, *, orientation: int, is_secret: bool = False) -> Tags:
    """Say which camera it was, and when; with secrets: whose it is, and where."""
    note = b"Maker\0" + SERIAL.encode()
    details: Tags = {
        **{36867: (2, MOMENT), 37521: (2, "250"), 36881: (2, "+02:00"), 37500: (7, note)},
        40961: (3, 1),
        40965: (4, tiff.table({1: (2, "R98")})),  # sRGB
    }
    facts: Tags = {
        271: (2, make),
        272: (2, "Example One"),
        274: (3, orientation),
        306: (2, MOMENT),
        34665: (4, tiff.table(details | ({42033: (2, SERIAL)} if is_secret else {}))),
    }
    if is_secret:
        place: Tags = {1: (2, "N"), 2: (5, (47, 1, 29, 1, 5599, 100)), 18: (2, "47.4988N")}
        facts |= {
            315: (2, OWNER),
            33432: (2, OWNER),
            34853: (4, tiff.table(place)),
            50735: (2, SERIAL),
            50740: (1, b"Private\0" + SERIAL.encode()),
            50827: (1, OWNER.encode() + b".NEF"),
        }
    return facts


def draw_dng(
    *,
    size: tuple[int, int] = (1600, 1200),
    orientation: int = 1,
    is_thumbnail_first: bool = True,
    is_secret: bool = False,
    jpeg: bytes | None = None,
) -> bytes:
    """Draw a DNG as phones write it, or as Adobe's converter does: the thumbnail first."""
    tiff = Tiff()
    jpeg = preview(*size) if jpeg is None else jpeg
    small = tiff.table(jpeg_tags(tiff, preview(320, 240), (320, 240)))
    shown = tiff.table(jpeg_tags(tiff, jpeg, size))
    facts = camera_tags(tiff, "Example", orientation=orientation, is_secret=is_secret)
    facts |= {
        50706: (1, bytes((1, 4, 0, 0))),
        50707: (1, bytes((1, 1, 0, 0))),
        50708: (2, "Example One"),
        50721: (10, (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1)),
        50728: (5, (1, 2, 1, 1, 2, 3)),
    }
    if is_thumbnail_first:
        of_sensor = tiff.table(sensor_tags(tiff))
        first = thumbnail_tags(tiff) | {330: (4, (of_sensor, small, shown))}
    else:
        first = sensor_tags(tiff) | {330: (4, (small, shown))}
    return tiff.finish(tiff.table(first | facts))


def draw_raw(
    kind: str,
    *,
    size: tuple[int, int] = (1600, 1200),
    orientation: int = 1,
    is_secret: bool = False,
    make: str | None = None,
) -> bytes:
    """Draw a RAW file of one of `RAW_KINDS`; of some, the JPEG says everything once more."""
    makes = {"CR2": "Canon", "NEF": "NIKON CORPORATION", "ARW": "SONY", "ORF": "OLYMPUS"}
    made_by = make or makes.get(kind, "Panasonic")
    told = kind in ("RAF", "RW2") or is_secret
    exif = jpeg_exif(made_by, orientation=orientation, is_secret=is_secret) if told else b""
    jpeg = preview(*size, exif=exif)
    if kind == "DNG":
        return draw_dng(size=size, orientation=orientation, is_secret=is_secret, jpeg=jpeg)
    if kind == "CR3":
        return _cr3(jpeg, orientation)
    if kind == "RAF":
        return _raf(jpeg)
    heads = {"CR2": (b"II*\0\0\0\0\0CR\x02\0", 16), "ORF": (b"IIRO", 8), "RW2": (b"IIU\0", 8)}
    tiff = Tiff(*heads.get(kind, (b"II*\0", 8)))
    facts = camera_tags(tiff, made_by, orientation=orientation, is_secret=is_secret)
    if kind == "RW2":
        return tiff.finish(tiff.table(facts | {0x2E: (7, jpeg)}))
    if kind == "CR2":
        of_sensor = tiff.table(sensor_tags(tiff))
        return tiff.finish(tiff.table(facts | jpeg_tags(tiff, jpeg, size), of_sensor))
    at = tiff.put(jpeg)  # of ARW in the first table, of NEF in one below, of ORF in no tag
    place: Tags = {0x201: (4, at), 0x202: (4, len(jpeg))}
    of_sensor = tiff.table(sensor_tags(tiff))
    if kind == "ARW":
        return tiff.finish(tiff.table(facts | place | {330: (4, of_sensor)}))
    if kind == "ORF":
        return tiff.finish(tiff.table(facts | sensor_tags(tiff)))
    shown = tiff.table({254: (4, 1), **place})
    return tiff.finish(tiff.table(facts | thumbnail_tags(tiff) | {330: (4, (shown, of_sensor))}))


def jpeg_exif(make: str, *, orientation: int, is_secret: bool) -> bytes:
    """Make the Exif block of a JPEG."""
    exif = Image.Exif()
    exif[274], exif[306], exif[271] = orientation, MOMENT, make
    if is_secret:
        exif[315] = OWNER
        exif.get_ifd(IFD.Exif)[42033] = SERIAL
        exif.get_ifd(IFD.GPSInfo)[18] = "47.4988N"
    return exif.tobytes()


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _cr3(jpeg: bytes, orientation: int) -> bytes:
    first, details = Tiff(), Tiff()
    facts: Tags = {271: (2, "Canon"), 274: (3, orientation), 306: (2, MOMENT)}
    blocks = _box(b"CMT1", first.finish(first.table(facts)))
    times: Tags = {36867: (2, MOMENT), 37521: (2, "250"), 36881: (2, "+02:00"), 40961: (3, 1)}
    blocks += _box(b"CMT2", details.finish(details.table(times)))
    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    head = _box(b"ftyp", b"crx \0\0\0\x01crx isom")
    return head + _box(b"moov", _box(b"uuid", canon + blocks)) + _box(b"mdat", jpeg + mosaic())


def _raf(jpeg: bytes) -> bytes:
    head = b"FUJIFILMCCD-RAW 0201FF383501" + b"X-Example".ljust(32, b"\0") + b"0100" + bytes(20)
    at = len(head) + 8
    return head + struct.pack(">II", at, len(jpeg)) + jpeg + mosaic()

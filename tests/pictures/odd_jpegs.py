"""JPEGs as careless programs and broken copies leave them."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageCms

WIDTH, HEIGHT = 480, 360
# What each corner shows; turned, mirrored or in other colours it is another picture.
CORNERS = ((200, 60, 60), (60, 170, 80), (70, 90, 200), (180, 180, 180))


def picture() -> Image.Image:
    """Draw four areas with some noise, so that every row has bytes of its own."""
    colours = np.array(CORNERS).reshape(2, 2, 3)
    areas = np.kron(colours, np.ones((HEIGHT // 2, WIDTH // 2, 1), dtype=int))
    noise = np.random.default_rng(1).integers(-8, 9, (HEIGHT, WIDTH, 1))
    return Image.fromarray(np.clip(areas + noise, 0, 255).astype(np.uint8))


def jpeg(*, is_progressive: bool = False) -> bytes:
    buffer = io.BytesIO()
    picture().save(buffer, "JPEG", quality=90, progressive=is_progressive, exif=b"")
    return buffer.getvalue()


def with_segments(*segments: bytes) -> bytes:
    content = jpeg()
    return content[:2] + b"".join(segments) + content[2:]


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def exif(kind: int, orientation: int) -> bytes:
    """Write the orientation as a number of this type of TIFF."""
    value = struct.pack(">I", orientation if kind == 4 else orientation << 16)
    entry = struct.pack(">HHI", 0x0112, kind, 1) + value
    tiff = b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
    return segment(0xE1, b"Exif\0\0" + tiff)


def xmp(orientation: int) -> bytes:
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        b'rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="%d"/>'
        b"</rdf:RDF></x:xmpmeta>" % orientation
    )
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)


def swapped_profile() -> bytes:
    """Return the profile of sRGB with red and blue swapped, so that its use shows."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = content.index(b"rXYZ"), content.index(b"bXYZ")
    content[red : red + 4], content[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(content)


def icc(number: int, count: int, part: bytes) -> bytes:
    return segment(0xE2, b"ICC_PROFILE\0" + bytes((number, count)) + part)


def odd_jpegs() -> Iterator[tuple[str, bytes]]:
    """Draw one of each kind that has a right value: what browsers show."""
    profile = swapped_profile()
    half = len(profile) // 2
    first, second = icc(1, 2, profile[:half]), icc(2, 2, profile[half:])
    content = jpeg()
    yield "turned", with_segments(exif(3, 6))
    yield "turned by a long number", with_segments(exif(4, 6))
    yield "turned by 0", with_segments(exif(3, 0))
    yield "turned by 9", with_segments(exif(3, 9))
    yield "turned by XMP only", with_segments(xmp(6))
    yield "turned by XMP and EXIF", with_segments(exif(3, 8), xmp(6))
    yield "turned by the second EXIF", with_segments(exif(3, 1), exif(3, 6))
    yield "a profile", with_segments(icc(1, 1, profile))
    yield (
        "a profile in two parts",
        with_segments(first, second),
    )
    yield "parts out of order", with_segments(second, first)
    yield "a profile twice", with_segments(icc(1, 1, profile), icc(1, 1, profile))
    yield "a profile with number 0", with_segments(icc(0, 0, profile))
    yield "half a profile", with_segments(icc(1, 1, profile[:half]))
    yield "bytes before the end", content[:-2] + b"\1\2\3\4" + content[-2:]
    yield "no end", content[:-2]
    yield "a few bytes short", content[:-200]
    yield "a tenth short", content[: len(content) * 9 // 10]
    yield "progressive, no end", jpeg(is_progressive=True)[:-2]
    yield "progressive, a few bytes short", jpeg(is_progressive=True)[:-200]

"""Draw pictures whose colours are told in every way that files have, with the right sRGB values."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

# Four patches, and what a screen of sRGB shows for them.
RIGHT = ((200, 60, 60), (60, 170, 80), (70, 90, 200), (180, 180, 180))
SIDE = 128
BT709, BT2020, P3 = 1, 9, 12
VIDEO, SRGB, PQ, HLG = 1, 13, 16, 18
_FROM_SRGB = {
    # Light of sRGB to light of other primaries, all with the same white (Lindbloom's arithmetic).
    BT709: np.eye(3),
    P3: np.array(
        [[0.8224621, 0.177538, 0], [0.0331941, 0.9668058, 0], [0.0170827, 0.0723974, 0.9105199]]
    ),
    BT2020: np.array(
        [
            [0.627404, 0.3292820, 0.0433136],
            [0.069097, 0.9195400, 0.0113612],
            [0.0163916, 0.0880132, 0.8955950],
        ]
    ),
}
ADOBE = np.array([[0.7151627, 0.2848373, 0], [0, 1, 0], [0, 0.0411652, 0.9588348]])


def light_of(colours: tuple[tuple[int, int, int], ...]) -> NDArray[np.float64]:
    value = np.array(colours) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def encoded(light: NDArray[np.float64], transfer: int) -> NDArray[np.float64]:
    """Encode light, 1 for white, by a transfer of H.273; white has 203 nits in PQ and HLG."""
    if transfer == SRGB:
        return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    if transfer == VIDEO:
        return np.where(light < 0.018, 4.5 * light, 1.099 * light**0.45 - 0.099)
    if transfer == PQ:
        root = (light * 203 / 10_000) ** 0.1593017578125
        return ((0.8359375 + 18.8515625 * root) / (1 + 18.6875 * root)) ** 78.84375
    scene = (light * 203 / 1000) ** (1 / 1.2)
    high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)


def values(primaries: int, transfer: int, most: int = 255) -> NDArray[np.int64]:
    """Return the patches as a file of this space holds them."""
    light = np.clip(light_of(RIGHT) @ _FROM_SRGB[primaries].T, 0, None)
    return np.rint(encoded(light, transfer) * most).astype(int)


def patches(colours: NDArray[np.int64], side: int = SIDE) -> NDArray[np.int64]:
    """Draw the four patches, two above two."""
    half = side // 2
    return np.kron(colours.reshape(2, 2, 3), np.ones((half, half, 1), dtype=int))


def eight_bit(primaries: int, transfer: int) -> Image.Image:
    return Image.fromarray(patches(values(primaries, transfer)).astype(np.uint8))


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def png(
    primaries: int, transfer: int, image: Image.Image | None = None, **options: object
) -> bytes:
    """Write a PNG with cICP."""
    buffer = io.BytesIO()
    (image or eight_bit(primaries, transfer)).save(buffer, "PNG", **options)
    content = buffer.getvalue()
    head = 8 + 25  # the signature and IHDR
    return content[:head] + chunk(b"cICP", bytes((primaries, transfer, 0, 1))) + content[head:]


def deep_png(primaries: int, transfer: int) -> bytes:
    """Write a PNG of 16 bits with cICP."""
    rows = patches(values(primaries, transfer, 65535)).astype(">u2")
    filtered = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            chunk(b"IHDR", header),
            chunk(b"cICP", bytes((primaries, transfer, 0, 1))),
            chunk(b"IDAT", zlib.compress(filtered)),
            chunk(b"IEND", b""),
        )
    )


def gamma_png(gamma: float) -> bytes:
    """Write a PNG whose gAMA tells the exponent of its screen."""
    colours = np.rint(light_of(RIGHT) ** (1 / gamma) * 255).astype(int)
    buffer = io.BytesIO()
    Image.fromarray(patches(colours).astype(np.uint8)).save(buffer, "PNG")
    content = buffer.getvalue()
    return content[:33] + chunk(b"gAMA", struct.pack(">I", round(100_000 / gamma))) + content[33:]


def heic(primaries: int, transfer: int) -> bytes:
    """Write a HEIC of 8 bits with nclx."""
    return _heif(eight_bit(primaries, transfer), primaries, transfer)


def deep_heic(primaries: int, transfer: int) -> bytes:
    """Write a HEIC of 10 bits with nclx."""
    rows = patches(values(primaries, transfer, 1023)).astype(np.uint16) << 6
    image = pillow_heif.from_bytes("RGB;16", (SIDE, SIDE), rows.tobytes())
    return _heif(image, primaries, transfer)


def _heif(image: Image.Image | pillow_heif.HeifFile, primaries: int, transfer: int) -> bytes:
    buffer = io.BytesIO()
    file = image if isinstance(image, pillow_heif.HeifFile) else pillow_heif.from_pillow(image)
    file.save(
        buffer,
        quality=95,
        chroma=444,
        save_nclx_profile=True,
        color_primaries=primaries,
        transfer_characteristics=transfer,
        matrix_coefficients=1,
        full_range_flag=1,
    )
    return buffer.getvalue()


def avif(primaries: int, transfer: int) -> bytes:
    """Write an AVIF with nclx."""
    buffer = io.BytesIO()
    eight_bit(primaries, transfer).save(buffer, "AVIF", quality=95, subsampling="4:4:4")
    content = buffer.getvalue()
    at = content.index(b"colrnclx") + 8
    return content[:at] + struct.pack(">HH", primaries, transfer) + content[at + 4 :]


def adobe_jpeg(*, option: str | None, number: int = 0xFFFF) -> bytes:
    """Write a JPEG of Adobe RGB that only EXIF tells of."""
    colours = np.clip(light_of(RIGHT) @ ADOBE.T, 0, 1) ** (256 / 563) * 255
    exif = Image.Exif()
    exif[0x013B] = "Artist of the photo"  # which guests don't get
    exif.get_ifd(0x8769)[0xA001] = number
    if option:
        exif.get_ifd(0x8769)[0xA005] = {1: option}
    buffer = io.BytesIO()
    image = Image.fromarray(patches(np.rint(colours).astype(int)).astype(np.uint8))
    image.save(buffer, "JPEG", quality=95, subsampling=0, exif=exif)
    return buffer.getvalue()


def grey_jpeg(gamma: float) -> bytes:
    """Write a grey JPEG with a profile whose curve has this exponent."""
    curve = b"curv" + struct.pack(">IIHxx", 0, 1, round(gamma * 256))
    white = b"XYZ " + struct.pack(">Iiii", 0, 63190, 65536, 54061)
    text = b"desc" + struct.pack(">II", 0, 5) + b"grey\0" + bytes(4 + 4 + 2 + 1 + 67 + 4)
    tags, at = b"", 128 + 4 + 3 * 12
    for name, content in ((b"desc", text), (b"wtpt", white), (b"kTRC", curve)):
        tags += name + struct.pack(">II", at, len(content))
        at += len(content)
    head = struct.pack(">I4xI4s4s4s12x4s", at, 0x02400000, b"mntr", b"GRAY", b"XYZ ", b"acsp")
    head = head.ljust(68, b"\0") + struct.pack(">iii", 63190, 65536, 54061)
    profile = head.ljust(128, b"\0") + struct.pack(">I", 3) + tags + text + white + curve
    buffer = io.BytesIO()
    light = float(light_of(((180, 180, 180),))[0, 0])
    image = Image.new("L", (SIDE, SIDE), round(light ** (1 / gamma) * 255))
    image.save(buffer, "JPEG", quality=95, icc_profile=profile)
    return buffer.getvalue()


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path

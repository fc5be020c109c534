"""photoshare.pictures.decoding: bombs, unlisted formats, and files that are not pictures."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photoshare.errors import RejectedPhotoError
from tests.fakes import fits, psd
from tests.pictures.test_decoding import decode, marked


def png_header(width: int, height: int) -> bytes:
    """Write a PNG that only claims a size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(4000, 3000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_decompression_bomb_is_refused_by_its_header(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    (tmp_path / "bomb.png").write_bytes(png_header(*size))

    with pytest.raises(RejectedPhotoError, match="more than 10 megapixels"):
        decode(tmp_path / "bomb.png")


def saved(image_format: str) -> bytes:
    buffer = io.BytesIO()
    marked().save(buffer, image_format)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "image_format", ["PSD", "FITS", "EPS", "PPM", "TGA", "ICO", "PCX", "SGI", "JPEG2000", "DDS"]
)
def test_a_format_that_is_not_on_the_allowlist_is_refused(
    tmp_path: Path, image_format: str
) -> None:
    handmade = {"PSD": psd, "FITS": fits}
    content = handmade[image_format]() if image_format in handmade else saved(image_format)
    (tmp_path / "photo.jpg").write_bytes(content)
    with Image.open(tmp_path / "photo.jpg") as opened:
        assert opened.format == image_format  # Pillow would read it

    with pytest.raises(RejectedPhotoError, match="can't be read as a photo"):
        decode(tmp_path / "photo.jpg")


@pytest.mark.parametrize("content", [b"", b"no picture", b"<svg xmlns='x'/>", b"\xff\xd8\xff"])
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)

    with pytest.raises(RejectedPhotoError):
        decode(tmp_path / "photo.jpg")


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF"])
def test_a_picture_that_ends_too_early_is_refused(tmp_path: Path, image_format: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole", image_format)
    content = (tmp_path / "whole").read_bytes()
    (tmp_path / "half").write_bytes(content[: len(content) // 2])

    with pytest.raises(RejectedPhotoError):
        decode(tmp_path / "half")

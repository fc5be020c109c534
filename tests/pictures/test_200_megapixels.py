"""Pictures of 200 megapixels are taken within the memory bound, or refused by its name."""

from __future__ import annotations

import io
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from photoshare.config import load_settings
from photoshare.errors import RejectedPhotoError
from photoshare.pictures import decoding, tiles
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.pictures.decoding import decode_upright
from photoshare.pictures.reading import memory
from tests.pictures.test_tiles import MOST_OFF, drawn, put_together

WIDTH, HEIGHT = 16320, 12240
SETTINGS = load_settings({}, environ={})
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps the limit")


@pytest.fixture
def pool() -> Iterator[DecoderPool]:
    decoders = DecoderPool(1)
    yield decoders
    decoders.close()


def photo_of_a_phone(path: Path) -> Path:
    """Write a JPEG of 200 megapixels with noise, and lines of two pixels in the middle.

    A few rows of its blocks are encoded and repeated, each after a restart marker.
    """
    noise = np.random.default_rng(1).integers(-3, 4, (16 * 8, WIDTH, 1))
    columns = np.arange(WIDTH)
    is_lined = (columns > 9000) & (columns < 10_500)  # not all: a test has no minutes for them
    lines = np.where(is_lined, np.where(columns // 2 % 2, 200, 60), 128)[None, :, None]
    strip = Image.fromarray(np.broadcast_to(lines + noise, (16 * 8, WIDTH, 3)).astype(np.uint8))
    buffer = io.BytesIO()
    strip.save(buffer, "JPEG", quality=60, subsampling=2, restart_marker_rows=1)
    content = buffer.getvalue()
    scan = content.index(b"\xff\xda")
    head = bytearray(content[: scan + 2 + int.from_bytes(content[scan + 2 : scan + 4])])
    frame = head.index(b"\xff\xc0")
    head[frame + 5 : frame + 7] = HEIGHT.to_bytes(2)
    rows = re.split(rb"\xff[\xd0-\xd7]", content[len(head) : -2])
    with path.open("wb") as file:
        file.write(head)
        for number in range(HEIGHT // 16):
            file.write(rows[number % 8])
            file.write(bytes((0xFF, 0xD0 + number % 8)) if number < HEIGHT // 16 - 1 else b"")
        file.write(b"\xff\xd9")
    return path


@on_linux
@pytest.mark.slow
def test_a_photo_of_200_megapixels_is_taken_and_shows_its_pixels(
    tmp_path: Path, pool: DecoderPool
) -> None:
    path = photo_of_a_phone(tmp_path / "phone.jpg")

    rendered = pool.render(path, SETTINGS)
    covered = pool.cover(path, [(0, 400, 400, 0)], SETTINGS)
    cut = pool.cut_tiles(path, 1, SETTINGS)

    assert (rendered.width, rendered.height) == (WIDTH, HEIGHT)
    with Image.open(io.BytesIO(covered)) as copy:
        assert copy.size == (WIDTH // 2, HEIGHT // 2)
    with zipfile.ZipFile(io.BytesIO(cut)) as packed:
        assert len(packed.namelist()) == 16 * 12
        with Image.open(io.BytesIO(packed.read("9-7.webp"))) as tile:
            assert np.asarray(tile.convert("L")).std() > 40  # of grey, it would be 3


@on_linux
@pytest.mark.slow
def test_a_progressive_photo_of_200_megapixels_is_refused_by_the_bound_or_taken_with_a_larger_one(
    tmp_path: Path, pool: DecoderPool
) -> None:
    """All of it is in memory, at 3 bytes per pixel: there is space for a quarter of its sides."""
    path = tmp_path / "photo.jpg"
    image = Image.linear_gradient("L").resize((WIDTH, HEIGHT)).convert("RGB")
    image.save(path, progressive=True)

    with pytest.raises(RejectedPhotoError, match="more memory") as refused:
        pool.cover(path, [(0, 400, 400, 0)], SETTINGS)
    assert refused.value.values == {"number": SETTINGS.max_decode_mb}

    larger = load_settings({"max_decode_mb": 750}, environ={})
    rendered = pool.render(path, larger)
    covered = pool.cover(path, [(0, 400, 400, 0)], larger)
    assert (rendered.width, rendered.height) == (WIDTH, HEIGHT)
    with Image.open(io.BytesIO(covered)) as copy:
        assert copy.size == (WIDTH // 4, HEIGHT // 4)


@on_linux
@pytest.mark.slow
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_png_of_200_megapixels_is_read_band_by_band(
    tmp_path: Path, pool: DecoderPool, mode: str
) -> None:
    """Decoded at once, it would take 800 MB."""
    row = b"\0" + np.arange(WIDTH * len(mode)).astype(np.uint8).tobytes()
    write_png(tmp_path / "large.png", mode, row, HEIGHT)
    settings = load_settings({"max_decode_mb": 300, "max_decode_seconds": 60}, environ={})

    rendered = pool.render(tmp_path / "large.png", settings)

    assert (rendered.width, rendered.height) == (WIDTH, HEIGHT)


def write_png(path: Path, mode: str, row: bytes, rows: int) -> None:
    """Write a PNG of the same row again and again."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    width = (len(row) - 1) // len(mode)
    packer = zlib.compressobj(1)
    pixels = b"".join(packer.compress(row) for _ in range(rows)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, rows, 8, 2 if mode == "RGB" else 6, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@on_linux
@pytest.mark.slow
@pytest.mark.parametrize("image_format", ["WEBP", "AVIF", "HEIF", "progressive"])
def test_what_needs_more_memory_is_refused_by_the_name_of_the_bound(
    tmp_path: Path, pool: DecoderPool, image_format: str
) -> None:
    """Not as damaged: whoever sent it could do nothing about that."""
    image = Image.linear_gradient("L").resize((5600, 5600)).convert("RGB")
    if image_format == "progressive":
        image.save(tmp_path / "large", "JPEG", progressive=True, subsampling=0)
    else:
        quick = {"preset": "ultrafast"} if image_format == "HEIF" else {}
        image.save(tmp_path / "large", image_format, quality=20, speed=10, enc_params=quick)
    settings = load_settings({"max_decode_mb": 200}, environ={})

    with pytest.raises(RejectedPhotoError, match=r"more memory than this server .* \(200 MB\)"):
        pool.render(tmp_path / "large", settings)

    assert pool.render(tmp_path / "large", SETTINGS).width == 5600


def test_without_a_bound_there_is_none_to_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "than the server has" in str(memory.too_little())


def test_a_bomb_is_told_from_a_photo(tmp_path: Path) -> None:
    Image.new("1", (12_000, 12_000)).save(tmp_path / "bomb.png")

    with pytest.raises(RejectedPhotoError, match="far too small"):
        decode_upright(tmp_path / "bomb.png", at_least_px=100)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_png_by_bands_is_the_one_that_pillow_decodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    picture = drawn().convert(mode)
    if mode == "RGBA":
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    picture.save(tmp_path / "photo.png", exif=exif)
    whole = [decode_upright(tmp_path / "photo.png", at_least_px=side) for side in (9000, 400)]
    cut = [put_together_of(tmp_path / "photo.png", whole[0].image.size, one) for one in (1, 2)]
    monkeypatch.setattr(decoding, "LARGE_PIXELS", 1000)
    monkeypatch.setattr(decoding, "BAND_ROWS", 7)

    banded = [decode_upright(tmp_path / "photo.png", at_least_px=side) for side in (9000, 400)]

    for one, other in zip(banded, whole, strict=True):
        assert (one.width, one.height) == (other.width, other.height)
        assert one.image.tobytes() == other.image.tobytes()
    for factor, before in zip((1, 2), cut, strict=True):
        after = put_together_of(tmp_path / "photo.png", whole[0].image.size, factor)
        assert after.tobytes() == before.tobytes()


def put_together_of(path: Path, size: tuple[int, int], factor: int) -> Image.Image:
    content = tiles.cut_tiles(path, factor=factor, max_megapixels=100)
    return put_together(content, (-(-size[0] // factor), -(-size[1] // factor)))


@pytest.mark.parametrize("options", [{}, {"interlaced": True}, {"mode": "P"}, {"mode": "I;16"}])
def test_any_large_png_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, str]
) -> None:
    picture = drawn().convert("L") if options.get("mode") == "I;16" else drawn()
    picture.convert(options.get("mode", "RGB")).save(tmp_path / "photo.png")
    monkeypatch.setattr(decoding, "LARGE_PIXELS", 1000)

    assert decode_upright(tmp_path / "photo.png", at_least_px=9000).image.size == drawn().size


def test_a_large_png_that_breaks_off_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn().save(tmp_path / "whole.png")
    content = (tmp_path / "whole.png").read_bytes()
    monkeypatch.setattr(decoding, "LARGE_PIXELS", 1000)
    for size in (len(content) // 2, len(content) - 100, 60, 40):
        (tmp_path / "half.png").write_bytes(content[:size])
        with pytest.raises(RejectedPhotoError):
            decode_upright(tmp_path / "half.png", at_least_px=400)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("orientation", [1, 6, 8, 3])
def test_a_very_large_jpeg_is_cut_into_the_same_tiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subsampling: int, orientation: int
) -> None:
    """By FFmpeg, in less memory."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    drawn().save(tmp_path / "photo.jpg", quality=95, subsampling=subsampling, exif=exif)
    upright = decode_upright(tmp_path / "photo.jpg", at_least_px=decoding.ALL_PX).image
    monkeypatch.setattr(decoding, "MOST_WHOLE_PIXELS", 1000)

    content = tiles.cut_tiles(tmp_path / "photo.jpg", factor=1, max_megapixels=100)

    off = np.abs(
        np.asarray(put_together(content, upright.size), dtype=int) - np.asarray(upright, dtype=int)
    )
    assert off.mean() < MOST_OFF
    assert np.percentile(off, 99) < 4 * MOST_OFF


def test_a_very_large_progressive_jpeg_is_kept_at_a_quarter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn().save(tmp_path / "photo.jpg", progressive=True)
    monkeypatch.setattr(decoding, "MOST_WHOLE_PIXELS", 1000)
    monkeypatch.setattr(decoding, "MOST_PIXELS_OF_BYTE", 1_000_000)

    decoded = decode_upright(tmp_path / "photo.jpg", at_least_px=decoding.ALL_PX)

    assert (decoded.width, decoded.height) == drawn().size
    assert decoded.image.size == tuple(-(-side // 4) for side in drawn().size)

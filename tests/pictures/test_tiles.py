"""pictures.tiles: put together again, the tiles are the upright photo."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from photoshare.errors import RejectedPhotoError
from photoshare.pictures import decoding, tiles

WIDTH, HEIGHT = 1501, 1203  # no multiple of a tile or of a reduction
MOST_OFF = 6.0  # mean difference of a colour value: two encodings by WebP and JPEG


def drawn() -> Image.Image:
    """Draw smooth colours without any symmetry, so that a part out of place shows."""
    x, y = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    return Image.fromarray((np.dstack([x, y, x * x * y]) * 255).astype(np.uint8))


def put_together(content: bytes, size: tuple[int, int]) -> Image.Image:
    whole = Image.new("RGB", size)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        for name in packed.namelist():
            column, row = (int(part) for part in name.removesuffix(".webp").split("-"))
            with Image.open(io.BytesIO(packed.read(name))) as tile:
                assert tile.format == "WEBP"
                whole.paste(tile, (column * tiles.TILE_PX, row * tiles.TILE_PX))
    return whole


@pytest.mark.parametrize("factor", [1, 2])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_tiles_are_the_upright_photo(tmp_path: Path, orientation: int, factor: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    drawn().save(tmp_path / "photo.jpg", exif=exif, quality=95)
    upright = decoding.decode_upright(tmp_path / "photo.jpg", at_least_px=decoding.ALL_PX)
    expected = upright.image.reduce(factor)

    content = tiles.cut_tiles(tmp_path / "photo.jpg", factor=factor, max_megapixels=100)

    whole = put_together(content, expected.size)
    off = np.abs(np.asarray(whole, dtype=int) - np.asarray(expected, dtype=int))
    assert off.mean() < MOST_OFF
    assert np.percentile(off, 99) < 4 * MOST_OFF


@pytest.mark.parametrize(("mode", "image_format"), [("RGBA", "PNG"), ("P", "PNG"), ("L", "TIFF")])
def test_other_formats_are_cut_as_well(tmp_path: Path, mode: str, image_format: str) -> None:
    path = tmp_path / "photo"
    drawn().convert(mode).save(path, image_format)
    expected = decoding.decode_upright(path, at_least_px=decoding.ALL_PX).image.reduce(4)

    content = tiles.cut_tiles(path, factor=4, max_megapixels=100)

    whole = put_together(content, expected.size)
    off = np.abs(np.asarray(whole, dtype=int) - np.asarray(expected, dtype=int))
    assert off.mean() < MOST_OFF


def test_a_large_photo_has_tiles_at_several_reductions_and_a_small_one_none() -> None:
    assert tiles.reductions(2000, 1500) == ()
    assert tiles.reductions(4032, 3024) == (1,)
    assert tiles.reductions(3200, 16000) == (1, 2, 4)
    assert tiles.grid_of(3200, 16000, 1) == (4, 16)
    assert tiles.grid_of(3200, 16000, 4) == (1, 4)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.jpg").write_bytes(b"no photo")

    with pytest.raises(RejectedPhotoError, match="can't be read"):
        tiles.cut_tiles(tmp_path / "no.jpg", factor=1, max_megapixels=100)
    with pytest.raises(RejectedPhotoError, match="damaged"):
        tiles.cut_tiles(tmp_path / "none.jpg", factor=1, max_megapixels=100)

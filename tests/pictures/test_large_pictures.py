"""pictures.decoding: large pictures, with the same colours as small ones, in bounded memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from photoshare.pictures import decoding
from tests.pictures.test_decoding import RED, WHITE, decode, is_near, marked

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "LA", "CMYK", "I;16", "I", "F", "1"])
def test_a_large_picture_is_reduced_to_the_colours_of_a_small_one(
    tmp_path: Path, mode: str
) -> None:
    """It is converted band by band; 300 rows of the result are more than one band."""
    small = marked("RGB").resize((40, 300), Image.Resampling.NEAREST)
    wide = mode in ("I;16", "I", "F")
    large = small.convert("L" if wide else mode).resize((400, 3000), Image.Resampling.NEAREST)
    if wide:
        values = np.asarray(large).astype(np.float32) * (257 if mode != "F" else 1 / 255)
        kind = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
        large = Image.fromarray(values.astype(kind))
    large.save(tmp_path / "large.tif")

    decoded = decode(tmp_path / "large.tif", at_least_px=300)

    assert (decoded.image.mode, decoded.image.size) == ("RGB", (40, 300))
    expected = small.convert("L").convert("RGB") if wide or mode in ("L", "LA", "1") else small
    if wide and mode != "I;16":  # from the darkest to the brightest that is there
        expected = expected.point(lambda value: round((value - 76) * 255 / 179))
    difference = np.abs(np.asarray(decoded.image).astype(int) - np.asarray(expected))
    inner = np.ones((300, 40), dtype=bool)
    inner[148:152] = inner[:, 18:22] = False
    tolerance = 255 if mode == "1" else 12  # 1 bit is a pattern of dots
    assert difference[inner].max() <= tolerance


def test_a_large_turned_picture_with_alpha_ends_upright_on_white(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (400, 200), (0, 0, 0, 0))
    picture.paste((*RED, 255), (0, 0, 200, 100))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    picture.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "alpha.png", exif=exif)

    decoded = decode(tmp_path / "alpha.png", at_least_px=100)

    assert (decoded.width, decoded.height, decoded.image.size) == (400, 200, (100, 50))
    assert is_near(decoded.image, (10, 10), RED)
    assert is_near(decoded.image, (90, 40), WHITE)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_no_result_has_more_pixels_than_memory_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, orientation: int
) -> None:
    path = tmp_path / "large.png"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    marked().resize((301, 200)).convert("L" if mode == "I;16" else mode).convert(mode).save(
        path, exif=exif
    )
    monkeypatch.setattr(decoding, "LARGEST_RESULT_PIXELS", 20_000)

    photo = decode(path, at_least_px=decoding.ALL_PX)

    assert {photo.width, photo.height} == {301, 200}
    assert sorted(photo.image.size) == [100, 151]  # halves, rounded up


def test_a_large_picture_that_is_not_reduced_is_the_same_band_by_band(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "alpha.png"
    with_alpha = marked("RGBA").resize((300, 200))
    with_alpha.putalpha(Image.linear_gradient("L").resize((300, 200)))
    with_alpha.save(path)
    whole = decode(path).image
    monkeypatch.setattr(decoding, "LARGE_PIXELS", 1)

    assert decode(path).image.tobytes() == whole.tobytes()


def test_a_progressive_jpeg_is_large_however_small_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[bool] = []

    class Lock:
        def __enter__(self) -> None:
            taken.append(True)

        def __exit__(self, *_error: object) -> None:
            pass

    monkeypatch.setattr(decoding, "_large_decode", Lock())
    monkeypatch.setattr(decoding, "LARGE_PIXELS", 100_000)
    for is_progressive in (False, True):
        path = tmp_path / f"{is_progressive}.jpg"
        marked().resize((800, 400)).save(path, progressive=is_progressive)
        assert decode(path, at_least_px=100).image.size == (100, 50)
        assert taken == [True] * is_progressive

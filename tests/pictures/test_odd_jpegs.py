"""JPEGs that are not quite right are shown as browsers show them, or refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from photoshare.errors import RejectedPhotoError
from photoshare.pictures import decoding, tiles
from photoshare.pictures.orientation import orientation_of
from tests.conftest import ROOT
from tests.pictures import odd_jpegs
from tests.pictures.odd_jpegs import CORNERS, HEIGHT, WIDTH, jpeg

CASES = ROOT.parent / "shared" / "cases"
ODD = dict(odd_jpegs.odd_jpegs())
SIDEWAYS = {"turned": 6, "turned by XMP and EXIF": 8}
SWAPPED = {"a profile", "a profile in two parts", "parts out of order", "a profile twice"}
NEAR = 12


def shown(decoded: decoding.DecodedPhoto) -> Image.Image:
    """Show a decoded picture as a browser does."""
    profile = decoded.image.info.get("icc_profile")
    if not profile:
        return decoded.image
    own, screen = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(decoded.image, own, screen) or decoded.image


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """Return the mean colours of the four corners' middles."""
    width, height = image.size
    places = [(x, y) for y in (height // 4, height * 5 // 8) for x in (width // 4, width * 3 // 4)]
    boxes = [(x - 8, y - 8, x + 8, y + 8) for x, y in places]
    means = [np.asarray(image.crop(box)).reshape(-1, 3).mean(axis=0) for box in boxes]
    return [tuple(round(value) for value in mean) for mean in means]


@pytest.mark.parametrize("name", ODD)
def test_an_odd_jpeg_is_shown_as_browsers_show_it(tmp_path: Path, name: str) -> None:
    """`tests/browser/test_odd_jpegs.py` asks a browser about the same files."""
    (tmp_path / "photo.jpg").write_bytes(ODD[name])
    expected = [tuple(reversed(one)) if name in SWAPPED else one for one in CORNERS]
    if name in SIDEWAYS:
        order = {6: (2, 0, 3, 1), 8: (1, 3, 0, 2)}[SIDEWAYS[name]]
        expected = [expected[number] for number in order]

    decoded = decoding.decode_upright(tmp_path / "photo.jpg", at_least_px=decoding.ALL_PX)

    size = (HEIGHT, WIDTH) if name in SIDEWAYS else (WIDTH, HEIGHT)
    assert (decoded.width, decoded.height) == decoded.image.size == size
    # A profile with swapped primaries clips; browsers and we agree only that red became blue.
    difference = np.abs(np.array(corners(shown(decoded))) - np.array(expected))
    assert difference.max() <= (60 if name in SWAPPED else NEAR)
    assert orientation_of(tmp_path / "photo.jpg") == SIDEWAYS.get(name, 1)
    reduced = decoding.decode_upright(tmp_path / "photo.jpg", at_least_px=100)
    assert max(reduced.image.size) < WIDTH
    assert tiles.cut_tiles(tmp_path / "photo.jpg", factor=1, max_megapixels=10)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(jpeg()[: len(jpeg()) // 3], id="a third of it"),
        pytest.param(
            jpeg(is_progressive=True)[: len(jpeg(is_progressive=True)) // 10], id="coarse"
        ),
        pytest.param(jpeg()[:400], id="only the head"),
    ],
)
def test_a_jpeg_with_less_than_half_of_its_picture_is_refused(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)

    with pytest.raises(RejectedPhotoError, match="damaged or incomplete"):
        decoding.decode_upright(tmp_path / "photo.jpg", at_least_px=100)


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "HEIF", "GIF", "TIFF"])
def test_other_formats_have_to_be_complete(tmp_path: Path, image_format: str) -> None:
    buffer = io.BytesIO()
    odd_jpegs.picture().save(buffer, image_format)
    content = buffer.getvalue()
    (tmp_path / "photo").write_bytes(content[: len(content) * 9 // 10])

    with pytest.raises(RejectedPhotoError):
        decoding.decode_upright(tmp_path / "photo", at_least_px=decoding.ALL_PX)


def test_what_is_missing_at_the_end_is_grey_or_the_colour_before(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(ODD["a tenth short"])

    decoded = decoding.decode_upright(tmp_path / "photo.jpg", at_least_px=decoding.ALL_PX)

    last = np.asarray(decoded.image)[-1]
    assert np.ptp(last[: WIDTH // 4].astype(int), axis=0).max() <= 4


@pytest.mark.skipif(not CASES.is_dir(), reason="the folder ../shared/cases is not there")
@pytest.mark.parametrize("folder", ["odd_jpeg", "truncated_jpeg", "stale_xmp_orientation"])
def test_every_shared_odd_jpeg_is_taken(folder: str) -> None:
    for path in (CASES / folder).iterdir():
        decoded = decoding.decode_upright(path, at_least_px=200)

        is_turned = path.name == "orient_6_type3.jpg"
        with Image.open(path) as opened:
            size = opened.size[::-1] if is_turned else opened.size
        assert (decoded.width, decoded.height) == size, path.name

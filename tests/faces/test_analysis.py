"""Photos of every orientation and mode, from the file to the faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from photoshare.errors import RejectedPhotoError
from photoshare.faces.analysis import analyse_photo
from photoshare.faces.engines.onnx_engine import OnnxFaceEngine
from photoshare.faces.types import AnalysedFace, RgbImage
from photoshare.pictures.decoding import decode_upright
from photoshare.pictures.encoding import crop_face
from tests.conftest import SHARED_PHOTOS
from tests.fakes import FakeFaceEngine

pytestmark = pytest.mark.slow

ORIENTATION = 0x0112  # the EXIF tag
FACE = (76, 271, 165, 182)  # about where the astronaut's face is: top, right, bottom, left
TURNED_BACK = {  # undoes the rotation that an orientation requires
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture(scope="module")
def portrait(astronaut: RgbImage) -> Image.Image:
    """The astronaut on a wide canvas: 1024 x 512."""
    canvas = Image.new("RGB", (1024, 512), (90, 120, 150))
    canvas.paste(Image.fromarray(astronaut), (0, 0))
    return canvas


def _saved(image: Image.Image, path: Path, orientation: int = 1) -> Path:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    image.save(path, exif=exif)
    return path


@pytest.mark.parametrize("orientation", TURNED_BACK)
def test_every_orientation_gives_the_same_upright_face(
    orientation: int, portrait: Image.Image, tmp_path: Path, onnx_engine: OnnxFaceEngine
) -> None:
    turn = TURNED_BACK[orientation]
    stored = portrait.transpose(turn) if turn is not None else portrait
    path = _saved(stored, tmp_path / "photo.jpg", orientation)

    found = analyse_photo(path, onnx_engine)

    assert (found.decoded.width, found.decoded.height) == (1024, 512)
    assert found.decoded.image.size == (1024, 512)
    assert len(found.faces) == 1
    assert np.abs(np.subtract(found.faces[0].location, FACE)).max() <= 30


def test_locations_are_in_pixels_of_the_original(
    portrait: Image.Image, tmp_path: Path, onnx_engine: OnnxFaceEngine
) -> None:
    large = portrait.resize((4096, 2048))
    path = _saved(large, tmp_path / "large.jpg", 1)

    found = analyse_photo(path, onnx_engine)

    assert (found.decoded.width, found.decoded.height) == (4096, 2048)
    assert found.decoded.image.width < 4096  # decoded at a reduced scale
    assert np.abs(np.subtract(found.faces[0].location, np.multiply(FACE, 4))).max() <= 120


def test_the_encoding_does_not_depend_on_the_size_of_the_photo(
    portrait: Image.Image, tmp_path: Path, onnx_engine: OnnxFaceEngine
) -> None:
    """A face of 700 pixels and the same face of 90 are one person's."""
    encodings = []
    for factor in (1, 4):
        size = (1024 * factor, 512 * factor)
        path = _saved(portrait.resize(size), tmp_path / f"{factor}.jpg")
        encodings.append(analyse_photo(path, onnx_engine).faces[0].encoding)

    assert float(np.linalg.norm(encodings[0] - encodings[1])) < 0.25


def test_a_small_face_in_a_large_photo_is_found(
    astronaut: RgbImage, tmp_path: Path, onnx_engine: OnnxFaceEngine
) -> None:
    """90 pixels of 3600: 2.5 percent of the longer side."""
    canvas = Image.new("RGB", (3600, 2400), (90, 120, 150))
    canvas.paste(Image.fromarray(astronaut), (1500, 1200))
    path = _saved(canvas, tmp_path / "photo.jpg")

    found = analyse_photo(path, onnx_engine)

    top, right, bottom, left = FACE
    expected = (top + 1200, right + 1500, bottom + 1200, left + 1500)
    assert len(found.faces) == 1
    assert np.abs(np.subtract(found.faces[0].location, expected)).max() <= 30


def _grey16(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


def _half_transparent(image: Image.Image) -> Image.Image:
    transparent = image.convert("RGBA")
    transparent.paste((0, 0, 0, 0), (600, 0, 1024, 512))
    return transparent


@pytest.mark.parametrize(
    ("file_name", "convert"),
    [
        ("cmyk.jpg", lambda image: image.convert("CMYK")),
        ("grey.jpg", lambda image: image.convert("L")),
        ("grey16.png", _grey16),
        ("palette.png", lambda image: image.quantize(256)),
        ("alpha.png", _half_transparent),
        ("photo.webp", lambda image: image),
        ("photo.heic", lambda image: image),
        ("photo.tiff", lambda image: image),
    ],
)
def test_every_mode_is_brought_to_rgb(
    file_name: str,
    convert: object,
    portrait: Image.Image,
    tmp_path: Path,
    onnx_engine: OnnxFaceEngine,
) -> None:
    assert callable(convert)
    convert(portrait).save(tmp_path / file_name)

    found = analyse_photo(tmp_path / file_name, onnx_engine)

    assert found.decoded.image.mode == "RGB"
    assert len(found.faces) == 1


def test_transparency_is_white(portrait: Image.Image, tmp_path: Path) -> None:
    _half_transparent(portrait).save(tmp_path / "alpha.png")

    picture = decode_upright(tmp_path / "alpha.png", at_least_px=1024).image

    assert picture.getpixel((900, 200)) == (255, 255, 255)


def test_sixteen_bits_of_grey_keep_their_tones(portrait: Image.Image, tmp_path: Path) -> None:
    _grey16(portrait).save(tmp_path / "grey16.png")

    picture = decode_upright(tmp_path / "grey16.png", at_least_px=1024).image

    difference = np.asarray(picture.convert("L")).astype(int) - np.asarray(portrait.convert("L"))
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize(
    ("wanted_px", "decoded_px"), [(300, 512), (513, 1024), (1024, 1024), (1025, 2048), (9999, 4096)]
)
def test_a_jpeg_is_decoded_at_the_smallest_scale_that_is_enough(
    wanted_px: int, decoded_px: int, portrait: Image.Image, tmp_path: Path
) -> None:
    path = _saved(portrait.resize((4096, 2048)), tmp_path / "large.jpg")

    decoded = decode_upright(path, at_least_px=wanted_px)

    assert decoded.image.width == decoded_px
    assert (decoded.width, decoded.height) == (4096, 2048)


def test_a_large_png_is_reduced_upright(portrait: Image.Image, tmp_path: Path) -> None:
    path = _saved(portrait.resize((4096, 2048)), tmp_path / "large.png", 6)

    decoded = decode_upright(path, at_least_px=1000)

    assert (decoded.width, decoded.height) == (2048, 4096)
    assert decoded.image.size == (512, 1024)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("side_px", "is_whole"), [(20, True), (90, True), (1200, False)])
def test_a_face_is_shown_by_the_pixels_of_the_original(
    side_px: int,
    is_whole: bool,
    image_format: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However few of them the face search needed."""
    location = (1000, 2000 + side_px, 1000 + side_px, 2000)
    stripes = np.full((3000, 4000, 3), 128, dtype=np.uint8)
    stripes[1000 : 1000 + side_px : 2, 2000 : 2000 + side_px] = 255
    stripes[1001 : 1001 + side_px : 2, 2000 : 2000 + side_px] = 0
    path = tmp_path / "photo"
    Image.fromarray(stripes).save(path, image_format, quality=95)
    face = AnalysedFace(location, 1.0, np.ones(4, dtype=np.float32))
    monkeypatch.setattr(FakeFaceEngine, "find_faces", lambda *_: [face])

    found = analyse_photo(path, FakeFaceEngine())

    assert (max(found.decoded.image.size) == 4000) == is_whole
    crop = np.asarray(crop_face(found.decoded, location)).astype(int)[56:136, 56:136]
    assert (crop.std() > 40) == is_whole, "stripes of one pixel are grey in a smaller copy"


def test_a_face_needs_no_more_pixels_than_the_bound_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "photo.png"
    Image.new("RGB", (300, 200)).save(path)
    monkeypatch.setattr("photoshare.pictures.decoding.LARGEST_RESULT_PIXELS", 150 * 100)
    face = AnalysedFace((50, 60, 60, 50), 1.0, np.ones(4, dtype=np.float32))
    monkeypatch.setattr(FakeFaceEngine, "find_faces", lambda *_: [face])

    assert analyse_photo(path, FakeFaceEngine()).decoded.image.size == (150, 100)


def test_what_is_no_photo_is_an_error(tmp_path: Path, onnx_engine: OnnxFaceEngine) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"not a photo")

    with pytest.raises(RejectedPhotoError, match="can't be read as a photo"):
        analyse_photo(tmp_path / "photo.jpg", onnx_engine)


def test_all_variants_of_one_person_are_one_person(onnx_engine: OnnxFaceEngine) -> None:
    """Orientations, formats and modes of one photo, from the shared photo sets."""
    folder = SHARED_PHOTOS / "face_variants" / "photos"
    if not folder.is_dir():
        pytest.skip("the photo set ../shared/photos/face_variants is not here")
    encodings = {}
    for path in sorted(folder.iterdir()):
        found = analyse_photo(path, onnx_engine)
        if found.faces:
            encodings[path.name] = found.faces[0].encoding
        assert len(found.faces) <= 1, path.name

    missed = {path.name for path in folder.iterdir()} - set(encodings)
    centre = np.mean(list(encodings.values()), axis=0)
    assert missed <= {"small_96.jpg", "small_160.jpg"}
    assert max(np.linalg.norm(one - centre) for one in encodings.values()) < 0.45


def test_pictures_are_upright_like_pillow_says(portrait: Image.Image, tmp_path: Path) -> None:
    path = _saved(portrait.transpose(Image.Transpose.ROTATE_90), tmp_path / "photo.jpg", 6)

    picture = decode_upright(path, at_least_px=1024).image

    with Image.open(path) as opened:
        assert np.array_equal(np.asarray(picture), np.asarray(ImageOps.exif_transpose(opened)))

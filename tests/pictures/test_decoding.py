"""photoshare.pictures.decoding: verify by decoding, turn upright, make smaller."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from photoshare.pictures import encoding, formats
from photoshare.pictures.decoding import DecodedPhoto, decode_upright

WHITE, RED, BLUE = (255, 255, 255), (255, 0, 0), (0, 0, 255)
SIZE = (64, 32)  # of the upright picture
# How a camera stores an upright picture under each EXIF orientation: the inverse rotation.
STORED_BY: dict[int, Image.Transpose | None] = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
SUFFIXES = {
    "JPEG": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "GIF": "gif",
    "TIFF": "tif",
    "BMP": "bmp",
    "HEIF": "heic",
    "AVIF": "avif",
}


def marked(mode: str = "RGB") -> Image.Image:
    """Draw a white picture with a red top left corner."""
    image = Image.new("RGB", SIZE, WHITE)
    image.paste(RED, (0, 0, 32, 16))
    return image.convert(mode)


def decode(path: Path, *, at_least_px: int = 2000, max_megapixels: int = 10) -> DecodedPhoto:
    return decode_upright(path, at_least_px=at_least_px, max_megapixels=max_megapixels)


def is_near(image: Image.Image, place: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    pixel = np.array(image.getpixel(place), dtype=int)
    return bool(abs(pixel - colour).max() < 30)


def assert_upright(photo: DecodedPhoto) -> None:
    assert (photo.image.mode, photo.image.size) == ("RGB", SIZE)
    assert (photo.width, photo.height) == SIZE
    assert is_near(photo.image, (8, 4), RED)
    for corner in ((56, 4), (8, 28), (56, 28)):
        assert is_near(photo.image, corner, WHITE)


def save_turned(path: Path, orientation: int, image_format: str) -> None:
    turn = STORED_BY[orientation]
    stored = marked() if turn is None else marked().transpose(turn)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored.save(path, image_format, exif=exif.tobytes(), quality=95)


@pytest.mark.parametrize("orientation", STORED_BY)
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_every_exif_orientation_ends_upright(
    tmp_path: Path, image_format: str, orientation: int
) -> None:
    save_turned(tmp_path / "turned", orientation, image_format)

    assert_upright(decode(tmp_path / "turned"))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "I;16"])
def test_a_turned_picture_of_another_mode_ends_upright(tmp_path: Path, mode: str) -> None:
    turn = STORED_BY[6]
    assert turn is not None
    stored = marked("L" if mode == "I;16" else mode).transpose(turn)
    if mode == "I;16":
        stored = Image.fromarray(np.asarray(stored).astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    stored.save(tmp_path / "turned", "PNG", exif=exif)

    photo = decode(tmp_path / "turned")

    assert photo.image.size == (photo.width, photo.height) == SIZE
    assert photo.image.getpixel((8, 4)) != WHITE
    assert is_near(photo.image, (56, 28), WHITE)


@pytest.mark.parametrize("image_format", SUFFIXES)
def test_every_accepted_format_is_decoded(tmp_path: Path, image_format: str) -> None:
    marked().save(tmp_path / "picture", image_format)

    photo = decode(tmp_path / "picture")

    assert photo.image_format == image_format
    assert_upright(photo)


def test_the_formats_of_the_allowlist_have_mime_types() -> None:
    assert set(formats.ACCEPTED_FORMATS) == set(SUFFIXES)
    assert set(formats.ACCEPTED_FORMATS) <= set(formats.FORMATS)


def test_a_jpeg_with_a_second_picture_behind_it_is_read(tmp_path: Path) -> None:
    marked().save(tmp_path / "picture", "MPO", save_all=True, append_images=[marked()], quality=95)

    photo = decode(tmp_path / "picture")

    assert photo.image_format in formats.FORMATS
    assert_upright(photo)


def test_a_png_of_16_bits_keeps_its_brightness(tmp_path: Path) -> None:
    values = np.full((32, 64), 65535, dtype=np.uint16)
    values[:16, :32] = 32768
    Image.fromarray(values).save(tmp_path / "deep.png", "PNG")

    photo = decode(tmp_path / "deep.png")

    assert is_near(photo.image, (8, 4), (127, 127, 127))
    assert is_near(photo.image, (56, 28), WHITE)


def test_a_cmyk_jpeg_becomes_rgb(tmp_path: Path) -> None:
    marked("CMYK").save(tmp_path / "print.jpg", "JPEG", quality=95)

    assert_upright(decode(tmp_path / "print.jpg"))


def test_a_palette_becomes_rgb(tmp_path: Path) -> None:
    marked("P").save(tmp_path / "palette.png", "PNG")

    assert_upright(decode(tmp_path / "palette.png"))


def test_a_black_and_white_picture_becomes_rgb(tmp_path: Path) -> None:
    Image.new("1", SIZE, 1).save(tmp_path / "fax.png", "PNG")

    assert decode(tmp_path / "fax.png").image.getpixel((8, 4)) == WHITE


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "TIFF"])
def test_what_is_transparent_becomes_white(tmp_path: Path, image_format: str) -> None:
    image = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    image.paste((*RED, 255), (0, 0, 32, 16))
    image.save(tmp_path / "alpha", image_format)

    assert_upright(decode(tmp_path / "alpha"))


def test_a_transparent_palette_becomes_white(tmp_path: Path) -> None:
    image = Image.new("P", SIZE, 0)
    image.putpalette([0, 0, 0, *RED])
    image.paste(1, (0, 0, 32, 16))
    image.save(tmp_path / "alpha.png", "PNG", transparency=0)

    assert_upright(decode(tmp_path / "alpha.png"))


def test_an_animation_is_its_first_picture(tmp_path: Path) -> None:
    second = Image.new("RGB", SIZE, BLUE)
    marked().save(tmp_path / "moving.gif", "GIF", save_all=True, append_images=[second])

    assert_upright(decode(tmp_path / "moving.gif"))


def test_a_reduced_jpeg_still_tells_its_full_size(tmp_path: Path) -> None:
    Image.new("RGB", (1600, 1200), RED).save(tmp_path / "large.jpg", "JPEG")

    photo = decode(tmp_path / "large.jpg", at_least_px=400)

    assert photo.image.size == (400, 300)
    assert (photo.width, photo.height) == (1600, 1200)
    assert photo.scale == 4


@pytest.mark.parametrize("width", [799, 800, 801, 1599, 1601, 4001])
def test_a_reduced_jpeg_is_never_smaller_than_asked(tmp_path: Path, width: int) -> None:
    Image.new("RGB", (width, 7), RED).save(tmp_path / "wide.jpg", "JPEG")

    assert max(decode(tmp_path / "wide.jpg", at_least_px=800).image.size) >= min(width, 800)


def test_a_reduced_turned_jpeg_tells_its_upright_size(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (1600, 1200), RED).save(tmp_path / "tall.jpg", "JPEG", exif=exif)

    photo = decode(tmp_path / "tall.jpg", at_least_px=400)

    assert photo.image.size == (300, 400)
    assert (photo.width, photo.height) == (1200, 1600)


def test_a_smaller_copy_keeps_its_shape_and_never_grows() -> None:
    assert encoding.smaller(Image.new("RGB", (400, 200)), 100).size == (100, 50)
    assert encoding.smaller(Image.new("RGB", (40, 20)), 100).size == (40, 20)


def test_a_derived_jpeg_carries_no_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera of Lea"
    marked().save(tmp_path / "photo.jpg", "JPEG", exif=exif)

    with Image.open(io.BytesIO(encoding.to_jpeg(decode(tmp_path / "photo.jpg").image))) as derived:
        assert not derived.getexif()


def with_square(left: int, top: int) -> DecodedPhoto:
    """Draw a grey picture of 200 by 100, half the size of its original, with a red square."""
    image = Image.new("RGB", (200, 100), (128, 128, 128))
    image.paste(RED, (left, top, left + 20, top + 20))
    return DecodedPhoto(image, "JPEG", 400, 200)


@pytest.mark.parametrize(
    ("left", "top"), [(0, 0), (180, 0), (0, 80), (180, 80), (90, 40), (90, 0), (0, 40)]
)
def test_a_face_crop_is_a_square_with_the_face_wherever_the_face_is(left: int, top: int) -> None:
    location = (top * 2, (left + 20) * 2, (top + 20) * 2, left * 2)  # pixels of the original

    crop = encoding.crop_face(with_square(left, top), location)

    assert crop.size == (encoding.FACE_CROP_PX, encoding.FACE_CROP_PX)
    pixels = np.asarray(crop).astype(int)
    is_red = abs(pixels - RED).max(axis=2) < 60
    assert 0.2 < is_red.mean() < 0.5  # 1 / 1.7 squared is 0.35


@pytest.mark.parametrize(
    ("sides", "decoded_px"),
    [
        ([], 1),
        ([20], 4000),
        ([94], 4000),
        ([200], 1883),
        ([400], 942),
        ([400, 20], 4000),
        ([0], 4000),
    ],
)
def test_a_photo_is_decoded_as_far_as_its_smallest_face_needs_to_be_shown(
    sides: list[int], decoded_px: int
) -> None:
    """160 pixels of a crop of 1.7 sides, or all that the original has."""
    locations = [(50, 30 + side, 50 + side, 30) for side in sides]

    assert encoding.face_crop_px(4000, 3000, locations) == decoded_px


def test_a_face_in_the_middle_of_a_crop_has_its_margin_on_every_side() -> None:
    crop = encoding.crop_face(with_square(90, 40), (80, 220, 120, 180))

    pixels = np.asarray(crop).astype(int)
    rows, columns = np.nonzero(abs(pixels - RED).max(axis=2) < 60)
    middle = encoding.FACE_CROP_PX / 2
    assert (rows.min() + rows.max()) / 2 == pytest.approx(middle, abs=2)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(middle, abs=2)


def test_a_face_as_large_as_the_picture_is_cropped_within_it() -> None:
    crop = encoding.crop_face(with_square(90, 40), (0, 400, 200, 0))

    assert crop.size == (encoding.FACE_CROP_PX, encoding.FACE_CROP_PX)


def test_a_derived_jpeg_carries_no_comment(tmp_path: Path) -> None:
    marked().save(tmp_path / "photo.jpg", "JPEG", comment=b"taken at home")

    content = encoding.to_jpeg(decode(tmp_path / "photo.jpg").image)

    assert b"taken at home" not in content


def test_the_colour_profile_of_inks_is_not_given_to_the_rgb_picture(tmp_path: Path) -> None:
    Image.new("CMYK", (64, 64)).save(tmp_path / "ink.jpg", icc_profile=b"a profile of inks")
    Image.new("RGB", (64, 64)).save(tmp_path / "light.jpg", icc_profile=b"a profile of light")

    ink, light = (
        encoding.to_jpeg(decode(tmp_path / name).image) for name in ("ink.jpg", "light.jpg")
    )

    assert b"a profile of inks" not in ink
    assert b"a profile of light" in light


@pytest.mark.parametrize("has_adobe_marker", [True, False])
def test_inks_are_read_inverted_as_adobe_stores_them(
    tmp_path: Path, has_adobe_marker: bool
) -> None:
    """As browsers do, with and without the marker."""
    path = tmp_path / "ink.jpg"
    Image.new("CMYK", (64, 64), (255, 0, 0, 0)).save(path, "JPEG", quality=95)
    content = path.read_bytes()
    at = content.index(b"\xff\xee")  # Pillow inverts, and writes the marker
    length = 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    if not has_adobe_marker:
        path.write_bytes(content[:at] + content[at + length :])

    assert is_near(decode(path).image, (30, 30), (0, 255, 255))


def test_a_profile_that_is_not_one_of_inks_leaves_the_plain_conversion(tmp_path: Path) -> None:
    light = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("CMYK", (64, 64), (255, 0, 0, 0)).save(tmp_path / "ink.jpg", icc_profile=light)

    assert is_near(decode(tmp_path / "ink.jpg").image, (30, 30), (0, 255, 255))


def test_a_huge_profile_is_not_given_to_every_thumbnail(tmp_path: Path) -> None:
    for size in (64_000, 64_001):
        marked().save(tmp_path / f"{size}.tif", icc_profile=bytes(size))

    small, huge = (
        encoding.to_jpeg(decode(tmp_path / f"{size}.tif").image) for size in (64_000, 64_001)
    )

    assert len(small) > 64_000 > len(huge)


def test_a_turned_picture_keeps_its_profile(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    marked().save(tmp_path / "p3.jpg", exif=exif, icc_profile=b"a profile of light")

    assert b"a profile of light" in encoding.to_jpeg(decode(tmp_path / "p3.jpg").image)

"""Pictures look on every screen as their files mean them, however they tell their colours."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from flask import Flask
from PIL import Image, ImageCms
from sqlalchemy import select

from photoshare.errors import RejectedPhotoError
from photoshare.metadata.clean import find_patches
from photoshare.metadata.patches import apply
from photoshare.models import Photo, db
from photoshare.pictures import decoding, encoding, rendering, tiles
from photoshare.pictures.covered import make_covered
from photoshare.pictures.rendering import ENCODERS
from tests.conftest import ROOT, Cast
from tests.pictures import colour_files as drawn
from tests.pictures.colour_files import BT709, BT2020, HLG, P3, PQ, RIGHT, SRGB, VIDEO

CASES = ROOT.parent / "shared" / "cases" / "colour"
NEAR = 6  # of 255
FILES: dict[str, Callable[[], bytes]] = {
    "PNG, P3 by cICP": lambda: drawn.png(P3, SRGB),
    "PNG, BT.2020 by cICP": lambda: drawn.png(BT2020, VIDEO),
    "PNG, BT.709 by cICP": lambda: drawn.png(BT709, VIDEO),
    "PNG, PQ": lambda: drawn.png(BT2020, PQ),
    "PNG, HLG": lambda: drawn.png(BT2020, HLG),
    "PNG of 16 bits, P3 by cICP": lambda: drawn.deep_png(P3, SRGB),
    "PNG of 16 bits, PQ": lambda: drawn.deep_png(BT2020, PQ),
    "PNG, 1.8 by gAMA": lambda: drawn.gamma_png(1.8),
    "HEIC, P3 by nclx": lambda: drawn.heic(P3, SRGB),
    "HEIC, video's numbers": lambda: drawn.heic(BT709, SRGB).replace(
        b"nclx\0\1\0\15", b"nclx\0\1\0\1"
    ),
    "HEIC of 10 bits, P3 by nclx": lambda: drawn.deep_heic(P3, SRGB),
    "HEIC of 10 bits, PQ": lambda: drawn.deep_heic(BT2020, PQ),
    "HEIC of 10 bits, HLG": lambda: drawn.deep_heic(BT2020, HLG),
    "AVIF, P3 by nclx": lambda: drawn.avif(P3, SRGB),
    "AVIF, HLG": lambda: drawn.avif(BT2020, HLG),
    "JPEG, Adobe RGB by option": lambda: drawn.adobe_jpeg(option="R03"),
    "JPEG, uncalibrated": lambda: drawn.adobe_jpeg(option=None),
    "JPEG, Adobe RGB by number": lambda: drawn.adobe_jpeg(option=None, number=2),
}


def shown(content: bytes) -> Image.Image:
    """Read a picture as a browser shows it on a screen of sRGB."""
    image = Image.open(io.BytesIO(content))
    profile = image.info.get("icc_profile")
    rgb = image.convert("RGB")
    if not profile:
        return rgb
    own, screen = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(rgb, own, screen)
    assert converted is not None
    return converted


def most_off(image: Image.Image) -> int:
    """Return by how much the worst colour of the four patches is wrong."""
    quarter, three = image.width // 4, 3 * image.width // 4
    places = [(x, y) for y in (quarter, three) for x in (quarter, three)]
    found = np.array([image.getpixel(place) for place in places], dtype=int)
    return int(np.abs(found - RIGHT).max())


@pytest.mark.parametrize("name", FILES)
def test_whatever_is_made_from_a_picture_has_its_colours(tmp_path: Path, name: str) -> None:
    path = drawn.write(tmp_path / "picture", FILES[name]())
    decoded = decoding.decode_upright(path, at_least_px=decoding.ALL_PX)
    made = [encode(decoded.image) for encode in ENCODERS.values()]
    made.append(rendering.make_clean_copy(path, max_megapixels=10))
    made.append(make_covered(path, [], max_megapixels=10))
    face = encoding.crop_face(decoded, (0, drawn.SIDE, drawn.SIDE, 0))
    made.append(encoding.to_jpeg(face))
    with zipfile.ZipFile(io.BytesIO(tiles.cut_tiles(path, factor=1, max_megapixels=10))) as packed:
        made += [packed.read(one) for one in packed.namelist()]

    assert max(most_off(shown(content)) for content in made) <= NEAR
    assert most_off(shown(encoding.to_placeholder(decoded.image)).resize((128, 128))) < 28


@pytest.mark.parametrize("name", FILES)
def test_what_guests_download_means_the_same_colours(tmp_path: Path, name: str) -> None:
    content = FILES[name]()
    path = drawn.write(tmp_path / "picture", content)
    image_format = decoding.decode_upright(path, at_least_px=100).image_format

    cleaned = apply(content, find_patches(path, image_format))

    drawn.write(path, cleaned)
    assert most_off(decoding.decode_upright(path, at_least_px=200).image) <= NEAR
    assert b"Artist of" not in cleaned


def test_a_gain_map_is_never_what_is_shown(tmp_path: Path) -> None:
    """The first picture of an Ultra HDR photo is its SDR base, and says so to nobody else."""
    base = Image.fromarray(drawn.patches(np.array(RIGHT)).astype(np.uint8))
    gain_map = Image.new("RGB", (64, 64), "white")
    claim = b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"'
    for xmp in (b"", b"http://ns.adobe.com/xap/1.0/\0<x " + claim + b"/>"):
        path = tmp_path / "photo.jpg"
        base.save(path, "MPO", save_all=True, append_images=[gain_map], quality=95)
        content = path.read_bytes()
        segment = b"\xff\xe1" + (len(xmp) + 2).to_bytes(2) + xmp if xmp else b""
        drawn.write(path, content[:2] + segment + content[2:])

        decoded = decoding.decode_upright(path, at_least_px=200)

        assert decoded.image.size == (drawn.SIDE, drawn.SIDE)
        assert most_off(decoded.image) <= NEAR


def test_greys_are_shown_by_their_profile(tmp_path: Path) -> None:
    path = drawn.write(tmp_path / "grey.jpg", drawn.grey_jpeg(1.2))

    decoded = decoding.decode_upright(path, at_least_px=200).image

    assert np.abs(np.array(decoded.getpixel((9, 9)), dtype=int) - 180).max() <= 3
    assert not decoded.info["icc_profile"]


def test_a_thumbnail_within_a_heic_is_not_taken_for_the_photo(tmp_path: Path) -> None:
    image = Image.linear_gradient("L").resize((1000, 1000)).convert("RGB")
    pillow_heif.from_pillow(image).save(tmp_path / "photo.heic", thumbnails=[256])

    decoded = decoding.decode_upright(tmp_path / "photo.heic", at_least_px=100)

    assert decoded.image.size == (100, 100)  # of the thumbnail, it would be 128


def test_cicp_counts_more_than_a_profile_beside_it(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = drawn.png(P3, SRGB, icc_profile=profile)
    path = drawn.write(tmp_path / "both.png", content)

    assert most_off(decoding.decode_upright(path, at_least_px=100).image) <= NEAR


def test_a_profile_counts_more_than_what_exif_says(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA001] = 0xFFFF
    image = Image.fromarray(drawn.patches(np.array(RIGHT)).astype(np.uint8))
    image.save(tmp_path / "photo.jpg", exif=exif, icc_profile=profile, quality=95)

    assert most_off(decoding.decode_upright(tmp_path / "photo.jpg", at_least_px=100).image) <= NEAR


def test_a_photo_that_says_srgb_is_left_alone(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA001] = 1
    image = Image.fromarray(drawn.patches(np.array(RIGHT)).astype(np.uint8))
    image.save(tmp_path / "photo.jpg", exif=exif, quality=95)
    with Image.open(tmp_path / "photo.jpg") as opened:
        expected = opened.convert("RGB")

    assert decoding.decode_upright(tmp_path / "photo.jpg", at_least_px=200).image.tobytes() == (
        expected.tobytes()
    )


def test_more_light_than_white_keeps_its_steps(tmp_path: Path) -> None:
    """A sky of HDR between white and twice as much is not one flat area."""
    colours = np.repeat(np.array([[140], [148], [152], [162]]), 3, axis=1)  # 170 to 390 nits in PQ
    image = Image.fromarray(drawn.patches(colours).astype(np.uint8))
    path = drawn.write(tmp_path / "sky.png", drawn.png(BT2020, PQ, image))

    decoded = decoding.decode_upright(path, at_least_px=200).image

    levels = [decoded.getpixel(place) for place in ((32, 32), (96, 32), (32, 96), (96, 96))]
    assert [red for red, _, _ in levels] == sorted({red for red, _, _ in levels})  # type: ignore[misc]
    assert levels[1][0] >= 249  # type: ignore[index]


@pytest.mark.parametrize("damage", [b"colrnclx", b"ipma", b"pitm"])
def test_an_avif_with_damaged_boxes_is_still_a_photo_or_refused(
    tmp_path: Path, damage: bytes
) -> None:
    content = drawn.avif(P3, SRGB)
    at = content.index(damage)
    for offset in range(-8, 24):
        changed = bytearray(content)
        changed[at + offset] ^= 0xFF
        path = drawn.write(tmp_path / "damaged.avif", bytes(changed))
        try:
            decoding.decode_upright(path, at_least_px=100)
        except RejectedPhotoError as error:
            assert "damaged" in str(error) or "can't be read" in str(error)  # noqa: PT017


@pytest.mark.skipif(not CASES.is_dir(), reason="the folder ../shared/cases is not there")
def test_every_size_of_the_shared_pictures_has_the_right_colours(app: Flask, cast: Cast) -> None:
    rows = json.loads((CASES / "expected.json").read_text())
    files = {name: (CASES / name).read_bytes() for name in rows}
    answer = cast.guest.post(
        f"{cast.url}/photos",
        data={"photos": [(io.BytesIO(content), name) for name, content in files.items()]},
    )
    assert answer.status_code in (200, 303)
    ids = photo_ids(app, cast)
    wrong = []
    for name, content in files.items():
        digest = hashlib.sha256(content).hexdigest()[:16]
        for side in encoding.RENDITION_PX:
            for ending in ENCODERS:
                url = f"{cast.url}/photos/{ids[name]}/{digest}-{side}.{ending}"
                picture = cast.guest.get(url, buffered=True)
                if (off := most_off(shown(picture.data))) > NEAR:
                    wrong.append((name, side, ending, off))

    assert wrong == []


def photo_ids(app: Flask, cast: Cast) -> dict[str, int]:
    with app.app_context():
        rows = db.session.scalars(select(Photo).where(Photo.room_id == cast.room_id))
        return {photo.file_name: photo.id for photo in rows}

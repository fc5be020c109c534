"""Photo programs find each face at its place, however the camera was held."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from photoshare.pictures import decoding
from photoshare.pictures.orientation import orientation_of
from photoshare.services.take_home.sidecars import NamedFace, write_sidecar
from tests.tools import find_tool

WIDTH, HEIGHT = 400, 200  # of the upright picture
FACE = (20, 100, 80, 40)  # top, right, bottom, left there
NAMES = ['Zoë <&> "Ω"', "ज़ोया", "日本", "Анна", "שרה", "علي", "한나", "ไทย", "Նարե", "ქეთი"]


def turned_back(image: Image.Image, orientation: int) -> Image.Image:
    """Turn an upright picture as it is stored by a camera that was held another way."""
    turn = decoding.TO_UPRIGHT.get(orientation)
    inverse = {
        Image.Transpose.ROTATE_90: Image.Transpose.ROTATE_270,
        Image.Transpose.ROTATE_270: Image.Transpose.ROTATE_90,
    }
    return image if turn is None else image.transpose(inverse.get(turn, turn))


def write_turned(path: Path, orientation: int, image_format: str = "JPEG") -> None:
    """Draw a white face on black, stored as a camera held another way does."""
    image = Image.new("RGB", (WIDTH, HEIGHT))
    top, right, bottom, left = FACE
    image.paste((255, 255, 255), (left, top, right, bottom))
    image = turned_back(image, orientation)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    image.save(path, image_format, exif=exif, quality=95)


def read_by_exiftool(path: Path) -> dict[str, Any]:
    tool = find_tool("exiftool", "libimage-exiftool-perl")
    done = subprocess.run(
        [tool, "-json", "-n", "-struct", "-G1", str(path)], capture_output=True, check=True
    )
    (found,) = json.loads(done.stdout)
    return dict(found)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_region_is_where_the_face_is_in_the_stored_picture(
    tmp_path: Path, orientation: int, image_format: str
) -> None:
    photo, sidecar = tmp_path / "a.jpg", tmp_path / "a.jpg.xmp"
    write_turned(photo, orientation, image_format)

    turned = orientation_of(photo)
    sidecar.write_bytes(
        write_sidecar([NamedFace(FACE, "Lea")], size=(WIDTH, HEIGHT), orientation=turned)
    )

    found = read_by_exiftool(sidecar)
    regions = found["XMP-mwg-rs:RegionInfo"]
    (region,) = regions["RegionList"]
    sizes, area = regions["AppliedToDimensions"], region["Area"]
    assert found["XMP-tiff:Orientation"] == turned == orientation
    stored = read_by_exiftool(photo)
    assert stored["IFD0:Orientation"] == orientation
    with Image.open(io.BytesIO(photo.read_bytes())) as image:
        image.load()  # Pillow turns a TIFF upright
        pixels = turned_back(image, orientation) if image_format == "TIFF" else image
        assert (sizes["W"], sizes["H"]) == pixels.size
        box = [
            (area["X"] - area["W"] / 2) * sizes["W"],
            (area["Y"] - area["H"] / 2) * sizes["H"],
            (area["X"] + area["W"] / 2) * sizes["W"],
            (area["Y"] + area["H"] / 2) * sizes["H"],
        ]
        left, top, right, bottom = map(round, box)
        white = pixels.convert("L").point(lambda value: 255 if value > 128 else 0)
        assert white.getbbox() == (left, top, right, bottom)
    assert (region["Name"], region["Type"]) == ("Lea", "Face")


def test_names_in_ten_scripts_arrive(tmp_path: Path) -> None:
    sidecar = tmp_path / "a.jpg.xmp"
    faces = [NamedFace(FACE, name) for name in NAMES] + [NamedFace(FACE, None)]

    sidecar.write_bytes(write_sidecar(faces, size=(WIDTH, HEIGHT), orientation=1))

    found = read_by_exiftool(sidecar)
    assert found["XMP-iptcExt:PersonInImage"] == found["XMP-dc:Subject"] == NAMES
    regions = found["XMP-mwg-rs:RegionInfo"]["RegionList"]
    assert [region.get("Name") for region in regions] == [*NAMES, None]


def test_what_xml_cannot_hold_is_left_out_of_a_name(tmp_path: Path) -> None:
    sidecar = tmp_path / "a.jpg.xmp"

    sidecar.write_bytes(
        write_sidecar([NamedFace(FACE, "Le\x0ba\x00")], size=(WIDTH, HEIGHT), orientation=1)
    )

    assert read_by_exiftool(sidecar)["XMP-iptcExt:PersonInImage"] == ["Lea"]

"""pictures.covered: nothing of a covered face but the averages of a few blocks is left."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from photoshare.faces.analysis import analyse_photo
from photoshare.faces.engines.choose import ENGINE_NAMES, choose_engine
from photoshare.pictures.covered import MOST_BLOCKS, blurred, cover_face, make_covered

MOST_PORTRAITS = 6  # enough to be sure; each takes seconds


def noise(width: int, height: int) -> Image.Image:
    chance = np.random.default_rng(5)
    return Image.fromarray(chance.integers(0, 256, (height, width, 3), dtype=np.uint8))


def test_two_faces_of_the_same_averages_are_covered_alike() -> None:
    """So the picture tells the averages, and no more: there is nothing to compute backwards."""
    one = Image.fromarray(np.full((60, 60, 3), 128, dtype=np.uint8))
    pixels = np.full((60, 60, 3), 78, dtype=np.uint8)
    pixels[::2, ::2] = pixels[1::2, 1::2] = 178
    other = Image.fromarray(pixels)

    covers = [np.asarray(blurred(image)).astype(int) for image in (one, other)]

    assert np.abs(covers[0] - covers[1]).max() <= 1


@pytest.mark.parametrize("side", [1, 5, 20, 60, 500])
def test_a_cover_has_few_blocks_however_large_the_face_is(side: int) -> None:
    covered = np.asarray(blurred(noise(side, side)))

    assert covered.shape == (side, side, 3)
    jumps = np.abs(np.diff(covered.astype(int), n=2, axis=1)).sum(axis=(0, 2))
    assert (jumps > 3 * side).sum() <= 3 * MOST_BLOCKS, "straight lines between the averages"


def test_every_pixel_of_the_face_is_replaced_and_none_far_from_it() -> None:
    image, location = noise(400, 300), (100, 250, 180, 190)
    before = np.asarray(image).copy()

    cover_face(image, location)

    after = np.asarray(image)
    inside = (after == before).all(axis=2)[100:180, 190:250]
    assert inside.sum() <= 5, "by chance, of 4,800"
    assert (after[:80] == before[:80]).all()
    assert (after[:, :170] == before[:, :170]).all()


@pytest.mark.parametrize(
    "location", [(-5, 30, 30, -5), (0, 400, 300, 0), (290, 410, 310, 390), (500, 600, 600, 500)]
)
def test_a_face_at_the_edge_is_covered_where_it_is(location: tuple[int, int, int, int]) -> None:
    cover_face(noise(400, 300), location)


def test_a_turned_photo_is_covered_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (400, 200), (128, 128, 128))
    image.paste((250, 250, 0), (320, 40, 380, 100))  # upright: at (100, 320) from the left top
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise
    image.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    upright_left, upright_top = 200 - 100, 320

    content = make_covered(
        tmp_path / "turned.jpg",
        [(upright_top, upright_left + 60, upright_top + 60, upright_left)],
        max_megapixels=100,
    )

    covered = Image.open(io.BytesIO(content))
    assert covered.size == (200, 400)
    assert not covered.getexif()
    assert covered.getpixel((102, 322)) != (250, 250, 0)


@pytest.mark.slow
def test_the_real_engine_does_not_recognise_a_covered_face(
    shared_photos: Path, tmp_path: Path
) -> None:
    """The covered face isn't found, or is farther from the person than faces of one person are."""
    engine = choose_engine(ENGINE_NAMES[0], tmp_path / "graphs").engine
    portraits = [*sorted((shared_photos / "congress_pd").rglob("*.jpg"))[::40]]
    portraits += sorted((shared_photos / "family").rglob("*.jpg"))
    tried = 0
    for path in portraits:
        faces = analyse_photo(path, engine, smallest_face_percent=5.0, max_megapixels=100).faces
        if len(faces) != 1:
            continue
        tried += 1
        (tmp_path / "covered.jpg").write_bytes(
            make_covered(path, [faces[0].location], max_megapixels=100)
        )
        after = analyse_photo(
            tmp_path / "covered.jpg", engine, smallest_face_percent=5.0, max_megapixels=100
        ).faces
        distances = [
            float(np.linalg.norm(_unit(face.encoding) - _unit(faces[0].encoding))) for face in after
        ]
        assert all(distance > engine.eps for distance in distances), (path.name, distances)
        if tried == MOST_PORTRAITS:
            break
    assert tried, "no portrait of one person"


def _unit(encoding: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.divide(encoding, np.linalg.norm(encoding), dtype=np.float32)

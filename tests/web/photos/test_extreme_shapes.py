"""Panoramas and long screenshots: no thumbnail is a line, and letters can be read from nearby."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from photoshare.pictures.encoding import RENDITION_PX, longer_side_px
from tests.conftest import ROOT, Cast

CASES = ROOT.parent / "shared" / "cases" / "extreme_shapes"
SHAPES = {"screenshot": (540, 6000), "panorama": (4800, 640), "strip": (40, 6000)}


def lined(size: tuple[int, int]) -> bytes:
    """Draw lines that are as far apart as those of small letters."""
    rows, columns = np.mgrid[: size[1], : size[0]]
    lines = ((rows + columns) // 3 % 2 * 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(lines).convert("RGB").save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_smaller_pictures_keep_the_shape_and_are_no_lines(
    cast: Cast, add_photo: Callable[..., int], shape: str
) -> None:
    width, height = SHAPES[shape]
    content = lined((width, height))
    photo_id = add_photo(cast.room_id, content, "a.png")
    address = f"{cast.url}/photos/{photo_id}/{hashlib.sha256(content).hexdigest()[:16]}"

    for side in RENDITION_PX:
        answer = cast.guest.get(f"{address}-{side}.webp", buffered=True)
        with Image.open(io.BytesIO(answer.data)) as picture:
            size = picture.size

        assert min(size) >= min(side // 3, width, height)
        assert size[0] / size[1] == pytest.approx(width / height, rel=0.05)
    tile = cast.guest.get(
        f"{address}/tiles/1/0-1.webp" if shape != "panorama" else f"{address}/tiles/1/1-0.webp"
    )
    with Image.open(io.BytesIO(tile.data)) as picture:
        assert np.asarray(picture.convert("L")).std() > 100  # all lines, none of them grey


@pytest.mark.parametrize("shape", SHAPES)
def test_the_page_tells_how_wide_each_picture_is(
    cast: Cast, add_photo: Callable[..., int], shape: str
) -> None:
    width, height = SHAPES[shape]
    content = lined((width, height))
    photo_id = add_photo(cast.room_id, content, "a.png")

    page = cast.guest.get(f"{cast.url}/photos/{photo_id}").text
    pictures = re.findall(r"(/rooms/\S+\.webp) (\d+)w", page)

    assert pictures
    for address, told in pictures:
        with Image.open(io.BytesIO(cast.guest.get(address, buffered=True).data)) as picture:
            assert abs(picture.width - int(told)) <= 1


def test_usual_shapes_have_the_longer_side_that_is_asked_for() -> None:
    for size in ((4000, 3000), (3000, 4000), (3000, 1000), (1179, 2556)):
        assert [longer_side_px(*size, side) for side in (320, 2000)] == [320, 2000]
    assert longer_side_px(1080, 12_000, 2000) == 7412
    assert longer_side_px(1000, 90_000, 2000) == 16_000
    assert longer_side_px(300, 30, 320) == 300


@pytest.mark.skipif(not CASES.is_dir(), reason="the folder ../shared/cases is not there")
def test_the_shared_shapes_are_taken_with_tiles(cast: Cast, add_photo: Callable[..., int]) -> None:
    for path in CASES.iterdir():
        content = path.read_bytes()
        photo_id = add_photo(cast.room_id, content, path.name)
        digest = hashlib.sha256(content).hexdigest()[:16]

        tile = cast.guest.get(f"{cast.url}/photos/{photo_id}/{digest}/tiles/1/0-1.webp")

        with Image.open(path) as original, Image.open(io.BytesIO(tile.data)) as cut:
            bottom = min(2048, original.height)
            part = original.convert("RGB").crop((0, 1024, 1024, bottom))
            box = (0, 0, *cut.size)
            off = np.abs(np.asarray(part.crop(box), dtype=int) - np.asarray(cut, dtype=int))
            assert off.mean() < 6

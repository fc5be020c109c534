"""looks: copies are alike, other photos are not, and a drawing is like nothing."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from photoshare.looks.comparing import grey_of, have_one_shape, is_lively, likeness
from photoshare.looks.hashing import LOOK_BYTES, bands_of, look_distances, look_of
from tests.drawn_scenes import draw_scene, messenger_copy, with_moved_part


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


@pytest.mark.parametrize("quality", [40, 60, 80])
def test_a_messengers_copy_looks_like_its_photo(quality: int) -> None:
    photo = draw_scene(1)
    copy = opened(messenger_copy(photo, quality=quality))

    bits = look_distances(look_of(photo), [look_of(copy)])[0]
    assert bits <= 15
    assert set(bands_of(look_of(photo))) & set(bands_of(look_of(copy)))
    assert likeness(grey_of(photo), grey_of(copy)).is_copy
    assert have_one_shape(photo.size, copy.size)


def test_another_photo_does_not() -> None:
    photo, other = draw_scene(1), draw_scene(2)

    assert look_distances(look_of(photo), [look_of(other)])[0] > 64
    assert not likeness(grey_of(photo), grey_of(other)).is_burst


def test_the_next_shot_is_of_a_burst_and_no_copy() -> None:
    photo = draw_scene(1)
    found = likeness(grey_of(photo), grey_of(with_moved_part(photo, 7)))

    assert found.is_burst
    assert not found.is_copy


def test_a_plain_picture_is_like_nothing() -> None:
    drawing = Image.new("RGB", (800, 600), (128, 128, 128))
    drawing.paste((220, 20, 20), (100, 100, 200, 200))

    assert not is_lively(grey_of(drawing))
    assert not is_lively(grey_of(Image.new("RGB", (800, 600))))
    assert not likeness(grey_of(Image.new("L", (800, 600))), grey_of(drawing)).is_burst
    assert is_lively(grey_of(draw_scene(1)))


def test_every_bit_of_a_look_is_in_one_band() -> None:
    nothing = bytes(LOOK_BYTES)
    for number in range(LOOK_BYTES * 8):
        bits = np.zeros(LOOK_BYTES * 8, dtype=np.uint8)
        bits[number] = 1
        look = np.packbits(bits).tobytes()

        assert len(set(bands_of(look)) - set(bands_of(nothing))) == 1
        assert look_distances(nothing, [look, nothing]) == [1, 0]
    assert look_distances(nothing, []) == []

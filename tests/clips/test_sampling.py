"""Choosing frames of a clip: few, sharp, and some of every scene."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from photoshare.clips import sampling
from photoshare.clips.amounts import MOST_FRAMES
from photoshare.clips.frames import frame_at
from photoshare.clips.sampling import SampledFrame, sample_frames
from photoshare.errors import RejectedPhotoError
from tests.clips.drawing import draw_clip, draw_pictures
from tests.fakes import BLUE, RED

Pixels = NDArray[np.uint8]


def texture(seed: int) -> Pixels:
    """Draw a picture full of detail, unlike that of any other seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 16, 3), dtype=np.uint8)
    rough = np.asarray(Image.fromarray(coarse).resize((320, 180), Image.Resampling.NEAREST))
    return np.ascontiguousarray(rough)


def blurred(pixels: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(4)))


def sampled(tmp_path: Path, content: bytes) -> list[SampledFrame]:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    return list(sample_frames(path))


def panned(count: int) -> list[Pixels]:
    wide = np.concatenate([texture(1), texture(2)], axis=1)
    return [np.ascontiguousarray(wide[:, 4 * step : 4 * step + 320]) for step in range(count)]


def test_at_most_two_frames_a_second_are_taken(tmp_path: Path) -> None:
    clip = draw_pictures(panned(40), seconds_each=0.1)

    times = [frame.at_ms for frame in sampled(tmp_path, clip)]

    assert len(times) == 8
    assert times == sorted(set(times))
    assert [at_ms // 500 for at_ms in times] == list(range(8))


def test_a_long_clip_has_no_more_frames_than_a_minute_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "MOST_FRAMES", 5)
    clip = draw_pictures(panned(40), seconds_each=0.2)

    times = [frame.at_ms for frame in sampled(tmp_path, clip)]

    assert MOST_FRAMES == 60
    assert len(times) == 5
    assert times[0] < 1600
    assert times[-1] >= 6400  # of 8 seconds


def test_the_sharpest_frame_of_a_stretch_is_taken(tmp_path: Path) -> None:
    pictures = panned(10)
    pictures = [one if number in (2, 8) else blurred(one) for number, one in enumerate(pictures)]

    times = [frame.at_ms for frame in sampled(tmp_path, draw_pictures(pictures, seconds_each=0.1))]

    assert times == [200, 800]


def test_every_scene_has_a_frame_and_its_own_number(tmp_path: Path) -> None:
    pictures: Sequence[Pixels] = [texture(seed) for seed in (1, 2, 3, 4)]

    frames = sampled(tmp_path, draw_pictures(pictures, seconds_each=0.5))

    assert [frame.scene for frame in frames] == [0, 1, 2, 3]
    for frame, picture in zip(frames, pictures, strict=True):
        shown = np.asarray(Image.open(io.BytesIO(frame.content))).astype(int)
        assert np.abs(shown - picture).mean() < 12


def test_nothing_is_searched_twice_while_nothing_moves(tmp_path: Path) -> None:
    frames = sampled(tmp_path, draw_pictures([texture(1)], seconds_each=6))

    assert len(frames) == 2
    assert 3000 <= frames[1].at_ms - frames[0].at_ms < 4000


def test_a_frame_is_upright_and_tells_the_size_of_the_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "FRAME_PX", 80)

    frame = sampled(tmp_path, draw_clip(RED, BLUE, size=(160, 120), counter_clockwise=90))[0]

    assert frame.size == (120, 160)
    assert frame.frame_size == Image.open(io.BytesIO(frame.content)).size == (60, 80)


def test_a_time_gives_the_same_frame_again(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(draw_pictures(panned(30), seconds_each=0.1))

    for frame in sample_frames(path):
        again = np.asarray(frame_at(path, frame.at_ms, at_least_px=320).image).astype(int)
        shown = np.asarray(Image.open(io.BytesIO(frame.content))).astype(int)
        assert np.abs(shown - again).mean() < 6  # a frame later: 20


def test_only_key_frames_are_decoded_when_the_time_is_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "DECODING_START_S", -1.0)
    monkeypatch.setattr(sampling, "DECODING_SHARE", 0.0)

    frames = sampled(tmp_path, draw_pictures(panned(40), seconds_each=0.1))  # a key frame a second

    assert 3 <= len(frames) <= 5


def test_what_is_no_clip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RejectedPhotoError):
        sampled(tmp_path, b"no clip at all")

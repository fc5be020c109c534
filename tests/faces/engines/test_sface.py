"""photoshare.faces.engines.sface: alignment; rotation and size change little."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photoshare.faces.engines.sface import ALIGNED_LANDMARKS, SfaceEncoder, aligned_chip
from photoshare.faces.engines.yunet import YunetDetector
from photoshare.faces.types import RgbImage

pytestmark = pytest.mark.slow

DOT_COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255)]


@pytest.fixture(scope="module")
def encoder(graphs_folder: Path) -> SfaceEncoder:
    return SfaceEncoder(graphs_folder)


@pytest.fixture(scope="module")
def detector(graphs_folder: Path) -> YunetDetector:
    return YunetDetector(graphs_folder)


@pytest.mark.parametrize("degrees", [0, 25, -90, 180])
@pytest.mark.parametrize("scale", [1.0, 2.0, 7.3])
def test_landmarks_come_to_where_they_always_lie(degrees: float, scale: float) -> None:
    """Dots are drawn at the landmarks of a rotated, large face."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale
    landmarks = (ALIGNED_LANDMARKS - 56) @ turn.T + (600, 500)
    picture = Image.new("RGB", (1200, 1000))
    for (x, y), colour in zip(landmarks, DOT_COLOURS, strict=True):
        half = 3 * scale
        picture.paste(
            colour, tuple(round(edge) for edge in (x - half, y - half, x + half, y + half))
        )

    chip = aligned_chip(picture, landmarks.astype(np.float32))

    assert chip.shape == (112, 112, 3)
    for (x, y), colour in zip(ALIGNED_LANDMARKS, DOT_COLOURS, strict=True):
        assert np.abs(chip[round(y), round(x)].astype(int) - colour).max() < 60


def test_a_face_beyond_the_edge_is_black_there() -> None:
    chip = aligned_chip(Image.new("RGB", (60, 60), "white"), ALIGNED_LANDMARKS - 30)

    assert chip[5, 5].tolist() == [0, 0, 0]
    assert chip[60, 60].tolist() == [255, 255, 255]


def test_faces_are_encoded_together_as_one_by_one(encoder: SfaceEncoder) -> None:
    chips = [*np.random.default_rng(0).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8)]

    together = encoder.encode_chips(chips)

    assert together.shape == (3, 128)
    alone = np.concatenate([encoder.encode_chips([chip]) for chip in chips])
    assert np.abs(together - alone).max() < 1e-5


@pytest.mark.parametrize("change", ["turned", "smaller", "mirrored"])
def test_a_face_is_the_same_however_it_is_shown(
    change: str, astronaut: RgbImage, detector: YunetDetector, encoder: SfaceEncoder
) -> None:
    """Distances of unit-length encodings; those of two people are about 1.3."""
    original = Image.fromarray(astronaut)
    changed = {
        "turned": original.rotate(20, Image.Resampling.BICUBIC),
        "smaller": original.resize((256, 256), Image.Resampling.LANCZOS),
        "mirrored": original.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    }[change]

    encodings = []
    for picture in (original, changed):
        landmarks = detector.locate(np.asarray(picture), 0.8).landmarks[0]
        (encoding,) = encoder.encode_chips([aligned_chip(picture, landmarks)])
        encodings.append(encoding / np.linalg.norm(encoding))

    assert np.linalg.norm(encodings[0] - encodings[1]) < 0.6

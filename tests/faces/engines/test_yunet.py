"""photoshare.faces.engines.yunet: boxes and landmarks of faces of any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photoshare.faces.engines.yunet import Detections, YunetDetector, joined, overlaps_of
from photoshare.faces.types import RgbImage

pytestmark = pytest.mark.slow

FACE = np.array(
    [[175, 60, 275, 205]], dtype=np.float32
)  # of the astronaut: left, top, right, bottom


@pytest.fixture(scope="module")
def detector(graphs_folder: Path) -> YunetDetector:
    return YunetDetector(graphs_folder)


def detections(*boxes: tuple[float, float, float, float], scores: list[float]) -> Detections:
    return Detections(
        np.array(boxes, dtype=np.float32),
        np.zeros((len(boxes), 5, 2), dtype=np.float32),
        np.array(scores, dtype=np.float32),
    )


def test_a_face_and_its_landmarks_are_found(astronaut: RgbImage, detector: YunetDetector) -> None:
    found = detector.locate(astronaut, 0.8)

    assert len(found) == 1
    assert overlaps_of(found.boxes, FACE)[0, 0] > 0.6
    eye, other_eye, nose, corner, other_corner = found.landmarks[0]
    assert eye[0] < nose[0] < other_eye[0]
    assert corner[0] < other_corner[0]
    assert max(eye[1], other_eye[1]) < nose[1] < min(corner[1], other_corner[1])


@pytest.mark.parametrize("face_px", [14, 24, 60, 240])
def test_faces_of_many_sizes_are_found(
    face_px: int, astronaut: RgbImage, detector: YunetDetector
) -> None:
    side = round(512 * face_px / 100)
    picture = Image.fromarray(astronaut).resize((side, side), Image.Resampling.LANCZOS)

    found = detector.locate(np.asarray(picture), 0.5)

    assert len(found) == 1
    assert overlaps_of(found.boxes, FACE * np.float32(side / 512))[0, 0] > 0.5


@pytest.mark.parametrize(("left", "top"), [(0, 0), (7, 3), (32, 64), (101, 55)])
def test_a_face_is_found_where_it_is(
    left: int, top: int, astronaut: RgbImage, detector: YunetDetector
) -> None:
    """Whatever padding makes the sides multiples of 32."""
    picture = np.zeros((512 + top, 512 + left, 3), dtype=np.uint8)
    picture[top:, left:] = astronaut

    found = detector.locate(picture, 0.8)

    assert overlaps_of(found.moved(1, -left, -top).boxes, FACE)[0, 0] > 0.6


@pytest.mark.parametrize("size", [(1, 1), (31, 33), (5, 400), (64, 64)])
def test_pictures_without_a_face_have_none(size: tuple[int, int], detector: YunetDetector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)

    assert len(detector.locate(noise, 0.5)) == 0


def test_of_two_boxes_of_one_face_the_surer_one_stays() -> None:
    one = detections((0, 0, 10, 10), (50, 50, 60, 60), scores=[0.7, 0.9])
    other = detections((1, 0, 11, 10), (100, 0, 110, 10), scores=[0.8, 0.6])

    found = joined([one, other])

    assert found.boxes.tolist() == [[50, 50, 60, 60], [1, 0, 11, 10], [100, 0, 110, 10]]
    assert found.scores.tolist() == pytest.approx([0.9, 0.8, 0.6])


def test_nothing_joined_with_nothing_is_nothing() -> None:
    nothing = detections(scores=[]).subset(np.zeros(0, dtype=np.intp))
    empty = Detections(
        np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32), nothing.scores
    )

    assert len(joined([empty, empty])) == 0

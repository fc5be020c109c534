"""The engine ``dlib`` gives the same results as face_recognition's detector and encoder."""

from __future__ import annotations

import itertools
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dlib
import numpy as np
import pytest
from PIL import Image

from photoshare.faces.engines.onnx_engine import OnnxFaceEngine
from photoshare.faces.graphs.model_files import DETECTOR_FILE, ENCODER_FILE, model_folder
from photoshare.faces.types import RgbImage

# dlib's CNN takes seconds per megapixel, so the pictures are small. The crops put faces at the
# edge of the picture, where the tiling of the pyramid matters.
CROPS = {
    "astronaut": ("astronaut", (0, 0, 512, 512)),
    "astronaut, face at the left edge": ("astronaut", (190, 0, 400, 260)),
    "astronaut, face at the bottom edge": ("astronaut", (100, 0, 400, 170)),
    "obama": ("obama.jpg", None),
    "biden": ("biden.jpg", None),
}


@pytest.fixture(scope="module")
def dlib_detector() -> Any:
    return dlib.cnn_face_detection_model_v1(str(model_folder() / DETECTOR_FILE))


@pytest.fixture(scope="module")
def dlib_encoder() -> Any:
    return dlib.face_recognition_model_v1(str(model_folder() / ENCODER_FILE))


@pytest.fixture(scope="module")
def pictures(astronaut: RgbImage, face_pictures: dict[str, Path]) -> dict[str, RgbImage]:
    small = {}
    for title, (source, box) in CROPS.items():
        if source == "astronaut":
            picture = Image.fromarray(astronaut).crop(box)
        else:
            picture = Image.open(face_pictures[source]).convert("RGB")
            picture.thumbnail((420, 420))
        small[title] = np.asarray(picture).copy()
    return small


@pytest.mark.parametrize("title", CROPS)
def test_boxes_and_scores_are_those_of_dlib(
    title: str, pictures: dict[str, RgbImage], dlib_detector: Any, dlib_like_engine: OnnxFaceEngine
) -> None:
    picture = pictures[title]
    height, width, _ = picture.shape
    expected = sorted(dlib_detector(picture, 0), key=lambda found: -found.confidence)

    found = dlib_like_engine.locate(picture)

    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        rectangle = theirs.rect
        location = (
            max(rectangle.top(), 0),
            min(rectangle.right(), width),
            min(rectangle.bottom(), height),
            max(rectangle.left(), 0),
        )
        assert np.abs(np.subtract(ours.location, location)).max() <= 2
        assert abs(ours.score - theirs.confidence) <= 0.01


def test_the_parity_pictures_hold_faces(
    pictures: dict[str, RgbImage], dlib_like_engine: OnnxFaceEngine
) -> None:
    """Otherwise the test above would compare nothing with nothing."""
    counts = [len(dlib_like_engine.locate(picture)) for picture in pictures.values()]

    assert sum(count > 0 for count in counts) >= 4


def test_encodings_of_the_same_chips_are_those_of_dlib(
    pictures: dict[str, RgbImage], dlib_encoder: Any, dlib_like_engine: OnnxFaceEngine
) -> None:
    chips = np.concatenate(
        [
            dlib_like_engine.encoder.cut_chips(
                picture, [face.location for face in dlib_like_engine.locate(picture)]
            )
            for picture in pictures.values()
        ]
    )
    noise = np.random.default_rng(3).integers(0, 256, (14, 150, 150, 3), dtype=np.uint8)
    chips = np.concatenate([chips, noise])  # more than one batch

    expected = np.array([dlib_encoder.compute_face_descriptor(chip) for chip in chips])

    assert len(chips) > 16
    assert np.abs(dlib_like_engine.encoder.encode_chips(chips) - expected).max() <= 1e-5


def test_encoding_a_location_is_what_face_recognition_does(
    astronaut: RgbImage, dlib_encoder: Any, dlib_like_engine: OnnxFaceEngine
) -> None:
    (face,) = dlib_like_engine.locate(astronaut)
    top, right, bottom, left = face.location
    predictor = dlib.shape_predictor(str(model_folder() / "shape_predictor_5_face_landmarks.dat"))
    shape = predictor(astronaut, dlib.rectangle(left, top, right, bottom))

    encoding = dlib_like_engine.encode(astronaut, [face.location])[0]

    expected = np.array(dlib_encoder.compute_face_descriptor(astronaut, shape, 1))
    assert np.abs(encoding - expected).max() <= 1e-5


def test_a_mirrored_encoding_is_the_same_for_the_mirrored_chip(
    astronaut: RgbImage, onnx_engine: OnnxFaceEngine, dlib_like_engine: OnnxFaceEngine
) -> None:
    (face,) = onnx_engine.locate(astronaut)
    chips = onnx_engine.encoder.cut_chips(astronaut, [face.location])
    both = np.concatenate([chips, chips[:, :, ::-1]])

    mean = dlib_like_engine.encoder.encode_chips(both).mean(axis=0)

    assert np.abs(onnx_engine.encode(astronaut, [face.location])[0] - mean).max() <= 1e-6


def test_two_photos_of_a_person_are_nearer_than_two_people(
    face_pictures: dict[str, Path], onnx_engine: OnnxFaceEngine
) -> None:
    encodings = {}
    for name in ("obama.jpg", "obama2.jpg", "biden.jpg"):
        picture = Image.open(face_pictures[name]).convert("RGB")
        picture.thumbnail((800, 800))
        pixels = np.asarray(picture)
        (face,) = onnx_engine.locate(pixels)
        encodings[name] = onnx_engine.encode(pixels, [face.location])[0]

    distances = {
        pair: float(np.linalg.norm(encodings[pair[0]] - encodings[pair[1]]))
        for pair in itertools.combinations(encodings, 2)
    }
    assert distances["obama.jpg", "obama2.jpg"] < 0.5
    assert min(distances["obama.jpg", "biden.jpg"], distances["obama2.jpg", "biden.jpg"]) > 0.7


def test_a_lower_threshold_finds_more_and_keeps_what_was_found(
    graphs_folder: Path, pictures: dict[str, RgbImage], onnx_engine: OnnxFaceEngine
) -> None:
    eager = OnnxFaceEngine(graphs_folder, threshold=-1.5)
    picture = pictures["astronaut"]

    found, eagerly_found = onnx_engine.locate(picture), eager.locate(picture)

    assert eagerly_found[: len(found)] == found
    assert len(eagerly_found) > len(found)


def test_the_smallest_faces_are_a_part_of_all(
    astronaut: RgbImage, onnx_engine: OnnxFaceEngine
) -> None:
    """A face of 90 pixels is found by both; enlarged to 270, only by the whole search."""
    enlarged = np.asarray(Image.fromarray(astronaut).resize((1536, 1536)))

    assert len(onnx_engine.locate_smallest(astronaut)) == 1
    assert onnx_engine.locate_smallest(enlarged) == []
    assert len(onnx_engine.locate(enlarged)) == 1


@pytest.mark.parametrize("size", [(1, 1), (4, 300), (300, 4), (40, 40), (79, 81)])
def test_pictures_smaller_than_a_face_hold_none(
    size: tuple[int, int], onnx_engine: OnnxFaceEngine
) -> None:
    assert onnx_engine.locate(np.full((*size, 3), 127, dtype=np.uint8)) == []


def test_no_locations_give_no_encodings(astronaut: RgbImage, onnx_engine: OnnxFaceEngine) -> None:
    assert onnx_engine.encode(astronaut, []).shape == (0, 128)


def test_several_threads_may_use_one_engine(
    astronaut: RgbImage, onnx_engine: OnnxFaceEngine
) -> None:
    expected = onnx_engine.locate(astronaut)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(onnx_engine.locate, [astronaut] * 8))

    assert answers == [expected] * 8


def test_the_engine_never_imports_face_recognition(
    astronaut: RgbImage, onnx_engine: OnnxFaceEngine
) -> None:
    imported_before = "face_recognition" in sys.modules

    onnx_engine.locate(astronaut)

    assert ("face_recognition" in sys.modules) == imported_before


def test_the_name_tells_engines_with_other_encodings_apart(
    onnx_engine: OnnxFaceEngine, dlib_like_engine: OnnxFaceEngine
) -> None:
    assert onnx_engine.name != dlib_like_engine.name

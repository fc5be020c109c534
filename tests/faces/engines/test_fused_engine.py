"""The default engine: small faces, doubtful ones, and encodings of two networks in one vector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photoshare.faces.analysis import analyse_photo
from photoshare.faces.engines.fused_engine import SFACE_SHARE, FusedFaceEngine, joint_encodings
from photoshare.faces.engines.yunet import Detections
from photoshare.faces.types import FaceEncodings, RgbImage

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine(graphs_folder: Path) -> FusedFaceEngine:
    return FusedFaceEngine(graphs_folder)


def unit(encodings: FaceEncodings) -> FaceEncodings:
    scaled: FaceEncodings = encodings / np.linalg.norm(encodings, axis=1, keepdims=True)
    return scaled


def test_the_distance_of_two_faces_weighs_both_networks() -> None:
    random = np.random.default_rng(0)
    of_dlib, of_sface = random.normal(size=(2, 2, 128)).astype(np.float32)

    joint = joint_encodings(of_dlib, of_sface)

    assert joint.shape == (2, 256)
    assert np.linalg.norm(joint, axis=1) == pytest.approx([1, 1])
    squared = ((joint[0] - joint[1]) ** 2).sum()
    parts = [((unit(part)[0] - unit(part)[1]) ** 2).sum() for part in (of_dlib, of_sface)]
    assert squared == pytest.approx((1 - SFACE_SHARE) * parts[0] + SFACE_SHARE * parts[1], rel=1e-5)


def test_photos_of_one_person_are_near_and_of_two_are_not(
    face_pictures: dict[str, Path], engine: FusedFaceEngine
) -> None:
    names = ["obama.jpg", "obama2.jpg", "biden.jpg"]
    faces = [analyse_photo(face_pictures[name], engine).faces for name in names]
    one, same, other = (found[0].encoding for found in faces)

    assert [len(found) for found in faces] == [1, 1, 1]
    assert all(found[0].encoding.shape == (engine.encoding_size,) for found in faces)
    assert np.linalg.norm(one - same) < engine.eps < np.linalg.norm(one - other) - 0.2


@pytest.mark.parametrize("longer_side_px", [1500, 4000])
def test_a_face_of_one_percent_is_found_and_is_the_person(
    longer_side_px: int, tmp_path: Path, astronaut: RgbImage, engine: FusedFaceEngine
) -> None:
    """A face at the back is encoded from the pixels of the original."""
    side = round(512 * longer_side_px / 100 / 100)  # the face is 100 pixels of 512
    small = Image.fromarray(astronaut).resize((side, side), Image.Resampling.LANCZOS)
    random = np.random.default_rng(0)
    ground = random.integers(90, 110, (longer_side_px * 3 // 4, longer_side_px, 3))
    photo = Image.fromarray(ground.astype(np.uint8))
    photo.paste(small, (longer_side_px // 3, longer_side_px // 4))
    photo.save(tmp_path / "photo.png")
    Image.fromarray(astronaut).save(tmp_path / "near.png")

    found = analyse_photo(tmp_path / "photo.png", engine)

    (face,) = found.faces
    top, right, bottom, left = face.location
    assert 0.007 * longer_side_px < right - left < 0.014 * longer_side_px
    assert face.landmarks is not None
    assert (face.landmarks > (left, top)).all()
    assert (face.landmarks < (right, bottom)).all()
    if longer_side_px == 4000:  # 40 pixels are enough to recognise the person
        (near,) = analyse_photo(tmp_path / "near.png", engine).faces
        assert np.linalg.norm(face.encoding - near.encoding) < engine.eps


def test_a_face_that_fills_the_photo_is_found(
    tmp_path: Path, astronaut: RgbImage, engine: FusedFaceEngine
) -> None:
    face = Image.fromarray(astronaut).crop((160, 40, 290, 215))
    face.resize((2600, 3500), Image.Resampling.BICUBIC).save(tmp_path / "photo.jpg")

    (found,) = analyse_photo(tmp_path / "photo.jpg", engine).faces

    _, right, _, left = found.location
    assert right - left > 1500


@pytest.mark.parametrize("colour", ["black", "white"])
def test_a_photo_without_a_face_has_none(
    colour: str, tmp_path: Path, engine: FusedFaceEngine
) -> None:
    Image.new("RGB", (900, 600), colour).save(tmp_path / "photo.png")

    assert analyse_photo(tmp_path / "photo.png", engine).faces == []


def test_locations_lie_within_the_photo(
    tmp_path: Path, astronaut: RgbImage, engine: FusedFaceEngine
) -> None:
    Image.fromarray(astronaut[100:400, 190:500]).save(tmp_path / "cut.png")

    for face in analyse_photo(tmp_path / "cut.png", engine).faces:
        top, right, bottom, left = face.location
        assert 0 <= top < bottom <= 300
        assert 0 <= left < right <= 310


@pytest.mark.parametrize("face_px", [50, 90, 160, 320, 620])
def test_a_face_where_parts_of_the_photo_meet_is_found_once(
    face_pictures: dict[str, Path], engine: FusedFaceEngine, tmp_path: Path, face_px: int
) -> None:
    portrait = Image.open(face_pictures["obama.jpg"]).convert("RGB")
    (face,) = analyse_photo(face_pictures["obama.jpg"], engine).faces
    top, right, bottom, left = face.location
    ratio = face_px / (right - left)
    small = portrait.resize((round(portrait.width * ratio), round(portrait.height * ratio)))
    middle = (round((left + right) * ratio / 2), round((top + bottom) * ratio / 2))
    photo = Image.new("RGB", (1280, 960), (120, 140, 110))
    photo.paste(small, (640 - middle[0], 480 - middle[1]))
    photo.save(tmp_path / "photo.png")

    found = analyse_photo(tmp_path / "photo.png", engine).faces

    assert len(found) == 1
    assert found[0].location[1] - found[0].location[3] == pytest.approx(face_px, rel=0.15)


def test_two_boxes_of_one_face_become_one(
    face_pictures: dict[str, Path], engine: FusedFaceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search may find a face, and half of it with less than the overlap of one face."""
    (face,) = analyse_photo(face_pictures["obama.jpg"], engine).faces
    top, right, bottom, left = face.location
    third = (right - left) * 0.3
    boxes = [(left - third, top, right - third, bottom), (left + third, top, right + third, bottom)]
    assert face.landmarks is not None
    twice = Detections(
        np.array(boxes, dtype=np.float32),
        np.array([face.landmarks, face.landmarks]),
        np.array([0.9, 0.8], dtype=np.float32),
    )
    monkeypatch.setattr(engine, "_locate", lambda *_: twice)

    (found,) = analyse_photo(face_pictures["obama.jpg"], engine).faces

    assert found.location == pytest.approx(face.location, abs=0.1 * (right - left))

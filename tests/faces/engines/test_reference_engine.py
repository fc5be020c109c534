"""The reference engine on real faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from photoshare.errors import ModelError
from photoshare.faces.engines import reference_engine
from photoshare.faces.engines.reference_engine import ReferenceFaceEngine

pytestmark = pytest.mark.slow


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def encode_only_face(path: Path) -> np.ndarray:
    engine = ReferenceFaceEngine()
    image = pixels(path)
    (face,) = engine.locate(image)
    return engine.encode(image, [face.location])


def test_one_person_is_near_and_another_far(face_pictures: dict[str, Path]) -> None:
    obama = encode_only_face(face_pictures["obama.jpg"])
    obama_again = encode_only_face(face_pictures["obama2.jpg"])
    biden = encode_only_face(face_pictures["biden.jpg"])

    assert np.linalg.norm(obama - obama_again) < 0.5
    assert np.linalg.norm(obama - biden) > 0.65


def test_a_location_lies_around_the_face_and_within_the_picture() -> None:
    data = pytest.importorskip("skimage.data")
    astronaut = data.astronaut()
    face, *_others = ReferenceFaceEngine().locate(astronaut)

    top, right, bottom, left = face.location
    assert 0 <= top < 110 < bottom <= astronaut.shape[0]  # her nose is at row 110, column 225
    assert 0 <= left < 225 < right <= astronaut.shape[1]


def test_encodings_are_as_documented() -> None:
    data = pytest.importorskip("skimage.data")
    astronaut = data.astronaut()
    engine = ReferenceFaceEngine()
    face, *_others = engine.locate(astronaut)

    encodings = engine.encode(astronaut, [face.location, face.location])

    assert (encodings.shape, encodings.dtype) == ((2, 128), np.dtype(np.float32))
    assert np.array_equal(encodings[0], encodings[1])
    assert 1.0 < np.linalg.norm(encodings[0]) < 2.0
    assert engine.encode(astronaut, []).shape == (0, 128)


def test_a_picture_without_faces_has_none() -> None:
    grey = np.full((300, 400, 3), 128, dtype=np.uint8)

    assert ReferenceFaceEngine().locate(grey) == []


def test_truncated_pictures_stay_errors_after_the_import_of_face_recognition() -> None:
    ReferenceFaceEngine().warm_up()

    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_missing_models_are_an_error_and_not_the_end_of_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import builtins

    real_import = builtins.__import__

    def quitting_import(name: str, *arguments: object, **values: object) -> object:
        if name.startswith("face_recognition"):
            raise SystemExit
        return real_import(name, *arguments, **values)  # type: ignore[arg-type]

    reference_engine._library.cache_clear()
    monkeypatch.setattr(builtins, "__import__", quitting_import)

    with pytest.raises(ModelError, match=r"can't load its models"):
        ReferenceFaceEngine().warm_up()

    monkeypatch.undo()
    reference_engine._library.cache_clear()

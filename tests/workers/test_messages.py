"""Faces travel as plain data, and arrive number for number."""

from __future__ import annotations

import json

import numpy as np

from photoshare.config import Settings
from photoshare.faces.types import AnalysedFace
from photoshare.workers.messages import faces_message, faces_of, settings_of, task_of

RANDOM = np.random.default_rng(7)


def face(*, has_landmarks: bool) -> AnalysedFace:
    return AnalysedFace(
        (10, 60, 70, 20),
        float(np.float32(0.1)),
        RANDOM.random(256, dtype=np.float32),
        RANDOM.random((5, 2), dtype=np.float32) if has_landmarks else None,
        0.3 if has_landmarks else None,
        panel=2,
    )


def test_faces_arrive_number_for_number() -> None:
    sent = [(face(has_landmarks=True), b"cover"), (face(has_landmarks=False), b"other")]

    received = faces_of(faces_message(sent))

    for (there, cover), (here, same_cover) in zip(received, sent, strict=True):
        assert (there.location, there.score, there.sharpness, there.panel, cover) == (
            *(here.location, here.score, here.sharpness, here.panel),
            same_cover,
        )
        assert there.encoding.tobytes() == here.encoding.tobytes()
        assert (there.landmarks is None) == (here.landmarks is None)
        if there.landmarks is not None and here.landmarks is not None:
            assert (there.landmarks == here.landmarks).all()


def test_a_message_holds_plain_data_only() -> None:
    (message,) = faces_message([(face(has_landmarks=True), b"cover")])

    json.dumps({name: value for name, value in message.items() if not isinstance(value, bytes)})
    assert {type(value) for value in message.values()} <= {list, float, int, bytes}


def test_the_settings_that_decide_come_with_the_task() -> None:
    server = Settings(smallest_face_percent=2.0, max_photo_megapixels=50, max_decode_mb=700)
    own = Settings(smallest_face_percent=5.0, threads=4, engine="dlib")

    settings = settings_of(task_of(server, "digest"), own)

    assert (settings.smallest_face_percent, settings.max_photo_megapixels) == (2.0, 50)
    assert (settings.max_decode_seconds, settings.max_decode_mb) == (8, 700)
    assert (settings.threads, settings.engine) == (4, "dlib")

"""What server and workers tell one another: plain dicts, numbers and bytes, no objects of ours.

Dask would send any object by pickling it; plain data can be read by a machine with another version,
which then refuses it in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from photoshare.config import Settings
from photoshare.faces.types import ENCODING_DTYPE, AnalysedFace

Plain: TypeAlias = dict[str, Any]
Found: TypeAlias = list[tuple[AnalysedFace, bytes]]  # faces, each with its cover (a small JPEG)
# The settings of the server that decide what is found in a photo, or whether it is decoded at all.
_DECIDING = (
    "smallest_face_percent",
    "max_photo_megapixels",
    "max_decode_seconds",
    "max_decode_mb",
)


def task_of(settings: Settings, digest: str) -> Plain:
    """Make the part of a task that is the same for every photo.

    Parameters
    ----------
    settings : Settings
        The server's.
    digest : str
        `photoshare.workers.identity.Identity.digest` of the machine whose work is accepted.
    """
    return {"digest": digest, **{name: getattr(settings, name) for name in _DECIDING}}


def settings_of(task: Plain, own: Settings) -> Settings:
    """Return a worker's settings for a task: those that decide come with it."""
    return replace(own, **{name: task[name] for name in _DECIDING})


def faces_message(faces: Found) -> list[Plain]:
    """Make faces plain."""
    return [
        {
            "location": list(face.location),
            "score": face.score,
            "encoding": face.encoding.astype(ENCODING_DTYPE).tobytes(),
            "landmarks": None
            if face.landmarks is None
            else face.landmarks.astype(ENCODING_DTYPE).tobytes(),
            "sharpness": face.sharpness,
            "panel": face.panel,
            "cover": cover,
        }
        for face, cover in faces
    ]


def faces_of(message: Sequence[Plain]) -> Found:
    """Rebuild the faces that `faces_message` made plain, number for number."""
    return [
        (
            AnalysedFace(
                tuple(face["location"]),
                face["score"],
                np.frombuffer(face["encoding"], dtype=ENCODING_DTYPE),
                None
                if face["landmarks"] is None
                else np.frombuffer(face["landmarks"], dtype=ENCODING_DTYPE).reshape(-1, 2),
                face["sharpness"],
                face["panel"],
            ),
            face["cover"],
        )
        for face in message
    ]

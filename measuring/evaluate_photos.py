"""Read labelled photos for ``measuring.evaluate``, find their faces once, and identify them.

Only reads the labelled folders; encodings are cached in one file per photo and engine.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photoshare.errors import RejectedPhotoError
from photoshare.faces.analysis import analyse_photo
from photoshare.faces.quality import face_quality
from photoshare.faces.types import FaceEncodings, FaceEngine
from photoshare.geometry import Locations, matched_pairs, overlap_matrix

UNKNOWN = ""  # the identity of a face without a label
MIN_OVERLAP = 0.3  # intersection over union at which a found face and a labelled box are one face


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo, who is in it, and where, if labelled.

    Attributes
    ----------
    path : Path
    identities : tuple of str
        Everyone labelled in the photo; empty if nobody is known.
    boxes : list of (identity, (top, right, bottom, left)), or None
        None if the set has no boxes.
    """

    path: Path
    identities: tuple[str, ...]
    boxes: list[tuple[str, tuple[int, int, int, int]]] | None
    note: str = ""  # in some sets, its first words name a group
    faces_of_each: int = 1  # for a photo of one person: how often they are in it, as on a strip


@dataclass(frozen=True, slots=True)
class ReferencePhoto:
    """A photo, and where another detector finds faces, without identities.

    Attributes
    ----------
    path : Path
    boxes : int array of shape (n, 4)
        (top, right, bottom, left).
    scores : float array of shape (n,)
        Of the other detector, 0 to 1.
    """

    path: Path
    boxes: Locations
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PhotoFaces:
    """The faces that the engine found in a photo, one row per face, surest first."""

    size: tuple[int, int]  # width, height in pixels, upright; (0, 0) for a refused file
    locations: Locations
    scores: NDArray[np.float64]  # shape (n,)
    encodings: FaceEncodings  # shape (n, the engine's encoding_size)
    qualities: NDArray[np.float64]  # shape (n,), of `face_quality`; NaN: unknown
    panels: NDArray[np.int64] = field(  # shape (n,), of a collage; empty if unknown
        default_factory=lambda: np.empty(0, dtype=np.int64)
    )


def read_labels(folder: Path) -> list[LabelledPhoto]:
    """Read ``labels.csv`` (file, identity ``a;b;c``) and, if there is one, ``boxes.csv``."""
    boxes: dict[str, list[tuple[str, tuple[int, int, int, int]]]] | None = None
    if (folder / "boxes.csv").is_file():
        boxes = {}
        for row in _rows(folder / "boxes.csv"):
            left, top, width, height = (int(row[key]) for key in ("x", "y", "w", "h"))
            location = (top, left + width, top + height, left)
            boxes.setdefault(Path(row["file"]).name, []).append((row["identity"], location))
    photos = []
    for row in _rows(folder / "labels.csv"):
        identities = tuple(name.strip() for name in row["identity"].split(";") if name.strip())
        of_photo = None if boxes is None else boxes.get(Path(row["file"]).name, [])
        note = row.get("note") or ""
        count = int(row.get("n_faces") or 1) if len(identities) == 1 else 1
        photos.append(LabelledPhoto(folder / row["file"], identities, of_photo, note, count))
    return photos


def read_reference(folder: Path) -> list[ReferencePhoto]:
    """Read ``reference_faces.csv`` (file, x, y, w, h, score)."""
    rows: dict[str, list[tuple[tuple[int, int, int, int], float]]] = {}
    for row in _rows(folder / "reference_faces.csv"):
        left, top, width, height = (int(row[key]) for key in ("x", "y", "w", "h"))
        location = (top, left + width, top + height, left)
        rows.setdefault(row["file"], []).append((location, float(row["score"])))
    return [
        ReferencePhoto(
            folder / file,
            np.array([location for location, _ in faces], dtype=np.int64).reshape(-1, 4),
            np.array([score for _, score in faces]),
        )
        for file, faces in rows.items()
    ]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def find_faces_once(path: Path, engine: FaceEngine, cache: Path) -> PhotoFaces:
    """Find the faces of a photo, or read them from the cache: SHA-256 of the photo + engine."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    cached = cache / engine.name / f"{digest}-panels.npz"
    if not cached.is_file():
        try:
            found = analyse_photo(path, engine)
            faces, size = found.faces, (found.decoded.width, found.decoded.height)
        except RejectedPhotoError:
            faces, size = [], (0, 0)
        cached.parent.mkdir(parents=True, exist_ok=True)
        partial = cached.with_suffix(".part.npz")
        np.savez(
            partial,
            size=np.array(size),
            locations=np.array([face.location for face in faces], dtype=np.int64),
            scores=np.array([face.score for face in faces]),
            encodings=np.array([face.encoding for face in faces], dtype=np.float32),
            qualities=np.array([face_quality(face) for face in faces], dtype=np.float64),
            panels=np.array([face.panel for face in faces], dtype=np.int64),
        )
        partial.replace(cached)
    with np.load(cached) as kept:
        count = len(kept["scores"])
        width, height = kept["size"].tolist()
        return PhotoFaces(
            (width, height),
            kept["locations"].reshape(count, 4),
            kept["scores"],
            kept["encodings"].reshape(count, engine.encoding_size),
            kept["qualities"],
            kept["panels"],
        )


def tell_identities(photo: LabelledPhoto, faces: PhotoFaces) -> list[str]:
    """Return who each found face is; UNKNOWN if the labels do not say.

    With boxes, a face is the person whose box it overlaps most (at least `MIN_OVERLAP`; each box
    has one face). Without, the face nearest to the middle of a photo of one person is that person;
    on a strip with several faces of one person, the largest ones are.
    """
    identities = [UNKNOWN] * len(faces.locations)
    if photo.boxes is not None:
        wanted = np.array([box for _, box in photo.boxes], dtype=np.int64).reshape(-1, 4)
        for row, column in matched_pairs(
            overlap_matrix(faces.locations, wanted), least=MIN_OVERLAP
        ):
            identities[row] = photo.boxes[column][0]
    elif len(photo.identities) == 1 and identities:
        if photo.faces_of_each > 1:
            heights = faces.locations[:, 2] - faces.locations[:, 0]
            theirs = np.argsort(-heights, kind="stable")[: photo.faces_of_each]
        else:
            centres = (faces.locations[:, [0, 1]] + faces.locations[:, [2, 3]]) / 2  # down, across
            middle = np.array([faces.size[1], faces.size[0]]) / 2
            theirs = np.linalg.norm(centres - middle, axis=1).argsort(kind="stable")[:1]
        for row in theirs.tolist():
            identities[row] = photo.identities[0]
    return identities

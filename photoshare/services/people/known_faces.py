"""Match the faces found in a photo with those of an earlier analysis, to keep corrections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, select

from photoshare.faces.types import AnalysedFace
from photoshare.geometry import (
    SAME_FACE_OVERLAP,
    FaceLocation,
    matched_pairs,
    overlap_matrix,
    paired_faces,
)
from photoshare.models import Correction, CorrectionFace, Face, Photo, db, number_of

_ENGINE = select(Photo.engine).where(Photo.id == bindparam("photo_id"))
_FACES = select(Face).where(Face.photo_id == bindparam("photo_id"), ~Face.is_forgotten)
_FORGOTTEN = select(Face).where(Face.photo_id == bindparam("photo_id"), Face.is_forgotten)

NEW_FACE = 0  # id of a face without a row; row ids begin at 1
FacePlace: TypeAlias = tuple[FaceLocation, int | None]  # in a clip with its time
# How far in time a face of a clip may be from where it was followed: two sampled frames of a clip
# of a minute. Another engine may have found it in a frame between them.
NEAR_MS = 2000
SAME_FRAME_MS = 100


@dataclass(frozen=True, slots=True)
class KnownFace:
    """The part of a face's row that survives another analysis."""

    id: int
    person_id: int  # NO_PERSON for an unsorted one
    bond_id: int  # NO_BOND without a correction
    is_face: bool


@dataclass(frozen=True, slots=True)
class MatchedFaces:
    """The known faces of a photo, matched with those found now.

    Attributes
    ----------
    found_again : dict of int to KnownFace
        By index among the faces found now.
    gone : list of KnownFace
        The faces that were not found again and have no correction.
    left_behind : list of KnownFace
        The faces that were not found again but stay because of a correction.
    is_other_engine : bool
        Whether the photo was last searched by an engine of another name.
    old_places : set of FacePlace
        Where the faces found again, or gone, were before.
    """

    found_again: dict[int, KnownFace]
    gone: list[KnownFace]
    left_behind: list[KnownFace]
    is_other_engine: bool
    old_places: set[FacePlace]

    @property
    def replaced(self) -> dict[int, int]:
        """Return the former person of every face that was found again or is gone, by face id."""
        return {row.id: row.person_id for row in (*self.found_again.values(), *self.gone)}


def without_forgotten(photo_id: int, faces: list[AnalysedFace]) -> list[AnalysedFace]:
    """Leave out found faces that someone asked to be forgotten: those rows stay as they are."""
    forgotten = db.session.scalars(_FORGOTTEN, {"photo_id": photo_id}).all()
    if not forgotten or not faces:
        return faces
    # In a clip someone else may be at the same place a moment before: who is known is told first.
    in_clip = any(row.at_ms is not None for row in forgotten)
    others = db.session.scalars(_FACES, {"photo_id": photo_id}).all() if in_clip else ()
    is_known = _overlaps(faces, forgotten, near_ms=SAME_FRAME_MS).max(axis=1) >= SAME_FACE_OVERLAP
    pairs = _pairs(faces, (*forgotten, *others))
    is_known[[place for place, row in pairs if row < len(forgotten)]] = True
    return [face for face, is_theirs in zip(faces, is_known, strict=True) if not is_theirs]


def match_known_faces(
    photo_id: int, faces: Sequence[AnalysedFace], engine_name: str
) -> MatchedFaces:
    """Match the known faces of a photo with those that the engine found now.

    A corrected face stays even if it is not found again; what is forgotten isn't looked at.
    """
    before = db.session.scalar(_ENGINE, {"photo_id": photo_id})
    rows = db.session.scalars(_FACES, {"photo_id": photo_id}).all()
    is_other_engine = before is not None and before != engine_name
    if not rows:  # a photo that is searched for the first time
        return MatchedFaces({}, [], [], is_other_engine, set())
    found_again = {place: rows[column] for place, column in _pairs(faces, rows)}
    found = {row.id for row in found_again.values()}
    lost = [row for row in rows if row.id not in found]
    stays = _corrected([row.id for row in lost])
    gone = [row for row in lost if row.id not in stays]
    return MatchedFaces(
        {place: _known(row) for place, row in found_again.items()},
        [_known(row) for row in gone],
        [_known(row) for row in lost if row.id in stays],
        is_other_engine,
        {(row.location, row.at_ms) for row in (*found_again.values(), *gone)},
    )


def _pairs(faces: Sequence[AnalysedFace], rows: Sequence[Face]) -> list[tuple[int, int]]:
    """Pair the faces found now with rows of the same photo, by where they are."""
    if any(row.at_ms is not None for row in rows):
        return matched_pairs(_overlaps(faces, rows), least=SAME_FACE_OVERLAP / 2)
    return paired_faces(_locations(faces), _locations(rows))


def _overlaps(
    faces: Sequence[AnalysedFace], rows: Sequence[Face], *, near_ms: int = NEAR_MS
) -> NDArray[np.float64]:
    """Compute how much the faces found now overlap with rows; in a clip, at the time of the row.

    The longer before or after that a face was seen, the less it counts, down to a half.
    """
    if not any(row.at_ms is not None for row in rows):
        return overlap_matrix(_locations(faces), _locations(rows))
    overlaps = np.zeros((len(faces), len(rows)))
    for column, row in enumerate(rows):
        for place, face in enumerate(faces):
            at_ms, location = _seen_nearest(face, row.at_ms or 0)
            apart = abs(at_ms - (row.at_ms or 0)) / near_ms
            if apart <= 1:
                both = (np.array([one], dtype=np.int64) for one in (location, row.location))
                overlaps[place, column] = overlap_matrix(*both)[0, 0] * (1 - apart / 2)
    return overlaps


def _seen_nearest(face: AnalysedFace, at_ms: int) -> tuple[int, FaceLocation]:
    """Return when and where a face of a clip was seen nearest to a time."""
    seen = face.seen or ((face.at_ms or 0, face.location),)
    return min(seen, key=lambda one: abs(one[0] - at_ms))


def _locations(faces: Sequence[AnalysedFace] | Sequence[Face]) -> NDArray[np.int64]:
    return np.array([face.location for face in faces], dtype=np.int64).reshape(-1, 4)


def _known(row: Face) -> KnownFace:
    return KnownFace(row.id, number_of(row.person_id), number_of(row.bond_id), row.is_face)


def _corrected(face_ids: list[int]) -> set[int]:
    """Return the faces that a correction in force names."""
    query = (
        select(CorrectionFace.face_id)
        .join(Correction)
        .where(CorrectionFace.face_id.in_(face_ids), Correction.undone_at.is_(None))
    )
    return set(db.session.scalars(query)) if face_ids else set()

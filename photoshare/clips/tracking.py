"""Follow the faces of a clip from frame to frame, so that one person is one face; pure.

Two faces in one frame are two people. A face that is where one was half a second before is the same
person if their encodings allow it; whoever was out of sight meanwhile, or is back after a cut, is
known by their encodings alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.quality import are_founders, face_quality
from photoshare.faces.reflections import REFLECTION
from photoshare.faces.types import MAX_PANELS, NO_COLLAGE, AnalysedFace, Doubt
from photoshare.geometry import SAME_FACE_OVERLAP, matched_pairs, overlap_matrix

# All distances are multiples of the engine's eps; docs/evaluation.md ("Clips") has the figures.
# Of a face that is where one was: blurred by its motion, it is less like itself. At 1.3, of 152
# people 3 were taken for someone else at the same place after a cut that had been overlooked.
STAYED = 1.15
STAYED_MS = 1500  # for so long; afterwards someone else may be there
# Of two tracks, in the mean, that become one: 152 people then have 171 tracks, where too many do no
# harm; taking two people for one would cost someone the clip, and happens from 1.2 on.
SAME_TRACK = 1.0
COMPARED_FACES = 5  # of each track, the best
FEW_FRAMES = 4  # in a clip with fewer, hardly anybody is seen twice

Sighting: TypeAlias = tuple[int, int]  # index of the frame, and of the face among those in it


@dataclass(frozen=True, slots=True)
class SeenFrame:
    """A frame of a clip and the faces in it.

    Attributes
    ----------
    at_ms : int
        From the clip's start.
    scene : int
        The same number for frames without a cut between them.
    faces : sequence of AnalysedFace
        Locations in pixels of the upright clip.
    """

    at_ms: int
    scene: int
    faces: Sequence[AnalysedFace]


@dataclass(frozen=True, slots=True)
class TrackedFace:
    """Someone in a clip.

    Attributes
    ----------
    face : AnalysedFace
        Their best, with its time. The mean of several encodings is nearer to their photos, but to
        those of strangers as well (docs/evaluation.md).
    best : Sighting
        Where that is.
    sightings : tuple of Sighting
        All of them, in the order of time.
    """

    face: AnalysedFace
    best: Sighting
    sightings: tuple[Sighting, ...]


def follow_faces(frames: Sequence[SeenFrame], eps: float, doubt: Doubt) -> list[TrackedFace]:
    """Return one face for each person in a clip.

    Parameters
    ----------
    frames : sequence of SeenFrame
        In the order of time.
    eps : float > 0
        Of the engine.
    doubt : Doubt
        Of the engine.

    Returns
    -------
    list of TrackedFace
        In the order in which they are first seen. Their panels tell who may be one person after
        all, as those of a collage do (`panels_of_tracks`).
    """
    tracks = _merged(_linked(frames, eps), frames, eps)
    tracks = [sorted(track) for track in tracks if _is_seen_well(track, frames)]
    best = [_best_of(track, frames) for track in tracks]
    faces = [
        replace(frames[frame].faces[index], at_ms=frames[frame].at_ms) for frame, index in best
    ]
    panels = panels_of_tracks(tracks, faces, eps, doubt)
    return [
        TrackedFace(replace(face, panel=panel), where, tuple(track))
        for track, face, where, panel in zip(tracks, faces, best, panels, strict=True)
    ]


def _linked(frames: Sequence[SeenFrame], eps: float) -> list[list[Sighting]]:
    """Link faces that stay where they are from one frame to the next, without a cut between."""
    tracks: list[list[Sighting]] = []
    for number, frame in enumerate(frames):
        is_open = [
            track
            for track in tracks
            if frames[track[-1][0]].scene == frame.scene
            and frame.at_ms - frames[track[-1][0]].at_ms <= STAYED_MS
        ]
        last = [frames[before].faces[index] for before, index in (track[-1] for track in is_open)]
        pairs = _staying(last, frame.faces, eps)
        for row, index in pairs:
            is_open[row].append((number, index))
        known = {index for _, index in pairs}
        tracks += [[(number, index)] for index in range(len(frame.faces)) if index not in known]
    return tracks


def _staying(
    before: Sequence[AnalysedFace], now: Sequence[AnalysedFace], eps: float
) -> list[tuple[int, int]]:
    """Pair the faces of two frames by location, unless their encodings forbid it."""
    if not before or not now:
        return []
    overlaps = overlap_matrix(*(_locations(faces) for faces in (before, now)))
    distances = _distances(*(_encodings(faces) for faces in (before, now)))
    overlaps[distances > STAYED * eps] = 0
    # Of two people who change places, each is nearer to themselves.
    return matched_pairs(
        np.where(overlaps >= SAME_FACE_OVERLAP, 2 - distances / (STAYED * eps), 0), least=1
    )


def _merged(
    tracks: list[list[Sighting]], frames: Sequence[SeenFrame], eps: float
) -> list[list[Sighting]]:
    """Merge tracks of one person, nearest first, never two that were seen together."""
    if len(tracks) < 2:
        return tracks
    gaps = _gaps(tracks, frames)
    sizes = np.array([len(_compared(track, frames)) for track in tracks], dtype=np.float64)
    together = _seen_together(tracks)
    gaps[together] = np.inf
    np.fill_diagonal(gaps, np.inf)
    merged: list[list[Sighting]] = [list(track) for track in tracks]
    while gaps.min() <= (SAME_TRACK * eps) ** 2:
        kept, gone = sorted(int(row) for row in np.unravel_index(gaps.argmin(), gaps.shape))
        merged[kept] += merged[gone]
        merged[gone] = []
        # The mean over all pairs; infinite, and so forbidden, if it is so for one of the two.
        mean = (sizes[kept] * gaps[kept] + sizes[gone] * gaps[gone]) / (sizes[kept] + sizes[gone])
        mean[kept] = np.inf
        sizes[kept] += sizes[gone]
        gaps[kept] = gaps[:, kept] = mean
        gaps[gone] = gaps[:, gone] = np.inf
    return [track for track in merged if track]


def _gaps(tracks: list[list[Sighting]], frames: Sequence[SeenFrame]) -> NDArray[np.float64]:
    """Return the mean squared distances of the best faces of any two tracks."""
    compared = [_compared(track, frames) for track in tracks]
    counts = np.array([len(faces) for faces in compared])
    encodings = _encodings(face for faces in compared for face in faces).astype(np.float64)
    owner = np.repeat(np.arange(len(tracks)), counts)
    sums = np.zeros((len(tracks), encodings.shape[1]))
    np.add.at(sums, owner, encodings)
    centres = sums / counts[:, None]
    squares = np.bincount(owner, (encodings**2).sum(axis=1)) / counts
    gaps: NDArray[np.float64] = squares[:, None] + squares[None, :] - 2 * centres @ centres.T
    return gaps


def _compared(track: Sequence[Sighting], frames: Sequence[SeenFrame]) -> list[AnalysedFace]:
    """Return the best faces of a track."""
    faces = [frames[frame].faces[index] for frame, index in track]
    return sorted(faces, key=_goodness, reverse=True)[:COMPARED_FACES]


def _seen_together(tracks: Sequence[Sequence[Sighting]]) -> NDArray[np.bool_]:
    """Return which tracks have a frame in common."""
    count = 1 + max((frame for track in tracks for frame, _ in track), default=0)
    is_in = np.zeros((len(tracks), count), dtype=np.float32)
    for row, track in enumerate(tracks):
        is_in[row, [frame for frame, _ in track]] = 1
    shared: NDArray[np.bool_] = is_in @ is_in.T > 0
    return shared


def _is_seen_well(track: Sequence[Sighting], frames: Sequence[SeenFrame]) -> bool:
    """Whether someone was seen twice, or once and well: else it may be a pattern or a shadow."""
    if len(track) > 1 or len(frames) < FEW_FRAMES:
        return True
    (frame, index) = track[0]
    face = frames[frame].faces[index]
    return bool(are_founders([face.location], [face.score], [face_quality(face)])[0])


def _best_of(track: Sequence[Sighting], frames: Sequence[SeenFrame]) -> Sighting:
    return max(track, key=lambda where: _goodness(frames[where[0]].faces[where[1]]))


def _goodness(face: AnalysedFace) -> tuple[float, float, float]:
    """Rate a face among those of one person: by quality, then by size and score."""
    top, right, bottom, left = face.location
    area = float((bottom - top) * (right - left))
    return face_quality(face) or 0.0, area, face.score


def panels_of_tracks(
    tracks: Sequence[Sequence[Sighting]], faces: Sequence[AnalysedFace], eps: float, doubt: Doubt
) -> list[int]:
    """Give each person of a clip a panel, so that only those who are two people share one.

    Two faces of one panel are never grouped as one person. That is right of people who were seen
    together (unless one is the other's reflection), and does no harm to those whose faces are
    clearly unlike; anybody else may be the same person, whose tracks didn't show that.

    Parameters
    ----------
    tracks : sequence of sequences of Sighting
    faces : sequence of AnalysedFace
        One of each.
    eps, doubt
        Of the engine.
    """
    if not tracks:
        return []
    distances = _distances(*[_encodings(faces)] * 2)
    may_share = _seen_together(tracks) & (distances >= REFLECTION * eps)
    may_share |= distances > eps * doubt.reach
    members: list[list[int]] = []
    panels = []
    for row in range(len(tracks)):
        fitting = (panel for panel, rows in enumerate(members) if may_share[row, rows].all())
        panel = min(next(fitting, len(members)), MAX_PANELS - 1)
        if panel == len(members):
            members.append([])
        members[panel].append(row)
        panels.append(NO_COLLAGE + panel)
    return panels


def _locations(faces: Iterable[AnalysedFace]) -> NDArray[np.int64]:
    return np.array([face.location for face in faces], dtype=np.int64).reshape(-1, 4)


def _encodings(faces: Iterable[AnalysedFace]) -> NDArray[np.float32]:
    return np.array([face.encoding for face in faces], dtype=np.float32)


def _distances(some: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
    squares = (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None, :]
    distances: NDArray[np.float64] = np.sqrt(np.maximum(squares - 2 * some @ others.T, 0))
    return distances

"""Find who is in a clip: search its sampled frames as photos, and follow the faces through them.

Runs in the caller's thread, does not use the database, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from photoshare.clips.tracking import SeenFrame, TrackedFace, follow_faces
from photoshare.faces.types import AnalysedFace, FaceEngine, Size
from photoshare.geometry import FaceLocation

Found: TypeAlias = list[tuple[AnalysedFace, bytes]]  # faces of a frame, each with its cover


@dataclass(frozen=True, slots=True)
class ClipFrames:
    """The frames of a clip that were chosen to be searched, each an upright JPEG.

    Attributes
    ----------
    size : (width, height)
        Of the clip, upright.
    frame_size : (width, height)
        Of the frames.
    times : sequence of (at_ms, scene)
        As of `photoshare.clips.sampling.SampledFrame`.
    contents : sequence of bytes
    """

    size: Size
    frame_size: Size
    times: Sequence[tuple[int, int]]
    contents: Sequence[bytes]


def faces_of_clip(clip: ClipFrames, found: Sequence[Found], engine: FaceEngine) -> Found:
    """Return one face for each person in a clip, with its cover.

    Parameters
    ----------
    clip : ClipFrames
    found : sequence of Found
        The faces of each frame, in its pixels.
    engine : FaceEngine
        That found them.

    Returns
    -------
    Found
        Locations in pixels of the clip.
    """
    frames = [
        SeenFrame(at_ms, scene, [_moved(face, clip) for face, _ in of_frame])
        for (at_ms, scene), of_frame in zip(clip.times, found, strict=True)
    ]
    tracked = follow_faces(frames, engine.eps, engine.doubt)
    return [
        (replace(one.face, seen=_path_of(one, frames)), found[one.best[0]][one.best[1]][1])
        for one in tracked
    ]


def _path_of(
    tracked: TrackedFace, frames: Sequence[SeenFrame]
) -> tuple[tuple[int, FaceLocation], ...]:
    return tuple(
        (frames[frame].at_ms, frames[frame].faces[index].location)
        for frame, index in tracked.sightings
    )


def _moved(face: AnalysedFace, clip: ClipFrames) -> AnalysedFace:
    """Return a face in pixels of the clip, in which that of a frame is."""
    across, down = (full / part for full, part in zip(clip.size, clip.frame_size, strict=True))
    if across == down == 1:
        return face
    factors = (down, across, down, across)
    top, right, bottom, left = (
        round(edge * factor) for edge, factor in zip(face.location, factors, strict=True)
    )
    points = face.landmarks
    if points is not None:
        points = (points * np.array([across, down])).astype(np.float32)
    return replace(face, location=(top, right, bottom, left), landmarks=points)

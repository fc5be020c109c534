"""Find who is in a clip: search its sampled frames as photos, and follow the faces through them.

Runs in the caller's thread, does not use the database, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from photoshare.clips.tracking import SeenFrame, TrackedFace, follow_faces
from photoshare.faces.types import AnalysedFace, FaceEngine, Size
from photoshare.geometry import FaceLocation

# Searching takes this share of the clip's length in processor time, and some seconds more; then the
# rest of its frames are left out. Only a crowd takes so long: 15 faces in each of 60 frames took 32
# of 41 seconds (docs/performance.md).
SEARCH_SHARE, SEARCH_START_S = 0.6, 5.0
LEAST_FRAMES = 4  # are searched in any case

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


def search_within(
    clip: ClipFrames, search: Callable[[bytes], Found], spent_s: Callable[[], float]
) -> tuple[ClipFrames, list[Found]]:
    """Search the frames of a clip, more and more densely, until its time is spent.

    Parameters
    ----------
    clip : ClipFrames
    search : callable
        Finds the faces of one frame.
    spent_s : callable
        Tells the processor time of this thread.

    Returns
    -------
    clip : ClipFrames
        Those frames that were searched: all but in a crowd.
    found : list of Found
    """
    last_ms = clip.times[-1][0] if clip.times else 0
    until = spent_s() + SEARCH_START_S + SEARCH_SHARE * last_ms / 1000
    found: dict[int, Found] = {}
    for number, row in enumerate(_widening(len(clip.times))):
        if number >= LEAST_FRAMES and spent_s() > until:
            break
        found[row] = search(clip.contents[row])
    rows = sorted(found)
    searched = replace(
        clip,
        times=[clip.times[row] for row in rows],
        contents=[clip.contents[row] for row in rows],
    )
    return searched, [found[row] for row in rows]


def _widening(count: int) -> list[int]:
    """List the rows of a sequence so that any beginning of the list is spread over all of it."""
    rows: list[int] = []
    for start, step in ((0, 4), (2, 4), (1, 2)):
        rows += range(start, count, step)
    return rows


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

"""Choose the frames of a clip in which faces are looked for: few, sharp, and some of every scene.

Runs in the decoder processes. A frame leaves them as a JPEG, so that it is searched as a photo is,
here or by a worker on another machine.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from av import VideoFrame
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from photoshare.clips.amounts import LEAST_APART_MS, MOST_FRAMES
from photoshare.clips.frames import photo_of
from photoshare.clips.opening import OpenedClip, decoded_frames, duration_ms_of, open_clip
from photoshare.pictures.encoding import to_jpeg

Grey: TypeAlias = NDArray[np.float32]  # shape (height, width), 0 to 255

FRAME_PX = 1920  # longer side, at most: a face of 1 % has 19 pixels
FRAME_QUALITY = 92  # of the JPEG
CANDIDATES = 4  # that are compared for one chosen frame
# Decoding takes at most this share of the clip's length, in processor time, and a little more to
# begin with: then only key frames are decoded. A minute of 1080p takes 5 to 8 seconds.
DECODING_SHARE, DECODING_START_S = 0.25, 3.0
LOOK_PX = 480  # longer side at which frames are compared
BLOCK = 8  # pixels of that side which become one to tell scenes
# A cut changes nearly everything, whatever the brightness: the correlation of neighbours in one
# scene was above this, also while the camera moves (docs/evaluation.md, "Clips").
SCENE_LIKENESS = 0.6
SHORTEST_SCENE_MS = 250  # that gets a frame of its own
# Nothing has moved, not even far away, if no block differs by so many grey values of 255. The frame
# is left out then, but one is taken every so often.
STILL, STILL_MS = 10.0, 3000


class SampledFrame(NamedTuple):
    """A chosen frame."""

    at_ms: int  # from the clip's start
    scene: int  # counted from 0: another one after every cut
    size: tuple[int, int]  # width and height of the clip, upright
    frame_size: tuple[int, int]
    content: bytes  # a JPEG, upright


@dataclass(slots=True)
class _Candidate:
    at_ms: int
    scene: int
    frame: VideoFrame
    blocks: Grey
    sharpness: float


def sample_frames(path: Path) -> Iterator[SampledFrame]:
    """Choose the frames of a clip in which to look for faces, in the order of time.

    Raises
    ------
    RejectedPhotoError
        If the clip can't be read.
    """
    with open_clip(path) as clip:
        for chosen in _chosen(clip, duration_ms_of(clip)):
            photo = photo_of(clip, chosen.frame, FRAME_PX)
            content = to_jpeg(photo.image, quality=FRAME_QUALITY)
            size = photo.width, photo.height
            yield SampledFrame(chosen.at_ms, chosen.scene, size, photo.image.size, content)
            gc.collect()  # frames are in circles: forty of 4K would take 500 MB


def _chosen(clip: OpenedClip, duration_ms: int) -> Iterator[_Candidate]:
    """Take the sharpest frame of each stretch of time, unless nothing has moved."""
    left = min(MOST_FRAMES, math.ceil(duration_ms / LEAST_APART_MS) or 1)
    best: _Candidate | None = None
    last: _Candidate | None = None
    until, since = 0, 0
    for candidate in _candidates(clip, duration_ms):
        if best is not None and _is_over(best, candidate, since, until):
            if not _is_still(best, last):
                yield best
                left, last = left - 1, best
            best = None
        if left == 0:
            return
        if best is None:
            is_next = until <= candidate.at_ms < until + LEAST_APART_MS
            since = until if is_next else candidate.at_ms
            until = since + max(LEAST_APART_MS, math.ceil((duration_ms - since) / left))
        if best is None or candidate.sharpness > best.sharpness:
            best = candidate
    if best is not None and not _is_still(best, last):
        yield best


def _is_over(best: _Candidate, candidate: _Candidate, since: int, until: int) -> bool:
    """Whether a stretch of time ends before a candidate: its time is up, or there is a cut."""
    is_cut = candidate.scene != best.scene and candidate.at_ms - since >= SHORTEST_SCENE_MS
    return is_cut or candidate.at_ms >= until


def _is_still(candidate: _Candidate, last: _Candidate | None) -> bool:
    if last is None or candidate.scene != last.scene or candidate.at_ms - last.at_ms >= STILL_MS:
        return False
    return bool(np.abs(candidate.blocks - last.blocks).max() < STILL)


def _candidates(clip: OpenedClip, duration_ms: int) -> Iterator[_Candidate]:
    """Decode frames to choose from, as many as are worth the time."""
    stretch_ms = max(LEAST_APART_MS, duration_ms / MOST_FRAMES)
    step_ms = stretch_ms / CANDIDATES
    context = clip.stream.codec_context
    has_key_frames = _longest_gap_ms(clip, duration_ms) <= stretch_ms / 2
    context.skip_frame = "NONKEY" if has_key_frames else "NONREF"
    started = time.process_time()
    wanted, scene = 0.0, 0
    before: Grey | None = None
    for frame in decoded_frames(clip):
        at_ms = clip.at_ms_of(frame.pts)
        allowed_s = DECODING_START_S + DECODING_SHARE * at_ms / 1000
        if time.process_time() - started > allowed_s:
            context.skip_frame = "NONKEY"
        if at_ms < wanted:
            continue
        wanted = max(wanted + step_ms, at_ms + step_ms / 2)
        look = _look_of(frame)
        blocks = _blocks_of(look)
        scene += before is not None and _is_other_scene(before, blocks)
        before = blocks
        yield _Candidate(at_ms, scene, frame, blocks, _sharpness_of(look))


def _longest_gap_ms(clip: OpenedClip, duration_ms: int) -> float:
    """Return the longest time without a key frame, as the container's index tells."""
    entries = clip.stream.index_entries
    times = [clip.at_ms_of(one.timestamp) for one in entries if one.is_keyframe]
    edges = np.array([0, *sorted(times), duration_ms])
    return float(np.diff(edges).max())


def _look_of(frame: VideoFrame) -> Grey:
    factor = min(1.0, LOOK_PX / max(frame.width, frame.height))
    width, height = (max(round(side * factor), 1) for side in (frame.width, frame.height))
    small = frame.reformat(width, height, "gray", interpolation=Interpolation.AREA, threads=1)
    return small.to_ndarray().astype(np.float32)


def _blocks_of(look: Grey) -> Grey:
    """Return the mean of every block; a rest at the edges is left out."""
    height, width = (max(side // BLOCK, 1) for side in look.shape)
    down, across = min(BLOCK, look.shape[0]), min(BLOCK, look.shape[1])
    whole = look[: height * down, : width * across]
    blocks: Grey = whole.reshape(height, down, width, across).mean(axis=(1, 3))
    return blocks


def _is_other_scene(before: Grey, now: Grey) -> bool:
    if before.shape != now.shape:
        return True
    some, others = before - before.mean(), now - now.mean()
    # Grey on grey is one scene, with whatever noise: a grey value more for the contrast.
    strength = math.sqrt((float((some**2).mean()) + 1) * (float((others**2).mean()) + 1))
    differs = float(np.abs(before - now).mean()) > 1
    return differs and (float((some * others).mean()) + 1) / strength < SCENE_LIKENESS


def _sharpness_of(look: Grey) -> float:
    """Measure how much fine detail a picture has: the variance of the Laplacian."""
    if min(look.shape) < 3:
        return 0.0
    neighbours = look[:-2, 1:-1] + look[2:, 1:-1] + look[1:-1, :-2] + look[1:-1, 2:]
    return float((4 * look[1:-1, 1:-1] - neighbours).var())

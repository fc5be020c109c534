"""Check a clip by decoding parts of it, and choose the picture that stands for it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from photoshare.clips.containers import incomplete
from photoshare.clips.frames import ClipFrame, frames_of
from photoshare.clips.opening import MAX_MINUTES, ClipFacts, OpenedClip, facts_of, open_clip
from photoshare.errors import RejectedPhotoError
from photoshare.pictures.decoding import DecodedPhoto

# Where a poster is looked for: people steady the camera, and the first frame is often dark.
_EARLY_MS = (0, 500, 1000, 2000, 3000, 5000)
_PARTS = (0.25, 0.5, 0.75)  # of its length, decoded to see that it goes on
_FIRST_FRAMES_MS = 500  # decoded one after the other, with those that need others
# No more is decoded after this much processor time: large pictures take long, and what is there
# has been seen to play.
MOST_CHECKING_S = 4
_LOOK_PX = 160  # longer side of the pictures that are compared
_GOOD_ENOUGH = 0.6  # of the best one's detail: the earliest such picture stands for the clip
MS_OF_MINUTE = 60_000
SLACK_MS = 1000  # a clip of ten minutes may be a moment longer


@dataclass(frozen=True, slots=True)
class CheckedClip:
    """A clip that plays, and its poster."""

    facts: ClipFacts
    poster: DecodedPhoto


def check_clip(
    path: Path | BinaryIO, *, poster_px: int, max_minutes: int = MAX_MINUTES
) -> CheckedClip:
    """Decode the beginning, parts and the end of a clip, and choose its poster.

    Parameters
    ----------
    path : Path or binary file
    poster_px : int
        The poster's longer side is at least this, or as long as in the clip.
    max_minutes : int
        Longer clips are refused.

    Raises
    ------
    RejectedPhotoError
        As `opening.open_clip`, or if it is too long.
    """
    with open_clip(path) as clip:
        facts = facts_of(clip)
        if facts.duration_ms > max_minutes * MS_OF_MINUTE + SLACK_MS:
            raise RejectedPhotoError(
                "This video is longer than %(number)s minutes.", number=max_minutes
            )
        _check_samples(clip, path)
        clip.container.seek(clip.start, stream=clip.stream)
        _decode_beginning(clip)
        poster_at = _best_moment(_looks(clip, facts.duration_ms))
        clip.container.seek(clip.ticks_of(poster_at), stream=clip.stream)
        poster = next(frames_of(clip, at_ms=(poster_at,), at_least_px=poster_px)).photo
        return CheckedClip(facts, poster)


def poster_of(path: Path | BinaryIO, *, at_least_px: int) -> DecodedPhoto:
    """Return the poster of a clip that was checked before."""
    return check_clip(path, poster_px=at_least_px, max_minutes=1 << 20).poster


def _check_samples(clip: OpenedClip, path: Path | BinaryIO) -> None:
    """Refuse a clip whose list names frames beyond the end of the file."""
    size = path.stat().st_size if isinstance(path, Path) else path.seek(0, os.SEEK_END)
    entries = clip.stream.index_entries
    numbers = (0, len(entries) // 2, len(entries) - 1) if len(entries) else ()
    for number in numbers:
        entry = entries[number]
        if entry.pos + max(entry.size, 0) > size:
            raise incomplete()


def _decode_beginning(clip: OpenedClip) -> None:
    for _ in frames_of(clip, at_ms=(_FIRST_FRAMES_MS,), at_least_px=_LOOK_PX):
        pass


def _looks(clip: OpenedClip, duration_ms: int) -> list[ClipFrame]:
    """Decode small pictures of early moments, and then of others, to see that it plays."""
    started = time.process_time()
    clip.container.seek(clip.start, stream=clip.stream)
    early = [at for at in _EARLY_MS if at < duration_ms] or [0]
    looks = list(frames_of(clip, at_ms=early, at_least_px=_LOOK_PX, only_key_frames=True))
    later = (*(round(part * duration_ms) for part in _PARTS), duration_ms)
    for at in later:
        if time.process_time() - started > MOST_CHECKING_S:
            break
        clip.container.seek(clip.ticks_of(at), stream=clip.stream)
        next(frames_of(clip, at_ms=(0,), at_least_px=_LOOK_PX, only_key_frames=True))
    return looks


def _best_moment(looks: list[ClipFrame]) -> int:
    """Choose the earliest picture that shows about as much as the one that shows most."""
    details = [_detail_of(look.photo.image) for look in looks]
    most = max(details)
    return next(
        look.at_ms
        for look, detail in zip(looks, details, strict=True)
        if detail >= most * _GOOD_ENOUGH
    )


def _detail_of(image: Image.Image) -> float:
    """Measure how much is to be seen: contrast and edges, little if it is dark or blurred."""
    grey = np.asarray(image.convert("L"), np.float32)
    edges = np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()
    is_dark = grey.mean() < 16
    return float((edges + 0.1 * grey.std()) * (0.1 if is_dark else 1))

"""Look into a clip: the upright pictures that it shows at given times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from av import VideoFrame

from photoshare.clips.colours import SIDEWAYS, turn_of, upright_rgb
from photoshare.clips.containers import damaged
from photoshare.clips.opening import OpenedClip, decoded_frames, open_clip, shown_size
from photoshare.pictures.decoding import DecodedPhoto


class ClipFrame(NamedTuple):
    """What a clip shows at one time."""

    at_ms: int  # from its start
    photo: DecodedPhoto


def frame_at(path: Path | BinaryIO, at_ms: int, *, at_least_px: int) -> DecodedPhoto:
    """Decode what a clip shows at a time; its last frame, if that is beyond its end.

    Parameters
    ----------
    path : Path or binary file
    at_ms : int
        From its start; the `at_ms` of a frame of `frames` gives the same frame again.
    at_least_px : int
        The longer side of the result is at least this, or as long as in the clip.

    Raises
    ------
    RejectedPhotoError
        As `opening.open_clip`.
    """
    return next(frames(path, at_ms=(at_ms,), at_least_px=at_least_px)).photo


def frames(
    path: Path | BinaryIO,
    *,
    at_ms: Iterable[int],
    at_least_px: int,
    only_key_frames: bool = False,
) -> Iterator[ClipFrame]:
    """Decode what a clip shows at several times; stops at its end, with its last frame.

    Parameters
    ----------
    path : Path or binary file
    at_ms : iterable of int
        Ascending, from the start of the clip; ``range(0, duration_ms, 1000)``, for example. Each
        gives the first frame from then on, unless an earlier time gave that one already.
    at_least_px : int
        The longer side of each is at least this, or as long as in the clip.
    only_key_frames : bool
        Decode only the frames that need no others (one in a second or two), which takes a small
        part of the time; there may be fewer of them than asked for.

    Raises
    ------
    RejectedPhotoError
        As `opening.open_clip`; at least one frame comes otherwise.
    """
    with open_clip(path) as clip:
        yield from frames_of(
            clip, at_ms=at_ms, at_least_px=at_least_px, only_key_frames=only_key_frames
        )


def frames_of(
    clip: OpenedClip, *, at_ms: Iterable[int], at_least_px: int, only_key_frames: bool = False
) -> Iterator[ClipFrame]:
    """Decode what an opened clip shows at several times, as `frames`."""
    is_any = False
    for at, frame in _wanted(clip, at_ms, only_key_frames):
        yield ClipFrame(at, photo_of(clip, frame, at_least_px))
        is_any = True
    if not is_any:
        raise damaged()


def _wanted(
    clip: OpenedClip, at_ms: Iterable[int], only_key_frames: bool
) -> Iterator[tuple[int, VideoFrame]]:
    """Find the frames at these times, by as few decoded ones as the key frames allow."""
    decoded = decoded_frames(clip, only_key_frames=only_key_frames)
    last: VideoFrame | None = None
    last_at = -1
    is_told = True  # whether the last decoded frame was handed out
    for wanted in at_ms:
        if last_at >= wanted:
            if not is_told and last is not None:
                yield last_at, last
                is_told = True
            continue
        if _can_skip(clip, wanted, last_at):
            clip.container.seek(clip.ticks_of(wanted), stream=clip.stream)
            decoded = decoded_frames(clip, only_key_frames=only_key_frames)
        for last in decoded:
            last_at, is_told = max(clip.at_ms_of(last.pts), last_at), False
            if last_at >= wanted:
                yield last_at, last
                is_told = True
                break
        else:
            break  # the end
    if last is not None and not is_told:
        yield last_at, last


def _can_skip(clip: OpenedClip, wanted: int, reached: int) -> bool:
    """Whether a key frame is between what was decoded and what is wanted."""
    ticks = clip.ticks_of(wanted)
    number = clip.stream.index_entries.search_timestamp(ticks, backward=True)
    if number < 0:
        return False
    return clip.at_ms_of(clip.stream.index_entries[number].timestamp) > max(reached, 0)


def photo_of(clip: OpenedClip, frame: VideoFrame, at_least_px: int) -> DecodedPhoto:
    """Make the upright picture of a frame, no larger than needed; `colours.upright_rgb`."""
    width, height = shown_size(clip, frame)
    factor = min(1.0, at_least_px / max(width, height))
    size = max(round(width * factor), 1), max(round(height * factor), 1)
    image = upright_rgb(frame, size)
    if turn_of(frame) in SIDEWAYS:
        width, height = height, width
    return DecodedPhoto(image, clip.image_format, width, height)

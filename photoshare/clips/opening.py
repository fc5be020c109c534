"""Open a clip: only listed containers and codecs, from the one file, and with bounds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
from av import VideoFrame
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from photoshare.clips.colours import SIDEWAYS, turn_of
from photoshare.clips.containers import (
    HEAD_BYTES,
    check_complete,
    clip_format_of,
    damaged,
    incomplete,
)
from photoshare.clips.told_time import told_time_of
from photoshare.errors import RejectedPhotoError
from photoshare.pictures.capture_time import UNKNOWN_TIME, FileTime

# FFmpeg's demuxer for each of `formats.FORMATS`; it never tries another on a guest's file.
_DEMUXERS = {"MP4": "mov", "MOV": "mov", "3GP": "mov", "WEBM": "matroska"}
# What phones, cameras and browsers record: by the names of the decoders, and of the formats.
_DECODERS = ("h264", "hevc", "vp8", "vp9", "libdav1d", "av1", "h263", "mpeg4", "mjpeg")
CODECS = ("h264", "hevc", "vp8", "vp9", "av1", "h263", "mpeg4", "mjpeg")
_OF_WEBM = ("vp8", "vp9", "av1")
_CALLED = {"libdav1d": "av1"}  # decoders that are not called as the format
MAX_STREAMS = 64  # a phone's clip has up to seven: picture, sound, and timed metadata
MAX_PIXELS = 8192 * 4352  # of a frame; 8K as phones and cameras record it
MOST_BAD = 50  # damaged frames more than good ones; a bad connection costs a recording a few
MAX_TEXT = 100  # characters of a maker's, a model's and a Live Photo's name
MAX_MINUTES = 10  # unless the settings say otherwise
_MODELS = (
    ("com.apple.quicktime.make", "com.apple.quicktime.model"),
    ("com.android.manufacturer", "com.android.model"),
    ("make", "model"),
)


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What a clip says of itself.

    Attributes
    ----------
    image_format : str
        A key of `photoshare.pictures.formats.FORMATS`.
    width, height : int
        Pixels as it is shown: upright, with square pixels.
    rotation : int
        By which players turn it clockwise: 0, 90, 180, 270.
    duration_ms : int
    video_codec : str
        One of `CODECS`.
    has_sound : bool
    taken : FileTime
    content_id : str or None
        By which Apple names the two files of one Live Photo.
    camera : str or None
        Maker and model.
    """

    image_format: str
    width: int
    height: int
    rotation: int
    duration_ms: int
    video_codec: str
    has_sound: bool
    taken: FileTime = UNKNOWN_TIME
    content_id: str | None = None
    camera: str | None = None


@dataclass(frozen=True, slots=True)
class OpenedClip:
    """A clip that can be read."""

    container: InputContainer
    stream: VideoStream
    image_format: str

    @property
    def video_codec(self) -> str:
        """The codec of its pictures, one of `CODECS`."""
        name = self.stream.codec_context.name
        return _CALLED.get(name, name)

    @property
    def time_base(self) -> Fraction:
        """Seconds of one tick of the stream's clock."""
        return self.stream.time_base or Fraction(1, 1000)

    @property
    def start(self) -> int:
        """When the first frame is shown, in ticks."""
        return self.stream.start_time or 0

    def at_ms_of(self, ticks: int | None) -> int:
        """Return how far into the clip a time of the stream is."""
        return 0 if ticks is None else max(round((ticks - self.start) * self.time_base * 1000), 0)

    def ticks_of(self, at_ms: int) -> int:
        """Return the time of the stream that is this far into the clip."""
        return self.start + round(Fraction(at_ms, 1000) / self.time_base)


def is_clip_file(path: Path | BinaryIO) -> bool:
    """Whether a file begins as a clip does, whatever its name says.

    Raises
    ------
    RejectedPhotoError
        If it is a video of a kind that is not taken, such as MKV.
    """
    return clip_format_of(_head_of(path)) is not None


@contextlib.contextmanager
def open_clip(path: Path | BinaryIO) -> Iterator[OpenedClip]:
    """Open a clip; whatever goes wrong with it in the block refuses it.

    Raises
    ------
    RejectedPhotoError
        If its container or codec isn't listed, or it is incomplete, damaged or too large.
    """
    try:
        image_format = clip_format_of(_head_of(path))
        if image_format is None:
            raise RejectedPhotoError(
                "This file can't be read as a video. You can add MP4, MOV, WebM and 3GP videos."
            )
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(path.open("rb")) if isinstance(path, Path) else path
            check_complete(file, image_format)
            container = stack.enter_context(_opened(file, image_format))
            yield OpenedClip(container, _picture_stream(container, image_format), image_format)
    except RejectedPhotoError:
        raise
    except MemoryError as error:  # of Python as of FFmpeg
        raise RejectedPhotoError("This video needs more memory than the server has.") from error
    except (av.FFmpegError, ValueError, OverflowError, ArithmeticError) as error:
        raise damaged() from error


def read_facts(path: Path | BinaryIO) -> ClipFacts:
    """Read what a clip says of itself, by its head and its first frame.

    Raises
    ------
    RejectedPhotoError
        As `open_clip`.
    """
    with open_clip(path) as clip:
        return facts_of(clip)


def facts_of(clip: OpenedClip) -> ClipFacts:
    """Read what an opened clip says of itself; decodes its first frame."""
    first = next(decoded_frames(clip), None)
    if first is None:
        raise damaged() if len(clip.stream.index_entries) else incomplete()
    width, height = shown_size(clip, first)
    turn = turn_of(first)
    if turn in SIDEWAYS:
        width, height = height, width
    told = {name: str(value) for name, value in clip.container.metadata.items()}
    told_of_picture = {name: str(value) for name, value in clip.stream.metadata.items()}
    return ClipFacts(
        clip.image_format,
        width,
        height,
        -first.rotation % 360,
        duration_ms_of(clip),
        clip.video_codec,
        bool(clip.container.streams.audio),
        told_time_of(told, told_of_picture),
        _short(told.get("com.apple.quicktime.content.identifier")),
        _camera_of(told),
    )


def decoded_frames(clip: OpenedClip, *, only_key_frames: bool = False) -> Iterator[VideoFrame]:
    """Decode from where the container is; a damaged frame is left out, as players do.

    Parameters
    ----------
    clip : OpenedClip
    only_key_frames : bool
        Leave out the frames that need others.

    Raises
    ------
    RejectedPhotoError
        If most of it is damaged.
    """
    bad = good = 0
    for packet in clip.container.demux(clip.stream):
        if only_key_frames and packet.size and not packet.is_keyframe:
            continue
        try:
            frames = packet.decode()
        except av.error.InvalidDataError as error:
            bad += 1
            if bad > good + MOST_BAD:
                raise damaged() from error
            continue
        for frame in frames:
            good += 1
            yield frame


def shown_size(clip: OpenedClip, frame: VideoFrame) -> tuple[int, int]:
    """Return the width and height of a frame with square pixels, not turned yet."""
    width, height = frame.width, frame.height
    ratio = clip.stream.sample_aspect_ratio or Fraction(1)
    if not Fraction(1, 8) <= ratio <= 8:
        return width, height
    return (round(width * ratio), height) if ratio >= 1 else (width, round(height / ratio))


def duration_ms_of(clip: OpenedClip) -> int:
    """Return how long a clip is: as it says, or by its last packet, as of a live recording."""
    if clip.container.duration:
        return round(clip.container.duration / 1000)
    if clip.stream.duration:
        return round(clip.stream.duration * clip.time_base * 1000)
    last = 0
    clip.container.seek(0)
    for packet in clip.container.demux(clip.stream):
        if packet.pts is not None:
            last = max(last, packet.pts + (packet.duration or 0))
    clip.container.seek(0)
    return clip.at_ms_of(last)


def _head_of(path: Path | BinaryIO) -> bytes:
    if isinstance(path, Path):
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    path.seek(0)
    head = path.read(HEAD_BYTES)
    path.seek(0)
    return head


def _opened(file: BinaryIO, image_format: str) -> InputContainer:
    container: InputContainer = av.open(
        file,
        "r",
        format=_DEMUXERS[image_format],
        options={"max_pixels": str(MAX_PIXELS), "threads": "1"},
        container_options={
            # It reads through our file object, and opens nothing else: no network, no playlist,
            # no track in another file.
            "protocol_whitelist": "none",
            "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm",
            "codec_whitelist": ",".join(_DECODERS),
            "max_streams": str(MAX_STREAMS),
        },
        io_open=_open_nothing,
        metadata_errors="replace",
        buffer_size=1 << 18,
    )
    return container


def _open_nothing(url: str, _flags: int, _options: object) -> BinaryIO:
    raise ValueError("a clip that refers to another file")


def _picture_stream(container: InputContainer, image_format: str) -> VideoStream:
    streams = [
        stream
        for stream in container.streams.video
        if not stream.disposition & (Disposition.attached_pic | Disposition.still_image)
    ]
    if not streams:
        if not len(container.streams):
            raise incomplete()
        raise RejectedPhotoError("This file has no moving picture.")
    stream = next((one for one in streams if one.disposition & Disposition.default), streams[0])
    context = getattr(stream, "codec_context", None)
    codec = None if context is None else _CALLED.get(context.name, context.name)
    if codec not in (_OF_WEBM if image_format == "WEBM" else CODECS):
        raise RejectedPhotoError(
            "The pictures of this video are in a format that can't be read here. H.264, HEVC, "
            "VP9 and AV1 can."
        )
    if context is None or context.width * context.height > MAX_PIXELS:
        raise RejectedPhotoError("The pictures of this video are too large.")
    context.thread_count = 1  # each would need frames of its own in memory
    for other in container.streams:
        if other.index != stream.index:
            other.discard = av.stream.Discard.all
    return stream


def _camera_of(told: dict[str, str]) -> str | None:
    for maker, model in _MODELS:
        if told.get(model):
            names = [told.get(maker, ""), told[model]]
            return _short(" ".join(name.strip() for name in names if name.strip()))
    return None


def _short(text: str | None) -> str | None:
    """Return a text that fits into a column; None for none."""
    cleaned = "".join(letter for letter in text or "" if letter.isprintable()).strip()
    return cleaned[:MAX_TEXT] or None

"""Draw clips: squares of colour on grey, as `tests.fakes` draws photos."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from tests.fakes import FACE_PX, GREY, STEP_PX

Colour = tuple[int, int, int]
# So that one seed gives one file: without the encoder's name and its random ids.
_OF_MUXER = {"fflags": "+bitexact"}
_OF_ENCODER = {
    "libx264": {"preset": "ultrafast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    "libsvtav1": {"preset": "13", "svtav1-params": "lp=1"},
}


def draw_clip(
    *colours: Colour,
    container: str = "mp4",
    codec: str = "libx264",
    size: tuple[int, int] = (160, 120),
    seconds: float = 2,
    rate: int = 10,
    seed: int = 0,
    counter_clockwise: int | None = None,
    metadata: dict[str, str] | None = None,
    muxer: dict[str, str] | None = None,
    encoder: dict[str, str] | None = None,
    pixels: str = "yuv420p",
    gop: int = 10,
    sound: bool = False,
) -> bytes:
    """Draw a clip that shows each of the colours in its turn, as a square in its middle.

    Parameters
    ----------
    *colours : tuple of int
        Each is shown for as long as the others; grey without any.
    counter_clockwise : int or None
        By how many degrees players turn it.
    metadata : dict of str to str or None
        Of the container, by FFmpeg's names.
    muxer, encoder : dict of str to str or None
        FFmpeg's options.
    """
    options = {**_OF_MUXER, **(muxer or {})}
    with (
        tempfile.NamedTemporaryFile() as file,  # "faststart" reads what it wrote
        av.open(file.name, "w", format=container, container_options=options) as output,
    ):
        output.metadata.update(metadata or {})
        stream = _picture_stream(
            output, codec, rate, {**_OF_ENCODER.get(codec, {}), **(encoder or {})}
        )
        stream.width, stream.height = size
        stream.pix_fmt, stream.codec_context.gop_size = pixels, gop
        if counter_clockwise is not None:
            stream.set_display_rotation(counter_clockwise)
        voice = output.add_stream("aac", rate=8000, layout="mono") if sound else None
        count = max(round(seconds * rate), 1)
        for number in range(count):
            colour = colours[number * len(colours) // count] if colours else GREY
            frame = _frame(size, colour, seed + number)
            frame.pts, frame.time_base = number, Fraction(1, rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if voice is not None:
            _hum(output, voice, seconds)
        output.close()
        return Path(file.name).read_bytes()


def draw_scenes(*scenes: Sequence[Colour], seconds_each: float = 1) -> bytes:
    """Draw a clip of several scenes, each with its faces as in `tests.fakes.draw_photo`."""
    widest = max(1, *(len(colours) for colours in scenes))
    size = (widest * STEP_PX, STEP_PX)
    pictures = []
    for colours in scenes:
        picture = np.full((size[1], size[0], 3), GREY, np.uint8)
        for number, colour in enumerate(colours):
            left = number * STEP_PX + 20
            picture[20:80, left : left + FACE_PX] = colour
        pictures.append(picture)
    return draw_pictures(pictures, seconds_each=seconds_each)


def draw_pictures(
    pictures: Sequence[NDArray[np.uint8]], *, seconds_each: float = 1, rate: int = 10, crf: int = 12
) -> bytes:
    """Draw an MP4 that shows each of these RGB pictures in its turn."""
    buffer = io.BytesIO()
    height, width, _ = pictures[0].shape
    with av.open(buffer, "w", format="mp4", container_options=_OF_MUXER) as output:
        options = {**_OF_ENCODER["libx264"], "crf": str(crf)}
        stream = _picture_stream(output, "libx264", rate, options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv444p"
        stream.codec_context.gop_size = rate
        number = 0
        for picture in pictures:
            for _ in range(max(round(seconds_each * rate), 1)):
                frame = av.VideoFrame.from_ndarray(picture, "rgb24")
                frame.pts, frame.time_base = number, Fraction(1, rate)
                output.mux(stream.encode(frame))
                number += 1
        output.mux(stream.encode(None))
    return buffer.getvalue()


def _picture_stream(
    output: OutputContainer, codec: str, rate: int, options: dict[str, str]
) -> VideoStream:
    stream = output.add_stream(codec, rate=rate, options=options)
    assert isinstance(stream, VideoStream)
    stream.codec_context.thread_count = 1
    return stream


def _frame(size: tuple[int, int], colour: Colour, number: int) -> av.VideoFrame:
    """Draw a square in the middle, and a small one whose place tells the frame."""
    width, height = size
    picture = np.full((height, width, 3), GREY, np.uint8)
    picture[height // 4 : height * 3 // 4, width // 4 : width * 3 // 4] = colour
    step = number % (width // 8)
    picture[:8, step * 8 : step * 8 + 8] = 255
    return av.VideoFrame.from_ndarray(picture, "rgb24")


def _hum(output: OutputContainer, voice: object, seconds: float) -> None:
    assert isinstance(voice, AudioStream)
    rate, block = 8000, 1024
    for start in range(0, round(seconds * rate), block):
        wave = np.sin(np.arange(start, start + block) * 0.3).astype(np.float32) * 0.1
        sound = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
        sound.sample_rate, sound.pts, sound.time_base = rate, start, Fraction(1, rate)
        output.mux(voice.encode(sound))
    output.mux(voice.encode(None))

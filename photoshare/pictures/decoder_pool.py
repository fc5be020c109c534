"""Decode uploads in separate processes, a few at a time (docs/adr/0012-decoder-processes.md).

A hostile file may take minutes or gigabytes, or crash a decoder; here it costs one helper process,
which the next upload starts again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from photoshare.clips.containers import damaged
from photoshare.clips.opening import is_clip_file
from photoshare.config import MB, ROOT, Settings
from photoshare.errors import RejectedPhotoError
from photoshare.geometry import FaceLocation
from photoshare.pictures.decoding import ANY_MEGAPIXELS, DecodedPhoto
from photoshare.pictures.rendering import (
    Message,
    RenderedPhoto,
    decoded_of,
    read_message,
    rendered_of,
    write_message,
)

log = logging.getLogger(__name__)

AT_ONCE = 2  # more than the cores of a small server would not be faster, but take more memory
# Limit of clock time, as a multiple of processor time: 40 programs more urgent than a decoder leave
# it this share of two cores. Beyond it, a process that hangs without working is ended.
PATIENCE = 30
_COMMAND = (sys.executable, "-m", "photoshare.pictures.worker")
PICTURES_OF_ONE_PROCESS = 500  # then a new one, to release whatever a library leaks


class DecoderPool:
    """A few decoder processes, started on demand; they end when idle, and with their pool."""

    def __init__(self, size: int = AT_ONCE) -> None:
        self._slots = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._idle: list[_Decoder] = []
        weakref.finalize(self, _close_all, self._idle)

    def render(self, path: Path, settings: Settings) -> RenderedPhoto:
        """Verify a picture and make its smaller ones; wait while all processes are busy.

        Parameters
        ----------
        path : Path
        settings : Settings
            How many pixels, seconds of processor time and bytes of memory a picture may take.

        Raises
        ------
        RejectedPhotoError
            If it is not a readable picture, or is over a limit.
        """
        seconds = settings.max_decode_seconds
        return rendered_of(*self._ask(settings, seconds=seconds, path=str(path)))

    def cut_tiles(self, path: Path, factor: int, settings: Settings) -> bytes:
        """Cut a picture into tiles (`photoshare.pictures.tiles.cut_tiles`); wait like `render`.

        Raises
        ------
        RejectedPhotoError
            If it is not a readable picture, or is over a limit.
        """
        seconds = 2 * settings.max_decode_seconds  # to decode, and as long to encode all of it
        _, (tiles,) = self._ask(settings, seconds=seconds, path=str(path), tiles=factor)
        return tiles

    def cover(self, path: Path, locations: Iterable[FaceLocation], settings: Settings) -> bytes:
        """Make a JPEG with covered faces (`photoshare.pictures.covered`); wait like `render`.

        Whatever the limit of pixels is now: the photo was accepted.

        Raises
        ------
        RejectedPhotoError
            If it is not a readable picture, or takes too long.
        """
        seconds = 2 * settings.max_decode_seconds  # to decode, and as long to encode all of it
        what = {"path": str(path), "covered": list(locations), "megapixels": ANY_MEGAPIXELS}
        _, (covered,) = self._ask(settings, seconds=seconds, **what)
        return covered

    def decode(self, content: bytes, settings: Settings, *, at_least_px: int) -> DecodedPhoto:
        """Decode a photo as `photoshare.pictures.decoding.decode_upright` does; wait like `render`.

        Raises
        ------
        RejectedPhotoError
            If it is not a readable picture, or is over a limit.
        """
        seconds = settings.max_decode_seconds
        return decoded_of(*self._ask(settings, content, seconds=seconds, at_least_px=at_least_px))

    def frame_at(
        self, path: Path, at_ms: int, settings: Settings, *, at_least_px: int
    ) -> DecodedPhoto:
        """Decode what a clip shows at a time (`photoshare.clips.frames.frame_at`).

        Raises
        ------
        RejectedPhotoError
            If it is not a readable clip, or takes too long.
        """
        what = {"path": str(path), "clip": {"at_ms": at_ms, "at_least_px": at_least_px}}
        return decoded_of(*self._ask(settings, seconds=settings.max_decode_seconds, **what))

    def sample(self, path: Path, duration_ms: int, settings: Settings) -> Message:
        """Choose frames of a clip to search (`photoshare.clips.sampling.sample_frames`).

        It bounds its own work by the clip's length; this process ends if it doesn't.

        Returns
        -------
        Message
            For `photoshare.clips.messages.sampled_frames_of`.

        Raises
        ------
        RejectedPhotoError
            If it is not a readable clip, or takes too long.
        """
        seconds = settings.max_decode_seconds + duration_ms // 1000
        return self._ask(settings, seconds=seconds, path=str(path), clip={})

    def _ask(self, settings: Settings, *contents: bytes, seconds: int, **what: object) -> Message:
        request: dict[str, object] = {
            "megapixels": settings.max_photo_megapixels,
            "minutes": settings.max_clip_minutes,
            "picture_bytes": settings.max_photo_mb * MB,
            "seconds": seconds,
            "wait_seconds": seconds * PATIENCE,
            "memory_mb": settings.max_decode_mb,
            **what,
        }
        with self._slots:
            while True:
                decoder = self._take()
                try:
                    answer = decoder.ask(request, list(contents))
                except BaseException:
                    decoder.close()
                    raise
                if answer is not None:
                    break
                decoder.close()  # it had just ended after being idle
            self._give_back(decoder)
        if isinstance(answer, RejectedPhotoError):
            raise answer
        return answer

    def close(self) -> None:
        """End the processes that are idle."""
        with self._lock:
            _close_all(self._idle)

    def _take(self) -> _Decoder:
        while True:
            with self._lock:
                decoder = self._idle.pop() if self._idle else None
            if decoder is None:
                return _Decoder()
            if decoder.is_fit:
                return decoder
            decoder.close()

    def _give_back(self, decoder: _Decoder) -> None:
        with self._lock:
            self._idle.append(decoder)


class _Decoder:
    """One decoder process."""

    def __init__(self) -> None:
        self._pictures = 0
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            _COMMAND,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # for numpy; each thread takes memory
        )
        self._requests: IO[bytes] = self._process.stdin  # type: ignore[assignment]
        self._answers: IO[bytes] = self._process.stdout  # type: ignore[assignment]

    @property
    def is_fit(self) -> bool:
        """Whether it is running and has not done its share yet."""
        return self._process.poll() is None and self._pictures < PICTURES_OF_ONE_PROCESS

    def ask(
        self, request: dict[str, object], contents: list[bytes]
    ) -> Message | RejectedPhotoError | None:
        """Ask for one picture; return the error if it is refused, None if the process has ended."""
        self._pictures += 1
        try:
            write_message(self._requests, request, contents)
            head, blobs = read_message(self._answers)
        except (EOFError, BrokenPipeError):
            return self._obituary(is_clip=_is_of_clip(request))
        if reason := head.get("reason"):
            return RejectedPhotoError(reason, **head["values"])
        return head, blobs

    def _obituary(self, *, is_clip: bool) -> RejectedPhotoError | None:
        """Return why the process has ended; None if by itself."""
        code = self._process.wait()
        if code == 0:
            return None
        if code > 0:
            raise RuntimeError(f"a decoder process failed and ended with code {code}")
        log.warning("A decoder process was stopped by signal %d", -code)
        if code == -signal.SIGALRM:
            return RejectedPhotoError(
                "The server was too busy to check this file. Please send it again later."
            )
        return _why_clip_failed(-code) if is_clip else _why_picture_failed(-code)

    def close(self) -> None:
        """End the process by closing its input."""
        with contextlib.suppress(BrokenPipeError):
            self._requests.close()
        self._answers.close()
        self._process.wait()


def _is_of_clip(request: dict[str, object]) -> bool:
    """Whether a process was asked about a file that begins as a clip does."""
    try:
        return "path" in request and is_clip_file(Path(str(request["path"])))
    except RejectedPhotoError:  # a video of a kind that is not taken
        return True
    except OSError:  # it's gone
        return False


def _why_picture_failed(number: int) -> RejectedPhotoError:
    if number == signal.SIGPROF:
        return RejectedPhotoError("This picture takes too long to open.")
    if number == signal.SIGKILL:  # by the system, when memory is short
        return RejectedPhotoError("This picture needs more memory than the server has.")
    return RejectedPhotoError("This picture is damaged and can't be opened.")


def _why_clip_failed(number: int) -> RejectedPhotoError:
    if number == signal.SIGPROF:
        return RejectedPhotoError("This video takes too long to open.")
    if number == signal.SIGKILL:
        return RejectedPhotoError("This video needs more memory than the server has.")
    return damaged()


def _close_all(idle: list[_Decoder]) -> None:
    while idle:
        idle.pop().close()

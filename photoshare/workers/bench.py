"""What runs on a worker: a plain function of a photo's bytes and the settings that decide.

Neither Flask nor the database is imported here; the photo is in memory only.
"""

from __future__ import annotations

import threading
import time
from typing import Any, TypeAlias

from photoshare.config import Settings, load_settings
from photoshare.errors import RejectedPhotoError
from photoshare.faces.analysis import analyse_decoded
from photoshare.faces.threads import step_back
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.workers.identity import engine_of, identity_of
from photoshare.workers.messages import Plain, faces_message, settings_of

BENCH = "photoshare_bench"  # the attribute of Dask's worker that holds it
STATE = "photoshare"  # the key of `Bench.state` in what Dask's worker tells its scheduler

Source: TypeAlias = bytes  # the original, or later where a worker finds it: `_content_of` reads it


class Bench:
    """The engine, the decoder processes and the counters of one worker.

    Parameters
    ----------
    settings : Settings
        This machine's: they choose the engine, whose models are loaded here.
    threads : int >= 1
        How many photos are searched at the same time.

    Raises
    ------
    ModelError
        If the models cannot be used.
    """

    def __init__(self, settings: Settings, threads: int) -> None:
        self.identity = identity_of(settings)
        self._settings = settings
        self._engine = engine_of(settings).engine
        self._engine.warm_up()
        self._decoders = DecoderPool(threads)
        self._lock = threading.Lock()
        self._busy = self._photos = 0
        self._processor_s = 0.0

    def state(self) -> Plain:
        """Tell what this worker computes with and what it has done, for everyone who asks."""
        with self._lock:
            return {
                "identity": self.identity.as_dict(),
                "busy": self._busy,
                "photos": self._photos,
                "processor_s": self._processor_s,
            }

    def analyse(self, task: Plain, source: Source) -> Plain:
        """Search a photo; return its faces, or ``rejected`` with the reason if it can't be read."""
        answer: Plain = {"digest": self.identity.digest}
        if task["digest"] != self.identity.digest:
            return answer  # the server tells why; nothing was computed
        with self._lock:
            self._busy += 1
        began = time.thread_time()
        try:
            answer["faces"] = self._faces(settings_of(task, self._settings), _content_of(source))
        except RejectedPhotoError as error:
            answer["rejected"] = str(error)
        finally:
            with self._lock:
                self._busy -= 1
                self._photos += 1
                self._processor_s += time.thread_time() - began
        return answer

    def _faces(self, settings: Settings, content: bytes) -> list[Plain]:
        def decode(longer_side_px: int) -> Any:
            return self._decoders.decode(content, settings, at_least_px=longer_side_px)

        found = analyse_decoded(
            decode, self._engine, smallest_face_percent=settings.smallest_face_percent
        )
        return faces_message([(face, found.cover_of(face)) for face in found.faces])


def analyse(task: Plain, source: Source) -> Plain:
    """Search a photo on the worker that runs this."""
    from distributed import get_worker

    step_back()
    bench: Bench = getattr(get_worker(), BENCH)
    return bench.analyse(task, source)


def dask_setup(worker: Any) -> None:
    """Make a worker's bench before it gets work; Dask calls this by its name (``preload``)."""
    bench = Bench(load_settings(), worker.state.nthreads)
    setattr(worker, BENCH, bench)
    worker.metrics[STATE] = lambda _worker: bench.state()
    worker.http_server.stop()  # what it would tell by http, it tells its scheduler


def _content_of(source: Source) -> bytes:
    """Return the bytes of an original; one in shared storage would be fetched here."""
    return source

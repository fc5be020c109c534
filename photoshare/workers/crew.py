"""The server's side of face work on other machines: hand photos out, take what comes back.

A thread of its own keeps the connection to the scheduler. While there is none, or no worker whose
work may be taken, `Crew.search` returns nothing, and the caller searches the photo itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import CancelledError
from dataclasses import replace
from pathlib import Path
from typing import Any

from photoshare.config import MB, Settings
from photoshare.errors import PhotoshareError
from photoshare.workers import bench, preparation
from photoshare.workers.identity import Identity, identity_of
from photoshare.workers.messages import Found, Plain, faces_of, task_of
from photoshare.workers.report import CrewReport, workers_of

log = logging.getLogger(__name__)

# Of originals that are out at the same time. The server and the scheduler hold each of them about
# twice (as it is, and as it is sent): half a gigabyte at most in either. It is 50 photos of an
# ordinary phone, so that fewer than 50 threads never wait for it, or 4 of the largest.
MOST_BYTES = 256 * MB
MOST_AT_ONCE = 256  # threads of the server that wait for an answer each
CONNECT_S = 5.0  # a scheduler in the same network answers within milliseconds
CLOSE_S = 1.0  # for a goodbye to the scheduler, which also notices by itself
LOOK_S = 1.0  # how soon a worker that has come, gone or been refused is noticed
RETRY_S = 5.0  # until a scheduler that was lost is tried again
# How long a suspicious photo waits for a worker. One that died is back after 3 to 10 seconds, which
# load its models.
PATIENCE_S = 60.0
_BY_WORKERS = "Photos are searched by workers"


class WorkerLostError(PhotoshareError):
    """The worker that searched a photo has died, perhaps of it."""


class Crew:
    """The workers of one server, by their scheduler; thread-safe.

    Parameters
    ----------
    settings : Settings
        With the scheduler's address.

    Raises
    ------
    SettingError
        If the package they need isn't installed.
    """

    def __init__(self, settings: Settings) -> None:
        preparation.check_installed()
        self._settings = settings
        self._report = CrewReport(is_reachable=False)
        self._said: set[str] = set()  # in the log, so that nothing is said twice
        self._has_refused_work = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closing = asyncio.Event()
        self._client: Any = None  # of Dask, while it is connected
        self._task: Plain = {}
        self._resources: dict[str, int] = {}
        self._has_tried = threading.Event()
        self._changed = threading.Condition()
        self._bytes = self._here = self._photos_here = 0

    def start(self) -> None:
        """Begin to look for the scheduler; again after `close`."""
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=self._keep, name="crew", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the connection; the scheduler drops what was handed out."""
        if self._thread is None:
            return
        loop = self._loop
        if loop is None:  # it has not begun to connect, or has ended
            self._closing.set()
        else:
            with contextlib.suppress(RuntimeError):  # its loop has just ended
                loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(CLOSE_S)

    def report(self) -> CrewReport:
        """Tell what is known of the workers; asks nobody, and waits for nobody."""
        with self._changed:
            return replace(self._report, bytes_in_flight=self._bytes, photos_here=self._photos_here)

    def state(self) -> str:
        """Tell in a word or two whether there are workers, for a monitor."""
        return self._report.state

    def threads(self) -> int:
        """How many photos the workers can search at the same time; 0 without workers."""
        return min(self._report.threads, MOST_AT_ONCE) if self._client is not None else 0

    def wait_for_first_look(self) -> None:
        """Wait until it is known whether there are workers; at most as long as that may take."""
        if self._thread is not None:
            self._has_tried.wait(2 * CONNECT_S)

    def search(self, original: Path | bytes, *, is_suspicious: bool = False) -> Found | None:
        """Have a photo searched; None if no worker can, so that it has to be searched here.

        Waits while too many bytes are out already.

        Parameters
        ----------
        original : Path or bytes
            A photo's file, or a frame of a clip.
        is_suspicious : bool
            Something went wrong with the photo before. If a worker died of it, it is better tried
            on another one than in the server: wait for a worker for `PATIENCE_S`.

        Raises
        ------
        WorkerLostError
            If the worker died.
        Exception
            Whatever the search of this photo raised on the worker.
        """
        can_wait = is_suspicious and self._client is not None
        if not (self.threads() or can_wait) or self._loop is None:
            return None
        patience_s = PATIENCE_S if is_suspicious else 0.0
        size_bytes = original.stat().st_size if isinstance(original, Path) else len(original)
        with self._bytes_out(size_bytes):
            content = original.read_bytes() if isinstance(original, Path) else original
            asking = self._ask(content, patience_s)
            asked = asyncio.run_coroutine_threadsafe(asking, self._loop)
            try:
                answer = asked.result()
            except CancelledError:  # the connection has ended
                return None
        if answer is None:
            return None
        if answer["digest"] != self._task["digest"]:
            if not self._has_refused_work:
                self._has_refused_work = True
                log.warning("A worker's work isn't taken: it computes otherwise than this server")
            return None
        # The server has decoded this photo before: what a worker rejects is decided here.
        return faces_of(answer["faces"]) if "faces" in answer else None

    @contextlib.contextmanager
    def turn_here(self, at_once: int) -> Iterator[None]:
        """Hold while searching a photo in this process; wait while that many are being searched.

        More threads wait for workers than this machine has cores, and all of them may lose theirs.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._here < at_once)
            self._here += 1
            self._photos_here += 1
        try:
            yield
        finally:
            with self._changed:
                self._here -= 1
                self._changed.notify_all()

    @contextlib.contextmanager
    def _bytes_out(self, size_bytes: int) -> Iterator[None]:
        """Hold while a photo is out; one that is larger than the bound goes alone."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._bytes == 0 or self._bytes + size_bytes <= MOST_BYTES
            )
            self._bytes += size_bytes
        try:
            yield
        finally:
            with self._changed:
                self._bytes -= size_bytes
                self._changed.notify_all()

    async def _ask(self, content: bytes, patience_s: float) -> Plain | None:
        """Have one photo searched, by any worker that computes as this server; None if none can."""
        from distributed import KilledWorker

        client = self._client
        if client is None:
            return None
        future = client.submit(
            bench.analyse,
            self._task,
            content,
            key=f"photo-{uuid.uuid4().hex}",  # of nothing: it appears in the scheduler's log
            resources=self._resources,
            pure=False,
        )
        answer = asyncio.ensure_future(future.result())
        try:
            while not (await asyncio.wait({answer}, timeout=LOOK_S))[0]:
                patience_s = patience_s if self.threads() else patience_s - LOOK_S
                if self._client is not client or patience_s < 0:
                    return None
            plain: Plain = answer.result()
        except KilledWorker as error:
            raise WorkerLostError("the worker that searched it was lost") from error
        except (CancelledError, asyncio.CancelledError, OSError):  # the scheduler is gone
            return None
        else:
            return plain
        finally:
            answer.cancel()
            if client.status == "running":
                await future.cancel()

    def _keep(self) -> None:
        """Keep the connection until it is closed; runs in the thread."""
        try:
            identity = identity_of(self._settings)
            self._task = task_of(self._settings, identity.digest)
            self._resources = {resource_of(identity): 1}
            preparation.prepare()
            asyncio.run(self._stay_connected(identity))
        except Exception:
            log.exception("Face work on other machines has ended; photos are searched here")
        finally:
            self._client, self._loop = None, None
            self._has_tried.set()

    async def _stay_connected(self, identity: Identity) -> None:
        self._loop = asyncio.get_running_loop()
        while not self._closing.is_set():
            why = "it has ended"
            try:
                await self._watch(identity)
            except (OSError, TimeoutError) as error:
                why = str(error) or "it doesn't answer"
            except Exception as error:  # of Dask's, which documents none; the next try may succeed
                log.exception("The workers can't be looked after")
                why = str(error)
            finally:
                self._client = None
            if not self._closing.is_set():
                self._learn(CrewReport(is_reachable=False), why)
            self._has_tried.set()
            await self._rest(RETRY_S)

    async def _watch(self, identity: Identity) -> None:
        """Connect, and look at the workers again and again until the scheduler is gone."""
        async with connection(self._settings) as client:
            while client.status == "running" and not self._closing.is_set():
                self._learn(await look(client, identity))
                self._client = client
                self._has_tried.set()
                await self._rest(LOOK_S)
            self._client = None

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    def _learn(self, report: CrewReport, why: str = "") -> None:
        """Remember what was seen, and log what has changed, once."""
        now = {
            f"The worker {worker.name} is refused: {worker.refusal}"
            for worker in report.workers
            if worker.refusal
        }
        if not report.is_reachable:
            now = {"The scheduler of the workers can't be reached; photos are searched here"}
        elif not report.fit:
            now.add("The scheduler has no worker for this server; photos are searched here")
        else:
            now.add(_BY_WORKERS)
        for sentence in sorted(now - self._said):
            level = logging.INFO if sentence == _BY_WORKERS else logging.WARNING
            log.log(level, "%s%s", sentence, f" ({why})" if why else "")
        self._said = now
        with self._changed:
            self._report = report


def resource_of(identity: Identity) -> str:
    """Name what a worker offers and a photo needs: the scheduler itself keeps wrong ones apart."""
    return f"photoshare-{identity.digest}"


def connection(settings: Settings) -> Any:
    """Connect to the scheduler of the settings, for ``async with``; raises OSError without one."""
    from distributed import Client

    return Client(
        settings.workers,
        asynchronous=True,
        timeout=CONNECT_S,
        security=preparation.security_of(settings),
        set_as_default=False,
        direct_to_workers=False,
        name="photoshare",
    )


async def look(client: Any, identity: Identity) -> CrewReport:
    """Ask the scheduler for its workers; raises OSError or TimeoutError if it doesn't answer."""
    told = await asyncio.wait_for(client.scheduler.identity(n_workers=-1), CONNECT_S)
    return CrewReport(is_reachable=True, workers=workers_of(told, identity))


def look_once(settings: Settings) -> CrewReport:
    """Connect, look at the workers, and leave; for commands beside the server."""
    preparation.check_installed()
    identity = identity_of(settings)
    preparation.prepare()

    async def ask() -> CrewReport:
        async with connection(settings) as client:
            return await look(client, identity)

    try:
        return asyncio.run(ask())
    except (OSError, TimeoutError):
        return CrewReport(is_reachable=False)

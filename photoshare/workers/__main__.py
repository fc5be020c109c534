"""The commands ``worker`` and ``scheduler``: processes of Dask that work for a PhotoShare server.

They run on their own, not in the server's program, since Dask starts the module again in the
process that searches photos: it is to load neither the web nor the database.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from photoshare.config import PROGRAM, Settings, load_settings
from photoshare.errors import PhotoshareError, SettingError
from photoshare.workers import preparation
from photoshare.workers.bench import dask_setup
from photoshare.workers.crew import resource_of
from photoshare.workers.identity import identity_of

log = logging.getLogger("photoshare.workers")

LOOPBACK = "127.0.0.1"
SCHEDULER_PORT = 8786  # Dask's own
RETRY_S = 5.0  # until a worker looks for its scheduler again
CLOSE_S = 5.0  # for a goodbye to the scheduler, and again for what the worker is doing
# Megabytes: what a process with all models takes, and what a photo may take beside it. Two groups
# of 50 megapixels at once were 800 MB (photoshare.faces.engines.sessions); decoders have a bound
# of their own. A worker that takes more is started again.
BASE_MB, PER_THREAD_MB = 500, 750
# Of the process that searches, in the place of Dask's own, which would also have glibc return
# memory at once (MALLOC_TRIM_THRESHOLD_): a search asks for the same memory again and again, and
# took 2.6 times as long.
ENVIRON = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a worker or a scheduler until Ctrl-C or SIGTERM; return the exit code."""
    options = _parse(arguments)
    try:
        preparation.check_installed()
        settings = load_settings({"workers": options.address} if "address" in options else {})
        logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(message)s")
        asyncio.run(options.run(options, settings))
    except PhotoshareError as error:
        print(f"PhotoShare can't start. {error}", file=sys.stderr)
        return 1
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Search photos for faces on several machines (docs/scale.md)."
    )
    commands = parser.add_subparsers(required=True)
    worker = commands.add_parser("worker", help="search photos for the servers of a scheduler")
    worker.set_defaults(run=_run_worker)
    worker.add_argument("address", help="the scheduler's, such as tcp://127.0.0.1:8786")
    worker.add_argument("--host", default=LOOPBACK, help="this machine's address for the scheduler")
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    worker.add_argument("--threads", type=int, default=cores, help="photos searched at once")
    worker.add_argument("--memory-mb", type=int, help="with more it is started again")
    worker.add_argument("--name", default=socket.gethostname(), help="what the server calls it")
    scheduler = commands.add_parser("scheduler", help="hand photos to workers")
    scheduler.set_defaults(run=_run_scheduler)
    scheduler.add_argument("--host", default=LOOPBACK, help="the address to listen on")
    scheduler.add_argument("--port", type=int, default=SCHEDULER_PORT, help="default: 8786")
    return parser.parse_args(arguments)


async def _run_worker(options: argparse.Namespace, settings: Settings) -> None:
    """Work for a scheduler, and wait for it whenever it is gone."""
    if options.host == LOOPBACK and not _is_here(urlsplit(settings.workers).hostname or ""):
        raise SettingError(
            "The scheduler is on another machine and has to reach this worker, which listens on "
            f"{LOOPBACK} only. Give it this machine's address there: --host 192.0.2.7"
        )
    resources = {resource_of(identity_of(settings)): options.threads}
    stop = _stopping()
    preparation.prepare(
        # Photos stay in memory: never on this machine's disk. Above these shares of its bound, a
        # worker takes no more work, or is started again.
        distributed__worker__memory__target=False,
        distributed__worker__memory__spill=False,
        distributed__worker__memory__pause=0.85,
        distributed__worker__memory__terminate=0.95,
        distributed__worker__http__routes=[],
        **{"distributed.nanny.pre-spawn-environ": ENVIRON},
    )
    from distributed import Nanny

    memory_mb = options.memory_mb or BASE_MB + options.threads * PER_THREAD_MB
    is_first = True
    while not stop.is_set():
        with tempfile.TemporaryDirectory(prefix="photoshare-worker-") as folder:
            nanny = Nanny(
                settings.workers,
                nthreads=options.threads,
                memory_limit=memory_mb * 10**6,
                host=options.host,
                dashboard_address=f"{LOOPBACK}:0",
                name=options.name,
                resources=resources,
                security=preparation.security_of(settings),
                local_directory=folder,
                silence_logs=logging.ERROR,
                preload=[dask_setup.__module__],
            )
            await _keep(nanny, stop, is_first)
        is_first = False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RETRY_S)


async def _keep(nanny: Any, stop: asyncio.Event, is_first: bool) -> None:
    """Keep a worker in a process of its own, started again if it dies, while it has a scheduler."""
    try:
        await nanny
    except Exception as error:
        if is_first:
            why = error.__cause__ or error  # Dask's own says only that it failed
            log.warning("The worker can't start yet, and tries again every few seconds: %s", why)
    else:
        print(f"Worker {nanny.name} is ready  (stop with Ctrl-C)", flush=True)
        ends = [asyncio.ensure_future(wait()) for wait in (nanny.finished, stop.wait)]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        if stop.is_set():
            # So that its photos go to another one, without suspicion of having ended this one.
            retire = nanny.scheduler.retire_workers(workers=[nanny.worker_address], remove=True)
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(retire, CLOSE_S)
        else:
            log.warning("The scheduler is gone; waiting for it")
    await nanny.close(timeout=CLOSE_S)


async def _run_scheduler(options: argparse.Namespace, settings: Settings) -> None:
    stop = _stopping()
    # A photo that its worker did not survive is tried again by the server that sent it, alone and
    # at most `photoshare.services.work.photo_queue.MAX_ATTEMPTS` times; not here, three times more.
    preparation.prepare(
        **{"distributed.scheduler.allowed-failures": 0},
        **{"distributed.scheduler.worker-ttl": "60s", "distributed.scheduler.http.routes": []},
    )
    from distributed import Scheduler

    security = preparation.security_of(settings)
    protocol = "tls://" if security else "tcp://"
    try:
        scheduler = Scheduler(
            host=options.host,
            port=options.port,
            protocol=protocol,
            security=security,
            dashboard=False,
            dashboard_address=f"{LOOPBACK}:0",
        )
        scheduler.http_server.stop()
        await scheduler
    except OSError as error:
        raise SettingError(
            f"Port {options.port} of {options.host} can't be used ({error})."
        ) from error
    print(f"Workers and servers reach the scheduler at {scheduler.address}", flush=True)
    await stop.wait()
    await scheduler.close()


def _is_here(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _stopping() -> asyncio.Event:
    """Make the event that Ctrl-C and SIGTERM set; the second of them ends at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    return stop


if __name__ == "__main__":
    sys.exit(main())

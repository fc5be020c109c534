"""Open files that have to be brought from elsewhere first, in threads of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")

AT_ONCE = 8  # objects; one of 5 MB takes about 0.1 s, and no line is faster than eight of them


class Fetchers:
    """A few threads, and whoever waits for what they bring.

    Attributes
    ----------
    wake : callable
        Called, in any thread, whenever something has arrived or turned out to be missing. The
        server sets it: its loop sends downloads, and may wait for none of them.
    """

    def __init__(self) -> None:
        self.wake: Callable[[], object] = _nobody_waits
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="storage")
        self._unfinished: set[Future[Any]] = set()

    def submit(self, fetch: Callable[[], Result]) -> Future[Result]:
        """Begin to fetch."""
        future = self._threads.submit(fetch)
        self._unfinished.add(future)
        future.add_done_callback(self._finished)
        return future

    def _finished(self, future: Future[Any]) -> None:
        self._unfinished.discard(future)
        self.wake()

    def map(self, fetches: Iterable[Callable[[], Result]]) -> list[Result]:
        """Run several at once and return their results; the first error is raised."""
        return [future.result() for future in [self.submit(fetch) for fetch in fetches]]

    def close(self) -> bool:
        """Begin nothing more; return whether nothing is running."""
        self.wake = _nobody_waits
        self._threads.shutdown(wait=False, cancel_futures=True)
        return not any(future.running() for future in list(self._unfinished))


def _nobody_waits() -> None:
    """Stand in for a loop."""

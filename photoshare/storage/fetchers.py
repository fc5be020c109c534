"""Open files that have to be brought from elsewhere first, in threads of their own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

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

    def submit(self, fetch: Callable[[], Result]) -> Future[Result]:
        """Begin to fetch."""
        future = self._threads.submit(fetch)
        future.add_done_callback(lambda _: self.wake())
        return future

    def map(self, fetches: list[Callable[[], Result]]) -> list[Result]:
        """Run several at once and return their results; the first error is raised."""
        return [future.result() for future in [self._threads.submit(fetch) for fetch in fetches]]


def _nobody_waits() -> None:
    """Stand in for a loop."""

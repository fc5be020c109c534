"""Read a zip whose files have to be fetched first: those that follow are opened meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from photoshare.services.downloads.sources import Source
from photoshare.services.downloads.zip_layout import ZipLayout, ZipSource

# With three files on their way, nobody notices the time until the first byte of each. They are on
# the disk when they are open, so that a download takes no memory.
READ_AHEAD = 2
Submit = Callable[[Callable[[], Source]], "Future[Source]"]


class PatientZipSource(ZipSource):
    """A zip opened for reading, whose reader can ask whether it would have to wait.

    Parameters
    ----------
    find_layout : callable
        As of a `ZipSource`.
    submit : callable
        Opens a file in another thread.
    """

    def __init__(self, find_layout: Callable[[], ZipLayout], submit: Submit) -> None:
        super().__init__(find_layout)
        self._submit = submit
        self._lock = threading.Lock()  # a server's loop asks while a thread reads
        self._coming: dict[int, Future[Source]] = {}

    def is_ready(self, offset: int) -> bool:
        """Whether `read_at` would not wait for a file; begins to open it and those that follow."""
        layout = self._find_layout()
        number, _, _ = layout.part_at(offset)
        with self._lock:
            if number < 0 or number == self._number:
                return True
            self._send_for(layout, number)
            return self._coming[number].done()

    def close(self) -> None:
        """Close the file that is open, and those on their way when they come."""
        with self._lock:
            super().close()
            coming, self._coming = self._coming, {}
        for future in coming.values():
            future.add_done_callback(_close_when_there)

    def _open(self, layout: ZipLayout, number: int) -> Source:
        with self._lock:
            if self._source is None or number != self._number:
                super().close()
                self._send_for(layout, number)
                self._source = self._coming.pop(number).result()
                self._number = number
            return self._source

    def _send_for(self, layout: ZipLayout, number: int) -> None:
        for ahead in range(number, min(number + 1 + READ_AHEAD, len(layout))):
            if ahead not in self._coming:
                self._coming[ahead] = self._submit(partial(layout.open_entry, ahead))


def _close_when_there(future: Future[Source]) -> None:
    if not future.cancelled() and future.exception() is None:
        future.result().close()

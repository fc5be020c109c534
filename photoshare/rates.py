"""Limit the rate of events: counts by key in time windows, and turns; in bounded memory."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MINUTE_S, HOUR_S = 60, 3600
MAX_KEYS = 50_000  # about 15 MB; beyond it, the key counted longest ago is dropped
MOST_WAITING = 16  # for their turn; there are more threads for secrets than that


@dataclass(frozen=True, slots=True)
class Limit:
    """A number of events allowed within a number of seconds from the first of them."""

    most: int
    seconds: int


class Rates:
    """A thread-safe counter of events."""

    def __init__(self) -> None:
        self._windows: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()  # end, count
        self._lock = threading.Lock()

    def wait_s(self, key: Hashable, *limits: Limit, cost: int = 1) -> int:
        """Return in how many whole seconds ``cost`` more events fit all limits; 0 if now."""
        now = time.monotonic()
        with self._lock:
            windows = [(limit, *self._window(key, limit, now)) for limit in limits]
        over = [end - now for limit, end, count in windows if count + cost > limit.most]
        return math.ceil(max(over, default=0))

    def add(self, key: Hashable, *limits: Limit, cost: int = 1) -> None:
        """Count ``cost`` events."""
        now = time.monotonic()
        with self._lock:
            for limit in limits:
                end, count = self._window(key, limit, now)
                self._windows[key, limit] = (end, count + cost)
                self._windows.move_to_end((key, limit))
            while len(self._windows) > MAX_KEYS:
                self._windows.popitem(last=False)

    def _window(self, key: Hashable, limit: Limit, now: float) -> tuple[float, int]:
        end, count = self._windows.get((key, limit), (0.0, 0))
        return (end, count) if end > now else (now + limit.seconds, 0)


class Turns:
    """A queue of bounded length in front of something that one thread at a time may do."""

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(MOST_WAITING)
        self._turn = threading.Lock()

    @contextmanager
    def take(self) -> Iterator[bool]:
        """Wait for a turn; tell whether there was a place to wait."""
        if not self._places.acquire(blocking=False):
            yield False
            return
        try:
            with self._turn:
                yield True
        finally:
            self._places.release()

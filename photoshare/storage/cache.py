"""Keep files that were fetched on the local disk, those used last, within a number of bytes.

The time of a file tells when it was used, so nothing else has to survive a restart.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from photoshare.config import MB

KEPT_SHARE = 0.9  # of the limit, after a cleaning: the next one is far away


class Cache:
    """Files of one kind below a folder.

    Parameters
    ----------
    folder : Path
    pattern : str
        Of its files, for `Path.glob`.
    max_bytes : int
        All files together, except those that are held.
    min_free_mb : int
        The disk's free space below which files go, too.
    """

    def __init__(self, folder: Path, pattern: str, *, max_bytes: int, min_free_mb: int) -> None:
        self._folder, self._pattern = folder, pattern
        self._max_bytes, self._min_free_bytes = max_bytes, min_free_mb * MB
        self._lock = threading.Lock()
        self._cleaning = threading.Lock()
        self._held: Counter[Path] = Counter()
        self._bytes: int | None = None  # unknown until the first look at the folder

    def has(self, path: Path) -> bool:
        """Whether a file is there; it counts as used now."""
        try:
            os.utime(path)
        except FileNotFoundError:
            return False
        return True

    @contextlib.contextmanager
    def holding(self, path: Path) -> Iterator[None]:
        """Keep a file until the end of the block, whatever else needs the space."""
        with self._lock:
            self._held[path] += 1
        try:
            yield
        finally:
            with self._lock:
                self._held[path] -= 1
                if not self._held[path]:
                    del self._held[path]

    def add(self, size_bytes: int, *, clean: Callable[[Callable[[], None]], object]) -> None:
        """Count a new file; if there are too many bytes now, let ``clean`` run a cleaning."""
        with self._lock:
            if self._bytes is not None:
                self._bytes += size_bytes
            is_full = self._bytes is None or self._bytes > self._max_bytes
        if is_full or self._is_disk_short():
            clean(self.clean)

    def clean(self) -> None:
        """Remove the files that were used longest ago, until the rest is small enough."""
        if not self._cleaning.acquire(blocking=False):
            return  # another thread is at it
        try:
            found = sorted(self._files(), reverse=True)
            total = sum(size for _, size, _ in found)
            limit = self._max_bytes
            if total > limit or self._is_disk_short():
                limit = int(limit * KEPT_SHARE)
                while found and (total > limit or self._is_disk_short()):
                    _used, size, path = found.pop()
                    with self._lock:
                        if not self._held[path]:
                            path.unlink(missing_ok=True)
                            total -= size
            with self._lock:
                self._bytes = total
        finally:
            self._cleaning.release()

    def _files(self) -> Iterator[tuple[int, int, Path]]:
        for path in self._folder.glob(self._pattern):
            with contextlib.suppress(FileNotFoundError):  # deleted with its photo
                status = path.stat()
                yield status.st_mtime_ns, status.st_size, path

    def _is_disk_short(self) -> bool:
        return shutil.disk_usage(self._folder).free < self._min_free_bytes

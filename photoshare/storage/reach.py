"""Tell whether a bucket can be reached, to whoever asks as often as they like."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import TYPE_CHECKING

from photoshare.errors import StorageError
from photoshare.storage.fetchers import Fetchers
from photoshare.storage.keys import OWNER_KEY

if TYPE_CHECKING:  # a package that the default install lacks
    from photoshare.storage.bucket import Bucket

KEPT_S = 10  # how long an answer holds
PATIENCE_S = 5  # without an answer


class Reach:
    """Looks for one object now and then, and waits for none."""

    def __init__(self, bucket: Bucket, fetchers: Fetchers) -> None:
        self._bucket, self._fetchers = bucket, fetchers
        self._look: Future[bool] | None = None
        self._looked_at, self._was_reached = 0.0, True

    def state(self) -> str:
        """Tell in a word whether the bucket could be reached a moment ago."""
        now = time.monotonic()
        if self._look is None or (self._look.done() and now - self._looked_at > KEPT_S):
            self._look, self._looked_at = self._fetchers.submit(self._is_reached), now
        if self._look.done():
            self._was_reached = self._look.result()
        elif now - self._looked_at > PATIENCE_S:
            self._was_reached = False
        return "ok" if self._was_reached and not self._bucket.is_pausing else "failing"

    def _is_reached(self) -> bool:
        try:
            self._bucket.size_of(OWNER_KEY)
        except StorageError:
            return False
        return True

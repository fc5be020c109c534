"""Distrust a clock that was set while the server runs, before anything is deleted by its time."""

from __future__ import annotations

import logging
import time

log = logging.getLogger(__name__)

JUMP_S = 600.0  # a clock that is corrected bit by bit stays below; a leap second does, too
DISTRUST_S = 3600.0  # long enough for a time server, or whoever runs PhotoShare, to set it right


class Clock:
    """The clock of the machine, compared with the time since it was started.

    A clock set years ahead would empty the bin at once. It is believed after an hour without
    another jump; one that was set back deletes nothing anyway.
    """

    def __init__(self) -> None:
        self._offset = time.time() - _running_s()
        self._believed_at = _running_s()

    def is_trusted(self) -> bool:
        """Whether the clock may decide what is deleted; call it every few seconds."""
        offset = time.time() - _running_s()
        if abs(offset - self._offset) > JUMP_S:
            log.warning("The clock was set while the server ran; nothing is deleted for an hour")
            self._believed_at = _running_s() + DISTRUST_S
        self._offset = offset
        return _running_s() >= self._believed_at


def _running_s() -> float:
    """Return the seconds since the machine started; on Linux, those it slept as well."""
    of_boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if of_boot is None else time.clock_gettime(of_boot)

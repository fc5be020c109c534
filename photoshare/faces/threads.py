"""Let threads that search photos step back for those that answer pages."""

from __future__ import annotations

import os
import sys
import threading

FACE_THREAD_NICENESS = 10  # of 19; a page then gets about nine tenths of a core that it needs


def step_back() -> None:
    """Lower this thread's priority below those that answer pages; only Linux supports this."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), FACE_THREAD_NICENESS)

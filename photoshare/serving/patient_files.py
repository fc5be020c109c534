"""Send files whose bytes are still on their way, without a thread that waits for them.

waitress's loop reads what it sends, for all connections: it may not wait for one of them. A file
with a method `is_ready` is asked before it is read, and whoever fetches wakes the loop
(`photoshare.storage.Fetchers`).
"""

from __future__ import annotations

from typing import Any

from waitress.buffers import ReadOnlyFileBasedBuffer


class PatientFile(ReadOnlyFileBasedBuffer):  # type: ignore[misc]  # waitress has no types
    """A file that is being sent."""

    @property
    def is_ready(self) -> bool:
        """Whether it can be read without waiting."""
        check = getattr(self.file, "is_ready", None)
        return check is None or bool(check())

    def get(self, numbytes: int = -1, skip: bool = False) -> bytes:
        """Read, or nothing if that would wait; called by waitress."""
        if numbytes and self.remain and not self.is_ready:
            return b""
        content: bytes = super().get(numbytes, skip)
        return content


def is_ready(buffer: Any) -> bool:
    """Whether what is sent next can be read without waiting."""
    return not isinstance(buffer, PatientFile) or buffer.is_ready

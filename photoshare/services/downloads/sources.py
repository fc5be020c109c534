"""Where the bytes of a download come from: a file, some bytes, or both, read from anywhere."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Protocol, runtime_checkable


class Source(Protocol):
    """Bytes that can be read at any offset."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Read up to `size` bytes, at least one unless `offset` is the end."""

    def close(self) -> None:
        """Release its resources."""


@runtime_checkable
class PatientSource(Source, Protocol):
    """A source some of whose bytes may still be on their way."""

    def is_ready(self, offset: int) -> bool:
        """Whether `read_at` would not wait; if not, what it needs is being fetched."""


class BytesSource:
    """Bytes in memory that can be read at any offset."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read_at(self, offset: int, size: int) -> bytes:
        """Read up to `size` bytes; fewer only at the end."""
        return self._content[offset : offset + size]

    def close(self) -> None:
        """Do nothing: nothing is open."""


class SourceFile(io.RawIOBase):
    """The bytes of a source from `start` to `stop` as a readable file, opened on first read.

    The web server sends it in small blocks, as fast as the phone at the other end accepts them.
    """

    def __init__(self, open_source: Callable[[], Source], start: int, stop: int) -> None:
        self._open_source = open_source
        self._source: Source | None = None
        self._patient: PatientSource | None = None  # the same, if it is one
        self._start, self._stop = start, stop
        self._at = start

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def seekable(self) -> bool:
        """Whether it can be read at any offset: yes."""
        return True

    def tell(self) -> int:
        """Return the offset of the next byte."""
        return self._at - self._start

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to another offset."""
        origin = {io.SEEK_SET: self._start, io.SEEK_CUR: self._at, io.SEEK_END: self._stop}[whence]
        self._at = max(self._start, min(origin + offset, self._stop))
        return self.tell()

    def read(self, size: int | None = -1) -> bytes:
        """Read `size` bytes, fewer at the end, or where a `PatientSource` might have to wait."""
        if self._source is None:
            self._source = self._open_source()
            self._patient = self._source if isinstance(self._source, PatientSource) else None
        left = self._stop - self._at
        left = left if size is None or size < 0 else min(size, left)
        blocks: list[bytes] = []
        while left > 0 and not (blocks and self._patient):
            blocks.append(self._source.read_at(self._at, left))
            if not blocks[-1]:
                raise OSError("a file is shorter than it was")
            self._at += len(blocks[-1])
            left -= len(blocks[-1])
        return b"".join(blocks)

    def is_ready(self) -> bool:
        """Whether the next `read` would not wait; the first is made where it may."""
        return self._patient is None or self._at >= self._stop or self._patient.is_ready(self._at)

    def close(self) -> None:
        """Close what is open."""
        if self._source is not None:
            self._source.close()
            self._source = self._patient = None
        super().close()

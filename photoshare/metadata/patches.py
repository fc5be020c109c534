"""Patches: bytes of a file that are replaced by as many others, and a file seen through them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path

Buffer = bytes | mmap


class UncleanableError(ValueError):
    """The file is built in a way that we do not understand well enough to vouch for it."""


@dataclass(frozen=True, slots=True)
class Patch:
    """The bytes from `start` up to `stop` of a file are replaced.

    Attributes
    ----------
    start, stop : int
        Offsets in the file.
    content : bytes or None
        ``stop - start`` bytes; None for zeros, which are not held in memory.
    """

    start: int
    stop: int
    content: bytes | None = None


def replace(start: int, old: bytes, new: bytes) -> Iterable[Patch]:
    """Make the patch that turns `old`, which lies at `start`, into `new`; none where they agree."""
    if len(old) != len(new):
        raise AssertionError("a patch never moves what follows it")
    return [] if old == new else [Patch(start, start + len(new), new)]


class PatchedFile:
    """A file seen through patches; where they overlap, the later one wins."""

    def __init__(self, path: Path, patches: Iterable[Patch] = ()) -> None:
        self._patches = list(patches)
        self._file = path.open("rb")

    def read_at(self, offset: int, size: int) -> bytes:
        """Read up to `size` bytes; fewer only at the end of the file."""
        self._file.seek(offset)
        block = self._file.read(size)
        stop = offset + len(block)
        touching = [p for p in self._patches if p.start < stop and p.stop > offset]
        if not touching:
            return block
        patched = bytearray(block)
        for patch in touching:
            start, end = max(patch.start, offset), min(patch.stop, stop)
            content = patch.content
            patched[start - offset : end - offset] = (
                bytes(end - start)
                if content is None
                else content[start - patch.start : end - patch.start]
            )
        return bytes(patched)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

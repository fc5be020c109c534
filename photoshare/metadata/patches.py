"""Replace bytes of a file by patches, and read the patched file at any offset."""

from __future__ import annotations

import dataclasses
import io
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from typing import BinaryIO, cast

Buffer = bytes | mmap


class UncleanableError(ValueError):
    """The file has a structure that we do not understand well enough to vouch for it."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A replacement of the bytes from `start` up to `stop` of a file.

    Attributes
    ----------
    start, stop : int
        Offsets in the file.
    content : bytes or None
        Any number of bytes, none to cut; None for ``stop - start`` zeros, if offsets elsewhere in
        the file forbid cutting.
    """

    start: int
    stop: int
    content: bytes | None = b""

    @property
    def size(self) -> int:
        """How many bytes it inserts."""
        return self.stop - self.start if self.content is None else len(self.content)


def replace(start: int, old: bytes, new: bytes) -> Iterable[Patch]:
    """Make the patch that turns `old`, at offset `start`, into `new`; none if they are equal."""
    return [] if old == new else [Patch(start, start + len(old), new)]


def blank(data: Buffer, start: int, stop: int) -> Iterable[Patch]:
    """Make the patch that turns a part into zeros; none if it already is."""
    return [Patch(start, stop, None)] if bytes(data[start:stop]).strip(b"\0") else []


def moved(offset: int, patches: Iterable[Patch]) -> int:
    """Return the offset in the patched file of the byte at an offset of the original."""
    before = (patch for patch in patches if patch.stop <= offset)
    return offset + sum(patch.size - (patch.stop - patch.start) for patch in before)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a patched file: a range of the original, or a patch."""

    start: int  # in the patched file
    size: int
    origin: int | Patch


def _pieces(patches: Iterable[Patch], size: int) -> Iterator[_Piece]:
    at = start = 0  # in the original, in the patched file
    for patch in sorted(patches, key=lambda patch: (patch.start, patch.stop)):
        if patch.start < at:
            raise UncleanableError("overlapping parts of the file")
        for piece in (_Piece(start, patch.start - at, at), _Piece(0, patch.size, patch)):
            if piece.size:
                yield dataclasses.replace(piece, start=start)
                start += piece.size
        at = patch.stop
    if at < size:
        yield _Piece(start, size - at, at)


class PatchedFile:
    """A file seen through patches.

    Attributes
    ----------
    size_bytes : int
        With the patches.

    Raises
    ------
    UncleanableError
        If two patches overlap.
    """

    def __init__(self, path: Path, patches: Iterable[Patch] = ()) -> None:
        self._pieces = list(_pieces(patches, path.stat().st_size))
        self._starts = [piece.start for piece in self._pieces]
        self.size_bytes = sum(piece.size for piece in self._pieces)
        self._file = path.open("rb")

    def read_at(self, offset: int, size: int) -> bytes:
        """Read up to `size` bytes; fewer only at the end of the file."""
        blocks = []
        number = max(bisect_right(self._starts, offset) - 1, 0)
        for piece in self._pieces[number:]:
            within = offset - piece.start
            taken = min(size, piece.size - within)
            if taken <= 0:
                break
            blocks.append(self._read(piece.origin, within, taken))
            offset, size = offset + taken, size - taken
        return b"".join(blocks)

    def _read(self, origin: int | Patch, within: int, size: int) -> bytes:
        if isinstance(origin, Patch):
            return bytes(size) if origin.content is None else origin.content[within : within + size]
        self._file.seek(origin + within)
        return self._file.read(size)

    def as_file(self) -> BinaryIO:
        """Return the patched file as one to be read; closing it closes nothing else."""
        return io.BufferedReader(cast(io.RawIOBase, _Reader(self)))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _Reader(io.RawIOBase):
    def __init__(self, patched: PatchedFile) -> None:
        self._patched, self._at = patched, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origins = {io.SEEK_CUR: self._at, io.SEEK_END: self._patched.size_bytes}
        self._at = origins.get(whence, 0) + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        content = self._patched.read_at(self._at, len(buffer))
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)


def apply(data: bytes, patches: Iterable[Patch]) -> bytes:
    """Patch bytes in memory."""
    return b"".join(
        (bytes(piece.size) if piece.origin.content is None else piece.origin.content)
        if isinstance(piece.origin, Patch)
        else data[piece.origin : piece.origin + piece.size]
        for piece in _pieces(patches, len(data))
    )

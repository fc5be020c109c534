"""Open a room file that may have been made by anybody, and read its tables.

Nothing is written by a name that the file gives. What is in memory at a time is one line, and what
the zip itself lists.
"""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

from photoshare.errors import RoomFileError
from photoshare.services.moving_in.fields import Fields
from photoshare.services.take_home.room_file import (
    FORMAT,
    MAX_ENTRIES,
    MAX_LINE_BYTES,
    MAX_ROOM_BYTES,
    MAX_ROWS,
    MAX_TABLE_BYTES,
    ROOM,
    TABLES,
    VERSION,
)

BUFFER_BYTES = 1 << 16  # read from the zip at a time
_NO_ROOM = "isn't a room that PhotoShare has exported"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # ours, and of whoever packed it again
# What a damaged or hostile zip makes zipfile raise: more than it documents.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError),
    *(ValueError, OverflowError, KeyError),
)


class RoomFile:
    """A room file that is being read; of its zip only what its tables name.

    Raises
    ------
    RoomFileError
        If it isn't one, or of a version that is newer than this program.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            self._zip = zipfile.ZipFile(path)
        except (*_DAMAGE, MemoryError) as error:
            raise RoomFileError(
                f"{path} {_NO_ROOM}: it isn't a zip, or not a whole one."
            ) from error
        except OSError as error:
            raise RoomFileError(f"{path} can't be read ({error.strerror}).") from error
        try:
            self._check_names()
            self.room = self._read_room()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> RoomFile:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    def _check_names(self) -> None:
        infos = self._zip.infolist()
        if len(infos) > MAX_ENTRIES:
            raise RoomFileError(f"{self.name} has more than {MAX_ENTRIES:,} files.")
        names = {info.filename for info in infos}
        if len(names) < len(infos):
            raise RoomFileError(f"{self.name} {_NO_ROOM}: it has two files of one name.")
        missing = [name for name in (ROOM, *TABLES) if name not in names]
        if missing:
            raise RoomFileError(f"{self.name} {_NO_ROOM}: it has no {missing[0]}.")

    def _read_room(self) -> Fields:
        with self.opened(ROOM, most_bytes=MAX_ROOM_BYTES) as file:
            fields = Fields(ROOM, _parsed(ROOM, file.read(MAX_ROOM_BYTES)))
        if fields.text("format", most=100) != FORMAT:
            raise RoomFileError(f"{self.name} {_NO_ROOM}.")
        version = fields.number("version")
        if version > VERSION:
            raise RoomFileError(
                f"{self.name} was exported by a newer PhotoShare (version {version} of the format; "
                f"this one reads up to {VERSION}). Update PhotoShare, then try again."
            )
        return fields

    def has(self, table: str) -> bool:
        """Whether it has a table that files of former versions lack."""
        return table in self._zip.NameToInfo

    def lines(self, table: str) -> Iterator[Fields]:
        """Yield the lines of a table."""
        with self.opened(table, most_bytes=MAX_TABLE_BYTES) as file:
            for number in range(1, MAX_ROWS + 2):
                line = file.readline(MAX_LINE_BYTES)
                if not line:
                    return
                where = f"Line {number:,} of {table}"
                if number > MAX_ROWS or (len(line) >= MAX_LINE_BYTES and line[-1:] != b"\n"):
                    raise RoomFileError(f"{where} is more than any room has.")
                yield Fields(where, _parsed(where, line))

    @contextlib.contextmanager
    def opened(self, name: str, *, most_bytes: int) -> Iterator[Entry]:
        """Open a file of the zip.

        Raises
        ------
        RoomFileError
            If there is none, or it is damaged, encrypted or has more than `most_bytes`.
        """
        try:
            info = self._zip.getinfo(name)
        except KeyError as error:
            raise RoomFileError(f"{self.name} is incomplete: {name} is missing.") from error
        if info.file_size > most_bytes or info.compress_type not in _METHODS or info.flag_bits & 1:
            raise RoomFileError(f"{name} in {self.name} is too large, or packed in another way.")
        damage = f"{self.name} is damaged: {name} can't be read."
        try:
            file = self._zip.open(info)
        # OSError: its place is in front of the file's beginning.
        except (*_DAMAGE, OSError) as error:
            raise RoomFileError(damage) from error
        with file:
            yield Entry(file, damage)


class Entry:
    """A file of the zip, open for reading; no more is read than the zip says it has."""

    def __init__(self, file: IO[bytes], damage: str) -> None:
        # zipfile's own `readline` reads more than it may, and byte by byte.
        self._file, self._damage = io.BufferedReader(cast(io.RawIOBase, file), BUFFER_BYTES), damage

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes."""
        try:
            return self._file.read(size)
        except _DAMAGE as error:
            raise RoomFileError(self._damage) from error

    def readline(self, size: int = -1) -> bytes:
        """Read a line, or `size` bytes of it."""
        try:
            return self._file.readline(size)
        except _DAMAGE as error:
            raise RoomFileError(self._damage) from error


def _parsed(where: str, text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RoomFileError(f"{where} of the file can't be read: it isn't JSON.") from error

"""Erase deleted data from the database's files (docs/adr/0018-what-is-deleted-is-gone.md).

SQLite overwrites deleted rows in the database file (`secure_delete`), but two places keep them:
the write-ahead log, until later writes happen to cover them, and gaps in pages whose rows were
moved to other pages. The log is emptied as soon as it contains anything; to remove the gaps, the
file is rewritten when it is quiet. Both happen whatever was written, so no deletion can forget to.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from photoshare.config import MB

log = logging.getLogger(__name__)

# How long a checkpoint waits for readers. Pages can still read meanwhile, but writers wait.
READERS_WAIT_S = 0.05
# Rewriting a file takes about 20 ms per megabyte, 200 ms on a slow card, and blocks writers. After
# this much quiet it takes at most a fiftieth of the time.
QUIET_S_OF_MB = 10


class DatabaseUpkeep:
    """Keeps one database file free of deleted data; called every few seconds by one thread.

    Parameters
    ----------
    database : Path
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._written_at = time.monotonic()
        self._is_compact = False  # an earlier process may have left gaps
        self._complaint = ""  # logged once, not every few seconds

    def tend(self) -> None:
        """Empty the write-ahead log; rewrite the file once it has been quiet for long enough."""
        try:
            self._tend()
            self._complaint = ""
        except sqlite3.OperationalError as error:  # another writer, or a full disk
            if str(error) != self._complaint:
                log.warning("The database file will be tidied later: %s", error)
            self._complaint, self._written_at = str(error), time.monotonic()

    def _tend(self) -> None:
        if _size(wal_of(self._database)) > 0:
            self._is_compact, self._written_at = False, time.monotonic()
            empty_wal(self._database)
        elif not self._is_compact and time.monotonic() - self._written_at >= self._quiet_s():
            write_anew(self._database)
            self._is_compact = empty_wal(self._database)

    def _quiet_s(self) -> float:
        return QUIET_S_OF_MB * _size(self._database) / MB


def wal_of(database: Path) -> Path:
    """Return the path of a database file's write-ahead log."""
    return database.with_name(database.name + "-wal")


def empty_wal(database: Path) -> bool:
    """Move everything from the write-ahead log into the database file, and empty the log.

    Returns
    -------
    bool
        False if there were still readers or a writer; what could be moved was moved.

    Raises
    ------
    sqlite3.OperationalError
        If the disk is full.
    """
    with _connection(database) as connection:
        is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy


def write_anew(database: Path) -> None:
    """Rewrite the database file without gaps in its pages; readers can continue meanwhile.

    Raises
    ------
    sqlite3.OperationalError
        If another connection is writing, or the disk is full. Nothing has changed then.
    """
    with _connection(database) as connection:
        connection.execute("VACUUM")


@contextlib.contextmanager
def _connection(database: Path) -> Iterator[sqlite3.Connection]:
    """Open a separate connection: those of the pool wait long for others, and are in use."""
    connection = sqlite3.connect(database, timeout=READERS_WAIT_S, isolation_level=None)
    try:
        for pragma in ("synchronous=FULL", "fullfsync=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}").close()
        yield connection
    finally:
        connection.close()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0

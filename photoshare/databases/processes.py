"""Tell which processes work on one PostgreSQL database, by locks that end with their holders.

A process holds an advisory lock with its number for as long as it is connected. Kill it, and
PostgreSQL lets go of the lock at once: no clock and no heartbeat decides who is alive.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Collection

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from photoshare.databases.postgresql import DUTIES, SERVERS
from photoshare.errors import StartError

log = logging.getLogger(__name__)

SETTLE_S = 10.0  # every process looks at its connection every two seconds
_TRY_LOCK = text("SELECT pg_try_advisory_lock(:key, :number)")
_LIVING = text(
    "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted "
    "AND classid = :key AND objsubid = 2 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class OneProcess:
    """Stands for what there is with SQLite: this process and nobody else."""

    number: int | None = None

    def announce(self) -> None:
        """Do nothing: nobody has to know."""

    def living(self) -> Collection[int]:
        """Return nobody: whatever runs was begun by a process that has ended."""
        return ()

    def are_settled(self) -> bool:
        """Whether it is known which others are alive: there is none."""
        return False

    def is_on_duty(self) -> bool:
        """Whether this process does what only one may: always."""
        return True

    def leave(self) -> None:
        """Do nothing."""


class Processes(OneProcess):
    """Knows this process among those that work on the same database.

    Parameters
    ----------
    engine : Engine
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._is_on_duty = False
        self._settled_at = 0.0  # by the monotonic clock
        self._lock = threading.Lock()
        self.number = secrets.randbelow(2**31 - 1) + 1

    def announce(self) -> None:
        """Hold the lock with this process's number; connect again if PostgreSQL was restarted."""
        with self._lock:
            if self._connection is not None:
                try:
                    self._connection.execute(text("SELECT 1"))
                    return
                except DBAPIError:
                    log.warning("The connection to PostgreSQL was lost; connecting again")
                    self._disconnect()
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._connection = connection
            self._settled_at = time.monotonic() + SETTLE_S
            if not connection.scalar(_TRY_LOCK, {"key": SERVERS, "number": self.number}):
                self._disconnect()  # a former connection of ours has not ended yet

    def are_settled(self) -> bool:
        """Whether all others have had the time to connect, after PostgreSQL was started again."""
        return self._connection is not None and time.monotonic() >= self._settled_at

    def living(self) -> Collection[int]:
        """Return the numbers of all processes that are alive.

        Raises
        ------
        StartError
            If this process itself is not among them.
        """
        with self._lock:
            if self._connection is None:
                raise StartError("This process is not connected to PostgreSQL yet.")
            return set(self._connection.scalars(_LIVING, {"key": SERVERS}))

    def is_on_duty(self) -> bool:
        """Whether this process does what only one may: the first to ask, until it ends."""
        with self._lock:
            if self._connection is not None and not self._is_on_duty:
                taken = self._connection.scalar(_TRY_LOCK, {"key": DUTIES, "number": 0})
                self._is_on_duty = bool(taken)
            return self._is_on_duty

    def leave(self) -> None:
        """Let go of all locks: another process takes over what is left."""
        with self._lock:
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()  # closes it: the pool would keep its locks
            self._connection.close()
        self._connection, self._is_on_duty = None, False

"""Limits that hold across processes: what `photoshare.rates` counts in memory, in PostgreSQL."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Double, Engine, String, Table, text

from photoshare.databases.expressions import WholeNumber
from photoshare.databases.postgresql import DUTIES, NO_TURN, lock_until_commit
from photoshare.db import Base, db
from photoshare.rates import Limit, Rates, Turns

GUESSING = 1  # of the duties that one process at a time may do
# Of what was counted in a window of time, by a hash: no address is written down. Empty with SQLite.
ATTEMPTS = Table(
    "attempts",
    Base.metadata,
    Column("key", String, primary_key=True),
    Column("ends_at", Double, nullable=False),  # seconds since 1970, by PostgreSQL's clock
    Column("number", WholeNumber, nullable=False),
)
_NOW = "extract(epoch FROM clock_timestamp())"
_COUNTED = text(
    f"SELECT key, ends_at - {_NOW} AS left_s, number FROM attempts "  # noqa: S608 - our words
    f"WHERE key = ANY(:keys) AND ends_at > {_NOW}"
)
_ADD = text(
    f"INSERT INTO attempts (key, ends_at, number) VALUES (:key, {_NOW} + :seconds, :cost) "  # noqa: S608
    "ON CONFLICT (key) DO UPDATE SET "
    f"number = CASE WHEN attempts.ends_at > {_NOW} THEN attempts.number ELSE 0 END + :cost, "
    f"ends_at = CASE WHEN attempts.ends_at > {_NOW} THEN attempts.ends_at ELSE excluded.ends_at END"
)
_FORGET = text(f"DELETE FROM attempts WHERE ends_at <= {_NOW}")  # noqa: S608


class SharedRates(Rates):
    """Counts events together with all processes; needs an app context.

    Parameters
    ----------
    secret : str
        Of the installation: without it, nobody finds the address that a row is about.
    """

    def __init__(self, secret: str) -> None:
        super().__init__()
        self._secret = hashlib.sha256(secret.encode()).digest()

    def wait_s(self, key: Hashable, *limits: Limit, cost: int = 1) -> int:
        """Return in how many whole seconds ``cost`` more events fit all limits; 0 if now."""
        names = {self._name(key, limit): limit for limit in limits}
        with _alone(db.engine).connect() as connection:
            rows = connection.execute(_COUNTED, {"keys": list(names)}).all()
        windows = {name: (float(limit.seconds), 0) for name, limit in names.items()}
        windows |= {row.key: (float(row.left_s), row.number) for row in rows}
        over = [left for name, (left, count) in windows.items() if count + cost > names[name].most]
        return math.ceil(max(over, default=0))

    def add(self, key: Hashable, *limits: Limit, cost: int = 1) -> None:
        """Count ``cost`` events."""
        with _alone(db.engine).connect() as connection:
            for limit in limits:
                row = {"key": self._name(key, limit), "seconds": limit.seconds, "cost": cost}
                connection.execute(_ADD, row)

    def _name(self, key: Hashable, limit: Limit) -> str:
        what = repr((key, limit.most, limit.seconds)).encode()
        return hashlib.blake2b(what, key=self._secret, digest_size=16).hexdigest()


class SharedTurns(Turns):
    """A queue in front of something that one thread of all processes may do at a time."""

    @contextmanager
    def take(self) -> Iterator[bool]:
        """Wait for a turn; tell whether there was a place to wait."""
        with super().take() as has_place:
            if not has_place:
                yield False
                return
            with db.engine.connect() as connection:
                lock_until_commit(connection, DUTIES, GUESSING)
                yield True


def forget_old_attempts() -> None:
    """Remove what was counted in windows that are over; needs an app context."""
    with _alone(db.engine).connect() as connection:
        connection.execute(_FORGET)


def _alone(engine: Engine) -> Engine:
    """Let each statement be a transaction of its own, which waits for no other writer's turn."""
    return engine.execution_options(isolation_level="AUTOCOMMIT", **NO_TURN)

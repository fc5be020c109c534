"""Connect to PostgreSQL where the settings name one (docs/scale.md); SQLite needs none of this.

What SQLite's BEGIN IMMEDIATE promises to the code holds here, too: transactions that write take
turns, in the order in which they come, so that each decides by what the one before it has left.
Readers never wait. Across all processes, an advisory lock of the database is the turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from typing import Any

from sqlalchemy import Connection, Engine, event, text

from photoshare.errors import StartError

# First keys of our advisory locks; the second tells what is locked. Any numbers: the database is
# ours alone, and holds no other locks.
TURNS, SERVERS, DUTIES, UPLOADS = 0x5053_0001, 0x5053_0002, 0x5053_0003, 0x5053_0004
LOCK_TIMEOUT_S = 10  # how long a writer waits for its turn, as with SQLite
# How soon it is noticed that the machine of a process is gone: after a minute. That of a process
# alone is noticed at once.
KEEPALIVE = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
DISK_FULL = "53100"  # SQLSTATE, of PostgreSQL's Appendix A
NO_TURN = {"takes_turn": False}  # as an execution option: single statements that need none
_WRITING = ("INSERT", "UPDATE", "DELETE")
_NUMBERS = 1 << 31  # of a lock; two that share one wait for each other without need
_HAS_TURN = "photoshare_turn"  # key in the info of a connection: the transaction that has it
_TAKE_TURN = f"SELECT pg_advisory_xact_lock({TURNS}, 0)"


def engine_options() -> dict[str, Any]:
    """Return how SQLAlchemy connects.

    Raises
    ------
    StartError
        If the driver is not installed: who uses SQLite does not need it.
    """
    if find_spec("psycopg") is None:
        raise StartError(
            "PHOTOSHARE_DATABASE_URL names PostgreSQL, which needs more packages: "
            ".venv/bin/pip install --require-hashes -r requirements-scale.txt"
        )
    return {
        "connect_args": {
            "options": f"-c lock_timeout={LOCK_TIMEOUT_S}s -c timezone=UTC {KEEPALIVE}",
            "application_name": "photoshare",
        },
        "pool_pre_ping": True,  # PostgreSQL may have been started again
        "max_overflow": -1,  # the number of threads is the limit: none waits for a connection
    }


def take_turns(engine: Engine) -> None:
    """Let the transactions of an engine that write take turns."""
    event.listen(engine, "before_cursor_execute", _wait_for_turn)


def is_postgresql(connection: Connection | Engine) -> bool:
    """Whether a connection is to PostgreSQL."""
    return connection.dialect.name == "postgresql"


def _wait_for_turn(
    connection: Connection,
    _cursor: Any,
    statement: str,
    _parameters: Any,
    context: Any,
    _is_many: bool,
) -> None:
    if not connection.get_execution_options().get("takes_turn", True):
        return
    transaction = connection.get_transaction()
    if connection.info.get(_HAS_TURN) is transaction or not _is_writing(statement, context):
        return
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(_TAKE_TURN)
    connection.info[_HAS_TURN] = transaction


def _is_writing(statement: str, context: Any) -> bool:
    """Whether a statement writes, or locks rows to write them next."""
    if context is not None and (context.isinsert or context.isupdate or context.isdelete):
        return True
    return statement.lstrip()[:6].upper() in _WRITING or "FOR UPDATE" in statement


@contextmanager
def try_alone(engine: Engine, key: int, number: int) -> Iterator[bool]:
    """Do something that no other process may do meanwhile; tell whether nobody does.

    With SQLite nobody else can. The lock ends with the block, or with the process.
    """
    if not is_postgresql(engine):
        yield True
        return
    query = text("SELECT pg_try_advisory_xact_lock(:key, :number)")
    with engine.connect() as connection:
        yield bool(connection.scalar(query, {"key": key, "number": number % _NUMBERS}))


def lock_until_commit(connection: Connection, key: int, number: int = 0) -> None:
    """Wait for an advisory lock, which is held until the transaction ends."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:key, :number)"), {"key": key, "number": number}
    )

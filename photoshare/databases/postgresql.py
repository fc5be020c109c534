"""Connect to PostgreSQL where the settings name one (docs/scale.md); SQLite needs none of this.

What SQLite's BEGIN IMMEDIATE promises to the code holds here, too: transactions that write take
turns, in the order in which they come, so that each decides by what the one before it has left.
Readers never wait. Across all processes, an advisory lock of the database is the turn.
"""

from __future__ import annotations

from contextlib import closing
from importlib.util import find_spec
from typing import Any

from sqlalchemy import Connection, Engine, event, text

from photoshare.errors import StartError

# First keys of our advisory locks; the second tells what is locked. Any numbers: the database is
# ours alone, and nobody else's locks are in it.
TURNS, SERVERS, DUTIES, FILES = 0x5053_0001, 0x5053_0002, 0x5053_0003, 0x5053_0004
LOCK_TIMEOUT_S = 10  # how long a writer waits for its turn, as with SQLite
DISK_FULL = "53100"  # SQLSTATE, of PostgreSQL's Appendix A
UNDEFINED_DATABASE = "3D000"
_WRITING = ("INSERT", "UPDATE", "DELETE")
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
            "options": f"-c lock_timeout={LOCK_TIMEOUT_S}s -c timezone=UTC",
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


def lock_until_commit(connection: Connection, key: int, number: int = 0) -> None:
    """Wait for an advisory lock, which is held until the transaction ends."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:key, :number)"), {"key": key, "number": number}
    )

"""The words of a migration that SQLite and PostgreSQL speak differently."""

from alembic import op
import sqlalchemy as sa

# PostgreSQL's INTEGER has 32 bits; SQLite's has 64, and only by this name it numbers rows.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def is_sqlite():
    return op.get_bind().dialect.name == "sqlite"


def where(condition):
    """Make an index one of some rows only. SQLite's truth is a number."""
    of_postgresql = condition.removesuffix(" = 1")
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(of_postgresql)}


def number():
    """Name the type of a whole number in words of SQL."""
    return "INTEGER" if is_sqlite() else "BIGINT"


def add_computed(table, name, sqlite_type, postgresql_type, expression):
    """Add a computed column; PostgreSQL can only store it, and SQLite would copy the table for that."""
    kind, kept = (sqlite_type, "VIRTUAL") if is_sqlite() else (postgresql_type, "STORED")
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {name} {kind} "
        f"GENERATED ALWAYS AS ({expression}) {kept} NOT NULL"
    )


def count_rows(name, event, table, counted, amounts):
    """Let a trigger of PostgreSQL count rows of a table, once per statement, however many it changes.

    Parameters
    ----------
    name : str
        Of the trigger and its function.
    event : str
        INSERT, UPDATE or DELETE.
    table : str
    counted : str
        The table and the column that counts, with a dot between them.
    amounts : str
        A query of ``id``, the row of the counting table, and ``amount``, from the tables ``was`` and
        ``now``, which have the rows of `table` as they were and are.
    """
    where_, column = counted.split(".")
    known = {"INSERT": ["NEW TABLE AS now"], "DELETE": ["OLD TABLE AS was"]}
    rows = known.get(event, ["OLD TABLE AS was", "NEW TABLE AS now"])
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"UPDATE {where_} AS counting SET {column} = counting.{column} + found.amount "
        f"FROM (SELECT id, sum(amount) AS amount FROM ({amounts}) AS every GROUP BY id) AS found "
        "WHERE counting.id = found.id AND found.amount != 0; RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {' '.join(rows)} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def drop_trigger(name, table):
    if is_sqlite():
        op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {name}()")

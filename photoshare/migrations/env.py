"""Run the migrations on the app's own engine; called by Alembic, through Flask-Migrate."""

from alembic import context

from photoshare.databases.expressions import WholeNumber
from photoshare.db import UtcDateTime, Words, db
from photoshare.databases.postgresql import TURNS, is_postgresql, lock_until_commit


def render_item(kind, item, _autogen_context):
    """Let migrations stand on their own: our types are plain ones to the database."""
    plain = {UtcDateTime: "sa.DateTime()", Words: "sa.String()", type(WholeNumber): "NUMBER"}
    return plain.get(type(item), False) if kind == "type" else False


with db.engine.connect() as connection:
    # All steps are one transaction, or a kill between two statements would leave a database that
    # neither version can use. Python's sqlite3 begins none before a CREATE or ALTER, so we do.
    if is_postgresql(connection):
        lock_until_commit(connection, TURNS)  # of several processes that start, one does it
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_item=render_item,
        render_as_batch=True,  # SQLite cannot change a column; Alembic copies the table
    )
    context.run_migrations()
    connection.commit()

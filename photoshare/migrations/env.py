"""Run the migrations on the app's own engine; called by Alembic, through Flask-Migrate."""

from alembic import context

from photoshare.db import UtcDateTime, db


def render_item(kind, item, _autogen_context):
    """Let migrations stand on their own: our moment is a plain DateTime to the database."""
    return "sa.DateTime()" if kind == "type" and isinstance(item, UtcDateTime) else False


with db.engine.connect() as connection:
    # All steps are one transaction, or a kill between two statements would leave a database that
    # neither version can use. Python's sqlite3 begins none before a CREATE or ALTER, so we do.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_item=render_item,
        render_as_batch=True,  # SQLite cannot change a column; Alembic copies the table
    )
    context.run_migrations()
    connection.commit()

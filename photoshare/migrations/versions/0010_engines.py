"""encodings of any size, or none; the quality of a face; photos that are to be searched again

Revision ID: 0010
Revises: 0008

"""

import re

from alembic import op

from photoshare.migrations.either import is_sqlite


# revision identifiers, used by Alembic.
revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None

CHECK = re.compile(r"CONSTRAINT ck_face_encoding_size CHECK \((?:[^()]|\([^()]*\))*\)")
OLD_CHECK = "CONSTRAINT ck_face_encoding_size CHECK (length(encoding) = 512)"
NEW_CHECK = (
    "CONSTRAINT ck_face_encoding_size CHECK (length(encoding) > 0 AND length(encoding) % 4 = 0)"
)
OLD_INDEX = "CREATE INDEX ix_photo_waiting ON photo (room_id, attempts) WHERE state = 'waiting'"
NEW_INDEX = (
    "CREATE INDEX ix_photo_waiting ON photo (engine, room_id, attempts) WHERE state = 'waiting'"
)


def upgrade():
    if not is_sqlite():
        _upgrade_postgresql()
        return

    def change(database):
        if "quality" not in columns_of(database, "face"):
            database.execute("ALTER TABLE face ADD COLUMN quality DOUBLE")
        rebuild_face(
            database,
            lambda sql: CHECK.sub(NEW_CHECK, sql).replace(
                "encoding BLOB NOT NULL", "encoding BLOB"
            ),
        )
        # Revision 0008 could only write zeros over what is no face; now it can be nothing.
        database.execute("UPDATE face SET encoding = NULL WHERE NOT is_face")
        replace_index(database, NEW_INDEX)

    all_or_nothing(change)


def downgrade():
    if not is_sqlite():
        _downgrade_postgresql()
        return

    def change(database):
        # The engine of before knows one size only; it searches the photos of other engines anew.
        database.execute(
            "UPDATE photo SET state = 'waiting', attempts = 0 WHERE id IN "
            "(SELECT photo_id FROM face WHERE length(encoding) IS NOT 512)"
        )
        database.execute(
            "DELETE FROM correction_face WHERE face_id IN "
            "(SELECT id FROM face WHERE length(encoding) IS NOT 512)"
        )
        database.execute("DELETE FROM face WHERE length(encoding) IS NOT 512")
        database.execute("ALTER TABLE face DROP COLUMN quality")
        rebuild_face(
            database,
            lambda sql: CHECK.sub(OLD_CHECK, sql).replace(
                "encoding BLOB", "encoding BLOB NOT NULL"
            ),
        )
        replace_index(database, OLD_INDEX)

    all_or_nothing(change)


def _upgrade_postgresql():
    op.execute("ALTER TABLE face ADD COLUMN quality DOUBLE PRECISION")
    op.execute("ALTER TABLE face ALTER COLUMN encoding DROP NOT NULL")
    op.execute("ALTER TABLE face DROP CONSTRAINT ck_face_encoding_size")
    op.execute(f"ALTER TABLE face ADD {NEW_CHECK}")
    op.execute("UPDATE face SET encoding = NULL WHERE NOT is_face")
    op.execute("DROP INDEX ix_photo_waiting")
    op.execute(NEW_INDEX)


def _downgrade_postgresql():
    other = "length(encoding) IS DISTINCT FROM 512"
    op.execute(
        "UPDATE photo SET state = 'waiting', attempts = 0 "
        f"WHERE id IN (SELECT photo_id FROM face WHERE {other})"
    )
    op.execute(f"DELETE FROM correction_face WHERE face_id IN (SELECT id FROM face WHERE {other})")
    op.execute(f"DELETE FROM face WHERE {other}")
    op.execute("ALTER TABLE face DROP COLUMN quality")
    op.execute("ALTER TABLE face DROP CONSTRAINT ck_face_encoding_size")
    op.execute(f"ALTER TABLE face ADD {OLD_CHECK}")
    op.execute("ALTER TABLE face ALTER COLUMN encoding SET NOT NULL")
    op.execute("DROP INDEX ix_photo_waiting")
    op.execute(OLD_INDEX)


def all_or_nothing(change):
    """Change the database in one transaction, in which no row goes because another table does.

    SQLite drops a table by deleting its rows first, and with them whatever refers to them: foreign
    keys have to be off, which they can be outside of a transaction only.
    """
    database = op.get_bind().connection.driver_connection
    database.commit()
    level = database.isolation_level
    database.isolation_level = None
    database.execute("PRAGMA foreign_keys=OFF")
    try:
        database.execute("BEGIN IMMEDIATE")
        change(database)
        broken = database.execute("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"rows refer to others that are gone: {broken[:5]}")
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
    finally:
        database.execute("PRAGMA foreign_keys=ON")
        database.isolation_level = level
    database.execute(
        "BEGIN IMMEDIATE"
    )  # for the steps that follow, as photoshare/migrations/env.py


def rebuild_face(database, changed):
    """Give the table of faces other constraints, as SQLite can by a copy only.

    Columns, indices and the next id stay, whatever other migrations have made of them.
    """
    (sql,) = database.execute("SELECT sql FROM sqlite_master WHERE name = 'face'").fetchone()
    indices = database.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'face' AND sql NOT NULL"
    ).fetchall()
    new_sql, count = re.subn(r'^CREATE TABLE "?face"?', "CREATE TABLE face_new", changed(sql))
    if count != 1:
        raise RuntimeError(f"the table of faces is not made as expected: {sql}")
    columns = ", ".join(f'"{name}"' for name in columns_of(database, "face"))
    database.execute(new_sql)
    copy = f"INSERT INTO face_new ({columns}) SELECT {columns} FROM face"
    database.execute(copy)
    # No id of a face that is gone is given again.
    database.execute("DELETE FROM sqlite_sequence WHERE name = 'face_new'")
    database.execute(
        "INSERT INTO sqlite_sequence (name, seq) "
        "SELECT 'face_new', seq FROM sqlite_sequence WHERE name = 'face'"
    )
    database.execute("DROP TABLE face")
    database.execute("ALTER TABLE face_new RENAME TO face")
    for (index,) in indices:
        database.execute(index)


def replace_index(database, sql):
    database.execute("DROP INDEX ix_photo_waiting")
    database.execute(sql)


def columns_of(database, table):
    return [row[1] for row in database.execute(f"PRAGMA table_info({table})")]

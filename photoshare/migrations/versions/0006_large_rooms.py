"""large rooms: indexes for every page, and a count of what the status tells

Revision ID: 0006
Revises: 0005

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import (
    NUMBER,
    add_computed,
    count_rows,
    drop_trigger,
    is_sqlite,
    where,
)


# revision identifiers, used by Alembic.
revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

IS_SORTED = where("person_id IS NOT NULL")
IS_WAITING = "IN ('waiting', 'analysing')"
# What is counted: name, when, of which row the room is, in which column.
TRIGGERS = (
    ("photo_came", "AFTER INSERT ON photo", "NEW", "activity"),
    ("photo_went", "AFTER DELETE ON photo", "OLD", "activity"),
    (
        "photo_changed",
        "AFTER UPDATE OF state ON photo WHEN OLD.state != NEW.state "
        f"AND NOT (OLD.state {IS_WAITING} AND NEW.state {IS_WAITING})",
        "NEW",
        "activity",
    ),
    # The faces of a photo that is given up, or is not any more, count otherwise.
    (
        "photo_given_up",
        "AFTER UPDATE OF state ON photo WHEN NEW.engine IS NOT NULL "
        "AND (OLD.state = 'failed') != (NEW.state = 'failed')",
        "NEW",
        "revision",
    ),
    ("job_came", "AFTER INSERT ON job", "NEW", "activity"),
    ("job_went", "AFTER DELETE ON job", "OLD", "activity"),
    (
        "job_changed",
        "AFTER UPDATE OF state, error ON job "
        "WHEN OLD.state != NEW.state OR OLD.error IS NOT NEW.error",
        "NEW",
        "activity",
    ),
)
CHANGED = "SELECT now.room_id AS id, 1 AS amount FROM was JOIN now ON now.id = was.id WHERE "
TRIGGERS_OF_POSTGRESQL = (
    (
        "photo_came",
        "INSERT",
        "photo",
        "room.activity",
        "SELECT room_id AS id, 1 AS amount FROM now",
    ),
    (
        "photo_went",
        "DELETE",
        "photo",
        "room.activity",
        "SELECT room_id AS id, 1 AS amount FROM was",
    ),
    (
        *("photo_changed", "UPDATE", "photo", "room.activity"),
        f"{CHANGED} was.state != now.state "
        f"AND NOT (was.state {IS_WAITING} AND now.state {IS_WAITING})",
    ),
    (
        *("photo_given_up", "UPDATE", "photo", "room.revision"),
        f"{CHANGED} now.engine IS NOT NULL AND (was.state = 'failed') != (now.state = 'failed')",
    ),
    ("job_came", "INSERT", "job", "room.activity", "SELECT room_id AS id, 1 AS amount FROM now"),
    ("job_went", "DELETE", "job", "room.activity", "SELECT room_id AS id, 1 AS amount FROM was"),
    (
        *("job_changed", "UPDATE", "job", "room.activity"),
        f"{CHANGED} was.state != now.state OR was.error IS DISTINCT FROM now.error",
    ),
)


def upgrade():
    # Computed columns that are not stored, and in words of SQL: no table is copied.
    add_computed("photo", "moment", "DATETIME", "TIMESTAMP", "coalesce(captured_at, created_at)")
    add_computed("face", "area", "INTEGER", "BIGINT", '(bottom - top) * ("right" - "left")')
    op.create_index("ix_photo_room_id_moment", "photo", ["room_id", "moment"])
    op.create_index("ix_photo_guest_id_moment", "photo", ["guest_id", "moment"])
    op.create_index("ix_photo_uploads", "photo", ["room_id", "guest_id", "size_bytes"])
    op.drop_index("ix_photo_guest_id", "photo")
    op.drop_index("ix_face_photo_id", "face")
    op.create_index("ix_face_photo_id", "face", ["photo_id", "is_face", "person_id"])
    op.create_index("ix_face_person_photos", "face", ["person_id", "photo_id"], **IS_SORTED)
    op.create_index("ix_face_person_area", "face", ["person_id", "area"], **IS_SORTED)
    op.drop_index("ix_face_person_id", "face")
    op.create_index("ix_job_room_id_kind", "job", ["room_id", "kind"])
    op.add_column("room", sa.Column("activity", NUMBER, nullable=False, server_default="0"))
    if not is_sqlite():
        for trigger in TRIGGERS_OF_POSTGRESQL:
            count_rows(*trigger)
        return
    for name, when, row, column in TRIGGERS:
        counted = f"{column} = {column} + 1 WHERE id = {row}.room_id"
        op.execute(
            " ".join(["CREATE TRIGGER", name, when, "BEGIN UPDATE room SET", counted, "; END"])
        )


def downgrade():
    for name, _event, table, *_how in TRIGGERS_OF_POSTGRESQL:
        drop_trigger(name, table)
    op.drop_column("room", "activity")
    op.drop_index("ix_job_room_id_kind", "job")
    op.create_index("ix_face_person_id", "face", ["person_id"])
    op.drop_index("ix_face_person_area", "face")
    op.drop_index("ix_face_person_photos", "face")
    op.drop_index("ix_face_photo_id", "face")
    op.create_index("ix_face_photo_id", "face", ["photo_id"])
    op.create_index("ix_photo_guest_id", "photo", ["guest_id"])
    op.drop_index("ix_photo_uploads", "photo")
    op.drop_index("ix_photo_guest_id_moment", "photo")
    op.drop_index("ix_photo_room_id_moment", "photo")
    op.drop_column("face", "area")
    op.drop_column("photo", "moment")

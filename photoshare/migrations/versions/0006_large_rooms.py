"""large rooms: indexes for every page, and a count of what the status tells

Revision ID: 0006
Revises: 0005

"""

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

IS_SORTED = sa.text("person_id IS NOT NULL")
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


def upgrade():
    # Computed columns that are not stored, and in words of SQL: no table is copied.
    op.execute(
        "ALTER TABLE photo ADD COLUMN moment DATETIME "
        "GENERATED ALWAYS AS (coalesce(captured_at, created_at)) VIRTUAL NOT NULL"
    )
    op.execute(
        "ALTER TABLE face ADD COLUMN area INTEGER "
        'GENERATED ALWAYS AS ((bottom - top) * ("right" - "left")) VIRTUAL NOT NULL'
    )
    op.create_index("ix_photo_room_id_moment", "photo", ["room_id", "moment"])
    op.create_index("ix_photo_guest_id_moment", "photo", ["guest_id", "moment"])
    op.create_index("ix_photo_uploads", "photo", ["room_id", "guest_id", "size_bytes"])
    op.drop_index("ix_photo_guest_id", "photo")
    op.drop_index("ix_face_photo_id", "face")
    op.create_index("ix_face_photo_id", "face", ["photo_id", "is_face", "person_id"])
    op.create_index(
        "ix_face_person_photos", "face", ["person_id", "photo_id"], sqlite_where=IS_SORTED
    )
    op.create_index("ix_face_person_area", "face", ["person_id", "area"], sqlite_where=IS_SORTED)
    op.drop_index("ix_face_person_id", "face")
    op.create_index("ix_job_room_id_kind", "job", ["room_id", "kind"])
    op.add_column("room", sa.Column("activity", sa.Integer(), nullable=False, server_default="0"))
    for name, when, row, column in TRIGGERS:
        counted = f"{column} = {column} + 1 WHERE id = {row}.room_id"
        op.execute(
            " ".join(["CREATE TRIGGER", name, when, "BEGIN UPDATE room SET", counted, "; END"])
        )


def downgrade():
    for name, *_how in TRIGGERS:
        op.execute(f"DROP TRIGGER {name}")
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

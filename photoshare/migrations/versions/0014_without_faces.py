"""without faces: photos know how many faces they have, and an index those without

Revision ID: 0014
Revises: 0013

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
revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# When what is added to the faces of which photo. Whoever copies the table of faces makes them anew.
TRIGGERS = (
    ("face_came", "AFTER INSERT ON face WHEN NEW.is_face", "1", "NEW"),
    ("face_went", "AFTER DELETE ON face WHEN OLD.is_face", "-1", "OLD"),
    (
        "face_changed",
        "AFTER UPDATE OF is_face ON face WHEN NEW.is_face != OLD.is_face",
        "NEW.is_face - OLD.is_face",
        "NEW",
    ),
)
COUNTED = ("face", "photo.face_count")
TRIGGERS_OF_POSTGRESQL = (
    (
        *("face_came", "INSERT", *COUNTED),
        "SELECT photo_id AS id, 1 AS amount FROM now WHERE is_face",
    ),
    (
        *("face_went", "DELETE", *COUNTED),
        "SELECT photo_id AS id, -1 AS amount FROM was WHERE is_face",
    ),
    (
        *("face_changed", "UPDATE", *COUNTED),
        "SELECT now.photo_id AS id, now.is_face::int - was.is_face::int AS amount "
        "FROM was JOIN now ON now.id = was.id",
    ),
)


def upgrade():
    op.add_column(
        "photo", sa.Column("face_count", NUMBER, server_default=sa.text("0"), nullable=False)
    )
    op.execute(
        "UPDATE photo SET face_count = "
        "(SELECT count(*) FROM face WHERE face.photo_id = photo.id AND face.is_face)"
    )
    # A computed column that is not stored, in words of SQL: no table is copied.
    is_without = "face_count = 0 AND engine IS NOT NULL AND state != 'failed'"
    add_computed("photo", "is_without_faces", "BOOLEAN", "BOOLEAN", is_without)
    op.create_index(
        "ix_photo_without_faces",
        "photo",
        ["room_id", "moment"],
        **where("is_without_faces = 1"),
    )
    if not is_sqlite():
        for trigger in TRIGGERS_OF_POSTGRESQL:
            count_rows(*trigger)
        return
    for name, when, difference, row in TRIGGERS:
        counted = f"face_count = face_count + ({difference}) WHERE id = {row}.photo_id"
        op.execute(
            " ".join(["CREATE TRIGGER", name, when, "BEGIN UPDATE photo SET", counted, "; END"])
        )


def downgrade():
    for name, _event, table, *_how in TRIGGERS_OF_POSTGRESQL:
        drop_trigger(name, table)
    op.drop_index("ix_photo_without_faces", "photo")
    op.drop_column("photo", "is_without_faces")
    op.drop_column("photo", "face_count")

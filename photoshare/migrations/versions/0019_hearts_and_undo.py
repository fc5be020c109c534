"""hearts, and undo of deletions: the rows of deleted photos are kept for a while

Revision ID: 0019
Revises: 0018

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER, count_rows, drop_trigger, is_sqlite, where


# revision identifiers, used by Alembic.
revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TRIGGERS = (
    ("heart_came", "AFTER INSERT ON heart", "+ 1", "NEW"),
    ("heart_went", "AFTER DELETE ON heart", "- 1", "OLD"),
)
COUNTED = ("heart", "photo.heart_count")
TRIGGERS_OF_POSTGRESQL = (
    ("heart_came", "INSERT", *COUNTED, "SELECT photo_id AS id, 1 AS amount FROM now"),
    ("heart_went", "DELETE", *COUNTED, "SELECT photo_id AS id, -1 AS amount FROM was"),
)


def upgrade():
    op.create_table(
        "deletion",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("room_id", NUMBER, nullable=False),
        sa.Column("guest_id", NUMBER, nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("photo_count", NUMBER, nullable=False),
        sa.Column("rows", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_deletion_room_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["guest_id"], ["guest.id"], name=op.f("fk_deletion_guest_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletion")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_deletion_room_id"), "deletion", ["room_id"])
    op.create_index(op.f("ix_deletion_guest_id"), "deletion", ["guest_id"])
    op.create_index(op.f("ix_deletion_created_at"), "deletion", ["created_at"])
    op.create_table(
        "deleted_photo",
        sa.Column("deletion_id", NUMBER, nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("room_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["deletion_id"],
            ["deletion.id"],
            name=op.f("fk_deleted_photo_deletion_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_deleted_photo_room_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("deletion_id", "sha256", name=op.f("pk_deleted_photo")),
    )
    op.create_index(op.f("ix_deleted_photo_room_id"), "deleted_photo", ["room_id"])
    op.add_column(
        "room", sa.Column("has_hearts", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.add_column(
        "photo", sa.Column("heart_count", NUMBER, nullable=False, server_default=sa.text("0"))
    )
    op.create_index(
        "ix_photo_favourites",
        "photo",
        ["room_id", "moment"],
        **where("heart_count > 0"),
    )
    op.create_table(
        "heart",
        sa.Column("photo_id", NUMBER, nullable=False),
        sa.Column("guest_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name=op.f("fk_heart_photo_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["guest_id"], ["guest.id"], name=op.f("fk_heart_guest_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("photo_id", "guest_id", name=op.f("pk_heart")),
    )
    op.create_index(op.f("ix_heart_guest_id"), "heart", ["guest_id"])
    if not is_sqlite():
        for trigger in TRIGGERS_OF_POSTGRESQL:
            count_rows(*trigger)
        return
    for name, when, difference, row in TRIGGERS:
        counted = f"heart_count = heart_count {difference} WHERE id = {row}.photo_id"
        op.execute(
            " ".join(["CREATE TRIGGER", name, when, "BEGIN UPDATE photo SET", counted, "; END"])
        )


def downgrade():
    for name, _event, table, *_how in TRIGGERS_OF_POSTGRESQL:
        drop_trigger(name, table)
    op.drop_table("heart")
    op.drop_index("ix_photo_favourites", "photo")
    op.drop_column("photo", "heart_count")
    op.drop_column("room", "has_hearts")
    op.drop_table("deleted_photo")
    op.drop_table("deletion")

"""photos wait for the host's yes, if the room says so

Revision ID: 0024
Revises: 0023

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER


# revision identifiers, used by Alembic.
revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column(
        "room", sa.Column("is_moderated", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "waiting_photo",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("room_id", NUMBER, nullable=False),
        sa.Column("guest_id", NUMBER, nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("image_format", sa.String(), nullable=False),
        sa.Column("size_bytes", NUMBER, nullable=False),
        sa.Column("width", NUMBER, nullable=False),
        sa.Column("height", NUMBER, nullable=False),
        sa.Column("captured_at", sa.DateTime(), nullable=True),
        sa.Column("placeholder", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("crc32", NUMBER, nullable=True),
        sa.Column("clean_crc32", NUMBER, nullable=True),
        sa.Column("clean_bytes", NUMBER, nullable=True),
        sa.Column("clean_copy_bytes", NUMBER, nullable=True),
        sa.Column("cleaning_rules", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_waiting_photo_room_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["guest_id"], ["guest.id"], name=op.f("fk_waiting_photo_guest_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_photo")),
        sa.UniqueConstraint("guest_id", "sha256", name=op.f("uq_waiting_photo_guest_id_sha256")),
        sqlite_autoincrement=True,
    )
    queue = ["room_id", "guest_id", "id", "size_bytes"]
    op.create_index("ix_waiting_photo_queue", "waiting_photo", queue)
    op.create_index("ix_waiting_photo_room_id_sha256", "waiting_photo", ["room_id", "sha256"])


def downgrade():
    op.drop_table("waiting_photo")
    op.drop_column("room", "is_moderated")

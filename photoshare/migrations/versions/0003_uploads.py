"""uploads in pieces; capture time and placeholder of a photo

Revision ID: 0003
Revises: 0001
Create Date: 2026-11-24 13:52:00.000000

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER


# revision identifiers, used by Alembic.
revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "upload",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("room_id", NUMBER, nullable=False),
        sa.Column("guest_id", NUMBER, nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("size_bytes", NUMBER, nullable=False),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["guest_id"], ["guest.id"], name=op.f("fk_upload_guest_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_upload_room_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        sa.UniqueConstraint("guest_id", "fingerprint", name=op.f("uq_upload_guest_id_fingerprint")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_upload_room_id"), ["room_id"], unique=False)
    # No batch mode: it would copy the table of photos, and a plain ADD COLUMN is enough.
    op.add_column("photo", sa.Column("captured_at", sa.DateTime(), nullable=True))
    op.add_column("photo", sa.Column("placeholder", sa.LargeBinary(), nullable=True))


def downgrade():
    op.drop_column("photo", "placeholder")
    op.drop_column("photo", "captured_at")
    op.drop_table("upload")

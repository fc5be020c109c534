"""lost photos: which originals are missing, and indexes of the few photos that a zip cannot hold

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-25 21:50:00.000000

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import where


# revision identifiers, used by Alembic.
revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade():
    # Plain ADD COLUMN: a batch would copy the table, and with it lose AUTOINCREMENT.
    op.add_column(
        "photo", sa.Column("is_lost", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    # In the order of the albums, so that SQLite prefers them to an index of all photos.
    for name, condition in (("lost", "is_lost = 1"), ("unmeasured", "crc32 IS NULL")):
        op.create_index(f"ix_photo_{name}", "photo", ["room_id", "moment"], **where(condition))


def downgrade():
    op.drop_index("ix_photo_unmeasured", "photo")
    op.drop_index("ix_photo_lost", "photo")
    op.drop_column("photo", "is_lost")

"""downloads: checksums of photos, and whether guests get the metadata of originals

Revision ID: 0004
Revises: 0001
Create Date: 2026-11-24 14:10:00.000000

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER


# revision identifiers, used by Alembic.
revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    # Plain ADD COLUMN: a batch would copy the table, and with it lose AUTOINCREMENT.
    op.add_column(
        "room",
        sa.Column("keeps_metadata", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("photo", sa.Column("crc32", NUMBER, nullable=True))
    op.add_column("photo", sa.Column("clean_crc32", NUMBER, nullable=True))
    op.add_column("photo", sa.Column("clean_copy_bytes", NUMBER, nullable=True))
    op.add_column("photo", sa.Column("cleaning_rules", NUMBER, nullable=True))


def downgrade():
    op.drop_column("photo", "cleaning_rules")
    op.drop_column("photo", "clean_copy_bytes")
    op.drop_column("photo", "clean_crc32")
    op.drop_column("photo", "crc32")
    op.drop_column("room", "keeps_metadata")

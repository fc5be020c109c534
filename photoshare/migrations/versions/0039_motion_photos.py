"""motion photos that are saved with their movies

Revision ID: 0039
Revises: 0038

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER, where


# revision identifiers, used by Alembic.
revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

MOVES = "moving_bytes IS NOT NULL"


def upgrade():
    for table in ("photo", "waiting_photo"):
        for name in ("moving_crc32", "moving_bytes"):
            op.add_column(table, sa.Column(name, NUMBER, nullable=True))
    op.create_index("ix_photo_moving", "photo", ["room_id", "moment"], **where(MOVES))


def downgrade():
    op.drop_index("ix_photo_moving", "photo")
    for table in ("waiting_photo", "photo"):
        for name in ("moving_bytes", "moving_crc32"):
            op.drop_column(table, name)

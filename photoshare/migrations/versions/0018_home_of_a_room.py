"""the home of a room: its cover photo, and how much of the own album a guest has seen

Revision ID: 0018
Revises: 0017

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER


# revision identifiers, used by Alembic.
revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("room", sa.Column("cover_photo_id", NUMBER, nullable=True))
    op.add_column("guest", sa.Column("own_seen_count", NUMBER, nullable=True))


def downgrade():
    op.drop_column("guest", "own_seen_count")
    op.drop_column("room", "cover_photo_id")

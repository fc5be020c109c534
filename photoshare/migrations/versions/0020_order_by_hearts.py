"""photos ordered by their hearts, from an index

Revision ID: 0020
Revises: 0019

"""

from alembic import op


# revision identifiers, used by Alembic.
revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_photo_room_id_hearts", "photo", ["room_id", "heart_count", "moment"])


def downgrade():
    op.drop_index("ix_photo_room_id_hearts", "photo")

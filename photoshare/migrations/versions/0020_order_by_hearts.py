"""photos ordered by their hearts, from an index

Revision ID: 0020
Revises: 0019

"""

from alembic import op

from photoshare.migrations.either import where


# revision identifiers, used by Alembic.
revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade():
    # In part, though of all photos: queries that do not order by hearts would choose it as well.
    op.create_index(
        "ix_photo_room_id_hearts",
        "photo",
        ["room_id", "heart_count", "moment"],
        **where("heart_count >= 0"),
    )


def downgrade():
    op.drop_index("ix_photo_room_id_hearts", "photo")

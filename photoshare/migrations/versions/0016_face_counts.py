"""face counts: the faces of a room are counted from its photos, by the index of their states

Revision ID: 0016
Revises: 0015

"""

from alembic import op

from photoshare.migrations.either import where


# revision identifiers, used by Alembic.
revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_photo_room_id_state_faces", "photo", ["room_id", "state", "face_count"])
    op.drop_index("ix_photo_room_id_state", "photo")
    make_again()


def downgrade():
    op.create_index("ix_photo_room_id_state", "photo", ["room_id", "state"])
    op.drop_index("ix_photo_room_id_state_faces", "photo")
    make_again()


def make_again():
    """Let SQLite prefer the index of few photos: of two that serve, it takes the younger one."""
    op.drop_index("ix_photo_without_faces", "photo")
    few = where("is_without_faces = 1")
    op.create_index("ix_photo_without_faces", "photo", ["room_id", "moment"], **few)

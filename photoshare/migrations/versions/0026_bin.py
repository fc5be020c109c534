"""a bin for albums and rooms, rooms that are ended now, and how long an ended room stays

Revision ID: 0026
Revises: 0025

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER, where


# revision identifiers, used by Alembic.
revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("room", sa.Column("ended_at", sa.DateTime(), nullable=True))
    # Empty for rooms that are there already: nothing of theirs is deleted by itself.
    op.add_column("room", sa.Column("deletes_after_days", NUMBER, nullable=True))
    op.add_column("room", sa.Column("binned_at", sa.DateTime(), nullable=True))
    op.create_index("ix_room_binned", "room", ["binned_at"], **where("binned_at IS NOT NULL"))
    op.add_column("deletion", sa.Column("album", sa.String(), nullable=True))


def downgrade():
    op.drop_column("deletion", "album")
    op.drop_index("ix_room_binned", table_name="room")
    op.drop_column("room", "binned_at")
    op.drop_column("room", "deletes_after_days")
    op.drop_column("room", "ended_at")

"""when photos were taken: what tells it, and the time zone of the room

Revision ID: 0033
Revises: 0032

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER


# revision identifiers, used by Alembic.
revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("room", sa.Column("time_zone", sa.String(), nullable=True))
    op.add_column("upload", sa.Column("changed_at", sa.DateTime(), nullable=True))
    for table in ("photo", "waiting_photo"):
        op.add_column(table, sa.Column("captured_by", sa.String(), nullable=True))
        op.add_column(table, sa.Column("captured_offset_min", NUMBER, nullable=True))


def downgrade():
    for table in ("waiting_photo", "photo"):
        op.drop_column(table, "captured_offset_min")
        op.drop_column(table, "captured_by")
    op.drop_column("upload", "changed_at")
    op.drop_column("room", "time_zone")

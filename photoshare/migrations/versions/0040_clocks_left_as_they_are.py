"""suggestions about cameras' clocks that hosts put aside

Revision ID: 0040
Revises: 0039

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER


# revision identifiers, used by Alembic.
revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade():
    of_room = sa.ForeignKey("room.id", ondelete="CASCADE")
    of_guest = sa.ForeignKey("guest.id", ondelete="CASCADE")
    op.create_table(
        "clock_dismissal",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("room_id", NUMBER, of_room, nullable=False),
        sa.Column("guest_id", NUMBER, of_guest, nullable=True),
        sa.Column("camera", sa.String(), nullable=False),
        sa.Column("shift_s", NUMBER, nullable=False),
        sqlite_autoincrement=True,
    )
    for name in ("room_id", "guest_id"):
        op.create_index(f"ix_clock_dismissal_{name}", "clock_dismissal", [name])


def downgrade():
    op.drop_table("clock_dismissal")

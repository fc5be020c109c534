"""clocks of cameras: put right by hosts, and suggestions

Revision ID: 0038
Revises: 0037

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER


# revision identifiers, used by Alembic.
revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def refers(name, table, *, may_be_none=True, rule="CASCADE"):
    key = sa.ForeignKey(f"{table}.id", ondelete=rule)
    return sa.Column(name, NUMBER, key, nullable=may_be_none)


def upgrade():
    for table in ("photo", "waiting_photo"):
        op.add_column(table, sa.Column("clock_ahead_s", NUMBER, nullable=True))
        # Photos of before are measured again, and with that their cameras and movies are read.
        op.execute(f"UPDATE {table} SET cleaning_rules = NULL")
    key = sa.ForeignKey("correction.id", ondelete="CASCADE")
    op.create_table(
        "clock_shift",
        sa.Column("correction_id", NUMBER, key, primary_key=True),
        refers("room_id", "room", may_be_none=False),
        refers("guest_id", "guest"),
        sa.Column("camera", sa.String(), nullable=False),
        sa.Column("shift_s", NUMBER, nullable=False),
    )
    for name in ("room_id", "guest_id"):
        op.create_index(f"ix_clock_shift_{name}", "clock_shift", [name])
    op.create_table(
        "clock_suggestion",
        sa.Column("id", NUMBER, primary_key=True),
        refers("room_id", "room", may_be_none=False),
        refers("guest_id", "guest"),
        sa.Column("camera", sa.String(), nullable=False),
        sa.Column("shift_s", NUMBER, nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        refers("photo_id", "photo"),
        refers("other_id", "photo"),
        sqlite_autoincrement=True,
    )
    suggestion = "clock_suggestion"
    op.create_index("ix_clock_suggestion_room_id", suggestion, ["room_id", "guest_id", "camera"])
    for name in ("guest_id", "photo_id", "other_id"):
        op.create_index(f"ix_clock_suggestion_{name}", suggestion, [name])


def downgrade():
    op.drop_table("clock_suggestion")
    op.drop_table("clock_shift")
    for table in ("waiting_photo", "photo"):
        op.drop_column(table, "clock_ahead_s")

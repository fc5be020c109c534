"""what happened in a room, for its hosts

Revision ID: 0025
Revises: 0024

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER


# revision identifiers, used by Alembic.
revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "log_entry",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("room_id", NUMBER, nullable=False),
        sa.Column("guest_id", NUMBER, nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("is_host", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("count", NUMBER, nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_log_entry_room_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["guest_id"], ["guest.id"], name=op.f("fk_log_entry_guest_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_entry")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_log_entry_room_id", "log_entry", ["room_id", "id"])
    op.create_index("ix_log_entry_same", "log_entry", ["room_id", "kind", "guest_id", "created_at"])
    op.create_index(op.f("ix_log_entry_guest_id"), "log_entry", ["guest_id"])


def downgrade():
    op.drop_table("log_entry")

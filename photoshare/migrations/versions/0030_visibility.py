"""who sees what in a room: its photos, its people, and whoever does not want to be seen

Revision ID: 0030
Revises: 0029

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER, where


# revision identifiers, used by Alembic.
revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

SWITCHES = (
    ("room", "covers_faces"),
    ("guest", "is_proven"),
    ("person", "has_asked"),
    ("photo", "is_for_all"),
    ("face", "is_forgotten"),
)
OF_ALL = "is_for_all = 1"


def upgrade():
    for table, name in SWITCHES:
        switch = sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
        op.add_column(table, switch)
    for name in ("audience", "faces_for"):
        kind = sa.Column(name, sa.String(), nullable=False, server_default="everybody")
        op.add_column("room", kind)
    op.add_column("room", sa.Column("revealed_at", sa.DateTime(), nullable=True))
    op.add_column("room", sa.Column("adds_until", sa.Date(), nullable=True))
    op.add_column("room", sa.Column("covering", NUMBER, nullable=False, server_default="0"))
    op.create_index("ix_photo_for_all", "photo", ["room_id", "moment"], **where(OF_ALL))
    op.create_table(
        "also_added",
        sa.Column("photo_id", NUMBER, nullable=False),
        sa.Column("guest_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name=op.f("fk_also_added_photo_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["guest_id"], ["guest.id"], name=op.f("fk_also_added_guest_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("photo_id", "guest_id", name=op.f("pk_also_added")),
    )
    op.create_index("ix_also_added_guest_id", "also_added", ["guest_id"])


def downgrade():
    op.drop_table("also_added")
    op.drop_index("ix_photo_for_all", "photo")
    for name in ("covering", "adds_until", "revealed_at", "faces_for", "audience"):
        op.drop_column("room", name)
    for table, name in reversed(SWITCHES):
        op.drop_column(table, name)

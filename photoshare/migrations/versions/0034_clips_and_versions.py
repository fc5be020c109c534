"""clips, motion photos, and photos that are shown behind another

Revision ID: 0034
Revises: 0033

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER, number, where


# revision identifiers, used by Alembic.
revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

FACTS = (
    ("duration_ms", NUMBER),
    ("video_codec", sa.String()),
    ("movie_start", NUMBER),
    ("content_id", sa.String()),
    ("camera", sa.String()),
    ("look", sa.LargeBinary()),
)
IS_BEHIND = "front_id IS NOT NULL"


def upgrade():
    for table in ("photo", "waiting_photo"):
        for name, kind in FACTS:
            op.add_column(table, sa.Column(name, kind, nullable=True))
    # In words of SQL: a batch would copy the table.
    op.execute(
        f"ALTER TABLE photo ADD COLUMN front_id {number()} "
        "CONSTRAINT fk_photo_front_id REFERENCES photo (id) ON DELETE SET NULL"
    )
    op.add_column("photo", sa.Column("behind_as", sa.String(), nullable=True))
    shift = sa.Column("shifted_s", NUMBER, nullable=False, server_default="0")
    op.add_column("photo", shift)
    op.add_column("face", sa.Column("at_ms", NUMBER, nullable=True))
    op.create_index("ix_photo_front_id", "photo", ["front_id"], **where(IS_BEHIND))


def downgrade():
    op.drop_index("ix_photo_front_id", "photo")
    op.drop_column("face", "at_ms")
    for name in ("shifted_s", "behind_as", "front_id"):
        op.drop_column("photo", name)
    for table in ("waiting_photo", "photo"):
        for name, _kind in reversed(FACTS):
            op.drop_column(table, name)

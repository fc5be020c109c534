"""photos that are shown as one: how near duplicates are found, and what people chose

Revision ID: 0037
Revises: 0034

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER, where


# revision identifiers, used by Alembic.
revision = "0037"
down_revision = "0034"
branch_labels = None
depends_on = None

IS_BEHIND = "front_id IS NOT NULL"
IS_NEW = "paired_by IS NULL"
HAS_CONTENT_ID = "content_id IS NOT NULL"


def upgrade():
    op.create_table(
        "look_band",
        sa.Column("room_id", NUMBER, nullable=False),
        sa.Column("value", NUMBER, nullable=False),
        sa.Column("photo_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_look_band_room_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name=op.f("fk_look_band_photo_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room_id", "value", "photo_id", name=op.f("pk_look_band")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_look_band_photo_id", "look_band", ["photo_id"])
    op.add_column("photo", sa.Column("paired_by", NUMBER, nullable=True))
    op.add_column("photo", sa.Column("stands", sa.String(), nullable=True))
    op.create_index("ix_photo_behind", "photo", ["room_id", "front_id"], **where(IS_BEHIND))
    op.create_index("ix_photo_unpaired", "photo", ["room_id"], **where(IS_NEW))
    op.create_index(
        "ix_photo_content_id", "photo", ["room_id", "content_id"], **where(HAS_CONTENT_ID)
    )


def downgrade():
    for name in ("content_id", "unpaired", "behind"):
        op.drop_index(f"ix_photo_{name}", "photo")
    for name in ("stands", "paired_by"):
        op.drop_column("photo", name)
    op.drop_table("look_band")

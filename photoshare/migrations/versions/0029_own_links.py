"""links that guests make: to themselves, for another device, and to their album

Revision ID: 0029
Revises: 0028

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER


# revision identifiers, used by Alembic.
revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "own_link",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("guest_id", NUMBER, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["guest_id"], ["guest.id"], name=op.f("fk_own_link_guest_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_link")),
        sa.UniqueConstraint("guest_id", "kind", name=op.f("uq_own_link_guest_id_kind")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_own_link_secret_hash")),
        sqlite_autoincrement=True,
    )


def downgrade():
    op.drop_table("own_link")

"""panels: faces of different panels of a collage may be one person

Revision ID: 0013
Revises: 0012

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER


# revision identifiers, used by Alembic.
revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("face", sa.Column("panel", NUMBER, server_default=sa.text("0"), nullable=False))


def downgrade():
    op.drop_column("face", "panel")

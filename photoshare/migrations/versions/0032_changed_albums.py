"""guests whose own album lost photos by what somebody else corrected

Revision ID: 0032
Revises: 0030

"""

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = "0032"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade():
    switch = sa.Column("has_lost", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("guest", switch)


def downgrade():
    op.drop_column("guest", "has_lost")

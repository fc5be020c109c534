"""clean bytes: how long a photo is as guests download it

Revision ID: 0012
Revises: 0010

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER


# revision identifiers, used by Alembic.
revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade():
    # Plain ADD COLUMN: a batch would copy the table, and with it lose AUTOINCREMENT.
    op.add_column("photo", sa.Column("clean_bytes", NUMBER, nullable=True))


def downgrade():
    op.drop_column("photo", "clean_bytes")

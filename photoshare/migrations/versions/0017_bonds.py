"""bonds: faces that someone said are one person share a bond, once called a link

Revision ID: 0017
Revises: 0016

"""

from alembic import op


# revision identifiers, used by Alembic.
revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = ("face", "apart_links")


def upgrade():
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN link_id TO bond_id")


def downgrade():
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN bond_id TO link_id")

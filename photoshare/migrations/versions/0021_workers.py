"""workers: which of several processes runs a job; attempts that all of them count together

Revision ID: 0021
Revises: 0020

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER


# revision identifiers, used by Alembic.
revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("job", sa.Column("worker", NUMBER, nullable=True))
    op.create_table(
        "attempts",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("ends_at", sa.Double(), nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attempts")),
    )


def downgrade():
    op.drop_table("attempts")
    op.drop_column("job", "worker")

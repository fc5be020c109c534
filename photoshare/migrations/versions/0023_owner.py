"""the owner of the server: a password, sessions, and who may open rooms

Revision ID: 0023
Revises: 0022

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER


# revision identifiers, used by Alembic.
revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "owner",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("room_creation", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "owner_session",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_owner_session_token_hash")),
        sqlite_autoincrement=True,
    )
    # Where rooms have been opened by anyone, nobody shall be locked out by an upgrade.
    op.execute(
        "INSERT INTO owner (id, room_creation) SELECT 1, 'open' WHERE EXISTS (SELECT id FROM room)"
    )


def downgrade():
    op.drop_table("owner_session")
    op.drop_table("owner")

"""what leads into a room can be taken back: sessions, host links and former codes are rows

Revision ID: 0022
Revises: 0021

"""

import hashlib

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER, number


# revision identifiers, used by Alembic.
revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

SESSIONS_AT_ONCE = 500  # rows in one INSERT


def upgrade():
    op.create_table(
        "former_code",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("room_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_former_code_room_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_former_code")),
    )
    op.create_index(op.f("ix_former_code_room_id"), "former_code", ["room_id"])
    op.add_column("room", sa.Column("password_changed_at", sa.DateTime(), nullable=True))
    op.add_column(
        "guest",
        sa.Column("is_upload_stopped", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    _make_host_links()
    _make_sessions()


def _make_host_links():
    """Move the secrets of rooms into links of their own, by which their hosts came."""
    op.create_table(
        "host_link",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("room_id", NUMBER, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_host_link_room_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host_link")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_host_link_room_id"), "host_link", ["room_id"])
    op.execute(
        "INSERT INTO host_link (room_id, name, nonce, secret_hash, created_at) "
        "SELECT id, '', '', host_secret_hash, created_at FROM room ORDER BY id"
    )
    op.drop_column("room", "host_secret_hash")
    # In words of SQL: a batch would copy the table (migration 0005).
    op.execute(
        f"ALTER TABLE guest ADD COLUMN host_link_id {number()} "
        "CONSTRAINT fk_guest_host_link_id REFERENCES host_link (id) ON DELETE SET NULL"
    )
    op.create_index(op.f("ix_guest_host_link_id"), "guest", ["host_link_id"])
    op.execute(
        "UPDATE guest SET host_link_id = "
        "(SELECT host_link.id FROM host_link WHERE host_link.room_id = guest.room_id) "
        "WHERE is_host"
    )


def _make_sessions():
    """Give every guest the session that stands for the cookie they have (web.requests.security)."""
    session = op.create_table(
        "guest_session",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("guest_id", NUMBER, nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["guest_id"], ["guest.id"], name=op.f("fk_guest_session_guest_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_guest_session_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_guest_session_guest_id"), "guest_session", ["guest_id"])
    guest = sa.table("guest", sa.column("id"), sa.column("created_at", sa.DateTime()))
    rows = [
        {
            "guest_id": guest_id,
            "token_hash": hashlib.sha256(f"guest {guest_id}".encode()).hexdigest(),
            **dict.fromkeys(("created_at", "seen_at"), created_at),
            "device": "",
        }
        for guest_id, created_at in op.get_bind().execute(
            sa.select(guest.c.id, guest.c.created_at).order_by(guest.c.id)
        )
    ]
    for first in range(0, len(rows), SESSIONS_AT_ONCE):
        op.bulk_insert(session, rows[first : first + SESSIONS_AT_ONCE])


def downgrade():
    op.drop_table("guest_session")
    op.add_column(
        "room", sa.Column("host_secret_hash", sa.String(), nullable=False, server_default="")
    )
    op.execute(
        "UPDATE room SET host_secret_hash = (SELECT secret_hash FROM host_link "
        "WHERE host_link.room_id = room.id AND host_link.name = '')"
    )
    op.drop_index(op.f("ix_guest_host_link_id"), table_name="guest")
    op.drop_column("guest", "host_link_id")
    op.drop_table("host_link")
    op.drop_column("guest", "is_upload_stopped")
    op.drop_column("room", "password_changed_at")
    op.drop_table("former_code")

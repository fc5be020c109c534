"""corrections: what people said about faces

Revision ID: 0002
Revises: 0001

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER


# revision identifiers, used by Alembic.
revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NEW_COLUMNS = (
    ("room", "guests_may_correct", sa.Boolean(), "0"),
    ("room", "revision", NUMBER, "0"),
    ("person", "is_hidden", sa.Boolean(), "0"),
    ("person", "is_corrected", sa.Boolean(), "0"),
    ("person", "cover_face_id", NUMBER, None),
    ("face", "is_face", sa.Boolean(), "1"),
    ("face", "link_id", NUMBER, None),
)


def upgrade():
    for table, name, kind, default in NEW_COLUMNS:
        column = sa.Column(name, kind, nullable=default is None, server_default=default)
        op.add_column(table, column)
    op.create_table(
        "apart_links",
        sa.Column("room_id", NUMBER, nullable=False),
        sa.Column("link_id", NUMBER, nullable=False),
        sa.Column("other_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_apart_links_room_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room_id", "link_id", "other_id", name=op.f("pk_apart_links")),
    )
    op.create_table(
        "correction",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("room_id", NUMBER, nullable=False),
        sa.Column("guest_id", NUMBER, nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.Column("undone_by", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["guest_id"], ["guest.id"], name=op.f("fk_correction_guest_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_correction_room_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["undone_by"], ["guest.id"], name=op.f("fk_correction_undone_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_correction_room_id", "correction", ["room_id", "id"])
    op.create_index(op.f("ix_correction_guest_id"), "correction", ["guest_id"])
    op.create_table(
        "correction_face",
        sa.Column("correction_id", NUMBER, nullable=False),
        sa.Column("face_id", NUMBER, nullable=False),
        sa.Column("side", NUMBER, nullable=False),
        sa.Column("is_carried", sa.Boolean(), nullable=False),
        sa.Column("person_before", NUMBER, nullable=True),
        sa.Column("person_after", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["correction_id"],
            ["correction.id"],
            name=op.f("fk_correction_face_correction_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["face_id"], ["face.id"], name=op.f("fk_correction_face_face_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("correction_id", "face_id", name=op.f("pk_correction_face")),
    )
    op.create_index(op.f("ix_correction_face_face_id"), "correction_face", ["face_id"])
    _keep_given_names()


def _keep_given_names():
    """Turn the names of before into corrections, so that they hold like those given from now on."""
    op.execute(
        "INSERT INTO correction (room_id, kind, name, created_at) "
        "SELECT room_id, 'name', name, created_at FROM person WHERE name IS NOT NULL ORDER BY id"
    )
    # Two people of one room may have one name: the order of the rows pairs them up.
    op.execute(
        "INSERT INTO correction_face (correction_id, face_id, side, is_carried, person_before, "
        "person_after) SELECT c.id, f.id, 0, false, f.person_id, f.person_id FROM face f "
        "JOIN (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS n FROM person WHERE name IS NOT NULL) p "
        "ON p.id = f.person_id "
        "JOIN (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS n FROM correction) c ON c.n = p.n"
    )
    op.execute("UPDATE person SET is_corrected = true WHERE name IS NOT NULL")
    op.execute(
        "UPDATE face SET link_id = (SELECT MIN(other.id) FROM face other "
        "WHERE other.person_id = face.person_id) "
        "WHERE person_id IN (SELECT person_id FROM face f JOIN person p ON p.id = f.person_id "
        "WHERE p.name IS NOT NULL GROUP BY person_id HAVING COUNT(*) > 1)"
    )


def downgrade():
    for table in ("correction_face", "correction", "apart_links"):
        op.drop_table(table)
    for table, name, _kind, _default in NEW_COLUMNS:
        op.drop_column(table, name)

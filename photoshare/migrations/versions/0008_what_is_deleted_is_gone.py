"""what is deleted is gone: erase what former versions kept

Revision ID: 0008
Revises: 0007

"""

from alembic import op

from photoshare.migrations.either import is_sqlite


# revision identifiers, used by Alembic.
revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    # See photoshare/services/corrections/erasure.py. The names of guests who left cannot be told
    # from others.
    zeros = "zeroblob(length(encoding))"
    if not is_sqlite():
        zeros = "decode(repeat('00', length(encoding)), 'hex')"
    op.execute(f"UPDATE face SET encoding = {zeros} WHERE NOT is_face")
    op.execute(
        "DELETE FROM correction_face WHERE correction_id IN "
        "(SELECT id FROM correction WHERE undone_at IS NOT NULL)"
    )
    op.execute("UPDATE correction SET name = NULL WHERE undone_at IS NOT NULL")
    op.execute(
        "DELETE FROM correction WHERE undone_at IS NULL AND NOT EXISTS "
        "(SELECT 1 FROM correction_face WHERE correction_face.correction_id = correction.id)"
    )


def downgrade():
    pass

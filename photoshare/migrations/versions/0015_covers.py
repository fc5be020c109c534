"""covers: a person's row names the clearest of their sure faces, so that it changes seldom

Revision ID: 0015
Revises: 0014

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER, is_sqlite, where


# revision identifiers, used by Alembic.
revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

IS_SORTED = where("person_id IS NOT NULL")
CLEAREST = ["person_id", "quality", "area"]


def upgrade():
    op.add_column("person", sa.Column("clear_face_id", NUMBER, nullable=True))
    # SQLite takes NULL for the smallest value; PostgreSQL has to be told, or it would sort every time.
    clearest = (
        CLEAREST if is_sqlite() else [CLEAREST[0], sa.text("quality NULLS FIRST"), CLEAREST[2]]
    )
    op.create_index("ix_face_person_clearest", "face", clearest, **IS_SORTED)
    op.drop_index("ix_face_person_area", "face")


def downgrade():
    op.create_index("ix_face_person_area", "face", ["person_id", "area"], **IS_SORTED)
    op.drop_index("ix_face_person_clearest", "face")
    op.drop_column("person", "clear_face_id")

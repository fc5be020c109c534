"""own person: who of the people a guest says they are

Revision ID: 0005
Revises: 0004

"""

from alembic import op
import sqlalchemy as sa

from photoshare.migrations.either import NUMBER, number


# revision identifiers, used by Alembic.
revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    # In words of SQL: a batch would copy the table, lose AUTOINCREMENT, and by dropping the old one
    # take the guests from their photos.
    op.execute(
        f"ALTER TABLE guest ADD COLUMN person_id {number()} "
        "CONSTRAINT fk_guest_person_id REFERENCES person (id) ON DELETE SET NULL"
    )
    op.add_column("guest", sa.Column("said_person_id", NUMBER, nullable=True))
    op.create_index(op.f("ix_guest_person_id"), "guest", ["person_id"])


def downgrade():
    op.drop_index(op.f("ix_guest_person_id"), table_name="guest")
    op.drop_column("guest", "said_person_id")
    op.drop_column("guest", "person_id")

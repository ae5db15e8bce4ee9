"""The subsidy service: looks at many persons in one entry are found by each of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """An index of the persons such entries name."""
    op.create_index(
        "ix_audit_persons",
        "audit",
        [sa.text("(detail::jsonb -> 'persons'::text)")],
        postgresql_using="gin",
        postgresql_where=sa.text("kind = 'LOOK' AND person_id IS NULL AND detail IS NOT NULL"),
    )


def downgrade() -> None:
    """Without it."""
    op.drop_index("ix_audit_persons", table_name="audit")

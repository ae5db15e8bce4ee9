"""The registry: who is named among many in an entry of the trail is found by a hash of the id: half the index, half the work."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_NAMED = "(detail::jsonb -> 'persons'::text)"


def upgrade() -> None:
    """By hashes."""
    _replace(f"{_NAMED} jsonb_path_ops")


def downgrade() -> None:
    """By the ids themselves."""
    _replace(_NAMED)


def _replace(expression: str) -> None:
    op.drop_index("ix_audit_persons", table_name="audit")
    op.create_index(
        "ix_audit_persons",
        "audit",
        [sa.text(expression)],
        postgresql_using="gin",
        postgresql_where=sa.text("kind = 'LOOK' AND person_id IS NULL AND detail IS NOT NULL"),
    )

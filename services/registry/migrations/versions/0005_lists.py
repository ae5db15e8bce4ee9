"""The registry: lists of certificates in the order of their divisions, as lists of persons are.

In the order of ids a list of one county, or of a rare state in it, had to pass over everybody else's certificates: with
3.5 million of them more than half a second a page.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """The database has C collation: plain order serves prefixes as well, and sorts."""
    op.drop_index("ix_certificate_division", table_name="certificate")
    op.create_index("ix_certificate_division", "certificate", ["division", "certificate_id"])
    op.create_index("ix_certificate_status", "certificate", ["status", "division", "certificate_id"])


def downgrade() -> None:
    """Prefixes only."""
    op.drop_index("ix_certificate_status", table_name="certificate")
    op.drop_index("ix_certificate_division", table_name="certificate")
    op.create_index(
        "ix_certificate_division",
        "certificate",
        ["division", "certificate_id"],
        postgresql_ops={"division": "text_pattern_ops"},
    )

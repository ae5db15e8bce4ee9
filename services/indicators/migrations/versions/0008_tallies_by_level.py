"""The indicators service: what is kept counted is kept at every level, so that a country is not added up from counties.

Counted anew by the worker from the spells that stand; until then figures are counted from the spells.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """One row by level, place and months."""
    op.execute("TRUNCATE tally, tally_facet")
    op.alter_column("tally", "grain", new_column_name="level")
    op.alter_column(
        "tally", "level", existing_type=sa.SmallInteger(), comment="how many digits of a code name the place"
    )


def downgrade() -> None:
    """Counties and townships only, to be counted anew."""
    op.execute("TRUNCATE tally, tally_facet")
    op.alter_column("tally", "level", new_column_name="grain")
    op.alter_column(
        "tally", "grain", existing_type=sa.SmallInteger(), comment="6: places down to counties, 9: townships"
    )

"""The indicators service: what is asked most is kept counted, by month and place.

Nothing is begun anew: the worker counts each facet once from the spells that stand, and until then figures are counted
from the spells as before. Who is one person with whom is settled once, from the copies of merges.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Tallies, their facets, and who was absorbed by whom."""
    op.create_table(
        "tally",
        sa.Column("facet", sa.Text(), nullable=False),
        sa.Column("grain", sa.SmallInteger(), nullable=False, comment="6: places down to counties, 9: townships"),
        sa.Column("place", sa.Text(collation="C"), nullable=False),
        sa.Column("month", sa.Date(), nullable=False, comment="its first day"),
        sa.Column(
            "after", sa.Date(), nullable=False, comment="month in which they had gone before; -infinity: never there"
        ),
        sa.Column("came", sa.Integer(), nullable=False),
        sa.Column("went", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("facet", "grain", "place", "month", "after", name=op.f("pk_tally")),
    )
    op.create_table(
        "tally_facet",
        sa.Column("facet", sa.Text(), nullable=False, comment="only what is wholly counted is listed, and read"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("traits", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("facet", name=op.f("pk_tally_facet")),
    )
    op.create_table(
        "absorbed",
        sa.Column("absorbed_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False, comment="who they are, at the end of every chain of merges"),
        sa.PrimaryKeyConstraint("absorbed_id", name=op.f("pk_absorbed")),
    )
    op.create_index("ix_absorbed_person_id", "absorbed", ["person_id"], unique=False)
    op.execute("""
WITH RECURSIVE chain AS (
  SELECT absorbed_id, person_id, 1 AS step FROM copy_registry_merge WHERE NOT undone
  UNION ALL
  SELECT c.absorbed_id, m.person_id, step + 1 FROM chain c
    JOIN copy_registry_merge m ON m.absorbed_id = c.person_id AND NOT m.undone WHERE step < 20)
INSERT INTO absorbed SELECT DISTINCT ON (absorbed_id) absorbed_id, person_id FROM chain ORDER BY absorbed_id, step DESC
""")
    op.create_index("ix_spell_from_date", "spell", ["kind", "from_date"], unique=False)
    op.create_index(
        "ix_spell_to_date",
        "spell",
        ["kind", "to_date"],
        unique=False,
        postgresql_where=sa.text("to_date < 'infinity'"),
    )


def downgrade() -> None:
    """Counted from the spells each time."""
    op.drop_index("ix_spell_to_date", table_name="spell")
    op.drop_index("ix_spell_from_date", table_name="spell")
    op.drop_table("absorbed")
    op.drop_table("tally_facet")
    op.drop_table("tally")

"""Divisions given up for others, and who follows where; the copy of it is read with the homes."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "division_succession",
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("predecessor", sa.Text(), nullable=False),
        sa.Column("successor", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("change_id", "predecessor", "successor", name=op.f("pk_division_succession")),
    )
    op.create_table(
        "county_line",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False, comment="a county of the line"),
        sa.Column(
            "ends_after",
            sa.Date(),
            nullable=False,
            comment="stays there that ended by this day are no part of the line",
        ),
        sa.Column(
            "decided_from", sa.Date(), nullable=False, comment="decisions applied for earlier are no part of the line"
        ),
        sa.Column("line", sa.Text(), nullable=False, comment="the counties in turn: 341502>2026-09:341599"),
        sa.PrimaryKeyConstraint("person_id", "county", name=op.f("pk_county_line")),
    )


def downgrade() -> None:
    op.drop_table("county_line")
    op.drop_table("division_succession")

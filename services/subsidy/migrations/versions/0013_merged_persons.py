"""Records that are one person's: the copy of the merges, whose each record is, and what was paid to any of them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_LINES = """
SELECT l.month, l.person_id, l.scheme, l.seq, l.amount_fen, CAST('PENDING' AS text) AS state, l.locked_at AS known_from,
       coalesce(t.at, 'infinity') AS known_to
  FROM line l LEFT JOIN line_turn t
    ON (t.person_id, t.scheme, t.month, t.seq, t.no) = (l.person_id, l.scheme, l.month, l.seq, 1)
 WHERE {lines}
UNION ALL
SELECT t.month, t.person_id, t.scheme, t.seq, t.amount_fen, t.state, t.at, coalesce(n.at, 'infinity')
  FROM line_turn t LEFT JOIN line_turn n
    ON (n.person_id, n.scheme, n.month, n.seq, n.no) = (t.person_id, t.scheme, t.month, t.seq, t.no + 1)
 WHERE {turns}"""
# While no record was ever absorbed nothing is asked of any line; afterwards the few are looked up by their index.
_OWN = "((SELECT NOT EXISTS (SELECT FROM person_record)) OR {0}.person_id NOT IN (SELECT record_id FROM person_record))"
_VIEW = f"""
CREATE OR REPLACE VIEW payment_line AS
{_LINES.format(lines=_OWN.format("l"), turns=_OWN.format("t"))}
UNION ALL
SELECT p.month, r.person_id, p.scheme, p.seq, p.amount_fen, p.state, greatest(p.known_from, r.known_from),
       least(p.known_to, r.known_to)
  FROM person_record r
 CROSS JOIN LATERAL ({_LINES.format(lines="l.person_id = r.record_id", turns="t.person_id = r.record_id")} OFFSET 0) p
 WHERE p.known_from < r.known_to AND p.known_to > r.known_from"""  # noqa: S608 - put together from constants


def upgrade() -> None:
    op.create_table(
        "copy_registry_merge",
        sa.Column("merge_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("absorbed_id", sa.Uuid(), nullable=False),
        sa.Column("merged_on", sa.Date(), nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("merge_id", name=op.f("pk_copy_registry_merge")),
    )
    op.create_index("ix_copy_registry_merge_person_id", "copy_registry_merge", ["person_id"])
    op.create_index("ix_copy_registry_merge_absorbed_id", "copy_registry_merge", ["absorbed_id"])
    op.create_table(
        "person_record",
        sa.Column("row_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False, comment="of the register; it was absorbed, now or once"),
        sa.Column("person_id", sa.Uuid(), nullable=False, comment="whose it is: the surviving record's, or its own"),
        sa.Column("known_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("known_to", sa.TIMESTAMP(timezone=True), server_default=sa.text("'infinity'"), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_person_record")),
    )
    op.create_index("ix_person_record_record_id", "person_record", ["record_id"])
    op.create_index("ix_person_record_person_id", "person_record", ["person_id"])
    op.add_column(
        "award",
        sa.Column("record_id", sa.Uuid(), nullable=True, comment="granted to this record, which was absorbed since"),
    )
    op.create_index("ix_award_record_id", "award", ["record_id"], postgresql_where=sa.text("record_id IS NOT NULL"))
    op.execute(_VIEW)


def downgrade() -> None:
    op.execute(f"CREATE OR REPLACE VIEW payment_line AS {_LINES.format(lines='true', turns='true')}")
    op.drop_index("ix_award_record_id", table_name="award")
    op.drop_column("award", "record_id")
    op.drop_table("person_record")
    op.drop_table("copy_registry_merge")

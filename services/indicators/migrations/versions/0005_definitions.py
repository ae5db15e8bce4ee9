"""The indicators service: spells tell what they are spells of, values are reported, figures are frozen.

What was derived lacks what the new columns ask for: it is forgotten, and derived anew from the journals of the others,
which are kept for ever. The worker begins at their start by itself.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

_DERIVED = "spell, handover, look, drift, copy_registry_person, copy_registry_certificate, copy_registry_stop, "
_COPIES = "copy_subsidy_award, copy_rehab_case"


def upgrade() -> None:
    """Traits of spells, merges, reported values, snapshots."""
    _begin_again()
    op.add_column(
        "spell",
        sa.Column(
            "opens",
            sa.Boolean(),
            nullable=False,
            comment="false when it only goes on after a gap or from another division",
        ),
    )
    op.add_column(
        "spell",
        sa.Column(
            "trait", sa.Text(), nullable=False, comment="category and grade, scheme, kind of stop; empty where none"
        ),
    )
    op.add_column(
        "handover", sa.Column("event_id", sa.Uuid(), nullable=False, comment="orders it among the stops of a register")
    )
    _count_by("person_id", "trait")
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
    op.create_index("ix_copy_registry_merge_person_id", "copy_registry_merge", ["person_id"], unique=False)
    _reported_values()
    _snapshots()


def downgrade() -> None:
    """Without them."""
    op.drop_table("snapshot_figure")
    op.drop_table("snapshot")
    op.execute("DROP FUNCTION snapshot_guard")
    op.drop_table("reported_value")
    op.drop_table("copy_registry_merge")
    _begin_again()
    _count_by("person_id")
    op.drop_column("handover", "event_id")
    op.drop_column("spell", "trait")
    op.drop_column("spell", "opens")


def _begin_again() -> None:
    op.execute(f"TRUNCATE {_DERIVED}{_COPIES}")
    op.execute(
        "UPDATE dead_letter SET state = 'SUPERSEDED', settled_at = now(), settled_by = 'migration' WHERE state IN ('OPEN', 'PARKED')"
    )
    op.execute("UPDATE consumer_cursor SET epoch = 0, position = 0, moved_at = now()")


def _count_by(*included: str) -> None:
    op.drop_index("ix_spell_counting", table_name="spell")
    op.create_index(
        "ix_spell_counting",
        "spell",
        ["kind", "division", "to_date", "from_date"],
        unique=False,
        postgresql_include=[*included],
        postgresql_ops={"division": "text_pattern_ops"},
    )


def _reported_values() -> None:
    op.create_table(
        "reported_value",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("definition_version", sa.Integer(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False, comment="2026-05, 2026-Q2, 2026-H1 or 2026"),
        sa.Column("aspect", sa.Text(), nullable=False, comment="what was reached, or what is to be"),
        sa.Column("numerator", sa.BigInteger(), nullable=False, comment="the number itself where it is no rate"),
        sa.Column("denominator", sa.BigInteger(), nullable=True, comment="null where it is no rate"),
        sa.Column(
            "document_no",
            sa.Text(),
            nullable=False,
            comment="of the paper it is taken from; its pattern leaves no room",
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'ACCEPTED', 'DISCARDED')", name=op.f("ck_reported_value_status_is_known")
        ),
        sa.CheckConstraint("aspect IN ('ACTUAL', 'TARGET')", name=op.f("ck_reported_value_aspect_is_known")),
        sa.CheckConstraint("numerator >= 0 AND denominator >= 0", name=op.f("ck_reported_value_no_negatives")),
        sa.CheckConstraint(
            "(status = 'ACCEPTED') = (accepted_at IS NOT NULL)", name=op.f("ck_reported_value_accepted_once")
        ),
        sa.CheckConstraint("accepted_by IS NULL OR accepted_by <> made_by", name=op.f("ck_reported_value_four_eyes")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_reported_value")),
    )
    op.create_index(
        "ix_reported_value_accepted",
        "reported_value",
        ["period", "aspect", "division", "accepted_at"],
        unique=False,
        postgresql_ops={"division": "text_pattern_ops"},
        postgresql_where=sa.text("status = 'ACCEPTED'"),
    )


def _snapshots() -> None:
    op.create_table(
        "snapshot",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="1, and one more with each correction (RU-04)"),
        sa.Column("reference_date", sa.Date(), nullable=False),
        sa.Column("data_time", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "as_of",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="epoch and position of every journal it contains",
        ),
        sa.Column(
            "definitions",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="the definitions it was made by, whole",
        ),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of its definitions and figures"),
        sa.Column(
            "correction",
            sa.Text(),
            nullable=True,
            comment="the paper that asks for the new version; null for the first",
        ),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> made_by", name=op.f("ck_snapshot_four_eyes")),
        sa.CheckConstraint("(version = 1) = (correction IS NULL)", name=op.f("ck_snapshot_corrections_say_why")),
        sa.PrimaryKeyConstraint("snapshot_id", name=op.f("pk_snapshot")),
        sa.UniqueConstraint("division", "period", "version", name=op.f("uq_snapshot_division_period_version")),
    )
    op.create_table(
        "snapshot_figure",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("numerator", sa.BigInteger(), nullable=True),
        sa.Column("denominator", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshot.snapshot_id"], name=op.f("fk_snapshot_figure_snapshot_id_snapshot")
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "division", "indicator", name=op.f("pk_snapshot_figure")),
    )
    # RU-04: what is frozen is never written over; of a snapshot only its approval is added, once.
    op.execute("""
CREATE FUNCTION snapshot_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'snapshot' THEN
    IF OLD.approved_at IS NULL
       AND to_jsonb(NEW) - 'approved_by' - 'approved_at' = to_jsonb(OLD) - 'approved_by' - 'approved_at' THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'a snapshot is frozen' USING ERRCODE = 'restrict_violation';
END $$
""")
    for table in ("snapshot", "snapshot_figure"):
        op.execute(
            f"CREATE TRIGGER {table}_guard BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION snapshot_guard()"
        )

"""Seals of settled runs; and which way a run's digest was taken, so that earlier ones raise no false alarm."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"

_WHOLE = (
    "num_nulls(known_at, news_since, epoch, position, proven_at, policy_digest, digest, {more}lines, amount_fen, held, "
    "left_out) IN (0, {count})"
)
_GUARD = """
CREATE OR REPLACE FUNCTION payroll_guard_run() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  other uuid;
BEGIN
  IF TG_OP = 'UPDATE' AND (OLD.run_id, OLD.division, OLD.month, OLD.schemes)
                          IS DISTINCT FROM (NEW.run_id, NEW.division, NEW.month, NEW.schemes) THEN
    RAISE EXCEPTION 'what a run is for is fixed' USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.state NOT IN ('DRAFT', 'ABORTED')
     AND (OLD.known_at, OLD.news_since, OLD.epoch, OLD.position, OLD.policy_digest, OLD.digest, {old}OLD.lines,
          OLD.amount_fen, OLD.held, OLD.left_out)
         IS DISTINCT FROM
         (NEW.known_at, NEW.news_since, NEW.epoch, NEW.position, NEW.policy_digest, NEW.digest, {new}NEW.lines,
          NEW.amount_fen, NEW.held, NEW.left_out) THEN
    RAISE EXCEPTION 'what was drawn up is frozen' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.state NOT IN ('SETTLED', 'ABORTED') AND (TG_OP = 'INSERT' OR OLD.state IN ('SETTLED', 'ABORTED')) THEN
    PERFORM pg_advisory_xact_lock(hashtext('payroll_run'), hashtext(CAST(NEW.month AS text)));
    SELECT r.run_id INTO other FROM payroll_run r
     WHERE r.month = NEW.month AND r.run_id <> NEW.run_id AND r.schemes && NEW.schemes
       AND r.state NOT IN ('SETTLED', 'ABORTED')
       AND (starts_with(r.division, NEW.division) OR starts_with(NEW.division, r.division))
     LIMIT 1;
    IF FOUND AND NOT (TG_OP = 'UPDATE' AND OLD.state = 'SETTLED') THEN
      RAISE EXCEPTION 'run % is open', other USING ERRCODE = 'exclusion_violation', DETAIL = other;
    END IF;
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.add_column(
        "payroll_run",
        sa.Column("digest_version", sa.SmallInteger(), nullable=True, comment="what the digest covers"),
    )
    op.drop_constraint(op.f("ck_payroll_run_draft_is_whole"), "payroll_run")
    # Nobody noted it until now: a digest from before cannot be told from one of today, so none is held against lines.
    op.execute("UPDATE payroll_run SET digest_version = 1 WHERE digest IS NOT NULL")
    op.create_check_constraint(
        op.f("ck_payroll_run_draft_is_whole"), "payroll_run", _WHOLE.format(more="digest_version, ", count=12)
    )
    op.execute(_GUARD.format(old="OLD.digest_version, ", new="NEW.digest_version, "))
    op.create_table(
        "run_seal",
        sa.Column("seal_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="1, 2... of its division: a chain"),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("run_version", sa.BigInteger(), nullable=False, comment="a run that settles again is sealed again"),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("schemes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False, comment="settled"),
        sa.Column("digest", sa.Text(), nullable=False, comment="over key and hash of every line in order"),
        sa.Column("approved", sa.Text(), nullable=False, comment="the digest that two persons approved"),
        sa.Column(
            "as_approved",
            sa.Boolean(),
            nullable=True,
            comment="the entered lines were still those; null: an earlier digest",
        ),
        sa.Column("previous", sa.Text(), nullable=False, comment="the chain up to the seal before"),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("sealed_at", sa.Text(), nullable=False, comment="as it was signed"),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("blob_id", sa.Uuid(), nullable=False, comment="its file: seals, hashes, lines"),
        sa.CheckConstraint("number > 0", name=op.f("ck_run_seal_number_counts_from_one")),
        sa.ForeignKeyConstraint(["run_id"], ["payroll_run.run_id"], name=op.f("fk_run_seal_run_id_payroll_run")),
        sa.PrimaryKeyConstraint("seal_id", name=op.f("pk_run_seal")),
        sa.UniqueConstraint("division", "number", name=op.f("uq_run_seal_division_number")),
        sa.UniqueConstraint("division", "previous", name=op.f("uq_run_seal_division_previous")),
        sa.UniqueConstraint("run_id", "run_version", name=op.f("uq_run_seal_run_id_run_version")),
    )
    op.execute(
        "CREATE TRIGGER run_seal_is_written_once BEFORE UPDATE OR DELETE ON run_seal "
        "FOR EACH ROW EXECUTE FUNCTION payroll_refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("run_seal")
    op.execute(_GUARD.format(old="", new=""))
    op.drop_constraint(op.f("ck_payroll_run_draft_is_whole"), "payroll_run")
    op.create_check_constraint(op.f("ck_payroll_run_draft_is_whole"), "payroll_run", _WHOLE.format(more="", count=11))
    op.drop_column("payroll_run", "digest_version")

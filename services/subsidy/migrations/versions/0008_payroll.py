"""Payroll: runs, lines by month owed, their turns, instructions, the ledger; payments are what these tell."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

DDL = (
    # Lines and turns of a month lie together; a month that is not there cannot be paid by mistake.
    """
CREATE FUNCTION payroll_ensure_months(first date, last date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  parent text;
  part text;
  owed date := date_trunc('month', first);
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('payroll_ensure_months'));
  WHILE owed <= last LOOP
    FOREACH parent IN ARRAY ARRAY['line', 'line_turn'] LOOP
      part := parent || to_char(owed, '_YYYY_MM');
      IF to_regclass(part) IS NULL THEN
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, parent);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES IN (%L)', parent, part, owed);
      END IF;
    END LOOP;
    owed := owed + interval '1 month';
  END LOOP;
END $$
""",
    """
CREATE FUNCTION payroll_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is written once', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
""",
    *(
        f"CREATE TRIGGER {table}_is_written_once BEFORE UPDATE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION payroll_refuse_change()"
        for table in ("line", "line_turn")
    ),
    *(
        f"CREATE TRIGGER {table}_is_written_once BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION payroll_refuse_change()"
        for table in ("run_step", "dispatch", "instruction", "ledger_entry", "ledger_leg")
    ),
    # Lines go only with a run that was given up before anything left.
    """
CREATE FUNCTION payroll_guard_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM (SELECT DISTINCT run_id FROM gone) g LEFT JOIN payroll_run r USING (run_id)
              WHERE r.state IS NULL OR r.state NOT IN ('DRAFT', 'ABORTED')
                 OR EXISTS (SELECT FROM dispatch d WHERE d.run_id = g.run_id)) THEN
    RAISE EXCEPTION 'lines of a run that stands are kept for ever' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$
""",
    *(
        f"CREATE TRIGGER {table}_guard_removal AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone "
        "FOR EACH STATEMENT EXECUTE FUNCTION payroll_guard_removal()"
        for table in ("line", "line_turn")
    ),
    # Only the next one: a second writer finds its number taken.
    """
CREATE FUNCTION payroll_guard_seq() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM added a WHERE a.seq > 0 AND NOT EXISTS (
               SELECT FROM line b WHERE (b.person_id, b.scheme, b.month, b.seq)
                                      = (a.person_id, a.scheme, a.month, a.seq - 1))) THEN
    RAISE EXCEPTION 'only the next seq can be added' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
""",
    (
        "CREATE TRIGGER line_guard_seq AFTER INSERT ON line REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION payroll_guard_seq()"
    ),
    """
CREATE FUNCTION payroll_guard_no() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM added a WHERE a.no > 1 AND NOT EXISTS (
               SELECT FROM line_turn b WHERE (b.person_id, b.scheme, b.month, b.seq, b.no)
                                           = (a.person_id, a.scheme, a.month, a.seq, a.no - 1))) THEN
    RAISE EXCEPTION 'only the next turn can be added' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
""",
    (
        "CREATE TRIGGER line_turn_guard_no AFTER INSERT ON line_turn REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION payroll_guard_no()"
    ),
    # One open run a scheme and month where divisions overlap: a code is the prefix of all within.
    """
CREATE FUNCTION payroll_guard_run() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  other uuid;
BEGIN
  IF TG_OP = 'UPDATE' AND (OLD.run_id, OLD.division, OLD.month, OLD.schemes)
                          IS DISTINCT FROM (NEW.run_id, NEW.division, NEW.month, NEW.schemes) THEN
    RAISE EXCEPTION 'what a run is for is fixed' USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.state NOT IN ('DRAFT', 'ABORTED')
     AND (OLD.known_at, OLD.news_since, OLD.epoch, OLD.position, OLD.policy_digest, OLD.digest, OLD.lines,
          OLD.amount_fen, OLD.held, OLD.left_out)
         IS DISTINCT FROM
         (NEW.known_at, NEW.news_since, NEW.epoch, NEW.position, NEW.policy_digest, NEW.digest, NEW.lines,
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
""",
    (
        "CREATE TRIGGER payroll_run_guard BEFORE INSERT OR UPDATE ON payroll_run "
        "FOR EACH ROW EXECUTE FUNCTION payroll_guard_run()"
    ),
    (
        "CREATE TRIGGER payroll_run_is_kept BEFORE DELETE ON payroll_run "
        "FOR EACH ROW EXECUTE FUNCTION payroll_refuse_change()"
    ),
    # Every entry comes out even.
    """
CREATE FUNCTION payroll_guard_zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM ledger_leg WHERE entry_id IN (SELECT entry_id FROM added)
              GROUP BY entry_id, county, scheme, month HAVING sum(amount_fen) <> 0) THEN
    RAISE EXCEPTION 'the legs of an entry do not sum to zero' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
""",
    (
        "CREATE TRIGGER ledger_leg_zero_sum AFTER INSERT ON ledger_leg REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION payroll_guard_zero_sum()"
    ),
    """
CREATE VIEW payment_line AS
SELECT l.month, l.person_id, l.scheme, l.seq, l.amount_fen, CAST('PENDING' AS text) AS state, l.locked_at AS known_from,
       coalesce(t.at, 'infinity') AS known_to
  FROM line l LEFT JOIN line_turn t
    ON (t.person_id, t.scheme, t.month, t.seq, t.no) = (l.person_id, l.scheme, l.month, l.seq, 1)
UNION ALL
SELECT t.month, t.person_id, t.scheme, t.seq, t.amount_fen, t.state, t.at, coalesce(n.at, 'infinity')
  FROM line_turn t LEFT JOIN line_turn n
    ON (n.person_id, n.scheme, n.month, n.seq, n.no) = (t.person_id, t.scheme, t.month, t.seq, t.no + 1)
""",
)
FUNCTIONS = (
    "payroll_ensure_months(date, date)",
    "payroll_refuse_change()",
    "payroll_guard_removal()",
    "payroll_guard_seq()",
    "payroll_guard_no()",
    "payroll_guard_run()",
    "payroll_guard_zero_sum()",
)
TABLES = (
    "register_proof",
    "ledger_leg",
    "ledger_entry",
    "instruction",
    "dispatch",
    "line_turn",
    "line",
    "run_check",
    "run_difference",
    "run_step",
    "payroll_run",
)


def upgrade() -> None:
    # Nobody has been paid by this system yet: the table of payments was filled by nothing.
    op.drop_table("payment_line")
    op.create_table(
        "payroll_run",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False, comment="of whom it pays: a county, prefecture or province"),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("schemes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "arrears_from", sa.Date(), nullable=False, comment="first month that is looked at for what was not paid"
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column(
            "known_at",
            sa.TIMESTAMP(timezone=True),
            nullable=True,
            comment="the draft holds what was known at this moment",
        ),
        sa.Column(
            "news_since",
            sa.TIMESTAMP(timezone=True),
            nullable=True,
            comment="whatever came to stand later is not in the draft",
        ),
        sa.Column(
            "epoch", sa.Integer(), nullable=True, comment="of the register, applied here in the snapshot of the draft"
        ),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column(
            "proven_at", sa.TIMESTAMP(timezone=True), nullable=True, comment="when the register told its position"
        ),
        sa.Column("policy_digest", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True, comment="over every line in order"),
        sa.Column("lines", sa.BigInteger(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("held", sa.BigInteger(), nullable=True),
        sa.Column("left_out", sa.BigInteger(), nullable=True, comment="could not be priced (READ-14)"),
        sa.CheckConstraint("division ~ '^(\\d{2}|\\d{4}|\\d{6})$'", name=op.f("ck_payroll_run_division_pays")),
        sa.CheckConstraint(
            "month = date_trunc('month', month) AND arrears_from <= month", name=op.f("ck_payroll_run_months_fit")
        ),
        sa.CheckConstraint(
            "state IN ('DRAFT', 'ABORTED') OR digest IS NOT NULL", name=op.f("ck_payroll_run_drawn_up_before_locked")
        ),
        sa.CheckConstraint(
            "state IN ('DRAFT', 'LOCKED', 'APPROVED', 'FUNDED', 'SENT', 'PARTIALLY_SETTLED', 'SETTLED', 'ABORTED')",
            name=op.f("ck_payroll_run_state_is_known"),
        ),
        sa.CheckConstraint(
            "num_nulls(known_at, news_since, epoch, position, proven_at, policy_digest, digest, lines, amount_fen, held, left_out) IN (0, 11)",
            name=op.f("ck_payroll_run_draft_is_whole"),
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_payroll_run")),
    )
    op.create_index("ix_payroll_run_month", "payroll_run", ["month"], unique=False)
    op.create_table(
        "run_step",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("state_before", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column(
            "told", postgresql.JSONB(), nullable=False, comment="counts, sums, digests, horizons: never personal values"
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="a code: words of their own could name somebody"),
        sa.ForeignKeyConstraint(["run_id"], ["payroll_run.run_id"], name=op.f("fk_run_step_run_id")),
        sa.PrimaryKeyConstraint("run_id", "version", name=op.f("pk_run_step")),
    )
    op.create_table(
        "run_difference",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("before_fen", sa.BigInteger(), nullable=False),
        sa.Column("after_fen", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.BigInteger(), nullable=False, comment="which say why it stopped"),
        sa.CheckConstraint("kind IN ('NEW', 'STOPPED', 'CHANGED')", name=op.f("ck_run_difference_kind_is_known")),
        sa.PrimaryKeyConstraint("run_id", "person_id", "scheme", name=op.f("pk_run_difference")),
    )
    op.create_table(
        "run_check",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("found", sa.BigInteger(), nullable=False),
        sa.Column("told", postgresql.JSONB(), nullable=False, comment="divisions, counts and the first ids"),
        sa.Column("waived_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("waived_by", sa.Text(), nullable=True),
        sa.Column("waiver", sa.Text(), nullable=True, comment="why: a code"),
        sa.CheckConstraint(
            "num_nulls(waived_at, waived_by, waiver) IN (0, 3)",
            name=op.f("ck_run_check_waived_by_name_and_reason"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["payroll_run.run_id"], name=op.f("fk_run_check_run_id")),
        sa.PrimaryKeyConstraint("run_id", "name", name=op.f("pk_run_check")),
    )
    op.create_table(
        "line",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False, comment="first day of the month owed"),
        sa.Column(
            "seq", sa.SmallInteger(), autoincrement=False, nullable=False, comment="0: the regular line; 1, 2...: more"
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column(
            "settled_before_fen", sa.BigInteger(), nullable=False, comment="paid or open for the month before this line"
        ),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("rules", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.Text(), nullable=True, comment="why it began held"),
        sa.Column("locked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_line_amount_is_positive")),
        sa.CheckConstraint("seq >= 0", name=op.f("ck_line_seq_counts_from_zero")),
        sa.PrimaryKeyConstraint("person_id", "scheme", "month", "seq", name=op.f("pk_line")),
        postgresql_partition_by="LIST (month)",
    )
    op.create_index("ix_line_run_id", "line", ["run_id", "county"], unique=False)
    op.create_table(
        "line_turn",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("seq", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "no", sa.SmallInteger(), autoincrement=False, nullable=False, comment="1, 2...: only the next can be added"
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, comment="a code: of a hold, of a person, of the bank"),
        sa.Column("instruction_key", sa.Uuid(), nullable=True, comment="the instruction an answer speaks of"),
        sa.Column("told_at", sa.TIMESTAMP(timezone=True), nullable=True, comment="the instant the bank names"),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('PENDING', 'HELD', 'SENT', 'UNKNOWN', 'SETTLED', 'RETURNED', 'CLOSED_UNPAID', 'CANCELLED')",
            name=op.f("ck_line_turn_state_is_known"),
        ),
        sa.CheckConstraint("no > 0", name=op.f("ck_line_turn_no_counts_from_one")),
        sa.PrimaryKeyConstraint("person_id", "scheme", "month", "seq", "no", name=op.f("pk_line_turn")),
        postgresql_partition_by="LIST (month)",
    )
    op.create_index("ix_line_turn_run_id", "line_turn", ["run_id"], unique=False)
    op.create_table(
        "dispatch",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("sent_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.Column("instructions", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("proven_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["payroll_run.run_id"], name=op.f("fk_dispatch_run_id")),
        sa.PrimaryKeyConstraint("run_id", "no", name=op.f("pk_dispatch")),
    )
    op.create_table(
        "instruction",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("instruction_key", sa.Uuid(), nullable=False, comment="of line and attempt; in the bank file"),
        sa.Column("dispatch_no", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("seq", sa.SmallInteger(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_instruction_amount_is_positive")),
        sa.PrimaryKeyConstraint("run_id", "instruction_key", name=op.f("pk_instruction")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["payroll_run.run_id"], name=op.f("fk_ledger_entry_run_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_ledger_entry")),
    )
    op.create_index("ix_ledger_entry_run_id", "ledger_entry", ["run_id"], unique=False)
    op.create_table(
        "ledger_leg",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False, comment="owed for"),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False, comment="debit positive, credit negative"),
        sa.CheckConstraint(
            "account IN ('EXPENSE', 'PAYABLE', 'IN_TRANSIT', 'TREASURY')", name=op.f("ck_ledger_leg_account_is_known")
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.entry_id"], name=op.f("fk_ledger_leg_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", "county", "scheme", "month", "account", name=op.f("pk_ledger_leg")),
    )
    op.create_table(
        "register_proof",
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column(
            "proven_at", sa.TIMESTAMP(timezone=True), nullable=False, comment="when the publisher told its position"
        ),
        sa.PrimaryKeyConstraint("publisher", name=op.f("pk_register_proof")),
    )
    for statement in DDL:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP VIEW payment_line")
    for table in TABLES:
        op.drop_table(table)
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.create_table(
        "payment_line",
        sa.Column("row_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("month", sa.Date(), nullable=False, comment="first day of the month owed"),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("seq", sa.SmallInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("known_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("known_to", sa.TIMESTAMP(timezone=True), server_default=sa.text("'infinity'"), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_payment_line")),
    )
    op.create_index("ix_payment_line_person_id", "payment_line", ["person_id"], unique=False)
    op.create_index(
        "uq_payment_line_current",
        "payment_line",
        ["month", "person_id", "scheme", "seq"],
        unique=True,
        postgresql_where=sa.text("known_to = 'infinity'"),
    )

"""The subsidy service's first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.kit.migrations import create_house, drop_house

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "award",
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("application_date", sa.Date(), nullable=False),
        sa.Column("start_month", sa.Text(), nullable=False),
        sa.Column("effective_month", sa.Text(), nullable=True),
        sa.Column("cause_id", sa.Uuid(), nullable=True),
        sa.Column("cause_kind", sa.Text(), nullable=True),
        sa.Column("cause_reason", sa.Text(), nullable=True),
        sa.Column("cause_event_date", sa.Date(), nullable=True),
        sa.Column("cause_trace_id", sa.Text(), nullable=True),
        sa.Column("suspended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "granted_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("award_id", name=op.f("pk_award")),
    )
    op.create_index(
        "ix_award_cause_id", "award", ["cause_id"], unique=False, postgresql_where=sa.text("cause_id IS NOT NULL")
    )
    op.create_index(
        "ix_award_division",
        "award",
        ["division", "award_id"],
        unique=False,
        postgresql_ops={"division": "text_pattern_ops"},
    )
    op.create_index("ix_award_person_id", "award", ["person_id"], unique=False)
    op.create_index(
        "uq_award_running",
        "award",
        ["person_id", "scheme"],
        unique=True,
        postgresql_where=sa.text("status IN ('ACTIVE', 'SUSPENDED')"),
    )
    op.create_table(
        "blob",
        sa.Column("blob_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", postgresql.BYTEA(), nullable=False, comment="of the plaintext"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("name", postgresql.BYTEA(), nullable=False, comment="encrypted"),
        sa.Column("division", sa.Text(), nullable=False, comment="a code, or * for everywhere"),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "retained_until", sa.Date(), nullable=True, comment="the last day it must be kept; it is erased after"
        ),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_blob_sha256_is_32_bytes")),
        sa.PrimaryKeyConstraint("blob_id", name=op.f("pk_blob")),
    )
    op.create_index(
        "ix_blob_deleted_at",
        "blob",
        ["deleted_at"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NOT NULL AND erased_at IS NULL"),
    )
    op.create_index(
        "ix_blob_retained_until",
        "blob",
        ["retained_until"],
        unique=False,
        postgresql_where=sa.text("erased_at IS NULL"),
    )
    op.create_table(
        "clock_setting",
        sa.Column("singleton", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("shown", sa.Date(), nullable=False),
        sa.Column("set_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_clock_setting")),
    )
    op.create_table(
        "consumer_cursor",
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("publisher", name=op.f("pk_consumer_cursor")),
    )
    op.create_table(
        "consumer_resync",
        sa.Column("resync_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("from_epoch", sa.Integer(), nullable=False),
        sa.Column("from_position", sa.BigInteger(), nullable=False),
        sa.Column("to_epoch", sa.Integer(), nullable=False),
        sa.Column("to_position", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("rows_changed", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("finished_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("resync_id", name=op.f("pk_consumer_resync")),
    )
    op.create_table(
        "copy_registry_certificate",
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("category", sa.BigInteger(), nullable=False),
        sa.Column("grade", sa.BigInteger(), nullable=False),
        sa.Column("components", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_copy_registry_certificate")),
    )
    op.create_index("ix_copy_registry_certificate_person_id", "copy_registry_certificate", ["person_id"], unique=False)
    op.create_table(
        "copy_registry_person",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=False),
        sa.Column("died_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_copy_registry_person")),
    )
    op.create_table(
        "copy_registry_stop",
        sa.Column("stop_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("stop_id", name=op.f("pk_copy_registry_stop")),
    )
    op.create_index("ix_copy_registry_stop_person_id", "copy_registry_stop", ["person_id"], unique=False)
    op.create_table(
        "dead_letter",
        sa.Column("letter_id", sa.Uuid(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_dead_letter")),
    )
    op.create_index(
        "ix_dead_letter_waiting",
        "dead_letter",
        ["publisher", "person_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('OPEN', 'PARKED')"),
    )
    op.create_index(
        "uq_dead_letter_publisher_epoch_position", "dead_letter", ["publisher", "epoch", "position"], unique=True
    )
    op.create_table(
        "drift",
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("our_version", sa.BigInteger(), nullable=True),
        sa.Column("their_version", sa.BigInteger(), nullable=True),
        sa.Column("first_seen_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("publisher", "relation", "id", name=op.f("pk_drift")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "answer",
            sa.LargeBinary(),
            nullable=False,
            comment="encrypted: SHA-256 of the request, then the body. The hash is inside because a bare hash of a request with few unknowns (an identity number) could be guessed back",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("kept_until", sa.DateTime(timezone=True), nullable=True, comment="null: for ever"),
        sa.PrimaryKeyConstraint("client_id", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index("ix_idempotency_key_kept_until", "idempotency_key", ["kept_until"], unique=False)
    op.create_table(
        "import_fault",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), nullable=False),
        sa.Column("column_title", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, comment="never quotes the content"),
        sa.PrimaryKeyConstraint("job_id", "row_number", "ordinal", name=op.f("pk_import_fault")),
    )
    op.create_table(
        "job",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="QUEUED", nullable=False),
        sa.Column("phase", sa.Text(), server_default="", nullable=False),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("rate", sa.Float(), nullable=True, comment="done per second in the present phase"),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("checkpoint", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("result", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("result_blob_id", sa.Uuid(), nullable=True),
        sa.Column(
            "error",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
            comment="code and facts; words are chosen when read",
        ),
        sa.Column(
            "caller",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
            comment="who asked; null for the house itself",
        ),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("machine", sa.Boolean(), nullable=False),
        sa.Column(
            "divisions", postgresql.ARRAY(sa.Text()), nullable=False, comment="scope prefixes, or * for everywhere"
        ),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_after", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False, comment="since the last checkpoint"),
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("once_key", sa.Text(), nullable=True),
        sa.Column("once_fingerprint", sa.Text(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False, comment="one per visible change"),
        sa.CheckConstraint("(state = 'RUNNING') = (lease_owner IS NOT NULL)", name=op.f("ck_job_running_is_leased")),
        sa.CheckConstraint(
            "state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')", name=op.f("ck_job_state_is_known")
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job")),
    )
    op.create_index(
        "ix_job_once",
        "job",
        ["client_id", "created_by", "once_key"],
        unique=True,
        postgresql_where=sa.text("once_key IS NOT NULL"),
    )
    op.create_index(
        "ix_job_open", "job", ["job_id"], unique=False, postgresql_where=sa.text("state IN ('QUEUED', 'RUNNING')")
    )
    op.create_table(
        "journal",
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("aggregate_type", sa.Text(), nullable=False),
        sa.Column("aggregate_id", sa.Uuid(), nullable=False),
        sa.Column("aggregate_version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("position", "recorded_at", name=op.f("pk_journal")),
        postgresql_partition_by="RANGE (recorded_at)",
    )
    op.create_index("ix_journal_aggregate_id_position", "journal", ["aggregate_id", "position"], unique=False)
    op.create_index("ix_journal_event_id", "journal", ["event_id"], unique=False)
    op.create_table(
        "journal_epoch",
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("minted_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("epoch", name=op.f("pk_journal_epoch")),
    )
    op.create_table(
        "journal_intake",
        sa.Column("intake_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("intake_id", name=op.f("pk_journal_intake")),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "leader_term",
        sa.Column("singleton", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("term", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_leader_term")),
    )
    op.create_table(
        "relay_cursor",
        sa.Column("singleton", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("term", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_relay_cursor")),
    )
    op.create_table(
        "award_step",
        sa.Column("step_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("status_before", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("effective_month", sa.Text(), nullable=True),
        sa.Column("cause_id", sa.Uuid(), nullable=True),
        sa.Column("cause_kind", sa.Text(), nullable=True),
        sa.Column("trace_id", sa.Text(), nullable=True),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["award_id"], ["award.award_id"], name=op.f("fk_award_step_award_id")),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_award_step")),
    )
    op.create_index("uq_award_step_award_id_version", "award_step", ["award_id", "version"], unique=True)
    create_house()


def downgrade() -> None:
    drop_house()
    op.drop_table("award_step")
    op.drop_table("relay_cursor")
    op.drop_table("leader_term")
    op.drop_table("journal_intake")
    op.drop_table("journal_epoch")
    op.drop_table("journal")
    op.drop_table("job")
    op.drop_table("import_fault")
    op.drop_table("idempotency_key")
    op.drop_table("drift")
    op.drop_table("dead_letter")
    op.drop_table("copy_registry_stop")
    op.drop_table("copy_registry_person")
    op.drop_table("copy_registry_certificate")
    op.drop_table("consumer_resync")
    op.drop_table("consumer_cursor")
    op.drop_table("clock_setting")
    op.drop_table("blob")
    op.drop_table("award")

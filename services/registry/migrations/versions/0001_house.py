"""The registry's first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.kit.migrations import create_house, drop_house

revision = "0001"
down_revision = None


def upgrade() -> None:
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
        "person",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("last_version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=False),
        sa.Column("died_on", sa.Date(), nullable=True),
        sa.Column("citizen_id_cipher", sa.LargeBinary(), nullable=False),
        sa.Column("citizen_id_index", sa.LargeBinary(), nullable=False),
        sa.Column("name_cipher", sa.LargeBinary(), nullable=False),
        sa.Column("phone_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person")),
        sa.UniqueConstraint("citizen_id_index", name=op.f("uq_person_citizen_id_index")),
    )
    op.create_index(
        "ix_person_division",
        "person",
        ["division", "person_id"],
        unique=False,
        postgresql_ops={"division": "text_pattern_ops"},
    )
    op.create_table(
        "relay_cursor",
        sa.Column("singleton", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("term", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_relay_cursor")),
    )
    op.create_table(
        "certificate",
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("category", sa.SmallInteger(), nullable=False),
        sa.Column("grade", sa.SmallInteger(), nullable=False),
        sa.Column("components", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("number_cipher", sa.LargeBinary(), nullable=False),
        sa.Column("number_index", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_certificate_person_id")),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_certificate")),
    )
    op.create_index(
        "ix_certificate_division",
        "certificate",
        ["division", "certificate_id"],
        unique=False,
        postgresql_ops={"division": "text_pattern_ops"},
    )
    op.create_index("ix_certificate_number_index", "certificate", ["number_index"], unique=False)
    op.create_index("ix_certificate_person_id", "certificate", ["person_id"], unique=False)
    op.create_index(
        "ix_certificate_running_out",
        "certificate",
        ["expires_on"],
        unique=False,
        postgresql_where=sa.text("status = 'VALID'"),
    )
    op.create_index(
        "uq_certificate_living",
        "certificate",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("status NOT IN ('CANCELLED', 'SUPERSEDED')"),
    )
    op.create_table(
        "stop",
        sa.Column("stop_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("previous_status", sa.Text(), nullable=True),
        sa.Column("note_cipher", sa.LargeBinary(), nullable=True),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.certificate_id"], name=op.f("fk_stop_certificate_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_stop_person_id")),
        sa.PrimaryKeyConstraint("stop_id", name=op.f("pk_stop")),
    )
    op.create_index("ix_stop_certificate_id", "stop", ["certificate_id"], unique=False)
    op.create_index("ix_stop_person_id", "stop", ["person_id"], unique=False)
    create_house()


def downgrade() -> None:
    drop_house()
    op.drop_table("stop")
    op.drop_table("certificate")
    op.drop_table("relay_cursor")
    op.drop_table("person")
    op.drop_table("leader_term")
    op.drop_table("journal_intake")
    op.drop_table("journal_epoch")
    op.drop_table("journal")
    op.drop_table("job")
    op.drop_table("import_fault")
    op.drop_table("idempotency_key")
    op.drop_table("clock_setting")
    op.drop_table("blob")

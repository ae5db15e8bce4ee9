"""The house's own tables, declared on a service's metadata in one go."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import MetaData

from shared.kit.anti_entropy import drift_tables
from shared.kit.audit import audit_tables
from shared.kit.blobs import BlobTables, blob_tables
from shared.kit.clock_routes import clock_tables
from shared.kit.consumer import consumer_tables
from shared.kit.dead_letters import dead_letter_tables
from shared.kit.four_eyes import approval_tables
from shared.kit.idempotency import IdempotencyTables, idempotency_tables
from shared.kit.jobs import JobTables, job_tables
from shared.kit.journal import journal_tables
from shared.kit.leader import leader_tables
from shared.kit.relay import relay_tables


class HouseTables(NamedTuple):
    """Those a service hands to the kit again."""

    answers: IdempotencyTables
    jobs: JobTables
    blobs: BlobTables


def house_tables(metadata: MetaData) -> HouseTables:
    """What every service has: journal and relay, audit trail, approvals, clock, kept answers, jobs, files."""
    journal_tables(metadata)
    relay_tables(metadata)
    leader_tables(metadata)
    audit_tables(metadata)
    approval_tables(metadata)
    clock_tables(metadata)
    return HouseTables(idempotency_tables(metadata), job_tables(metadata), blob_tables(metadata))


def reader_tables(metadata: MetaData) -> None:
    """What a service that reads others' journals has beside its copies."""
    consumer_tables(metadata)
    dead_letter_tables(metadata)
    drift_tables(metadata)

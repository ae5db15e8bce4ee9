"""All tables of the registry, and which of them others copy.

Encrypted columns end in ``_cipher``, blind indexes in ``_index``; nothing that identifies a person is in clear.
"""

from __future__ import annotations

from services.registry.adapters.schema import metadata
from services.registry.adapters.tables_certificate import certificate, stop
from services.registry.adapters.tables_person import guardian, person
from shared.contracts.registry import CertificateState, PersonState, StopState
from shared.kit.audit import audit_tables
from shared.kit.blobs import blob_tables
from shared.kit.clock_routes import clock_tables
from shared.kit.four_eyes import approval_tables
from shared.kit.idempotency import idempotency_tables
from shared.kit.imports import import_tables
from shared.kit.jobs import job_tables
from shared.kit.journal import journal_tables
from shared.kit.leader import leader_tables
from shared.kit.person_requests import person_request_tables
from shared.kit.publisher_routes import Published
from shared.kit.relay import relay_tables

__all__ = [
    "PUBLISHED",
    "answers",
    "blobs",
    "certificate",
    "guardian",
    "imports",
    "jobs",
    "metadata",
    "person",
    "requests",
    "stop",
]

journal_tables(metadata)
audit_tables(metadata)
relay_tables(metadata)
leader_tables(metadata)
clock_tables(metadata)
approval_tables(metadata)
requests = person_request_tables(metadata)
answers = idempotency_tables(metadata)
jobs = job_tables(metadata)
blobs = blob_tables(metadata)
imports = import_tables(metadata)

PUBLISHED = (
    Published(PersonState, person),
    Published(CertificateState, certificate),
    Published(StopState, stop),
)

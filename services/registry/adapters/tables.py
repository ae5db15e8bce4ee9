"""All tables of the registry, and which of them others copy.

Encrypted columns end in ``_cipher``, blind indexes in ``_index``; nothing that identifies a person is in clear.
"""

from __future__ import annotations

from services.registry.adapters.schema import metadata
from services.registry.adapters.tables_application import (
    application,
    application_paper,
    application_step,
    objection,
    public_notice,
)
from services.registry.adapters.tables_assessment import booking, conclusion, institution, slot
from services.registry.adapters.tables_certificate import (
    campaign,
    campaign_item,
    certificate,
    certificate_version,
    local_rule,
    reminder,
    stop,
)
from services.registry.adapters.tables_division import division_change, division_succession
from services.registry.adapters.tables_duplicate import duplicate, merge
from services.registry.adapters.tables_person import guardian, person
from services.registry.adapters.tables_place import client, household, household_member, person_place
from services.registry.adapters.tables_portal import foreign_id, portal_case, portal_count
from services.registry.adapters.tables_report import report
from services.registry.adapters.tables_search import person_name, person_search
from services.registry.adapters.tables_survey import survey_form, survey_visit
from shared.contracts.registry import (
    CertificateState,
    ClientState,
    MergeState,
    PersonState,
    StopState,
    VisitState,
)
from shared.kit.calendar import calendar_tables
from shared.kit.imports import import_tables
from shared.kit.person_requests import person_request_tables
from shared.kit.publisher_routes import Published
from shared.kit.tables import house_tables

__all__ = [
    "PUBLISHED",
    "answers",
    "application",
    "application_paper",
    "application_step",
    "blobs",
    "booking",
    "campaign",
    "campaign_item",
    "certificate",
    "certificate_version",
    "client",
    "conclusion",
    "division_change",
    "division_succession",
    "duplicate",
    "foreign_id",
    "guardian",
    "household",
    "household_member",
    "imports",
    "institution",
    "jobs",
    "local_rule",
    "merge",
    "metadata",
    "objection",
    "person",
    "person_name",
    "person_place",
    "person_search",
    "portal_case",
    "portal_count",
    "public_notice",
    "reminder",
    "report",
    "requests",
    "slot",
    "stop",
    "survey_form",
    "survey_visit",
    "working_days",
]

answers, jobs, blobs = house_tables(metadata)
requests = person_request_tables(metadata)
imports = import_tables(metadata)
working_days = calendar_tables(metadata)

PUBLISHED = (
    Published(PersonState, person),
    Published(CertificateState, certificate),
    Published(StopState, stop),
    Published(MergeState, merge),
    Published(ClientState, client),
    Published(VisitState, survey_visit),
)

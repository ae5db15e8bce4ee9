"""What this service holds about one person, shown and copied to them.

It knows nobody by name: cases lead to an opaque id. Who that is, is restricted and erased at the register; what is left
here is then of nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from services.rehab.adapters.aid_programmes import PROGRAMMES
from services.rehab.adapters.tables import answers, blobs, case_step, client_person, jobs, rehab_case, requests
from services.rehab.adapters.tables_aid import delivery, place
from services.rehab.adapters.tables_care import assessment, follow_up, plan, plan_item, referral, session
from services.rehab.adapters.work import RehabWork
from shared.kit.consumption_routes import DRIFT
from shared.kit.person_requests import Holding, Sheets, request_columns
from shared.kit.rotation import READER_COLUMNS, house_columns
from shared.kit.scoping import inside
from shared.kit.trust import Trust
from shared.kit.wards import Wards
from shared.values.division import Scope

SEALED: Final = (request_columns(requests), *house_columns(answers, blobs), *READER_COLUMNS)
"""Every encrypted column of this service."""
WARDS: Final = Wards("registry")
"""Guardianships are the register's."""
_SHEETS: Final = (
    ("康复个案", rehab_case, ("status", "division", "opened_on", "programme", "category", "age_band", "consent_by",
                          "consented_on", "closed_on", "closing_reason")),
    ("个案变动", case_step, ("happened", "status", "reason", "recorded_at")),
    ("转介", referral, ("institution_id", "referred_on", "reason", "answered_on", "answer", "answer_reason")),
    ("评估", assessment, ("kind", "instrument", "score", "assessed_on")),
    ("方案", plan, ("plan_no", "begins_on", "ends_on", "signed_by", "signed_on")),
    ("方案项目", plan_item, ("plan_no", "item_no", "begins_on", "ends_on", "sessions", "mode", "payer", "amount_fen",
                          "instrument", "target")),
    ("服务记录", session, ("begins_at", "ends_at", "mode", "attendance", "institution_id")),
    ("回访", follow_up, ("due_on", "visited_on", "outcome")),
)  # fmt: skip
"""What is copied to the person of each case: the table and its columns."""
_AID_SHEETS: Final = (
    ("救助项目名额", place, ("place_id", "programme_id", "division", "age_band", "status", "enrolled_on", "ended_on",
                       "reason")),
    ("救助项目发放", delivery, ("delivery_id", "programme_id", "item_code", "serial", "mode", "delivered_on",
                        "amount_fen", "status", "confirmed_by", "effect")),
)  # fmt: skip


async def collect(work: RehabWork, person_id: UUID) -> Sheets:
    """Everything held about a person."""
    theirs = select(rehab_case.c.case_id).where(rehab_case.c.person_id == person_id)
    sheets = {}
    for name, table, fields in _SHEETS:
        rows = await work.connection.execute(
            select(table).where(table.c.case_id.in_(theirs)).order_by(*table.primary_key.columns)
        )
        sheets[name] = _sheet(rows, ("case_id", *fields))
    for name, table, columns in _AID_SHEETS:
        rows = await work.connection.execute(
            select(table).where(table.c.person_id == person_id).order_by(*table.primary_key.columns)
        )
        sheets[name] = _sheet(rows, columns)
    return sheets


def _sheet(rows: Iterable[Any], fields: Sequence[str]) -> list[dict[str, Any]]:
    return [{name: _told(getattr(row, name)) for name in fields} for row in rows]


def _told(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value


async def division_of(work: RehabWork, person_id: UUID, within: Scope) -> str | None:
    """Where the person lives; None outside the scope."""
    division: str | None = await work.connection.scalar(
        select(client_person.c.division).where(
            client_person.c.person_id == person_id, inside(client_person.c.division, within)
        )
    )
    return division


HOLDING: Final = Holding(service="rehab", division_of=division_of, acts_for=WARDS.acts_for, collect=collect)
TRUST: Final = Trust(
    jobs=jobs,
    answers=answers,
    blobs=blobs,
    sealed=SEALED,
    matters=(DRIFT, PROGRAMMES.in_force, PROGRAMMES.withdrawal),
    holding=lambda _: HOLDING,
)

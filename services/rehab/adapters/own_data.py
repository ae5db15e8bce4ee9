"""What this service holds about one person, shown and copied to them.

It knows nobody by name: cases lead to an opaque id. Who that is, is restricted and erased at the register; what is left
here is then of nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from services.rehab.adapters.tables import answers, blobs, case_step, client_person, jobs, rehab_case, requests
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
_CASE: Final = ("status", "division", "opened_on", "closed_on", "closing_reason")
_STEP: Final = ("happened", "status", "recorded_at")


async def collect(work: RehabWork, person_id: UUID) -> Sheets:
    """Everything held about a person."""
    theirs = rehab_case.c.person_id == person_id
    cases = await work.connection.execute(select(rehab_case).where(theirs).order_by(rehab_case.c.case_id))
    steps = await work.connection.execute(
        select(case_step).join(rehab_case).where(theirs).order_by(case_step.c.case_id, case_step.c.version)
    )
    return {"康复个案": _sheet(cases, _CASE), "个案变动": _sheet(steps, _STEP)}


def _sheet(rows: Iterable[Any], fields: Sequence[str]) -> list[dict[str, Any]]:
    return [{"case_id": str(row.case_id), **{name: getattr(row, name) for name in fields}} for row in rows]


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
    jobs=jobs, answers=answers, blobs=blobs, sealed=SEALED, matters=(DRIFT,), holding=lambda _: HOLDING
)

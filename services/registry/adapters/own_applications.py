"""What the register holds of a person's applications: copied in clear on request, forgotten with the rest."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, func, select, update

from services.registry.adapters.applications import CARD_NUMBER, FINDINGS, PERMIT, REASON
from services.registry.adapters.tables import (
    application,
    application_paper,
    blobs,
    booking,
    conclusion,
    objection,
    reminder,
)
from services.registry.adapters.work import RegistryWork

_OF_CASES: Final = (application_paper, booking, conclusion, objection)


async def cases_of(work: RegistryWork, person_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Applications with the words they were refused with, conclusions with their measures, reminders."""
    secrets = work.secrets
    cases = await work.connection.execute(
        select(application).where(application.c.person_id == person_id).order_by(application.c.submitted_on)
    )
    conclusions = await work.connection.execute(
        select(conclusion)
        .join(application, application.c.application_id == conclusion.c.application_id)
        .where(application.c.person_id == person_id)
        .order_by(conclusion.c.assessed_on)
    )
    reminders = await work.connection.execute(
        select(reminder.c.expires_on, reminder.c.months, reminder.c.channel, reminder.c.state, reminder.c.sent_at)
        .where(reminder.c.person_id == person_id)
        .order_by(reminder.c.due_on)
    )
    return {
        "残疾人证申请": [
            {
                "matter": row.matter,
                "state": row.state,
                "submitted_on": row.submitted_on,
                "decided_on": row.decided_on,
                "found": row.found,
                "rejection": row.rejection,
                "reason": secrets.open_text(row.reason_cipher, REASON, row.application_id.bytes),
                "residence_permit": secrets.open_text(row.permit_cipher, PERMIT, row.application_id.bytes),
                "card_number": secrets.open_text(row.number_cipher, CARD_NUMBER, row.application_id.bytes),
            }
            for row in cases
        ],
        "残疾评定": [
            {
                "assessed_on": row.assessed_on,
                "level": row.level,
                "standard": row.standard,
                "found": row.found,
                "detail": secrets.open_text(row.findings_cipher, FINDINGS, row.conclusion_id.bytes),
            }
            for row in conclusions
        ],
        "到期提醒": [dict(row._mapping) for row in reminders],
    }


async def forget_cases(work: RegistryWork, person_id: UUID) -> None:
    """Dated steps stay, of nobody; papers, places, conclusions and words go."""
    mine = select(application.c.application_id).where(application.c.person_id == person_id)
    papers = select(application_paper.c.blob_id).where(application_paper.c.application_id.in_(mine))
    await work.connection.execute(
        update(blobs.blob).where(blobs.blob.c.blob_id.in_(papers)).values(deleted_at=func.clock_timestamp())
    )
    for table in _OF_CASES:
        await work.connection.execute(delete(table).where(_of(table, mine)))
    await work.connection.execute(
        update(application)
        .where(application.c.person_id == person_id)
        .values(permit_cipher=None, reason_cipher=None, number_cipher=None)
    )


def _of(table: Table, cases: Any) -> ColumnElement[bool]:
    return table.c.application_id.in_(cases)

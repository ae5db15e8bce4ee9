"""Close a case by hand (RULES 7.6)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.rehab.domain.case import Case, ClosingReason, Happened
from services.rehab.domain.errors import CaseNotFound
from services.rehab.domain.facts import CaseWasClosed
from services.rehab.use_cases.ports import Subject, Work
from shared.values.division import Scope


async def load(case_id: UUID, work: Work, *, within: Scope) -> Subject:
    """Raises `CaseNotFound` outside the scope."""
    subject = await work.cases.get(case_id, within=within)
    if subject is None:
        raise CaseNotFound
    return subject


async def close_case(subject: Subject, work: Work, *, reason: ClosingReason, closed_on: date) -> Case:
    """Raises `CaseStepNotAllowed`, `DeathIsTheRegisters`, `DateInFuture`, `ClosedBeforeOpened`."""
    case = subject.case.close(reason=reason, on=closed_on, today=work.today())
    await work.cases.save(case, Happened.CLOSED, cause_id=subject.case.transfer_id)
    work.tell(CaseWasClosed(event_id=work.new_id(), occurred_at=work.now(), case=case))
    return case

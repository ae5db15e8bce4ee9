"""Open a case: a need is registered (RULES 7.6), for somebody our copy of the register knows to be alive."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.rehab.domain.case import Case, must_not_lie_ahead
from services.rehab.domain.errors import CaseExists, PersonNotKnown
from services.rehab.domain.facts import CaseWasOpened
from services.rehab.use_cases.ports import Work
from shared.values.division import Scope
from shared.values.rehab_case import CaseStatus


async def open_case(person_id: UUID, work: Work, *, opened_on: date, within: Scope) -> Case:
    """Raises `DateInFuture`, `PersonNotKnown`, `PersonHasDied`, `CaseExists`."""
    must_not_lie_ahead("opened_on", opened_on, today=work.today())
    client = await work.clients.get(person_id, within=within)
    if client is None:
        raise PersonNotKnown
    client.must_live()
    case = await work.cases.add(
        Case(
            case_id=work.new_id(),
            person_id=person_id,
            version=1,
            division=client.division,
            status=CaseStatus.NEED_REGISTERED,
            opened_on=opened_on,
        )
    )
    if case is None:
        raise CaseExists
    work.tell(CaseWasOpened(event_id=work.new_id(), occurred_at=work.now(), case=case))
    return case

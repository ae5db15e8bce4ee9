"""Open a case: a need is registered (RULES 7.6), for somebody our copy of the register knows to be alive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.rehab.domain.case import Case, Consent, must_not_lie_ahead
from services.rehab.domain.errors import CaseExists, PersonNotKnown
from services.rehab.domain.facts import CaseWasOpened
from services.rehab.domain.limits import Stage
from services.rehab.domain.measures import Programme
from services.rehab.use_cases.ports import Work
from shared.values.division import Scope
from shared.values.rehab_case import CaseStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """Whose need it is, since when, under which rules, and who consented."""

    person_id: UUID
    opened_on: date
    programme: Programme = Programme.GENERAL
    consent: Consent | None = None


async def open_case(command: OpenCase, work: Work, *, within: Scope) -> Case:
    """Raises `DateInFuture`, `PersonNotKnown`, `PersonHasDied`, `CaseExists`."""
    must_not_lie_ahead("opened_on", command.opened_on, today=work.today())
    if command.consent is not None:
        must_not_lie_ahead("consent.on", command.consent.on, today=work.today())
    client = await work.clients.get(command.person_id, within=within)
    if client is None:
        raise PersonNotKnown
    client.must_live()
    timing = await work.timing(client.division)
    case = await work.cases.add(
        Case(
            case_id=work.new_id(),
            person_id=command.person_id,
            version=1,
            division=client.division,
            status=CaseStatus.NEED_REGISTERED,
            opened_on=command.opened_on,
            programme=command.programme,
            consent=command.consent,
            due_on=timing.due_on(Stage.CHECK, command.programme, since=command.opened_on),
        )
    )
    if case is None:
        raise CaseExists
    work.tell(CaseWasOpened(event_id=work.new_id(), occurred_at=work.now(), case=case))
    return case

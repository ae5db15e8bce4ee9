"""The privacy review point: everything the rehab service ever tells the world, fact by fact.

That somebody has a case, where, since when and how it ended. Never what for: no need, no diagnosis, no institution.
"""

from __future__ import annotations

from services.rehab.domain.case import Case
from services.rehab.domain.facts import CaseWasClosed, CaseWasFlagged, CaseWasOpened, CaseWasReopened, Fact
from shared.contracts import rehab as contract
from shared.contracts.event import Announcement, Event


def announce(fact: Fact) -> Announcement:
    """The public form of a fact."""
    return Announcement(
        event_id=fact.event_id,
        event=_event(fact),
        person_id=fact.case.person_id,
        version=fact.case.version,
        division=fact.case.division.code,
        occurred_at=fact.occurred_at,
        trace_id=fact.trace_id,
    )


def _event(fact: Fact) -> Event:
    case = case_state(fact.case)
    match fact:
        case CaseWasOpened():
            return contract.CaseOpened(case=case)
        case CaseWasFlagged():
            return contract.CaseFlagged(case=case)
        case CaseWasClosed():
            return contract.CaseClosed(case=case)
        case CaseWasReopened():
            return contract.CaseReopened(case=case)
        case _:
            message = f"{type(fact).__name__} is neither announced nor private"
            raise TypeError(message)


def case_state(case: Case) -> contract.CaseState:
    """A case as published."""
    return contract.CaseState(
        case_id=case.case_id,
        person_id=case.person_id,
        division=case.division.code,
        version=case.version,
        status=case.status,
        opened_on=case.opened_on,
        closed_on=case.closed_on,
        closing_reason=case.closing_reason,
        flag=case.flag,
    )

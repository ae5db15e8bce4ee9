"""The privacy review point: everything the rehab service ever tells the world, fact by fact.

That somebody has a case, where, since when, how far it is and how it ended; that a session took place, on which day and
in which mode. Never what for: no programme, no category, no diagnosis, no score, no institution.
"""

from __future__ import annotations

from services.rehab.domain.case import Case
from services.rehab.domain.facts import (
    CaseHasAdvanced,
    CaseWasClosed,
    CaseWasFlagged,
    CaseWasOpened,
    CaseWasReopened,
    Fact,
    PlanWasAgreed,
    SessionWasLogged,
    SessionWasVoided,
)
from shared.contracts import rehab as contract
from shared.contracts.event import Announcement, Event

_OF_SESSIONS = (SessionWasLogged, SessionWasVoided)


def announce(fact: Fact) -> Announcement:
    """The public form of a fact."""
    return Announcement(
        event_id=fact.event_id,
        event=_event(fact),
        person_id=fact.case.person_id,
        version=fact.session_version if isinstance(fact, _OF_SESSIONS) else fact.case.version,
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
        case CaseHasAdvanced():
            return contract.CaseAdvanced(case=case)
        case PlanWasAgreed():
            return contract.PlanAgreed(case=case)
        case SessionWasLogged():
            return contract.SessionLogged(session=session_state(fact))
        case SessionWasVoided():
            return contract.SessionVoided(session=session_state(fact))
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


def session_state(fact: SessionWasLogged | SessionWasVoided) -> contract.SessionState:
    """A session as published."""
    return contract.SessionState(
        session_id=fact.session.session_id,
        case_id=fact.case.case_id,
        person_id=fact.case.person_id,
        division=fact.case.division.code,
        version=fact.session_version,
        day=fact.session.day,
        mode=fact.session.mode,
        attendance=fact.session.attendance,
    )

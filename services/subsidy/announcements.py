"""The privacy review point: everything the subsidy service ever tells the world, fact by fact."""

from __future__ import annotations

from services.subsidy.domain.award import Award
from services.subsidy.domain.facts import (
    AwardWasChanged,
    AwardWasGranted,
    AwardWasResumed,
    AwardWasStopped,
    AwardWasSuspended,
    AwardWasTerminated,
    Fact,
)
from shared.contracts import subsidy as contract
from shared.contracts.event import Announcement, Event


def announce(fact: Fact) -> Announcement:
    """The public form of a fact."""
    return Announcement(
        event_id=fact.event_id,
        event=_event(fact),
        person_id=fact.award.person_id,
        version=fact.award.version,
        division=fact.award.division.code,
        occurred_at=fact.occurred_at,
        trace_id=fact.trace_id,
    )


def _event(fact: Fact) -> Event:
    award = award_state(fact.award)
    match fact:
        case AwardWasGranted():
            return contract.AwardGranted(award=award)
        case AwardWasSuspended():
            assert fact.award.cause is not None
            return contract.AwardSuspended(award=award, cause_kind=fact.award.cause.kind)
        case AwardWasResumed():
            return contract.AwardResumed(award=award, cause_kind=fact.withdrawn_kind)
        case AwardWasStopped():
            return contract.AwardStopped(award=award)
        case AwardWasChanged():
            return contract.AwardChanged(award=award)
        case AwardWasTerminated():
            return contract.AwardTerminated(award=award)
        case _:
            message = f"{type(fact).__name__} is neither announced nor private"
            raise TypeError(message)


def award_state(award: Award) -> contract.AwardState:
    """An award as published."""
    return contract.AwardState(
        award_id=award.award_id,
        person_id=award.person_id,
        division=award.division.code,
        version=award.version,
        scheme=award.scheme,
        status=award.status,
        start_month=str(award.start_month),
        effective_month=None if award.effective_month is None else str(award.effective_month),
        cause_id=None if award.cause is None else award.cause.cause_id,
    )

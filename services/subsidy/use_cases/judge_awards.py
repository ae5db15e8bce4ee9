"""The main job: whatever the register announces, awards follow at once (RULES 4.7, SUB-38…43).

One set-based judgement serves live events, repairs and resyncs alike: it looks at the facts, never at how they came.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from services.subsidy.domain.facts import AwardWasChanged, AwardWasResumed, AwardWasStopped, AwardWasSuspended, Fact
from services.subsidy.use_cases.ports import Judged, Work
from shared.values.award import AwardStatus
from shared.values.month import Month


async def judge_awards(persons: Collection[UUID] | None, work: Work, *, traces: Mapping[UUID, str]) -> int:
    """Suspend, re-cause or resume the awards of some persons (None: of everybody); the number changed.

    ``traces`` gives, per stop fact, the trace of the request that recorded it.
    """
    judged = await work.awards.judge(persons, traces)
    work.tell(*(_fact(outcome, work, traces) for outcome in judged))
    await _follow([outcome.award.person_id for outcome in judged if outcome.award.cause is None], work)
    return len(judged)


async def follow_facts(persons: Collection[UUID], work: Work) -> None:
    """The same for facts that are not the register's: an award names the one that stopped it, and when it ceased to."""
    mended = await _follow(persons, work)
    if mended:
        judged = await work.awards.judge(mended, {})
        work.tell(*(_fact(outcome, work, {}) for outcome in judged))


async def _follow(persons: Collection[UUID], work: Work) -> list[UUID]:
    """The persons whose awards no such fact stops any more: the register may."""
    followed = await work.awards.follow(persons, Month.of(work.today())) if persons else []
    work.tell(*(_fact(outcome, work, {}) for outcome in followed))
    return [outcome.award.person_id for outcome in followed if outcome.award.cause is None]


def _fact(outcome: Judged, work: Work, traces: Mapping[UUID, str]) -> Fact:
    if outcome.award.status in {AwardStatus.PAUSED, AwardStatus.TERMINATED}:
        return AwardWasChanged(event_id=work.new_id(), occurred_at=work.now(), award=outcome.award)
    if outcome.award.cause is None:
        assert outcome.before_kind is not None
        assert outcome.before_cause_id is not None
        return AwardWasResumed(
            event_id=work.new_id(),
            occurred_at=work.now(),
            award=outcome.award,
            withdrawn_kind=outcome.before_kind,
            trace_id=traces.get(outcome.before_cause_id),
        )
    if outcome.award.status is AwardStatus.STOPPED:
        return AwardWasStopped(event_id=work.new_id(), occurred_at=work.now(), award=outcome.award)
    return AwardWasSuspended(
        event_id=work.new_id(),
        occurred_at=work.now(),
        award=outcome.award,
        trace_id=traces.get(outcome.award.cause.cause_id, outcome.award.cause.trace_id),
    )


async def stop_turned_awards(work: Work) -> int:
    """SUSPENDED → STOPPED when the month turns past ``effective_month`` (RULES 4.7); the number stopped."""
    stopped = await work.awards.stop_turned(Month.of(work.today()))
    work.tell(*(AwardWasStopped(event_id=work.new_id(), occurred_at=work.now(), award=award) for award in stopped))
    return len(stopped)

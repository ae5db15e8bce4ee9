"""What the register announces, cases follow: a death closes, its withdrawal reopens, a move asks for a decision.

One set-based judgement serves live events, repairs and resyncs alike: it looks at the facts, never at how they came.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from services.rehab.domain.case import Happened
from services.rehab.domain.facts import CaseWasClosed, CaseWasFlagged, CaseWasReopened, Fact
from services.rehab.use_cases.ports import Judged, Work


async def judge_cases(persons: Collection[UUID] | None, work: Work, *, traces: Mapping[UUID, str]) -> int:
    """Close, reopen, flag or unflag the cases of some persons (None: of everybody); the number changed.

    ``traces`` gives, per stop fact, the trace of the request that recorded it.
    """
    judged = await work.cases.judge(persons, traces)
    work.tell(*(_fact(outcome, work, traces) for outcome in judged))
    return len(judged)


def _fact(outcome: Judged, work: Work, traces: Mapping[UUID, str]) -> Fact:
    match outcome.happened:
        case Happened.CLOSED:
            kind: type[Fact] = CaseWasClosed
        case Happened.REOPENED:
            kind = CaseWasReopened
        case _:
            kind = CaseWasFlagged
    return kind(
        event_id=work.new_id(),
        occurred_at=work.now(),
        case=outcome.case,
        trace_id=traces.get(outcome.cause_id),
    )

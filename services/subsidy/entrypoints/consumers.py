"""What the subsidy service does with the register's journal."""

from __future__ import annotations

from typing import Final

from services.subsidy.adapters.standing import restand
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.metrics import STOP_MISSED
from services.subsidy.use_cases.judge_awards import judge_awards
from shared.contracts.registry import CertificateState, PersonState, StopState
from shared.kit.consumer import Subscription
from shared.kit.mirror import Changes

STATES: Final = (PersonState, CertificateState, StopState)


async def follow_register(changes: Changes, work: SubsidyWork) -> None:
    """Let stand what is known now, for money; judge the awards of everybody whose stop facts changed, for people."""
    persons = {change.row.person_id for state in STATES for change in changes.of(state)}
    await restand(work.connection, persons, at=work.now())
    stops = changes.of(StopState)
    if not stops:
        return
    traces = {change.row.stop_id: change.cause.trace_id for change in stops if change.cause is not None}
    await judge_awards({change.row.person_id for change in stops}, work, traces=traces)


async def sweep_awards(work: SubsidyWork) -> int:
    """Awards that contradict the stop facts of our copy, mended: a second look that trusts no event."""
    mended = await judge_awards(None, work, traces={})
    STOP_MISSED.set(mended)
    return mended


SUBSCRIPTIONS = (
    Subscription(
        publisher="registry",
        states=STATES,
        react=follow_register,
        sweep=sweep_awards,
    ),
)

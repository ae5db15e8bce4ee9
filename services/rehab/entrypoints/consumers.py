"""What the rehab service does with the register's journal."""

from __future__ import annotations

from services.rehab.adapters.work import RehabWork
from services.rehab.use_cases.give_aid import release_dead
from services.rehab.use_cases.judge_cases import judge_cases
from shared.contracts.registry import CertificateState, PersonState, StopState
from shared.kit.consumer import Subscription
from shared.kit.mirror import Changes


async def follow_register(changes: Changes, work: RehabWork) -> None:
    """Judge the cases of everybody whose stop facts, county or certificates changed; places of the dead are free."""
    stops = changes.of(StopState)
    persons = {change.row.person_id for change in stops}
    persons |= {change.row.person_id for change in changes.of(PersonState) if change.old is not None}
    persons |= {change.row.person_id for change in changes.of(CertificateState)}
    if persons:
        traces = {change.row.stop_id: change.cause.trace_id for change in stops if change.cause is not None}
        await judge_cases(persons, work, traces=traces)
        await release_dead(persons, work)


async def sweep_cases(work: RehabWork) -> int:
    """Cases and places that contradict our copy of the register, mended: a second look that trusts no event."""
    return await judge_cases(None, work, traces={}) + await release_dead(None, work)


SUBSCRIPTIONS = (
    Subscription(
        publisher="registry",
        states=(PersonState, CertificateState, StopState),
        react=follow_register,
        sweep=sweep_cases,
    ),
)

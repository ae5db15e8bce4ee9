"""What the indicators service does with three journals: each makes its own spells, and can be replayed on its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Final, TypeVar
from uuid import UUID

from services.indicators.adapters.work import IndicatorsWork
from services.indicators.domain.definition import Kind, Source
from services.indicators.use_cases.keep_spells import keep_spells, look_again
from services.indicators.use_cases.ports import Handover
from shared.contracts.registry import CertificateState, MergeState, PersonChanged, PersonState, StopState
from shared.contracts.rehab import CaseState
from shared.contracts.state import State
from shared.contracts.subsidy import AwardState
from shared.kit.clock import SHANGHAI
from shared.kit.consumer import OnNewEpoch, Subscription
from shared.kit.mirror import Change, Changes

S = TypeVar("S", bound=State)
React = Callable[[Changes, IndicatorsWork], Awaitable[None]]


async def follow_register(changes: Changes, work: IndicatorsWork) -> None:
    """Spells of persons, certificates and stops; the register dates transfers itself, events date other moves."""
    handovers = [
        *_handovers(Kind.PERSON, changes.of(PersonState), PersonChanged.type),
        *_handovers(Kind.CERTIFICATE, changes.of(CertificateState), PersonChanged.type),
    ]
    persons = {
        person_id
        for state in (PersonState, CertificateState, StopState)
        for change in changes.of(state)
        for person_id in _persons(change)
    }
    await keep_spells(Source.REGISTRY, persons, work, handovers=handovers)


async def follow_awards(changes: Changes, work: IndicatorsWork) -> None:
    """Spells of awards."""
    await _follow(Source.SUBSIDY, Kind.AWARD, changes.of(AwardState), work)


async def follow_cases(changes: Changes, work: IndicatorsWork) -> None:
    """Spells of rehabilitation cases."""
    await _follow(Source.REHAB, Kind.CASE, changes.of(CaseState), work)


async def _follow(source: Source, kind: Kind, changes: list[Change[S]], work: IndicatorsWork) -> None:
    persons = {person_id for change in changes for person_id in _persons(change)}
    await keep_spells(source, persons, work, handovers=_handovers(kind, changes))


def _handovers(kind: Kind, changes: list[Change[S]], by: str | None = None) -> list[Handover]:
    """Who left what; with ``by``: only by events of that type, because others bring a date of their own."""
    return [
        Handover(
            kind,
            change.new.id,
            change.new.version,
            change.cause.event_id,
            change.old.division,
            _civil_date(change.cause.occurred_at),
        )
        for change in changes
        if change.old is not None
        and change.new is not None
        and change.old.division != change.new.division
        # What came by no event has no date: the present division is then taken to have been the last one's all along.
        and change.cause is not None
        and by in {None, change.cause.type}
    ]


def _persons(change: Change[S]) -> set[UUID]:
    return {change.row.person_id, *(() if change.old is None else (change.old.person_id,))}


def _civil_date(occurred_at: str) -> date:
    return datetime.fromisoformat(occurred_at).astimezone(SHANGHAI).date()


def _subscription(source: Source, states: tuple[type[State], ...], react: React) -> Subscription[IndicatorsWork]:
    """Figures are history, so a replaced history is read again from its start."""

    async def sweep(work: IndicatorsWork) -> int:
        return await look_again(source, work)

    async def forget(work: IndicatorsWork) -> None:
        await work.spells.forget(source)

    return Subscription(
        publisher=source.value,
        states=states,
        react=react,
        on_new_epoch=OnNewEpoch.REPLAY,
        sweep=sweep,
        forget=forget,
    )


SUBSCRIPTIONS: Final = (
    _subscription(Source.REGISTRY, (PersonState, CertificateState, StopState, MergeState), follow_register),
    _subscription(Source.SUBSIDY, (AwardState,), follow_awards),
    _subscription(Source.REHAB, (CaseState,), follow_cases),
)

"""What the subsidy service does with the register's journal."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final
from uuid import UUID

from services.subsidy.adapters import records, successions
from services.subsidy.adapters.facts import follow_homes
from services.subsidy.adapters.standing import News, restand
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.facts import AwardWasChanged
from services.subsidy.domain.person_facts import Fact, FactKind, Source
from services.subsidy.domain.succession import Succession
from services.subsidy.metrics import STOP_MISSED
from services.subsidy.use_cases.judge_awards import follow_facts, judge_awards
from services.subsidy.use_cases.record_facts import note_requests
from shared.contracts.registry import (
    CertificateChanged,
    CertificateState,
    DivisionSucceeded,
    MergeState,
    PersonState,
    StopState,
)
from shared.kit.consumer import Subscription
from shared.kit.mirror import Change, Changes
from shared.values.certificate import CertificateStatus, StopKind

STATES: Final = (PersonState, CertificateState, StopState, MergeState)
_SUPERSEDED: Final = CertificateStatus.SUPERSEDED


async def follow_register(changes: Changes, work: SubsidyWork) -> None:
    """Judge the awards of everybody whose stop facts changed, for people; let stand what is known now, for money.

    Whoever belongs elsewhere because their division was given up takes along what they have (ID-21), before anything
    else is read of them. A card that another took the place of is no stop fact; it may take one back (RULES 4.7:
    renewed in time).
    """
    stops = changes.of(StopState)
    await _follow_divisions(changes, work)
    united = await _follow_merges(changes, work)
    homes = {each.row.person_id for each in changes.of(PersonState) if _moved(each)}
    news = {
        News.HOME: united | homes | {each.row.person_id for each in stops if each.row.kind is StopKind.TRANSFERRED},
        News.CARD: united | {each.row.person_id for each in changes.of(CertificateState)},
        News.STOP: united | {each.row.person_id for each in stops},
        News.FACT: united,
    }
    work.later(partial(restand, work.connection, news, at=work.now()))
    await follow_homes(work.connection, homes)
    await note_requests([*_requests(changes)], work)
    judged = united | {change.row.person_id for change in stops}
    judged |= {each.row.person_id for each in changes.of(CertificateState) if each.row.status is _SUPERSEDED}
    if not judged:
        return
    traces = {change.row.stop_id: change.cause.trace_id for change in stops if change.cause is not None}
    await judge_awards(judged, work, traces=traces)
    await follow_facts(united, work)


async def _follow_merges(changes: Changes, work: SubsidyWork) -> set[UUID]:
    """Records found to be one person's are judged as one from now on, and apart when the merge is undone; who they are.

    Somebody who is only heard of after the merge may live where an absorbed record does not say.
    """
    merges = changes.of(MergeState)
    late = {each.row.person_id for each in changes.of(PersonState) if each.old is None}
    known = await records.owners(work.connection, late) if late else {}
    joined = {each.row.person_id for each in merges} | {each.row.absorbed_id for each in merges} | {*known}
    united, awards = await work.awards.unite(joined, at=work.now())
    work.tell(*(AwardWasChanged(event_id=work.new_id(), occurred_at=work.now(), award=award) for award in awards))
    return united


async def _follow_divisions(changes: Changes, work: SubsidyWork) -> None:
    """Keep what was said of divisions; what is of persons who followed theirs goes on in its successor (ID-21)."""
    await successions.announced(
        work.connection,
        [
            Succession(
                change_id=event.change_id,
                predecessor=event.predecessor,
                successor=event.successor,
                effective_on=event.effective_on,
            )
            for _, event in changes.events
            if isinstance(event, DivisionSucceeded)
        ],
    )
    left = {each.row.person_id for each in changes.of(StopState) if each.row.kind is StopKind.TRANSFERRED}
    moved = [
        (each.new.person_id, each.old.division, each.new.division)
        for each in changes.of(PersonState)
        if each.old is not None and each.new is not None and _moved(each) and each.new.person_id not in left
    ]
    followed = await work.awards.take_along(moved, at=work.now())
    work.tell(*(AwardWasChanged(event_id=work.new_id(), occurred_at=work.now(), award=award) for award in followed))


def _moved(change: Change[PersonState]) -> bool:
    """New here, gone, or living elsewhere."""
    return change.old is None or change.new is None or change.old.division != change.new.division


def _requests(changes: Changes) -> Iterator[Fact]:
    """Re-issues that were asked for while the card was valid and done when it was no longer (SUB-44, READ-05)."""
    for _, event in changes.events:
        if isinstance(event, CertificateChanged) and event.superseded.expires_on <= event.certificate.issued_on:
            yield Fact(
                fact_id=event.certificate.certificate_id,
                person_id=event.certificate.person_id,
                kind=FactKind.REISSUE_REQUEST,
                valid_from=event.asked_on,
                source=Source.REGISTRY,
            )


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

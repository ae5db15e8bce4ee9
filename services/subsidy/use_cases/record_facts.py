"""Facts about persons are recorded, corrected and withdrawn; what was told before stays on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.subsidy.domain.errors import FactIsWithdrawn, FactNotFound, FactToldTwice, PersonNotKnown
from services.subsidy.domain.person_facts import Fact, FactKind, Revision, must_fit
from services.subsidy.use_cases.judge_awards import follow_facts, judge_awards
from services.subsidy.use_cases.ports import FactWork
from shared.values.division import Scope
from shared.values.refusal import Refusal


async def record_facts(facts: Sequence[Fact], work: FactWork, *, within: Scope) -> list[Revision | Refusal]:
    """Record many in a few statements; for each fact its first revision or why not, in order.

    A fact told again under the id it has (a list that comes every month) is its next revision, unless it says the same.
    """
    divisions = await work.facts.divisions([fact.person_id for fact in facts], within=within)
    known = await work.facts.get([fact.fact_id for fact in facts], within=within)
    outcomes: list[Revision | Refusal] = []
    told: set[UUID] = set()
    for fact in facts:
        try:
            must_fit(fact)
            if fact.person_id not in divisions:
                raise PersonNotKnown
            if fact.fact_id in told:
                raise FactToldTwice
            told.add(fact.fact_id)
            outcomes.append(_next(fact, known.get(fact.fact_id), divisions[fact.person_id]))
        except Refusal as refusal:
            outcomes.append(refusal)
    news = [each for each in outcomes if isinstance(each, Revision) and each != known.get(each.fact.fact_id)]
    await _add(news, work)
    return outcomes


async def record_fact(fact: Fact, work: FactWork, *, within: Scope) -> Revision:
    """Record one. Raises `FactDoesNotFit`, `FactIsTheRegisters`, `PersonNotKnown`."""
    (outcome,) = await record_facts([fact], work, within=within)
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


async def note_requests(requests: Sequence[Fact], work: FactWork) -> None:
    """Requests for a re-issue that the register told of, each once; whoever asks judges the awards."""
    if not requests:
        return
    known = await work.facts.get([fact.fact_id for fact in requests], within=Scope.everywhere())
    divisions = await work.facts.divisions([fact.person_id for fact in requests], within=Scope.everywhere())
    news = [
        Revision(fact=fact, revision=1, division=divisions[fact.person_id])
        for fact in requests
        if fact.fact_id not in known
    ]
    if news:
        await work.facts.add(news, at=work.now())


async def correct_fact(fact: Fact, seen: Revision, work: FactWork) -> Revision:
    """Tell a fact better. Raises `FactIsWithdrawn`, `FactDoesNotFit`, `FactIsTheRegisters`."""
    must_fit(fact)
    corrected = _next(fact, seen, seen.division)
    if corrected != seen:
        await _add([corrected], work)
    return corrected


async def withdraw_fact(seen: Revision, work: FactWork) -> Revision:
    """The fact was wrong. Raises `FactIsWithdrawn`."""
    if seen.withdrawn:
        raise FactIsWithdrawn
    gone = replace(seen, revision=seen.revision + 1, withdrawn=True)
    await _add([gone], work)
    return gone


async def fact_to_change(fact_id: UUID, work: FactWork, *, within: Scope) -> Revision:
    """The newest revision, locked. Raises `FactNotFound`."""
    found = (await work.facts.get([fact_id], within=within)).get(fact_id)
    if found is None:
        raise FactNotFound
    return found


async def _add(revisions: Sequence[Revision], work: FactWork) -> None:
    """Store them; money follows of itself, what people see of the awards here."""
    await work.facts.add(revisions, at=work.now())
    await follow_facts({revision.fact.person_id for revision in revisions}, work)
    requests = {each.fact.person_id for each in revisions if each.fact.kind is FactKind.REISSUE_REQUEST}
    if requests:
        await judge_awards(requests, work, traces={})


def _next(fact: Fact, known: Revision | None, division: str) -> Revision:
    """The revision that says this; the one on record where it says so already."""
    if known is None:
        return Revision(fact=fact, revision=1, division=division)
    if known.withdrawn:
        raise FactIsWithdrawn
    return known if known.fact == fact else Revision(fact=fact, revision=known.revision + 1, division=known.division)

"""What must hold on a day, and what stops an award (RULES 4.1, 4.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.subsidy.domain.decisions import Card
from services.subsidy.domain.person_facts import BENEFITS, CareNeed, Fact, FactKind
from services.subsidy.domain.policy import Coverage, Overlap
from shared.values.month import Month
from tests.oracles.entitlement.cards import NOT_RENEWED, held_back, last_valid_day, renewed_in_time, stops_of, valid
from tests.oracles.entitlement.life import DAY, Life, components, holds, runs
from tests.oracles.entitlement.policy import (
    Policy,
    component_fits,
    confirmation_is_used,
    coverage,
    income_fits,
    overlap,
)

LOSSES = frozenset({"grade_out_of_scope", "income_exit", "care_need_exit", "trait_exit"})
"""What was asked for held on the day of the application, or there were no award: only later losses touch it."""
FOR_EVER = frozenset({FactKind.PRISON, FactKind.DECLARED_MISSING, FactKind.FRAUD})
WISHES = frozenset({FactKind.OWN_WISH, FactKind.CONFIRMATION_MISSED})


@dataclass(frozen=True)
class Claim:
    """A scheme, and the county by whose rules it is judged; ``applied`` and ``start`` where an award is behind it."""

    scheme: str
    division: str
    applied: date | None = None
    start: Month | None = None
    award_id: UUID | None = None


@dataclass(frozen=True)
class Stop:
    """A stop fact: the day it happened and the first day on which its state is over."""

    name: str
    event: date
    over: date | None = None


def covers(scope: Coverage, card: Card) -> bool:
    """ID-13: any component in the scope brings the person in."""
    return any(component_fits(scope, category, grade) for category, grade in components(card))


def needs_care(scope: Coverage, life: Life, day: date) -> bool:
    """SUB-03: for six months or more, unless an assessment says otherwise."""
    need = life.level(FactKind.CARE_NEED, day)
    return not scope.care_need or need is None or need.value != CareNeed.NOT_NEEDED


def has_traits(scope: Coverage, life: Life, day: date) -> bool:
    """Whatever else the scheme asks for."""
    return all(any(holds(fact, day) for fact in life.of(kind)) for kind in scope.requires)


def in_income(scope: Coverage, life: Life, day: date) -> bool:
    """SUB-01, SUB-06."""
    return income_fits(scope.income, life.level(FactKind.ECONOMY, day))


def wish_over(life: Life, claim: Claim, fact: Fact) -> date | None:
    """READ-01: an application made after an own wish or a missed confirmation puts an end to it."""
    later = (
        award.application_date
        for award in life.awards
        if award.scheme == claim.scheme and award.application_date > fact.valid_from
    )
    return min((day for day in (fact.valid_to, min(later, default=None)) if day is not None), default=None)


def is_used(policy: Policy, claim: Claim, fact: Fact) -> bool:
    """Whether a fact can stop this scheme here: a missed confirmation only where one is asked for (SUB-75)."""
    if fact.scheme not in {None, claim.scheme}:
        return False
    month = Month.of(fact.valid_from)
    return fact.kind is not FactKind.CONFIRMATION_MISSED or confirmation_is_used(policy, claim.division, month)


def standing(life: Life) -> list[Fact]:
    """The facts that stop: other benefits and the like as the spells they make, each wish and each death by itself."""
    alone = life.of(FactKind.DEATH, *WISHES)
    return life.remember("standing", lambda: [*runs(life.of(*BENEFITS, *FOR_EVER)), *alone])


def barred(life: Life, policy: Policy, claim: Claim, day: date, month: Month, *, own_day: bool) -> bool:
    """Whether a stop fact that is not about the card stands on a day.

    Its own day still counts as a day without it, so that its own month is due (SUB-38); no application is made on it.
    """
    for fact in standing(life):
        begun = fact.valid_from < day or (own_day and fact.valid_from == day)
        stands = begun and (fact.valid_to is None or day < fact.valid_to)
        match fact.kind:
            case FactKind.DEATH:  # READ-02: from the day after
                if fact.valid_from < day:
                    return True
            case kind if kind in BENEFITS:  # SUB-07 to SUB-10, SUB-16
                if stands and overlap(policy, claim.scheme, claim.division, month, kind) is Overlap.EXCLUDE:
                    return True
            case kind if kind in FOR_EVER:  # SUB-41, SUB-43
                if stands and is_used(policy, claim, fact):
                    return True
            case kind if kind in WISHES:  # SUB-43
                over = wish_over(life, claim, fact)
                if is_used(policy, claim, fact) and fact.valid_from < day and (over is None or day < over):
                    return True
            case _:
                pass
    return False


def eligible_on(
    life: Life,
    policy: Policy,
    claim: Claim,
    day: date,
    month: Month,
    *,
    own_day: bool = False,
    card: Card | None = None,
) -> bool:
    """Every condition of SUB-01 to SUB-18 on one day, by the policy of a month.

    ``card``: the new card of a back-payment, which stands in for the one that was missing (READ-11).
    """
    scope = coverage(policy, claim.scheme, claim.division, month)
    if scope is None:
        return False
    old = life.card(day)
    if card is not None and old is not None and held_back(life, old, day, own_day=False, but=NOT_RENEWED):
        return False
    shown = [card or valid(life, policy, day, own_day=own_day)]
    if not own_day and card is None and shown[0] is not None and shown[0].issued_on == day:
        # A card out of scope stops as of its issue: on that day the old one still counts (READ-06).
        shown.append(valid(life, policy, day - DAY, own_day=False))
    return (
        any(covers(scope, each) for each in shown if each is not None)
        and in_income(scope, life, day)
        and needs_care(scope, life, day)
        and has_traits(scope, life, day)
        and not barred(life, policy, claim, day, month, own_day=own_day)
    )


def may_apply(life: Life, policy: Policy, claim: Claim, day: date) -> bool:
    """READ-02, READ-18: every condition on the day of the application itself."""
    return eligible_on(life, policy, claim, day, Month.of(day), own_day=True)


def stops(life: Life, policy: Policy, claim: Claim) -> Iterator[Stop]:
    """Every stop fact on record that can stop this claim (RULES 4.9), touching an award or not."""
    yield from _moves(life, claim)
    yield from _cards(life, policy, claim)
    yield from _losses(life, policy, claim)
    for fact in standing(life):
        month = Month.of(fact.valid_from)
        match fact.kind:
            case FactKind.DEATH:
                yield Stop("death", fact.valid_from)
            case kind if kind in BENEFITS:
                if overlap(policy, claim.scheme, claim.division, month, kind) is Overlap.EXCLUDE:
                    yield Stop(kind.value, fact.valid_from, fact.valid_to)
            case kind if kind in FOR_EVER:
                if is_used(policy, claim, fact):
                    yield Stop(kind.value, fact.valid_from, fact.valid_to)
            case kind if kind in WISHES:
                if is_used(policy, claim, fact):
                    yield Stop(kind.value, fact.valid_from, wish_over(life, claim, fact))
            case _:
                pass


def _moves(life: Life, claim: Claim) -> Iterator[Stop]:
    """SUB-38, READ-09: the household leaves the county that pays, whenever the card follows it."""
    days = [home.valid_from for home in life.homes[1:]]
    for day in days:
        if is_in(life.home(day - DAY), claim.division) and not is_in(life.home(day), claim.division):
            back = next((later for later in days if later > day and is_in(life.home(later), claim.division)), None)
            yield Stop("move_out", day, back)
    for county, day in life.left:
        if is_in(county, claim.division):
            yield Stop("move_out", day)


def is_in(home: str, division: str) -> bool:
    """Whether a home lies in the county that pays."""
    return home[:6] == division[:6]


def _cards(life: Life, policy: Policy, claim: Claim) -> Iterator[Stop]:
    """SUB-38, SUB-40; grade_out_of_scope is dated the issue of the new card (READ-06)."""
    for card in life.cards:
        new = life.next_card(card)
        if not renewed_in_time(life, policy, card):
            yield Stop("card_expired", last_valid_day(life, policy, card), new.issued_on if new else None)
        for stop in stops_of(life, card):
            ends = (stop.valid_to, new.issued_on if new else None)
            yield Stop(stop.kind.value, stop.valid_from, min((day for day in ends if day is not None), default=None))
        scope = coverage(policy, claim.scheme, claim.division, Month.of(card.issued_on))
        before = life.card_before(card)
        if scope is not None and before is not None and covers(scope, before) and not covers(scope, card):
            yield Stop("grade_out_of_scope", card.issued_on)


def _losses(life: Life, policy: Policy, claim: Claim) -> Iterator[Stop]:
    """SUB-38, SUB-39, READ-19: dated the last day on which what the scheme asks for was so."""
    changes = sorted({day for fact in life.facts for day in (fact.valid_from, fact.valid_to) if day is not None})
    for first in changes:
        last = first - DAY
        scope = coverage(policy, claim.scheme, claim.division, Month.of(last))
        if scope is None:
            continue
        for name, fits in (("income_exit", in_income), ("care_need_exit", needs_care), ("trait_exit", has_traits)):
            if fits(scope, life, last) and not fits(scope, life, first):
                yield Stop(name, last)


def touches(stop: Stop, applied: date) -> bool:
    """READ-01: a fact whose state is over on the day of the application does not count."""
    if stop.name in LOSSES:
        return stop.event >= applied
    return stop.over is None or stop.over > applied


def stopped_before(life: Life, policy: Policy, claim: Claim, month: Month) -> list[Stop]:
    """The stop facts that touch an award and happened in an earlier month (SUB-38)."""
    assert claim.applied is not None
    return [
        stop for stop in stops(life, policy, claim) if touches(stop, claim.applied) and Month.of(stop.event) < month
    ]

"""What must hold on a day, and what stops an award (RULES 4.1, 4.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from shared.values.month import Month
from tests.oracles.entitlement.cards import (
    NOT_RENEWED,
    county_on,
    current,
    held_back,
    last_valid_day,
    next_card,
    renewed_in_time,
    switches,
    valid,
)
from tests.oracles.entitlement.life import DAY, Award, Card, Kind, Life, Spell
from tests.oracles.entitlement.policy import Overlap, Policy, Scope, in_force


OF_THE_SCOPE = frozenset({"grade_out_of_scope", "income_exit", "circumstance_exit"})
"""States that depend on what a place asks for when."""


@dataclass(frozen=True)
class Stop:
    """A stop fact: the day it happened and the first day on which its state is over."""

    name: str
    event: date
    over: date | None


def scope_of(policy: Policy, scheme: str, county: str, month: Month) -> Scope | None:
    """Who the scheme is for in a place and month; None where there is none."""
    return in_force(policy.scopes[scheme], county, month)


def overlap(policy: Policy, scheme: str, county: str, month: Month, benefit: str) -> Overlap:
    """What another benefit does to this scheme; what nobody has named does nothing (SUB-12, SUB-14)."""
    return (in_force(policy.overlaps.get(scheme, ()), county, month) or {}).get(benefit, Overlap.STACK)


def covers(scope: Scope, card: Card) -> bool:
    """ID-13: any component in the scope brings the person in."""
    return any(component in scope.disabilities for component in card.components)


def income_fits(scope: Scope, life: Life, day: date) -> bool:
    """SUB-01, SUB-06."""
    income = life.on(Kind.INCOME, day)
    return scope.incomes is None or (income is not None and income.value in scope.incomes)


def circumstances_fit(scope: Scope, life: Life, day: date) -> bool:
    """SUB-03 and whatever else the scheme asks for. Care is needed for long unless somebody recorded otherwise."""
    need = life.on(Kind.CARE_NEED, day)
    if scope.long_care and need is not None and need.value == "SHORT":
        return False
    return scope.circumstances <= {spell.value for spell in life.of(Kind.CIRCUMSTANCE) if spell.holds(day)}


def stands(spell: Spell, day: date, *, own_day: bool) -> bool:
    """Whether a stop fact counts on a day; its own day still counts as a day without it, unless one applies on it."""
    return spell.holds(day) and (own_day or spell.since < day)


def wish_over(life: Life, scheme: str, spell: Spell) -> date | None:
    """READ-01: an application made after an own wish or a missed confirmation puts an end to it."""
    return next(
        (award.applied for award in life.awards if award.scheme == scheme and award.applied > spell.since), None
    )


def barred(life: Life, policy: Policy, scheme: str, county: str, day: date, month: Month, *, own_day: bool) -> bool:
    """Whether a stop fact that is not about the card stands on a day."""
    for spell in life.spells:
        about = spell.scheme in {None, scheme}
        match spell.kind:
            case Kind.DEATH:  # SUB-38, READ-02: from the day after
                if spell.since < day:
                    return True
            case Kind.BENEFIT:  # SUB-07 to SUB-10
                excluded = overlap(policy, scheme, county, month, spell.value) is Overlap.EXCLUDE
                if excluded and stands(spell, day, own_day=own_day):
                    return True
            case Kind.PRISON | Kind.MISSING | Kind.FRAUD:  # SUB-41, SUB-43
                if stands(spell, day, own_day=own_day):
                    return True
            case Kind.OWN_WISH | Kind.CONFIRMATION_MISSED:  # SUB-43, where used SUB-75
                used = spell.kind is Kind.OWN_WISH or switches(policy, county, Month.of(spell.since)).confirmation
                over = wish_over(life, scheme, spell)
                if used and about and not own_day and spell.since < day and (over is None or day < over):
                    return True
            case _:
                pass
    return False


def eligible_on(
    life: Life,
    policy: Policy,
    scheme: str,
    county: str,
    day: date,
    month: Month,
    *,
    own_day: bool,
    card: Card | None = None,
) -> bool:
    """Every condition of SUB-01 to SUB-18 on one day, by the policy of a month.

    ``card`` is the new card of a back-payment: it stands in for the card that was missing (READ-11).
    """
    scope = scope_of(policy, scheme, county, month)
    if scope is None:
        return False
    if card is None:
        shown = valid(life, policy, day, own_day=own_day)  # SUB-18
        if shown is None:
            return False
        cards = [shown]
        before = valid(life, policy, day - DAY, own_day=False)
        if shown.issued == day and before is not None and not own_day:
            cards.append(before)  # grade_out_of_scope is dated the issue of the new card: that day still counts
    else:
        old = current(life, day)
        if old is not None and held_back(life, old, day, own_day=False, but=NOT_RENEWED):
            return False
        cards = [card]
    return (
        any(covers(scope, each) for each in cards)
        and income_fits(scope, life, day)
        and circumstances_fit(scope, life, day)
        and not barred(life, policy, scheme, county, day, month, own_day=own_day)
    )


def may_apply(life: Life, policy: Policy, scheme: str, county: str, day: date) -> bool:
    """READ-02, READ-18: every condition on the day of the application itself."""
    return eligible_on(life, policy, scheme, county, day, Month.of(day), own_day=True)


def stops(life: Life, policy: Policy, award: Award) -> Iterator[Stop]:
    """Every stop fact on record for the county of an award (RULES 4.9), touching or not."""
    yield from _moves(life, award)
    yield from _cards(life, policy, award)
    yield from _losses(life, policy, award)
    for spell in life.spells:
        month = Month.of(spell.since)
        match spell.kind:
            case Kind.DEATH | Kind.PRISON | Kind.MISSING | Kind.FRAUD:
                yield Stop(spell.kind.value, spell.since, spell.over)
            case Kind.BENEFIT:
                if overlap(policy, award.scheme, award.county, month, spell.value) is Overlap.EXCLUDE:
                    yield Stop(spell.value.lower(), spell.since, spell.over)
            case Kind.OWN_WISH | Kind.CONFIRMATION_MISSED:
                used = spell.kind is Kind.OWN_WISH or switches(policy, award.county, month).confirmation
                if used and spell.scheme in {None, award.scheme}:
                    yield Stop(spell.kind.value, spell.since, spell.since + DAY)
            case _:
                pass


def _moves(life: Life, award: Award) -> Iterator[Stop]:
    """SUB-38, READ-09: the household leaves the county that pays."""
    homes = life.of(Kind.RESIDENCE)
    for left, home in zip(homes, homes[1:], strict=False):
        if left.value == award.county != home.value:
            back = next(
                (later.since for later in homes if later.since > home.since and later.value == award.county), None
            )
            yield Stop("move_out", home.since, back)


def _cards(life: Life, policy: Policy, award: Award) -> Iterator[Stop]:
    """SUB-38, SUB-40, and grade_out_of_scope by READ-06."""
    for card in life.cards:
        new = next_card(life, card)
        if not renewed_in_time(life, policy, card):
            yield Stop("card_expired", last_valid_day(life, policy, card), new.issued if new else None)
        for stop in life.card_stops:
            if stop.card == card.card:
                ends = [day for day in (stop.over, new.issued if new else None) if day is not None]
                yield Stop(f"card_{stop.kind.lower()}", stop.since, min(ends, default=None))
        scope, before = (
            scope_of(policy, award.scheme, award.county, Month.of(card.issued)),
            current(life, card.issued - DAY),
        )
        if scope is not None and before is not None and covers(scope, before) and not covers(scope, card):
            yield Stop("grade_out_of_scope", card.issued, None)


def _losses(life: Life, policy: Policy, award: Award) -> Iterator[Stop]:
    """SUB-38, SUB-39: the last day on which income or circumstances were those the scheme asks for."""
    changes = sorted(
        {
            day
            for spell in life.spells
            if spell.kind in {Kind.INCOME, Kind.CIRCUMSTANCE, Kind.CARE_NEED}
            for day in (spell.since, spell.over)
            if day is not None
        }
    )
    for first in changes:
        last = first - DAY
        scope = scope_of(policy, award.scheme, award.county, Month.of(last))
        if scope is None:
            continue
        for name, fits in (("income_exit", income_fits), ("circumstance_exit", circumstances_fit)):
            if fits(scope, life, last) and not fits(scope, life, first):
                yield Stop(name, last, None)


def touches(stop: Stop, award: Award) -> bool:
    """READ-01: a fact whose state is over on the day of the application does not count."""
    if stop.name in OF_THE_SCOPE:
        return stop.event >= award.applied  # what the scheme asks for held on that day, or there were no award
    return stop.over is None or stop.over > award.applied


def covers_month(life: Life, policy: Policy, award: Award, month: Month) -> bool:
    """Whether an award covers a month: begun, made on a day it could be made, and not stopped by an earlier month's fact."""
    if month < award.start or not may_apply(life, policy, award.scheme, award.county, award.applied):
        return False
    return not any(touches(stop, award) and Month.of(stop.event) < month for stop in stops(life, policy, award))


def home_of_month(life: Life, month: Month) -> str:
    """Which county a month belongs to when no award says so: where the month began, else where the person first lives in it."""
    before = county_on(life, month.first_day - DAY)
    return before or next(
        (home.value for home in life.of(Kind.RESIDENCE) if month.contains(home.since)), county_on(life, month.first_day)
    )

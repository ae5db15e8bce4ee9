"""The three results, month by month, as RULES 4.9 writes them. Amounts in fen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import TypeVar

from services.subsidy.domain.decisions import Card, Determination
from services.subsidy.domain.person_facts import BENEFITS, FactKind
from services.subsidy.domain.policy import Overlap
from shared.values.month import Month
from tests.oracles.entitlement.cards import held, last_valid_day, renewed_in_time
from tests.oracles.entitlement.conditions import Claim, Stop, eligible_on, may_apply, stopped_before, stops, touches
from tests.oracles.entitlement.life import DAY, Life, components
from tests.oracles.entitlement.policy import (
    Policy,
    RateIsMissing,
    Values,
    amount_for,
    back_payment_months,
    changes_next_month,
    component_fits,
    coverage,
    income_fits,
    is_due_in,
    overlap,
    restarts_from_card,
)

T = TypeVar("T")


def days_of(month: Month) -> Iterator[date]:
    """Every day of a month."""
    day = month.first_day
    while day <= month.last_day:
        yield day
        day += DAY


def entitled(life: Life, policy: Policy, scheme: str, month: Month) -> int:
    """What facts and policy say: for the award that covers the month, else for the person where they live."""
    award = covering(life, policy, scheme, month)
    home = life.home(month.last_day)
    if award is None and not home:
        return 0
    return entitled_to(life, policy, award or Claim(scheme, home), month)


def due(life: Life, policy: Policy, scheme: str, month: Month) -> int:
    """`entitled` in the months that decisions cover."""
    award, new = covering(life, policy, scheme, month), None
    if award is None:
        award, new = _paid_back(life, policy, scheme, month)
    # A pause comes before what is paid back for a gap (RULES 4.9), even where it reaches back into it.
    if award is None or is_paused(life, award, month):
        return 0
    return entitled_to(life, policy, award, month, new)


def _paid_back(life: Life, policy: Policy, scheme: str, month: Month) -> tuple[Claim | None, Card | None]:
    """The award whose back-payment covers a month, and the card it is paid for."""
    for award in claims(life, policy, scheme):
        new = life.card(award.applied) if award.applied else None
        if new is not None and in_gap(life, policy, award, month):
            return award, new
    return None, None


def payable(life: Life, policy: Policy, scheme: str, month: Month) -> int:
    """What is still to be paid; negative when too much was paid."""
    paid = sum(line.amount_fen for line in life.lines if line.scheme == scheme and line.month == month)
    return due(life, policy, scheme, month) - paid


def entitled_to(life: Life, policy: Policy, claim: Claim, month: Month, new: Card | None = None) -> int:
    """What a claim is worth in a month. ``new`` is the card of a back-payment (READ-11)."""
    if not is_due_in(policy, claim.scheme, claim.division, month):
        return 0
    if not any(eligible_on(life, policy, claim, day, month, card=new) for day in days_of(month)):
        return 0
    fen = amount(life, policy, claim, month, new)
    for fact in life.of(*BENEFITS):  # SUB-11, SUB-13, READ-08: every month in which it runs
        runs = fact.valid_from <= month.last_day and (fact.valid_to is None or fact.valid_to > month.first_day)
        higher = overlap(policy, claim.scheme, claim.division, month, fact.kind) is Overlap.HIGHER
        if runs and higher and (fact.amount_fen or 0) > fen:
            return 0
    return fen


def claims(life: Life, policy: Policy, scheme: str) -> list[Claim]:
    """The awards of a scheme that stand, the earlier ones first (READ-07). An application that should have been refused
    creates none (READ-02)."""
    return life.remember((policy, scheme), lambda: _claims(life, policy, scheme))


def _claims(life: Life, policy: Policy, scheme: str) -> list[Claim]:
    stand: list[Claim] = []
    for award in life.awards:
        if award.scheme == scheme:
            claim = claim_of(life, policy, award, stand[-1] if stand else None)
            if may_apply(life, policy, claim, award.application_date):
                stand.append(claim)
    return sorted(stand, key=lambda claim: (str(claim.start), claim.applied))


def claim_of(life: Life, policy: Policy, award: Determination, before: Claim | None) -> Claim:
    """SUB-35: from the month of the application.

    SUB-47 with its switch: what an expiry had stopped restarts in the month of issue of the first card after it.
    """
    start = Month.of(award.application_date)
    renewed = expiry_before(life, policy, award.application_date)
    if renewed is not None and before is not None and restarts_from_card(policy, award.division, start):
        touching = (stop for stop in stops(life, policy, before) if before.applied and touches(stop, before.applied))
        first = min(touching, key=lambda stop: stop.event, default=None)
        if first == Stop("card_expired", last_valid_day(life, policy, renewed[0]), renewed[1].issued_on):
            start = Month.of(renewed[1].issued_on)
    return Claim(award.scheme, award.division, award.application_date, start, award.award_id)


def expiry_before(life: Life, policy: Policy, applied: date) -> tuple[Card, Card] | None:
    """The last card that expired and was not renewed in time, with the first one issued after it, by a day."""
    pairs = ((card, life.next_card(card)) for card in life.cards)
    late = [
        (old, new)
        for old, new in pairs
        if new is not None and new.issued_on <= applied and not renewed_in_time(life, policy, old)
    ]
    return late[-1] if late else None


def covering(life: Life, policy: Policy, scheme: str, month: Month) -> Claim | None:
    """The award that covers a month; of two the earlier one pays (READ-07)."""
    for claim in claims(life, policy, scheme):
        if claim.start is not None and claim.start <= month and not stopped_before(life, policy, claim, month):
            return claim
    return None


def is_paused(life: Life, claim: Claim, month: Month) -> bool:
    """Whether a person at the office stopped the award by name."""
    paused = {
        pause.award_id for pause in life.pauses if pause.first <= month and (pause.until is None or month < pause.until)
    }
    return claim.award_id in paused


def in_gap(life: Life, policy: Policy, claim: Claim, month: Month) -> bool:
    """SUB-48, READ-11: one of the months before the restart, after the month in which the old card expired."""
    decided = claim.award_id in {decision.award_id for decision in life.back_payments}
    expired = expiry_before(life, policy, claim.applied) if claim.applied else None
    if claim.start is None or expired is None or not decided:
        return False
    first = claim.start.plus(-back_payment_months(policy, claim.division, claim.start))
    return first <= month < claim.start and Month.of(last_valid_day(life, policy, expired[0])) < month


def amount(life: Life, policy: Policy, claim: Claim, month: Month, new: Card | None) -> int:
    """READ-06: the best, by amount, of what held when the month before ended and of what began in this one.

    In the first month values held before the application do not count.
    """
    scope = coverage(policy, claim.scheme, claim.division, month)
    assert scope is not None
    next_month = changes_next_month(policy, claim.division, month)
    base = base_day(life, claim, month)
    cards = [new] if new else _candidates(held(life, policy, base), _issued(life, base, month), next_month=next_month)
    levels = [
        _candidates(
            life.level(kind, base),
            [life.level(kind, day) for day in days_of(month) if day > base],
            next_month=next_month,
        )
        for kind in (FactKind.ECONOMY, FactKind.SETTLEMENT, FactKind.SELF_CARE, FactKind.CARE_PLACE)
    ]
    found = [
        amount_for(policy, claim.scheme, claim.division, month, Values(*component, *values))
        for card in cards
        if card is not None
        for component in components(card)  # READ-12
        if component_fits(scope, *component)
        for values in product(*levels)
        if income_fits(scope.income, values[0])
    ]
    if all(fen is None for fen in found):
        raise RateIsMissing(claim.scheme, str(month))
    return max(fen for fen in found if fen is not None)


def base_day(life: Life, claim: Claim, month: Month) -> date:
    """The day whose values count besides those that begin later in the month."""
    if claim.applied is None or month != claim.start:
        return month.first_day - DAY
    if month == Month.of(claim.applied):
        return claim.applied
    card = life.card(claim.applied)
    assert card is not None
    return card.issued_on


def _issued(life: Life, base: date, month: Month) -> list[Card | None]:
    return [card for card in life.cards if base < card.issued_on <= month.last_day]


def _candidates(first: T | None, later: list[T | None], *, next_month: bool) -> list[T | None]:
    """What counts in a month; by the switch NEXT_MONTH only what held before, if anything did."""
    if next_month and first is not None:
        return [first]
    every = [first, *later]
    return [each for number, each in enumerate(every) if each not in every[:number]]

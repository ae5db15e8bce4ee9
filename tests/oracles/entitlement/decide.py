"""The three results, month by month, as RULES 4.9 writes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from itertools import product
from math import floor
from typing import TypeVar

from shared.values.month import Month
from tests.oracles.entitlement.cards import current, held, last_valid_day, switches
from tests.oracles.entitlement.conditions import (
    covers,
    covers_month,
    eligible_on,
    home_of_month,
    overlap,
    scope_of,
)
from tests.oracles.entitlement.life import DAY, Award, Card, Kind, Life
from tests.oracles.entitlement.policy import Overlap, Policy, Row, Tariff, in_force

T = TypeVar("T")
DIMENSIONS = {"income": Kind.INCOME, "self_care": Kind.SELF_CARE, "place": Kind.PLACE, "settlement": Kind.SETTLEMENT}
BACK_PAYMENT_MONTHS = 3
NONE = "NONE"
"""What a tariff row calls a dimension nobody has recorded."""


class RateIsMissing(Exception):
    """READ-14: an eligible month without a tariff row is an error held for a clerk, never a zero."""


def days_of(month: Month) -> Iterator[date]:
    """Every day of a month."""
    day = month.first_day
    while day <= month.last_day:
        yield day
        day += timedelta(days=1)


def entitled(
    life: Life, policy: Policy, scheme: str, month: Month, award: Award | None = None, new: Card | None = None
) -> int:
    """What facts and policy say, in fen. ``award`` fixes the county, ``new`` is the card of a back-payment (READ-11)."""
    county = award.county if award else home_of_month(life, month)
    if not county or not any(
        eligible_on(life, policy, scheme, county, day, month, own_day=False, card=new) for day in days_of(month)
    ):
        return 0
    fen = amount(life, policy, scheme, county, month, award, new)
    for spell in life.of(Kind.BENEFIT):  # SUB-11, SUB-13, READ-08: the whole of every month in which it runs
        runs = spell.since <= month.last_day and (spell.over is None or spell.over > month.first_day)
        if runs and overlap(policy, scheme, county, month, spell.value) is Overlap.HIGHER and spell.fen > fen:
            return 0
    return fen


def due(life: Life, policy: Policy, scheme: str, month: Month) -> int:
    """`entitled` in the months that decisions cover, in fen."""
    awards = sorted(
        (each for each in life.awards if each.scheme == scheme), key=lambda each: (each.start, each.applied)
    )
    for award in awards:  # READ-07: of two awards that cover a month the earlier one pays it
        if covers_month(life, policy, award, month):
            paused = any(
                pause.award == award.award and pause.first <= month and (pause.last is None or month <= pause.last)
                for pause in life.pauses
            )
            return 0 if paused else entitled(life, policy, scheme, month, award)
    for award in awards:
        new = current(life, award.applied)
        if new is not None and in_gap(life, policy, award, new, month):
            return entitled(life, policy, scheme, month, award, new)
    return 0


def payable(life: Life, policy: Policy, scheme: str, month: Month) -> int:
    """What is still to be paid; negative when too much was paid."""
    paid = sum(line.fen for line in life.lines if line.scheme == scheme and line.month == month)
    return due(life, policy, scheme, month) - paid


def in_gap(life: Life, policy: Policy, award: Award, new: Card, month: Month) -> bool:
    """READ-11: one of the three months before the restart, after the month in which the old card expired."""
    if all(granted.award != award.award for granted in life.back_payments):
        return False
    old = max((card for card in life.cards if card.issued < new.issued), key=lambda card: card.issued, default=None)
    return (
        old is not None
        and award.start.plus(-BACK_PAYMENT_MONTHS) <= month < award.start
        and Month.of(last_valid_day(life, policy, old)) < month
    )


def start_month(life: Life, policy: Policy, county: str, applied: date) -> Month:
    """SUB-35; SUB-47 with its switch: the month of issue of the first card after an expiry."""
    new = current(life, applied)
    if new is not None and switches(policy, county, Month.of(applied)).restart_from_card:
        old = max((card for card in life.cards if card.issued < new.issued), key=lambda card: card.issued, default=None)
        if old is not None and last_valid_day(life, policy, old) < new.issued - DAY:
            return Month.of(new.issued)
    return Month.of(applied)


def amount(
    life: Life, policy: Policy, scheme: str, county: str, month: Month, award: Award | None, new: Card | None
) -> int:
    """READ-06: the best of what held when the month before ended and of what began in this one, in fen."""
    scope, tariff = scope_of(policy, scheme, county, month), in_force(policy.tariffs[scheme], county, month)
    assert scope is not None
    next_month = switches(policy, county, month).rate_next_month
    base = month.first_day - DAY
    cards = [new] if new else []
    if award and month == award.start:  # values held before the application do not count
        card = current(life, award.applied)
        base = award.applied if month == Month.of(award.applied) else card.issued if card else base
    if new is None:
        later: list[Card | None] = [card for card in life.cards if base < card.issued <= month.last_day]
        cards = [
            card for card in _candidates(held(life, policy, base), later, next_month=next_month) if card is not None
        ]
    values = {
        name: _candidates(
            _value(life, kind, base),
            [_value(life, kind, day) for day in days_of(month) if day > base],
            next_month=next_month,
        )
        for name, kind in DIMENSIONS.items()
    }
    found = [
        fen
        for card in cards
        if covers(scope, card)
        for chosen in product(*values.values())
        if scope.incomes is None or chosen[0] in scope.incomes
        for component in card.components
        if component in scope.disabilities
        for fen in rates(policy, tariff, county, month, component, dict(zip(values, chosen, strict=True)))
    ]
    if not found:
        raise RateIsMissing(scheme, str(month))
    return max(found)


def _value(life: Life, kind: Kind, day: date) -> str | None:
    spell = life.on(kind, day)
    return spell.value if spell else None


def _candidates(first: T | None, later: list[T | None], *, next_month: bool) -> list[T | None]:
    """What counts in a month; by the switch NEXT_MONTH only what held before, if anything did."""
    return [first] if next_month and first is not None else [first, *dict.fromkeys(later)]


def rates(
    policy: Policy,
    tariff: Tariff | None,
    county: str,
    month: Month,
    component: tuple[int, int],
    values: dict[str, str | None],
) -> Iterator[int]:
    """The amounts of the rows for one component (READ-12), each rounded once (READ-15)."""
    facts = {"category": str(component[0]), "grade": str(component[1]), **values}
    for row in tariff.rows if tariff else ():
        if all((facts[name] or NONE) in allowed for name, allowed in row.when.items()):
            yield round_half_up(yuan_of(policy, row, county, month) * 100, tariff.round_to_fen if tariff else 1)


def yuan_of(policy: Policy, row: Row, county: str, month: Month) -> Fraction:
    """What a row pays in a month, before rounding."""
    yuan = row.yuan
    if row.of is not None:
        parameter = in_force(policy.parameters[row.of], county, month)
        if parameter is None:
            raise RateIsMissing(row.of, str(month))
        yuan *= parameter
    return yuan / 12 if row.per_year else yuan


def round_half_up(fen: Fraction, unit: int) -> int:
    """To the nearest whole unit, a half upwards."""
    return floor(fen / unit + Fraction(1, 2)) * unit

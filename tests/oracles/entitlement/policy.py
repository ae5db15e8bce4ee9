"""What a place decided, part by part: the most specific division that says anything about a part has the say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import TypeVar

from services.subsidy.domain.person_facts import Fact, FactKind
from services.subsidy.domain.policy import (
    Amount,
    Case,
    Coverage,
    Frequency,
    IncomeScope,
    Overlap,
    Per,
    PolicyDocument,
    RateChange,
    RestartBasis,
    RoundingMode,
    RoundTo,
    SchemePolicy,
    Tariff,
)
from shared.values.month import Month

T = TypeVar("T")
EVERYWHERE = "*"
DECEMBER = 12


class RateIsMissing(Exception):
    """READ-14: an eligible month without a tariff row is an error held for a clerk, never a zero."""


class Policy:
    """The documents of all divisions; which of them have the say in a place and month, the most specific first."""

    def __init__(self, documents: Iterable[PolicyDocument]) -> None:
        self.documents = tuple(documents)
        self._by_place: dict[tuple[str, Month], list[PolicyDocument]] = {}

    def over(self, division: str, month: Month) -> list[PolicyDocument]:
        """Of the most specific division first; of one division what came into force last, then what stands later."""
        if (division, month) not in self._by_place:
            place, _ = judged_by(division, month)
            fitting = [
                (0 if document.division == EVERYWHERE else len(document.division), document.since, number, document)
                for number, document in enumerate(self.documents)
                if is_within(place, document)
                and document.since <= str(month)
                and (document.until is None or str(month) < document.until)
            ]
            best_first = sorted(fitting, key=lambda each: each[:3], reverse=True)
            self._by_place[division, month] = [document for *_, document in best_first]
        return self._by_place[division, month]


def judged_by(division: str, month: Month) -> tuple[str, Month | None]:
    """The place whose policy a month has, and the month from which its successor's counts (ID-21).

    A county that was given up for another is written ``500101>2023-05:510104``.
    """
    first, *later = division.split(">")
    place, until = first, None
    for step in later:
        since, successor = step.split(":")
        if since <= str(month):
            place, until = successor, None
        elif until is None or Month.parse(since) < until:
            until = Month.parse(since)
    return place, until


def is_within(division: str, document: PolicyDocument) -> bool:
    """Whether a document is about a place."""
    return document.division == EVERYWHERE or (division != "" and division.startswith(document.division))


@dataclass(frozen=True)
class Values:
    """What a row of a tariff may ask about; None where nothing is recorded."""

    category: int
    grade: int
    economy: Fact | None
    settlement: Fact | None
    self_care: Fact | None
    place: Fact | None


def part(policy: Policy, division: str, month: Month, get: Callable[[PolicyDocument], T | None]) -> T | None:
    """The part of the most specific division that says anything about it."""
    return next((said for document in policy.over(division, month) if (said := get(document)) is not None), None)


def of_scheme(
    policy: Policy, scheme: str, division: str, month: Month, get: Callable[[SchemePolicy], T | None]
) -> T | None:
    """A part of one scheme."""
    return part(
        policy,
        division,
        month,
        lambda document: get(document.schemes[scheme]) if scheme in document.schemes else None,
    )


def coverage(policy: Policy, scheme: str, division: str, month: Month) -> Coverage | None:
    """Who the scheme is for; None where it is not offered."""
    return of_scheme(policy, scheme, division, month, lambda said: said.coverage)


def is_due_in(policy: Policy, scheme: str, division: str, month: Month) -> bool:
    """Whether the scheme pays in this month at all: every month, or one month of the year."""
    if of_scheme(policy, scheme, division, month, lambda said: said.frequency) is not Frequency.YEARLY:
        return True
    return of_scheme(policy, scheme, division, month, lambda said: said.due_month) == month.month


def overlap(policy: Policy, scheme: str, division: str, month: Month, benefit: FactKind) -> Overlap:
    """What another benefit does to the scheme; one that nobody has named does nothing (SUB-12, SUB-14)."""
    return of_scheme(policy, scheme, division, month, lambda said: said.overlaps.get(benefit)) or Overlap.STACK


def restarts_from_card(policy: Policy, division: str, month: Month) -> bool:
    """The switch of SUB-47."""
    return part(policy, division, month, lambda said: said.switches.restart_basis) is RestartBasis.CARD_ISSUE_MONTH


def changes_next_month(policy: Policy, division: str, month: Month) -> bool:
    """The switch of READ-06."""
    return part(policy, division, month, lambda said: said.switches.rate_change_effective) is RateChange.NEXT_MONTH


def expiry_is_inclusive(policy: Policy, division: str, month: Month) -> bool:
    """The switch of READ-20."""
    return part(policy, division, month, lambda said: said.switches.expiry_inclusive) is not False


def back_payment_months(policy: Policy, division: str, month: Month) -> int:
    """How many months before a restart may be paid back (SUB-48): three unless the place says fewer."""
    said = part(policy, division, month, lambda document: document.switches.back_payment_months_max)
    return 3 if said is None else said


def confirmation_is_used(policy: Policy, division: str, month: Month) -> bool:
    """Whether a missed annual confirmation stops money here (SUB-75)."""
    return part(policy, division, month, lambda said: said.switches.annual_confirmation) is True


def end_of_transition(policy: Policy, division: str, day: date) -> date | None:
    """The last day of the transition period a day lies in (SUB-49); those of all divisions around this one add up."""
    place, until = judged_by(division, Month.of(day))
    last_of_place = date.max if until is None else until.previous().last_day
    return max(
        (
            min(period.last_day, last_of_place)
            for document in policy.documents
            if is_within(place, document)
            for period in document.transitions
            if period.first_day <= day <= period.last_day
        ),
        default=None,
    )


def income_fits(scope: IncomeScope | None, economy: Fact | None) -> bool:
    """SUB-01, SUB-06: one of the classes, or an income low enough against the dibao standard."""
    if scope is None:
        return True
    if economy is None:
        return False
    low = scope.percent_max is not None and economy.income_percent is not None
    return economy.value in scope.classes or (low and economy.income_percent <= scope.percent_max)  # type: ignore[operator]


def component_fits(scope: Coverage, category: int, grade: int) -> bool:
    """SUB-02, SUB-06, ID-13."""
    return scope.cards is None or any(
        grade in cards.grades and (cards.categories is None or category in cards.categories) for cards in scope.cards
    )


def applies(case: Case, values: Values) -> bool:
    """Whether a row or a supplement is for these values; what nobody recorded is none of the values asked for."""
    asked = (
        (case.categories, values.category),
        (case.grades, values.grade),
        (case.economy, values.economy and values.economy.value),
        (case.dibao_classes, values.economy and values.economy.dibao_class),
        (case.settlements, values.settlement and values.settlement.value),
        (case.self_care, values.self_care and values.self_care.value),
        (case.places, values.place and values.place.value),
    )
    return all(allowed is None or value in allowed for allowed, value in asked)


def amount_for(policy: Policy, scheme: str, division: str, month: Month, values: Values) -> int | None:
    """What the tariff of a month pays for these values, in fen: by the first row that is for them; None if none is."""

    def begun(document: PolicyDocument) -> tuple[Tariff, str] | None:
        said = document.schemes.get(scheme)
        if said is None or said.tariff is None:
            return None
        since = said.tariff.since or document.since
        return (said.tariff, since) if since <= str(month) else None

    found = part(policy, division, month, begun)
    if found is None:
        return None
    tariff, since = found
    row = next((row for row in tariff.rows if applies(row.case, values)), None)
    if row is None:
        return None
    fen = base(policy, row.amount, division, month, Month.parse(since))
    added = [extra for extra in tariff.supplements if applies(extra.case, values)]
    fen *= 1 + sum((Fraction(extra.percent or Decimal(0)) / 100 for extra in added), Fraction(0))
    yearly = of_scheme(policy, scheme, division, month, lambda said: said.frequency) is Frequency.YEARLY
    if row.amount.per is Per.YEAR and not yearly:
        fen /= 12
    return rounded(fen + sum(extra.fen or 0 for extra in added), tariff.rounding)


def base(policy: Policy, amount: Amount, division: str, month: Month, since: Month) -> Fraction:
    """The amount of a month before supplements: stepped by date, raised each 1 January (READ-13), or a percentage."""
    if amount.parameter is not None:

        def value(document: PolicyDocument) -> int | None:
            said = [dated for dated in document.parameters.get(amount.parameter or "", ()) if dated.since <= str(month)]
            return max(said, key=lambda dated: dated.since).fen if said else None

        parameter = part(policy, division, month, value)
        if parameter is None:
            raise RateIsMissing(amount.parameter, str(month))
        return Fraction(parameter) * Fraction(amount.percent or Decimal(0)) / 100
    begun = [step for step in amount.steps if step.since <= str(month)]
    fen = Fraction(max(begun, key=lambda step: step.since).fen if begun else amount.fen or 0)
    if amount.increase is not None:
        fen += amount.increase.fen * max(0, min(month.year, amount.increase.last_year) - since.year)
    return fen


def rounded(fen: Fraction, to: RoundTo) -> int:
    """READ-15: once, after all steps."""
    units = fen / to.unit_fen
    match to.mode:
        case RoundingMode.DOWN:
            return floor(units) * to.unit_fen
        case RoundingMode.UP:
            return ceil(units) * to.unit_fen
        case RoundingMode.HALF_UP:
            return floor(units + Fraction(1, 2)) * to.unit_fen
        case RoundingMode.HALF_EVEN:
            return round(units) * to.unit_fen

"""The policy of every county and month: documents put on top of each other, part by part.

Pure and exact: amounts are fractions of fen until they are rounded once (READ-15). A county may be a line of counties
that succeeded each other (`county_line`): each has the say in its own months.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from typing import Any, Final, TypeVar

from services.subsidy.domain.county_line import Stage, county_in, stages
from services.subsidy.domain.person_facts import FactKind
from services.subsidy.domain.policy import (
    Amount,
    Coverage,
    Frequency,
    NoticeAt,
    Overlap,
    Per,
    PolicyDocument,
    Procedure,
    RateChange,
    RestartBasis,
    SchemePolicy,
    Switches,
    Tariff,
    Transition,
)
from shared.values.document_faults import NATION
from shared.values.month import Month

T = TypeVar("T")
MONTHS_A_YEAR: Final = 12
PREFIXES: Final = (6, 4, 2)
"""Lengths of the divisions that make policy: county, prefecture, province."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """All switches, decided."""

    restart_basis: RestartBasis = RestartBasis.APPLICATION_MONTH
    rate_change_effective: RateChange = RateChange.ISSUE_MONTH
    expiry_inclusive: bool = True
    back_payment_months_max: int = 3
    annual_confirmation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All time limits of an application, decided; profile P-B of SUB-22 where nobody says otherwise."""

    first_check_days: int = 10
    review_days: int = 10
    determination_days: int = 10
    notice_days: int = 5
    notice_in_calendar_days: bool = False
    notice_at: NoticeAt = NoticeAt.VILLAGE
    closing_days: int = 5
    push_days: int = 3
    remote_decision_days: int = 10
    tell_days: int = 3
    review_request_days: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """What one scheme is in one county in one month, without its amounts."""

    scheme: str
    coverage: Coverage
    overlaps: frozenset[tuple[FactKind, Overlap]]
    due_month: int | None
    choices: Choices

    def kinds(self, overlap: Overlap) -> frozenset[FactKind]:
        """The benefits that have this effect."""
        return frozenset(kind for kind, effect in self.overlaps if effect is overlap)


@dataclass(frozen=True, slots=True)
class PricedTariff:
    """A tariff of a month: its rows with their amounts a month in fen, not rounded yet; None: no parameter of it."""

    tariff: Tariff
    amounts: tuple[Fraction | None, ...]


@dataclass(frozen=True, slots=True)
class _Placed:
    document: PolicyDocument
    since: Month
    until: Month | None

    def in_force(self, month: Month) -> bool:
        return self.since <= month and (self.until is None or month < self.until)


@dataclass(slots=True)
class PolicyBook:
    """All documents that count. What is asked again is remembered."""

    documents: Sequence[PolicyDocument]
    _by_division: dict[str, list[_Placed]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for document in self.documents:
            placed = _Placed(
                document,
                Month.parse(document.since),
                None if document.until is None else Month.parse(document.until),
            )
            self._by_division.setdefault(document.division, []).append(placed)
        for placed_here in self._by_division.values():
            placed_here.sort(key=lambda placed: placed.since)  # stable: of one month the later in the list counts
            placed_here.reverse()

    @property
    def schemes(self) -> tuple[str, ...]:
        """Every scheme any document knows."""
        return tuple(sorted({code for document in self.documents for code in document.schemes}))

    @property
    def first_month(self) -> Month | None:
        """The first month any document holds."""
        return min((Month.parse(document.since) for document in self.documents), default=None)

    def maker(self, county: str) -> str:
        """The chain of divisions whose documents concern a county, as a key: equal chains, equal policy."""
        return ">".join(f"{stage.since}/{'/'.join(self._chain(stage.county))}" for stage in stages(county))

    def _chain(self, county: str) -> list[str]:
        """Divisions with documents, the most specific first."""
        return [each for each in (*(county[:length] for length in PREFIXES), NATION) if each in self._by_division]

    def _in_force(self, county: str, month: Month) -> Iterator[_Placed]:
        """Documents of a county in a month, the strongest first."""
        for division in self._chain(county_in(county, month)):
            yield from (placed for placed in self._by_division[division] if placed.in_force(month))

    def concerning(self, county: str, month: Month) -> Iterator[PolicyDocument]:
        """The documents in force for a county in a month, the strongest first."""
        return (placed.document for placed in self._in_force(county, month))

    def _first(self, county: str, month: Month, part: Callable[[PolicyDocument], T | None]) -> T | None:
        return next(
            (found for placed in self._in_force(county, month) if (found := part(placed.document)) is not None), None
        )

    def _scheme_part(
        self, county: str, month: Month, scheme: str, part: Callable[[SchemePolicy], T | None]
    ) -> T | None:
        def of(document: PolicyDocument) -> T | None:
            policy = document.schemes.get(scheme)
            return None if policy is None else part(policy)

        return self._first(county, month, of)

    def title(self, county: str, month: Month, scheme: str) -> str:
        """The name of a scheme."""
        return self._scheme_part(county, month, scheme, lambda policy: policy.title_zh) or scheme

    def quota(self, county: str, month: Month, scheme: str) -> int | None:
        """How many awards of a scheme the county may have."""
        return self._scheme_part(county, month, scheme, lambda policy: policy.quota)

    def choices(self, county: str, month: Month) -> Choices:
        """The switches of a county."""
        return Choices(**self._chosen(county, month, Switches, lambda document: document.switches))

    def limits(self, county: str, month: Month) -> Limits:
        """The time limits of an application in a county (SUB-22)."""
        return Limits(**self._chosen(county, month, Procedure, lambda document: document.procedure))

    def _chosen(
        self, county: str, month: Month, kind: type[Switches | Procedure], part: Callable[[PolicyDocument], Any]
    ) -> dict[str, Any]:
        """Each field of a part of documents, from the strongest document that says anything about it."""
        return {
            name: value
            for name in kind.__dataclass_fields__
            if (value := self._first(county, month, lambda document: getattr(part(document), name))) is not None  # noqa: B023 - used at once
        }

    def regime(self, county: str, month: Month, scheme: str) -> Regime | None:
        """What a scheme is in a county in a month; None where it is not offered."""
        coverage = self._scheme_part(county, month, scheme, lambda policy: policy.coverage)
        if coverage is None:
            return None
        overlaps = {
            kind: effect
            for kind in FactKind
            if (effect := self._scheme_part(county, month, scheme, lambda policy: policy.overlaps.get(kind)))  # noqa: B023 - used at once
        }
        return Regime(
            scheme=scheme,
            coverage=coverage,
            overlaps=frozenset(overlaps.items()),
            due_month=self.due_month(county, month, scheme),
            choices=self.choices(county, month),
        )

    def due_month(self, county: str, month: Month, scheme: str) -> int | None:
        """The month of the year a yearly scheme is due in; None for a monthly one."""
        timing = self._scheme_part(
            county,
            month,
            scheme,
            lambda policy: None if policy.frequency is None else (policy.frequency, policy.due_month),
        )
        return timing[1] if timing is not None and timing[0] is Frequency.YEARLY else None

    def parameter(self, county: str, month: Month, name: str) -> int | None:
        """The value of a parameter in fen; None where nobody has set it yet."""

        def of(document: PolicyDocument) -> int | None:
            known = [dated for dated in document.parameters.get(name, ()) if Month.parse(dated.since) <= month]
            return max(known, key=lambda dated: dated.since).fen if known else None

        return self._first(county, month, of)

    def priced(self, county: str, month: Month, scheme: str) -> PricedTariff | None:
        """The tariff of a month; None where there is none."""
        for placed in self._in_force(county, month):
            policy = placed.document.schemes.get(scheme)
            tariff = None if policy is None else policy.tariff
            if tariff is None:
                continue
            begun = placed.since if tariff.since is None else Month.parse(tariff.since)
            if begun <= month:
                yearly = self.due_month(county, month, scheme) is not None
                amounts = tuple(self._amount(county, month, row.amount, begun, yearly=yearly) for row in tariff.rows)
                return PricedTariff(tariff, amounts)
        return None

    def _amount(self, county: str, month: Month, amount: Amount, begun: Month, *, yearly: bool) -> Fraction | None:
        if amount.parameter is not None:
            parameter = self.parameter(county, month, amount.parameter)
            if parameter is None:
                return None
            base = Fraction(parameter) * Fraction(amount.percent or 0) / 100
        else:
            base = Fraction(fixed_fen(amount, month, begun))
        return base / MONTHS_A_YEAR if amount.per is Per.YEAR and not yearly else base

    def transitions(self, county: str) -> tuple[Transition, ...]:
        """Periods in which expired cards go on counting (READ-10), of the county and everything it lies in."""
        return tuple(
            within
            for stage in stages(county)
            for division in self._chain(stage.county)
            for placed in self._by_division[division]
            for transition in placed.document.transitions
            if (within := _within(transition, stage)) is not None
        )

    def changes(self, county: str) -> tuple[Month, ...]:
        """The months in which anything but amounts may change, sorted."""
        months: set[Month] = set()
        for stage in stages(county):
            if stage.since is not None:
                months.add(stage.since)
            for division in self._chain(stage.county):
                for placed in self._by_division[division]:
                    months.add(placed.since)
                    if placed.until is not None:
                        months.add(placed.until)
        return tuple(sorted(months))


def _within(transition: Transition, stage: Stage) -> Transition | None:
    """The part of a transition period that lies in the months of a county; None: no day of it."""
    first = transition.first_day if stage.since is None else max(transition.first_day, stage.since.first_day)
    last = transition.last_day if stage.until is None else min(transition.last_day, stage.until.previous().last_day)
    return replace(transition, first_day=first, last_day=last) if first <= last else None


def fixed_fen(amount: Amount, month: Month, begun: Month) -> int:
    """A fixed amount with the steps and yearly increases that have come by a month (READ-13)."""
    fen = amount.fen or 0
    come = [step for step in amount.steps if Month.parse(step.since) <= month]
    if come:
        fen = max(come, key=lambda step: step.since).fen
    if amount.increase is not None:
        years = min(month.year, amount.increase.last_year) - begun.year
        fen += amount.increase.fen * max(years, 0)
    return fen


@cache
def months_between(first: Month, last: Month) -> tuple[Month, ...]:
    """Every month from one to another, both included."""
    return tuple(first.through(last))

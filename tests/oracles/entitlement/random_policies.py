"""Random policies: a nation, provinces, prefectures and counties that each decide some parts and inherit the rest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, TypeVar

from hypothesis import strategies as st

from services.subsidy.domain.person_facts import BENEFITS, CarePlace, Economy, FactKind, SelfCare, Settlement
from services.subsidy.domain.policy import (
    Amount,
    CardScope,
    Case,
    Coverage,
    Dated,
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
    Step,
    Supplement,
    Switches,
    Tariff,
    TariffRow,
    Transition,
    YearlyIncrease,
)
from tests.oracles.entitlement.histories import COUNTIES, MONTHS, SCHEMES, WHEEL
from tests.oracles.entitlement.story import LIVING, NURSING

V = TypeVar("V")
FROM_THE_FIRST: Final = "2010-01"
BELOW: Final = tuple(sorted({code[:length] for code in COUNTIES for length in (2, 4, 6)}))
EVERY_GRADE: Final = (1, 2, 3, 4)
_MONTHS: Final = st.sampled_from(tuple(map(str, MONTHS)))
_FEN: Final = st.sampled_from((0, 4000, 5050, 6667, 9000, 12345, 80000, 84000))
_PERCENT: Final = st.sampled_from(tuple(map(Decimal, ("0.5", "10", "30", "33.33", "50"))))
_GRADES: Final = st.lists(st.sampled_from(EVERY_GRADE), min_size=1, unique=True).map(tuple)
_CATEGORIES: Final = st.lists(st.integers(1, 6), min_size=1, unique=True).map(tuple)


def some(values: Iterable[V]) -> st.SearchStrategy[tuple[V, ...]]:
    """Some of the values of an enumeration."""
    return st.lists(st.sampled_from(tuple(values)), min_size=1, max_size=2, unique=True).map(tuple)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """To whom a row applies; mostly asking for one or two things."""
    return Case(
        categories=draw(st.one_of(st.none(), _CATEGORIES)),
        grades=draw(st.one_of(st.none(), _GRADES)),
        self_care=draw(some(SelfCare)) if draw(st.booleans()) else None,
        economy=draw(some(Economy)) if draw(st.booleans()) else None,
        dibao_classes=draw(st.one_of(st.none(), st.just((1, 2)))) if draw(st.booleans()) else None,
        settlements=draw(some(Settlement)) if draw(st.booleans()) else None,
        places=draw(some(CarePlace)) if draw(st.booleans()) else None,
    )


@st.composite
def amounts(draw: st.DrawFn) -> Amount:
    """Fixed, stepped, raised every year, or a share of a parameter; a month or a year."""
    per = draw(st.sampled_from(Per))
    match draw(st.integers(0, 3)):
        case 0:
            return Amount(percent=draw(_PERCENT), parameter="dibao_standard", per=per)
        case 1:
            since = draw(st.lists(_MONTHS, min_size=1, max_size=2, unique=True))
            return Amount(
                fen=draw(_FEN), per=per, steps=tuple(Step(since=month, fen=draw(_FEN)) for month in sorted(since))
            )
        case 2:
            last = draw(st.integers(2021, 2024))
            return Amount(fen=draw(_FEN), per=per, increase=YearlyIncrease(fen=1000, last_year=last))
        case _:
            return Amount(fen=draw(_FEN), per=per)


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    """Rows of which the first that applies counts; usually one for all others at the end."""
    rows = [TariffRow(case=draw(cases()), amount=draw(amounts())) for _ in range(draw(st.integers(0, 2)))]
    if draw(st.integers(0, 9)):
        rows.append(TariffRow(case=Case(), amount=draw(amounts())))
    extra = [
        Supplement(
            case=draw(cases()), percent=draw(st.one_of(st.none(), _PERCENT)), fen=draw(st.sampled_from((None, 2000)))
        )
        for _ in range(draw(st.integers(0, 2)))
    ]
    rounding = RoundTo(unit_fen=draw(st.sampled_from((1, 100, 500))), mode=draw(st.sampled_from(RoundingMode)))
    since = draw(st.one_of(st.none(), st.none(), _MONTHS))
    return Tariff(rows=tuple(rows), supplements=tuple(extra), rounding=rounding, since=since)


@st.composite
def coverages(draw: st.DrawFn, scheme: str) -> Coverage:
    """Who the scheme is for, as law and place have it."""
    if scheme == WHEEL:
        return Coverage(requires=(FactKind.MOTOR_WHEELCHAIR,), cards=(CardScope(grades=EVERY_GRADE, categories=(4,)),))
    cards = [CardScope(grades=(1, 2))] if scheme == NURSING else [CardScope(grades=EVERY_GRADE)]
    if draw(st.booleans()):
        cards.append(CardScope(grades=draw(_GRADES), categories=draw(_CATEGORIES)))
    income = IncomeScope(
        classes=tuple({Economy.DIBAO, *draw(st.lists(st.sampled_from(tuple(Economy)), max_size=2))}),
        percent_max=draw(st.sampled_from((None, 100, 149))),
    )
    return Coverage(
        cards=draw(st.sampled_from((tuple(cards), tuple(cards), None))),
        income=income if scheme == LIVING or not draw(st.integers(0, 5)) else None,
        care_need=draw(st.booleans()) if scheme == NURSING else False,
    )


@st.composite
def scheme_parts(draw: st.DrawFn, scheme: str, *, whole: bool) -> SchemePolicy:
    """Some parts of a scheme; all of them at the top."""
    yearly = scheme == WHEEL and whole
    matrix = {
        kind: draw(st.sampled_from(Overlap))
        for kind in draw(st.lists(st.sampled_from(BENEFITS), max_size=4, unique=True))
    }
    if whole and scheme == NURSING:
        matrix |= {FactKind.ELDER_NURSING: Overlap.HIGHER, FactKind.TEKUN: Overlap.EXCLUDE}
    return SchemePolicy(
        frequency=Frequency.YEARLY if yearly else None,
        due_month=draw(st.integers(1, 12)) if yearly else None,
        coverage=draw(coverages(scheme)) if whole or not draw(st.integers(0, 2)) else None,
        tariff=draw(tariffs()) if whole or draw(st.booleans()) else None,
        overlaps=matrix,
    )


@st.composite
def transitions(draw: st.DrawFn) -> Transition:
    """A period in which cards go on counting."""
    first = draw(st.dates(date(2022, 1, 1), date(2024, 6, 30)))
    return Transition(first_day=first, last_day=first + timedelta(days=draw(st.sampled_from((0, 30, 120)))), reason="r")


@st.composite
def documents(draw: st.DrawFn, division: str, *, whole: bool = False) -> PolicyDocument:
    """What a division decided."""
    schemes = SCHEMES if whole else draw(st.lists(st.sampled_from(SCHEMES), max_size=2, unique=True))
    since = FROM_THE_FIRST if whole else draw(st.one_of(st.just(FROM_THE_FIRST), _MONTHS))
    until = None if whole else draw(st.one_of(st.none(), st.none(), _MONTHS))
    return PolicyDocument(
        division=division,
        title="t",
        legal_basis="l",
        since=since,
        until=None if until is None or until <= since else until,
        schemes={scheme: draw(scheme_parts(scheme, whole=whole)) for scheme in schemes},
        parameters={
            "dibao_standard": tuple(
                Dated(since=month, fen=draw(st.sampled_from((60000, 78300, 100000))))
                for month in [since, *draw(st.lists(_MONTHS.filter(lambda each: each > since), max_size=1))]
            )
        }
        if whole or draw(st.booleans())
        else {},
        switches=Switches(
            restart_basis=draw(st.sampled_from((None, *RestartBasis))),
            rate_change_effective=draw(st.sampled_from((None, *RateChange))),
            expiry_inclusive=draw(st.sampled_from((None, True, False))),
            back_payment_months_max=draw(st.sampled_from((None, 0, 2, 3))),
            annual_confirmation=draw(st.sampled_from((None, True, False))),
        )
        if draw(st.booleans())
        else Switches(),
        transitions=tuple(draw(st.lists(transitions(), max_size=1))) if draw(st.booleans()) else (),
    )


@st.composite
def policies(draw: st.DrawFn) -> tuple[PolicyDocument, ...]:
    """A nation and up to four more documents."""
    below = draw(st.lists(st.sampled_from(("*", *BELOW)), max_size=4))
    return (draw(documents("*", whole=True)), *(draw(documents(division)) for division in below))

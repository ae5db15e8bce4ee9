"""Definitions, periods, rates and ranks as values."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.domain.definition import (
    FULL,
    Catalogue,
    Count,
    Direction,
    Nature,
    PeriodType,
    Rate,
    Reported,
    basis_points,
)
from services.indicators.domain.period import PeriodIsInvalid, Span
from services.indicators.entrypoints.http.report_schemas import ranks
from services.indicators.use_cases.read_board import met_by
from shared.values.month import Month

SPANS = st.builds(
    Span.parse,
    st.one_of(
        st.builds("{}-{:02}".format, st.integers(1900, 2199), st.integers(1, 12)),
        st.builds("{}-Q{}".format, st.integers(1900, 2199), st.integers(1, 4)),
        st.builds("{}-H{}".format, st.integers(1900, 2199), st.integers(1, 2)),
        st.builds("{}".format, st.integers(1900, 2199)),
    ),
)


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_a_rate_is_off_by_half_a_basis_point_at_most(numerator: int, denominator: int) -> None:
    """RU-01."""
    value = basis_points(numerator, denominator)
    assert value is not None
    assert abs(Fraction(value) - Fraction(FULL * numerator, denominator)) <= Fraction(1, 2)


@given(st.integers(0, 10**12))
def test_over_nothing_there_is_no_rate(numerator: int) -> None:
    """RU-06: neither 0 nor 100 %."""
    assert basis_points(numerator, 0) is None


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**6)), min_size=2, max_size=5))
def test_the_rate_of_the_whole_lies_between_those_of_the_parts(parts: list[tuple[int, int]]) -> None:
    """RU-01: the sum over the sum; never the mean of percentages, which may lie elsewhere between them."""
    whole = basis_points(sum(part[0] for part in parts), sum(part[1] for part in parts))
    rates = [basis_points(*part) or 0 for part in parts]
    assert whole is not None
    assert min(rates) <= whole <= max(rates)


@given(SPANS)
def test_a_period_is_read_as_it_is_written(span: Span) -> None:
    """RU-07."""
    assert Span.parse(str(span)) == span
    assert span.last.minus(span.first) + 1 == {"MONTH": 1, "QUARTER": 3, "HALF": 6, "YEAR": 12}[span.kind.value]


@given(SPANS)
def test_the_period_before_ends_where_this_one_begins(span: Span) -> None:
    assert span.before().last.next() == span.first
    assert span.a_year_before().kind is span.kind


@pytest.mark.parametrize(
    "text", ["", "2026-13", "2026-00", "2026-Q5", "2026-H3", "26-01", "2026-1", "２０２６", "2026-01\n"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(PeriodIsInvalid):
        Span.parse(text)


def test_values_are_due_on_their_day_of_the_following_month() -> None:
    """KPI-48."""
    assert Span.parse("2026-12").due(7) == date(2027, 1, 7)
    assert Span.parse("2026-H1").due(7) == date(2026, 7, 7)
    assert Span.of(Month(2026, 2)).due(1) == date(2026, 3, 1)


def test_the_best_is_first_and_equals_share_a_rank() -> None:
    values = [5, None, 7, 7, 1]
    assert ranks(values, Direction.UP) == [3, None, 1, 1, 4]
    assert ranks(values, Direction.DOWN) == [2, None, 3, 3, 1]
    assert ranks(values, None) == [None] * 5


@pytest.mark.parametrize(
    ("value", "target", "direction", "met"),
    [
        (10, 10, Direction.UP, True),
        (9, 10, Direction.UP, False),
        (0, 0, Direction.DOWN, True),
        (1, 0, Direction.DOWN, False),
        (None, 0, Direction.DOWN, None),
        (1, None, Direction.UP, None),
        (1, 1, None, None),
    ],
)
def test_a_target_is_met_in_its_direction(
    value: int | None, target: int | None, direction: Direction | None, *, met: bool | None
) -> None:
    assert met_by(value, target, direction) is met


def test_a_rate_of_something_unknown_is_no_catalogue() -> None:
    lost = replace(CATALOGUE.get("nursing_share"), form=Rate("nursing_recipients", "happiness"))
    with pytest.raises(ValueError, match="nursing_share"):
        Catalogue([lost])


def test_a_definition_changes_only_with_a_higher_version() -> None:
    persons = CATALOGUE.get("persons")
    with pytest.raises(ValueError, match="persons"):
        Catalogue([persons, persons])
    newer = replace(persons, version=2, zh="新口径")
    assert Catalogue([persons, newer]).get("persons") == newer


def test_forms_tell_their_nature_and_periods() -> None:
    """RU-03, RU-07."""
    natures = {each.code: each.nature for each in CATALOGUE}
    assert natures["persons"] is Nature.STOCK
    assert natures["certificates_issued"] is Nature.FLOW
    assert natures["recipients_in_period"] is Nature.FLOW
    assert natures["rehab_persons"] is Nature.CUMULATIVE
    assert natures["nursing_share"] is natures["device_rate"] is Nature.RATE
    assert CATALOGUE.get("device_rate").periods == (PeriodType.HALF, PeriodType.YEAR)
    assert CATALOGUE.get("persons").periods == tuple(PeriodType)


def test_what_is_computed_names_the_publisher_it_is_made_from() -> None:
    for each in CATALOGUE:
        assert isinstance(each.form, Count | Rate | Reported)
        assert not isinstance(each.form, Count) or each.form.kind.source is not None

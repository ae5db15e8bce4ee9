"""The day a month is counted on."""

from datetime import date

import pytest

from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.domain.definition import Count, Counting, Kind, Source
from services.indicators.domain.errors import IndicatorNotFound, MonthNotReached, PeriodNotAllowed
from services.indicators.domain.period import MONTHS_MAX, Period, periods
from shared.values.month import Month

TODAY = date(2026, 11, 22)


def test_a_month_that_is_over_is_counted_on_its_last_day() -> None:
    assert Period.of(Month(2026, 2), today=TODAY).reference_date == date(2026, 2, 28)


def test_the_running_month_is_counted_today() -> None:
    assert Period.of(Month(2026, 11), today=TODAY).reference_date == TODAY


def test_on_its_last_day_a_month_is_counted_that_day() -> None:
    assert Period.of(Month(2026, 11), today=date(2026, 11, 30)).reference_date == date(2026, 11, 30)


def test_a_month_that_has_not_begun_is_refused() -> None:
    with pytest.raises(MonthNotReached) as refusal:
        Period.of(Month(2026, 12), today=TODAY)
    assert refusal.value.facts == {"month": "2026-12", "latest": "2026-11"}


def test_the_ends_of_the_running_month_are_known_up_to_today_but_awards_end_with_the_month() -> None:
    """SUB-38: an award suspended today is due for the whole month, and the last time this month."""
    running = Period.of(Month(2026, 11), today=TODAY)
    assert running.last_end(Kind.CERTIFICATE) == TODAY
    assert running.last_end(Kind.AWARD) == date(2026, 11, 30)


def test_a_series_holds_every_month_once() -> None:
    asked = periods(Month(2026, 9), Month(2026, 11), today=TODAY)
    assert [period.reference_date for period in asked] == [date(2026, 9, 30), date(2026, 10, 31), TODAY]


def test_a_series_of_one_month_is_a_series() -> None:
    assert len(periods(Month(2026, 11), Month(2026, 11), today=TODAY)) == 1


def test_three_years_are_allowed_and_a_month_more_is_not() -> None:
    last = Month(2026, 11)
    assert len(periods(last.plus(1 - MONTHS_MAX), last, today=TODAY)) == MONTHS_MAX
    with pytest.raises(PeriodNotAllowed):
        periods(last.plus(-MONTHS_MAX), last, today=TODAY)


def test_a_series_that_runs_backward_is_refused() -> None:
    with pytest.raises(PeriodNotAllowed):
        periods(Month(2026, 11), Month(2026, 10), today=TODAY)


def test_a_series_into_a_month_that_has_not_begun_is_refused() -> None:
    with pytest.raises(MonthNotReached):
        periods(Month(2026, 10), Month(2026, 12), today=TODAY)


def test_all_definitions_are_meant_when_none_is_named() -> None:
    assert [*CATALOGUE.asked(None)] == [*CATALOGUE]


def test_definitions_keep_the_order_of_the_catalogue() -> None:
    assert [each.code for each in CATALOGUE.asked(["rehab_cases", "persons"])] == ["persons", "rehab_cases"]


def test_an_unknown_indicator_is_refused_with_the_known_ones() -> None:
    with pytest.raises(IndicatorNotFound) as refusal:
        CATALOGUE.asked(["persons", "happiness"])
    assert refusal.value.facts["indicator"] == "happiness"
    assert "persons" in str(refusal.value.facts["allowed"])


def test_every_definition_is_complete_in_both_languages_and_named_once() -> None:
    for each in CATALOGUE:
        assert all((each.zh, each.en, each.unit_zh, each.unit_en, each.rule_zh, each.rule_en))


def test_each_publisher_decides_its_own_kinds() -> None:
    """A replay of one publisher must not touch what another one decided."""
    assert {kind: kind.source for kind in Kind} == {
        Kind.PERSON: Source.REGISTRY,
        Kind.CERTIFICATE: Source.REGISTRY,
        Kind.STOP: Source.REGISTRY,
        Kind.AWARD: Source.SUBSIDY,
        Kind.CASE: Source.REHAB,
    }


def test_only_subsidies_are_owed_by_the_month() -> None:
    assert [kind for kind in Kind if kind.by_month] == [Kind.AWARD]


def test_what_turns_is_never_counted_by_persons() -> None:
    counts = [each.form for each in CATALOGUE if isinstance(each.form, Count)]
    assert not [each for each in counts if each.counting in {Counting.BEGAN, Counting.ENDED} and each.distinct]

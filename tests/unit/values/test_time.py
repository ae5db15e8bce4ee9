"""Months, whole years and working days: CERT-12, CERT-05, READ-20."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values import (
    DayIsInvalid,
    ExceptionIsOutsideTheCalendar,
    Month,
    MonthIsInvalid,
    WorkingDays,
    WorkingDaysOfYearAreUnknown,
    add_years,
    age_on,
    last_valid_day,
    parse_day,
)

months = st.builds(Month, st.integers(1900, 2200), st.integers(1, 12))
days = st.dates(date(1900, 1, 1), date(2200, 12, 31))


@given(months)
def test_reading_what_was_written_gives_the_same_month(month: Month) -> None:
    assert Month.parse(str(month)) == month


@pytest.mark.parametrize(
    "wrong", ["2023-13", "2023-00", "2023-5", "202305", "2023-05-01", "0000-01", "", "２０２３-05"]
)
def test_anything_else_is_no_month(wrong: str) -> None:
    with pytest.raises(MonthIsInvalid):
        Month.parse(wrong)


@given(months, st.integers(-500, 500), st.integers(-500, 500))
def test_adding_months_is_addition(month: Month, some: int, more: int) -> None:
    assert month.plus(some).plus(more) == month.plus(some + more)
    assert month.plus(some).minus(month) == some
    assert (month.plus(some) > month) == (some > 0)


@given(months)
def test_months_follow_each_other_without_gap_or_overlap(month: Month) -> None:
    assert month.last_day + timedelta(days=1) == month.next().first_day
    assert month.next().previous() == month


@given(days)
def test_a_day_lies_in_its_month_alone(day: date) -> None:
    month = Month.of(day)
    assert month.contains(day)
    assert not month.next().contains(day)
    assert month.first_day <= day <= month.last_day


def test_a_run_of_months_includes_both_ends() -> None:
    assert [str(month) for month in Month(2022, 11).through(Month(2023, 2))] == [
        "2022-11",
        "2022-12",
        "2023-01",
        "2023-02",
    ]
    assert list(Month(2023, 2).through(Month(2023, 1))) == []


def test_the_calendar_ends() -> None:
    with pytest.raises(MonthIsInvalid):
        Month(9999, 12).next()


@given(days, st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"]))
def test_a_day_is_read_in_the_ways_files_write_it(day: date, written: str) -> None:
    assert parse_day(day.strftime(written)) == day
    assert parse_day("２０２３／５／１") == date(2023, 5, 1)


@pytest.mark.parametrize("wrong", ["", "2023-02-29", "2023-05/01", "23-05-01", "2023-5", "45047", "20230532", "明天"])
def test_anything_else_is_no_day(wrong: str) -> None:
    with pytest.raises(DayIsInvalid):
        parse_day(wrong)


def test_29_february_becomes_28_february_in_a_common_year() -> None:
    assert add_years(date(2016, 2, 29), 10) == date(2026, 2, 28)
    assert add_years(date(2016, 2, 29), 8) == date(2024, 2, 29)
    assert add_years(date(2024, 2, 29), -1) == date(2023, 2, 28)


@given(days, st.integers(-60, 60))
def test_adding_years_keeps_month_and_day_but_for_29_february(day: date, years: int) -> None:
    later = add_years(day, years)
    assert (later.year, later.month) == (day.year + years, day.month)
    assert later.day == day.day or (day.month, day.day, later.day) == (2, 29, 28)


def test_a_year_outside_the_calendar_is_an_error_and_not_28_february() -> None:
    with pytest.raises(ValueError, match="year"):
        add_years(date(2024, 2, 28), 9000)


@given(days)
def test_what_is_issued_for_ten_years_is_valid_through_the_anniversary(issued: date) -> None:
    assert last_valid_day(issued) == add_years(issued, 10)
    assert last_valid_day(issued, inclusive=False) == add_years(issued, 10) - timedelta(days=1)


def test_expiry_of_29_february() -> None:
    assert last_valid_day(date(2016, 2, 29)) == date(2026, 2, 28)


@given(days, days)
def test_age_counts_completed_years(born: date, day: date) -> None:
    age = age_on(day, born=born)
    assert add_years(born, age) <= day < add_years(born, age + 1)


# 2026 around the spring festival: 15-23 February off, 14 and 28 February worked instead.
FESTIVAL = {date(2026, 2, day): False for day in range(15, 24)} | {date(2026, 2, 14): True, date(2026, 2, 28): True}
CALENDAR = WorkingDays.of([2026], FESTIVAL)


def test_a_limit_of_working_days_skips_holidays_and_counts_days_worked_instead() -> None:
    assert CALENDAR.after(date(2026, 2, 12), 1) == date(2026, 2, 13)
    assert CALENDAR.after(date(2026, 2, 12), 5) == date(2026, 2, 26)
    assert CALENDAR.after(date(2026, 2, 26), 2) == date(2026, 2, 28)
    assert CALENDAR.is_working(date(2026, 2, 14))
    assert not CALENDAR.is_working(date(2026, 2, 17))
    assert not CALENDAR.is_working(date(2026, 3, 1))


@given(st.dates(date(2026, 1, 1), date(2026, 6, 30)), st.integers(1, 60))
def test_a_limit_ends_on_a_working_day_and_holds_as_many_as_asked(start: date, limit: int) -> None:
    end = CALENDAR.after(start, limit)
    assert CALENDAR.is_working(end)
    assert CALENDAR.between(start, end) == limit


def test_counting_backwards_gives_nothing() -> None:
    assert CALENDAR.between(date(2026, 3, 2), date(2026, 3, 1)) == 0
    with pytest.raises(ValueError, match="at least one"):
        CALENDAR.after(date(2026, 3, 2), 0)


def test_a_year_nobody_entered_fails_loudly() -> None:
    with pytest.raises(WorkingDaysOfYearAreUnknown) as refused:
        CALENDAR.after(date(2026, 12, 30), 5)
    assert "2027" in refused.value.zh
    with pytest.raises(ExceptionIsOutsideTheCalendar):
        WorkingDays.of([2026], {date(2027, 1, 1): False})


def test_the_next_year_is_asked_for_from_november_on() -> None:
    assert CALENDAR.missing_year(date(2026, 10, 31)) is None
    assert CALENDAR.missing_year(date(2026, 11, 1)) == 2027
    assert CALENDAR.missing_year(date(2027, 1, 1)) == 2027


def test_exceptions_that_say_nothing_new_are_dropped() -> None:
    assert WorkingDays.of([2026], {date(2026, 1, 3): False, date(2026, 1, 5): True}) == WorkingDays.of([2026], {})

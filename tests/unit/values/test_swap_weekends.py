"""Deadlines in working days across the State Council's notices of 2023 to 2026, written down here from the notices."""

from datetime import date, timedelta
from typing import Final

import pytest

from shared.kit.working_days import seeded
from shared.values.working_days import WorkingDaysOfYearAreUnknown

NOTICES: Final[dict[int, tuple[tuple[tuple[str, str], ...], tuple[str, ...]]]] = {
    2023: (
        (
            *(("01-01", "01-02"), ("01-21", "01-27"), ("04-05", "04-05"), ("04-29", "05-03")),
            *(("06-22", "06-24"), ("09-29", "10-06")),
        ),
        ("01-28", "01-29", "04-23", "05-06", "06-25", "10-07", "10-08"),
    ),
    2024: (
        (
            *(("01-01", "01-01"), ("02-10", "02-17"), ("04-04", "04-06"), ("05-01", "05-05")),
            *(("06-10", "06-10"), ("09-15", "09-17"), ("10-01", "10-07")),
        ),
        ("02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"),
    ),
    2025: (
        (
            *(("01-01", "01-01"), ("01-28", "02-04"), ("04-04", "04-06"), ("05-01", "05-05")),
            *(("05-31", "06-02"), ("10-01", "10-08")),
        ),
        ("01-26", "02-08", "04-27", "09-28", "10-11"),
    ),
    2026: (
        (
            *(("01-01", "01-03"), ("02-15", "02-23"), ("04-04", "04-06"), ("05-01", "05-05")),
            *(("06-19", "06-21"), ("09-25", "09-27"), ("10-01", "10-07")),
        ),
        ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10"),
    ),
}
"""Year -> runs of days off, Saturdays and Sundays that are worked instead."""
OFF: Final = {
    first + timedelta(days)
    for year, (runs, _) in NOTICES.items()
    for first, last in ((date.fromisoformat(f"{year}-{one}"), date.fromisoformat(f"{year}-{two}")) for one, two in runs)
    for days in range((last - first).days + 1)
}
SWAPPED: Final = sorted(date.fromisoformat(f"{year}-{day}") for year, (_, worked) in NOTICES.items() for day in worked)
CALENDAR: Final = seeded(NOTICES)


def works(day: date) -> bool:
    """By the notices alone."""
    return day in SWAPPED or (day.weekday() < 5 and day not in OFF)


def counted(start: date, limit: int) -> date:
    """One day after the other."""
    day = start
    while limit:
        day += timedelta(1)
        limit -= works(day)
    return day


def test_every_day_of_the_four_years_is_what_the_notices_say() -> None:
    days = [date(2023, 1, 1) + timedelta(n) for n in range((date(2027, 1, 1) - date(2023, 1, 1)).days)]
    assert [day for day in days if CALENDAR.is_working(day) != works(day)] == []


@pytest.mark.parametrize("weekend", SWAPPED, ids=str)
def test_a_deadline_counts_a_weekend_that_is_worked(weekend: date) -> None:
    assert weekend.weekday() >= 5
    assert CALENDAR.after(weekend - timedelta(1), 1) == weekend
    for before in range(1, 15):
        for limit in (1, 5, 10, 15, 20):
            start = weekend - timedelta(before)
            if start.year in NOTICES and counted(start, limit).year in NOTICES:
                assert CALENDAR.after(start, limit) == counted(start, limit), (start, limit)


def test_a_deadline_that_runs_into_a_year_without_a_notice_fails_loudly() -> None:
    with pytest.raises(WorkingDaysOfYearAreUnknown) as refused:
        CALENDAR.after(date(2026, 12, 30), 5)
    assert "2027" in refused.value.zh

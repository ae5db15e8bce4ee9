from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from shared.kit.clock import Clock, ClockIsReal


def test_the_civil_day_begins_at_midnight_in_shanghai() -> None:
    with time_machine.travel(datetime(2026, 3, 31, 15, 59, tzinfo=UTC), tick=False):
        assert Clock().today() == date(2026, 3, 31)
    with time_machine.travel(datetime(2026, 3, 31, 16, 0, tzinfo=UTC), tick=False):
        assert Clock().today() == date(2026, 4, 1)


def test_a_moved_clock_changes_decisions_but_never_records() -> None:
    clock = Clock(movable=True)
    clock.show(date(2030, 2, 28))
    assert clock.today() == date(2030, 2, 28)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_moved_clock_goes_on_counting_days() -> None:
    with time_machine.travel(datetime(2026, 1, 1, 4, tzinfo=UTC), tick=False) as traveller:
        clock = Clock(movable=True)
        clock.show(date(2028, 2, 28))
        traveller.shift(timedelta(days=1))
        assert clock.today() == date(2028, 2, 29)


def test_a_reset_clock_shows_the_real_day_again() -> None:
    clock = Clock(movable=True)
    real = clock.today()
    clock.show(date(2030, 1, 1))
    clock.reset()
    assert clock.today() == real


def test_the_clock_of_production_cannot_be_moved() -> None:
    clock = Clock()
    with pytest.raises(ClockIsReal):
        clock.show(date(2030, 1, 1))
    assert clock.offset == timedelta()

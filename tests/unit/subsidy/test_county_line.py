"""Counties that succeed each other: whose policy counts in a month, and who follows where (ID-21)."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.subsidy.domain.county_line import continued, county_in, stages
from services.subsidy.domain.succession import Succession, path
from shared.values.month import Month

COUNTIES = st.sampled_from(("341502", "341503", "341599"))
MONTHS = st.integers(0, 60).map(lambda number: Month(2024, 1).plus(number))
LINES = st.tuples(COUNTIES, st.lists(st.tuples(MONTHS, COUNTIES), max_size=4))


def line(first: str, steps: list[tuple[Month, str]]) -> str:
    for since, successor in steps:
        first = continued(first, successor, since)
    return first


def step(predecessor: str, successor: str, *, on: date = date(2026, 9, 1), change: int = 1) -> Succession:
    return Succession(change_id=UUID(int=change), predecessor=predecessor, successor=successor, effective_on=on)


def test_months_before_keep_the_predecessor_and_the_effective_month_has_the_successor_id_21() -> None:
    one = continued("341502", "341599", Month(2026, 9))
    assert [county_in(one, month) for month in (Month(2026, 8), Month(2026, 9))] == ["341502", "341599"]
    assert county_in("341502", Month(2026, 9)) == "341502", "nobody succeeded it"


@given(LINES, MONTHS)
def test_of_any_line_the_last_county_whose_month_has_come_has_the_say(
    drawn: tuple[str, list[tuple[Month, str]]], month: Month
) -> None:
    first, steps = drawn
    wanted = first
    for since, successor in steps:
        if since <= month:
            wanted = successor
    assert county_in(line(first, steps), month) == wanted


@given(LINES)
def test_the_stages_of_a_line_follow_each_other_without_gap_or_overlap(
    drawn: tuple[str, list[tuple[Month, str]]],
) -> None:
    found = stages(line(*drawn))
    assert found[0].since is None
    assert found[-1].until is None
    assert all(before.until == after.since and after.since is not None for before, after in pairwise(found))
    assert all(stage.since is None or stage.until is None or stage.since < stage.until for stage in found)


def test_a_place_follows_its_own_township_rather_than_its_county_id_21() -> None:
    steps = path("341502001003", "341503001003", [step("341502", "341599"), step("341502001", "341503001")])
    assert [(each.before, each.after) for each in steps] == [("341502001003", "341503001003")]


def test_two_changes_missed_are_followed_in_the_order_of_their_days_id_21() -> None:
    known = [step("341599", "341598", on=date(2026, 11, 1), change=2), step("341502", "341599")]
    steps = path("341502001", "341598001", known)
    assert [each.after for each in steps] == ["341599001", "341598001"]


def test_somewhere_else_is_no_succession_but_a_move() -> None:
    assert path("341502001", "341503001", [step("341502", "341599")]) == ()
    assert path("341504001", "341599001", [step("341502", "341599")]) == ()

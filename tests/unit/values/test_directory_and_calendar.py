"""The bundled directory of divisions (ID-19, ID-21) and the seed of the working-day calendar (CERT-05)."""

import tracemalloc
from datetime import date

import pytest

from shared.kit.divisions import DivisionIsUnknown, Divisions, Succession, bundled
from shared.kit.working_days import exceptions_of, seeded, years_known
from shared.values import Division, Level, WorkingDaysOfYearAreUnknown

LUAN = Division("3415")


def test_lu_an_has_its_seven_counties_and_every_township_has_villages() -> None:
    directory = bundled()
    counties = directory.children(LUAN)
    assert [directory.name(county) for county in counties] == [
        "金安区",
        "裕安区",
        "叶集区",
        "霍邱县",
        "舒城县",
        "金寨县",
        "霍山县",
    ]
    townships = list(directory.within(LUAN, Level.TOWNSHIP))
    assert len(townships) > 100
    assert all(directory.children(township) for township in townships)


def test_every_division_of_the_directory_has_its_parent_in_it() -> None:
    directory = bundled()
    assert len(directory) == 46_669
    assert all(division.parent is None or division.parent in directory for division in directory)


def test_names_are_found_by_any_spelling_of_the_code() -> None:
    directory = bundled()
    assert directory.name("341502000000") == directory.name(Division("341502")) == "金安区"
    assert directory.full_name("341502001") == "安徽省六安市金安区中市街道"


def test_a_code_that_does_not_exist_is_refused_by_name() -> None:
    assert "341599" not in bundled()
    with pytest.raises(DivisionIsUnknown) as refused:
        bundled().name("341599")
    assert "341599" in refused.value.zh


def test_a_prefecture_without_counties_has_townships_as_children() -> None:
    assert {child.level for child in bundled().children("441900")} == {Level.TOWNSHIP}


def test_an_old_code_leads_to_the_division_that_stands_today() -> None:
    directory = bundled()
    assert [each.name for each in directory.successors("341521")] == ["寿县"]
    assert directory.current("341521") == (Division("340422"),)
    assert directory.current("341422") == (Division("340281"),)
    assert directory.current("341502") == (Division("341502"),)
    assert directory.current("349999") == ()


def test_a_division_that_was_split_leads_to_all_its_parts() -> None:
    rows = [("34", "安徽省"), ("3415", "六安市"), ("341502", "甲区"), ("341503", "乙区")]
    old = Division("341501")
    directory = Divisions(rows, [Succession(old, "旧区", Division(code), 2020) for code in ("341502", "341503")])
    assert directory.current(old) == (Division("341502"), Division("341503"))


def test_the_directory_costs_a_few_megabytes_at_most() -> None:
    directory = bundled()
    rows = [(division.code, directory.name(division)) for division in directory]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        copy = Divisions(rows)
        kept = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(copy) == len(directory)
    assert kept < 2 * 2**20


def test_the_calendar_is_seeded_with_the_notices_of_known_years() -> None:
    calendar = seeded()
    assert calendar.years == set(years_known())
    assert not calendar.is_working(date(2025, 10, 1))
    assert calendar.is_working(date(2025, 9, 28))
    assert calendar.after(date(2025, 9, 30), 1) == date(2025, 10, 9)


def test_only_days_that_differ_from_the_week_are_exceptions() -> None:
    exceptions = exceptions_of(2025)
    assert exceptions
    assert all(works == (day.weekday() >= 5) for day, works in exceptions.items())


def test_a_year_the_package_does_not_know_is_not_taken_for_one_without_holidays() -> None:
    unknown = years_known().stop
    assert exceptions_of(unknown) == {}
    assert unknown not in seeded([unknown]).years
    with pytest.raises(WorkingDaysOfYearAreUnknown):
        seeded([unknown]).is_working(date(unknown, 1, 1))

"""Which places a question is about: the real directory of divisions, and the caller's scope."""

import pytest

from services.indicators.domain.breakdown import Root, at_level, into_children, roots
from services.indicators.domain.errors import BreakdownNotPossible, DivisionNotFound
from shared.kit.divisions import Divisions, bundled
from shared.values.division import Division, Level, Scope

COUNTIES = ["341502", "341503", "341504", "341522", "341523", "341524", "341525"]


@pytest.fixture(scope="module")
def directory() -> Divisions:
    return bundled()


def codes(division: str | None, scope: Scope, directory: Divisions) -> list[str]:
    asked = None if division is None else Division.parse(division)
    return [root.code for root in roots(asked, scope, directory)]


# --- whose figures


def test_without_a_division_the_caller_s_own_are_meant(directory: Divisions) -> None:
    assert codes(None, Scope.of("341503", "3401"), directory) == ["3401", "341503"]


def test_without_a_division_somebody_responsible_everywhere_means_everywhere(directory: Divisions) -> None:
    assert codes(None, Scope.everywhere(), directory) == ["*"]


def test_somebody_responsible_nowhere_sees_no_figure(directory: Divisions) -> None:
    assert codes(None, Scope.nowhere(), directory) == []


@pytest.mark.parametrize("division", ["3415", "341502", "341502001"])
def test_a_division_inside_the_scope_is_answered(division: str, directory: Divisions) -> None:
    assert codes(division, Scope.of("3415"), directory) == [division]


@pytest.mark.parametrize("division", ["34", "3401", "341503"])
def test_one_outside_is_not_found(division: str, directory: Divisions) -> None:
    with pytest.raises(DivisionNotFound):
        codes(division, Scope.of("341502"), directory)


def test_a_division_only_partly_inside_is_not_found_because_a_part_must_not_bear_the_whole_s_name(
    directory: Divisions,
) -> None:
    with pytest.raises(DivisionNotFound):
        codes("3415", Scope.of(*COUNTIES[:3]), directory)


@pytest.mark.parametrize("division", ["99", "341599", "341502999", "341599001001"])
def test_a_division_that_does_not_exist_is_not_found(division: str, directory: Divisions) -> None:
    with pytest.raises(DivisionNotFound):
        codes(division, Scope.everywhere(), directory)


def test_a_village_is_known_by_its_township(directory: Divisions) -> None:
    """Villages are bundled for Lu'an only."""
    elsewhere = next(iter(directory.within("3401", Level.TOWNSHIP))).code + "001"
    assert elsewhere not in directory
    assert codes(elsewhere, Scope.everywhere(), directory) == [elsewhere]


def test_a_padded_code_is_the_same_division(directory: Divisions) -> None:
    assert codes("341500000000", Scope.everywhere(), directory) == ["3415"]


# --- broken down


def test_a_prefecture_lists_its_counties_even_when_nothing_counts_there(directory: Divisions) -> None:
    assert at_level(Root("3415"), Level.COUNTY).listed(directory) == COUNTIES
    assert into_children(Root("3415"), directory).listed(directory) == COUNTIES


def test_a_level_may_be_skipped(directory: Divisions) -> None:
    listed = at_level(Root("3415"), Level.TOWNSHIP).listed(directory)
    assert len(listed) > 100
    assert all(len(code) == 9 and code.startswith("3415") for code in listed)


def test_its_own_level_is_the_division_itself(directory: Divisions) -> None:
    assert at_level(Root("341502"), Level.COUNTY).listed(directory) == ["341502"]


def test_a_level_above_is_refused() -> None:
    with pytest.raises(BreakdownNotPossible):
        at_level(Root("341502"), Level.PREFECTURE)


def test_a_village_has_nothing_below(directory: Divisions) -> None:
    with pytest.raises(BreakdownNotPossible):
        into_children(Root("341502001001"), directory)


def test_everywhere_is_broken_down_by_provinces(directory: Divisions) -> None:
    listed = into_children(Root("*"), directory).listed(directory)
    assert len(listed) == 31
    assert "34" in listed
    assert at_level(Root("*"), Level.PROVINCE).listed(directory) == listed


def test_the_children_of_a_prefecture_without_counties_are_its_townships(directory: Divisions) -> None:
    """Dongguan (ID-19)."""
    asked = into_children(Root("4419"), directory)
    assert asked.level is Level.TOWNSHIP
    assert len(asked.listed(directory)) > 30


def test_such_a_prefecture_is_its_own_county(directory: Divisions) -> None:
    assert at_level(Root("44"), Level.COUNTY).place("441900") == "4419"


@pytest.mark.parametrize(
    ("root", "prefix", "digits"),
    [(Root("*"), "", 0), (Root("3415"), "3415", 4), (Root("3415", Level.TOWNSHIP), "3415", 9)],
)
def test_what_is_counted_where(root: Root, prefix: str, digits: int) -> None:
    assert (root.prefix, root.digits) == (prefix, digits)


def test_one_figure_for_everywhere_is_told_as_everywhere() -> None:
    assert Root("*").place("") == "*"

"""Checks of figures: what cannot be is found, what can be is left alone, and nothing is said of what is hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.domain.definition import Catalogue, Count, Definition, parse, restored
from services.indicators.domain.period import Period, Span
from services.indicators.use_cases.check_figures import CheckRule, check_figures
from services.indicators.use_cases.editions import Edition
from services.indicators.use_cases.read_figures import FigureState, Number

TODAY = date(2026, 11, 23)
WHOLE, COUNTIES = "3415", ("341502", "341503", "341504", "341522", "341523")
Told = Mapping[str, Mapping[str, int | None]]
"""indicator -> place -> value."""


def an_edition(told: Told, period: str = "2026-10", definitions: Mapping[str, Definition] | None = None) -> Edition:
    known = definitions or {each.code: each for each in CATALOGUE}
    return Edition(
        period=Period.of(Span.parse(period), today=TODAY),
        definitions={code: known[code] for code in known if code in told},
        numbers={
            (place, code): Number(FigureState.SUPPRESSED)
            if value is None
            else Number(FigureState.COMPUTED, value, value)
            for code, places in told.items()
            for place, value in places.items()
        },
        data_time=datetime(2026, 11, 23, tzinfo=UTC),
        as_of=[],
    )


def found(now: Told, then: Told | None = None) -> list[tuple[CheckRule, str, str]]:
    findings = check_figures(WHOLE, an_edition(now), an_edition(then or {}, "2026-09"))
    return [(each.rule, each.definition.code, each.division) for each in findings]


def here(**values: int | None) -> dict[str, dict[str, int | None]]:
    """Values of the whole alone."""
    return {code: {WHOLE: value} for code, value in values.items()}


def test_a_part_is_never_more_than_its_whole() -> None:
    assert found(here(severe_holders=11, moderate_or_severe_holders=10)) == [(CheckRule.PART, "severe_holders", WHOLE)]
    assert found(here(severe_holders=10, moderate_or_severe_holders=10)) == []


def test_a_whole_that_is_hidden_says_nothing_about_its_parts() -> None:
    assert found(here(severe_holders=11, moderate_or_severe_holders=None)) == []


@pytest.mark.parametrize(("whole", "is_wrong"), [(9, True), (10, False), (11, True)])
def test_certificates_of_counties_add_up_to_those_of_the_prefecture(*, whole: int, is_wrong: bool) -> None:
    now = {"certificates": {WHOLE: whole, COUNTIES[0]: 4, COUNTIES[1]: 6}}
    assert found(now) == ([(CheckRule.SUM, "certificates", WHOLE)] if is_wrong else [])


@pytest.mark.parametrize(("whole", "is_wrong"), [(9, False), (10, False), (11, True)])
def test_a_person_counts_once_above_and_in_each_place_below(*, whole: int, is_wrong: bool) -> None:
    """RU-02."""
    now = {"holders": {WHOLE: whole, COUNTIES[0]: 4, COUNTIES[1]: 6}}
    assert found(now) == ([(CheckRule.SUM, "holders", WHOLE)] if is_wrong else [])


def test_a_sum_with_a_hidden_part_is_not_taken() -> None:
    assert found({"certificates": {WHOLE: 100, COUNTIES[0]: 4, COUNTIES[1]: None}}) == []


def test_what_is_registered_at_a_county_itself_is_missing_below_it() -> None:
    now = {"certificates": {"341502": 10, "341502001": 4}}
    assert check_figures("341502", an_edition(now), an_edition({}, "2026-09")) == []
    more = {"certificates": {"341502": 10, "341502001": 11}}
    (finding,) = check_figures("341502", an_edition(more), an_edition({}, "2026-09"))
    assert (finding.rule, finding.value, finding.against) == (CheckRule.SUM, 10, 11)


def test_a_reported_rate_over_all_is_told_with_its_parts() -> None:
    numbers = {(WHOLE, "device_rate"): Number(FigureState.REPORTED, 10_500, 21, 20)}
    now = an_edition(here(device_rate=0))
    edition = Edition(
        period=now.period, definitions=now.definitions, numbers=numbers, data_time=now.data_time, as_of=[]
    )
    (finding,) = check_figures(WHOLE, edition, an_edition({}, "2026-09"))
    assert (finding.rule, finding.value, finding.against) == (CheckRule.OVER, 21, 20)


def test_a_cumulative_figure_does_not_fall() -> None:
    assert found(here(rehab_persons=9), here(rehab_persons=10)) == [(CheckRule.FALL, "rehab_persons", WHOLE)]
    assert found(here(rehab_persons=10), here(rehab_persons=10)) == []


@pytest.mark.parametrize(
    ("now", "then", "is_strange"),
    [(131, 100, True), (130, 100, False), (70, 100, False), (69, 100, True), (25, 19, False), (0, 20, True)],
)
def test_more_than_three_tenths_from_the_period_before_is_strange(*, now: int, then: int, is_strange: bool) -> None:
    expected = [(CheckRule.JUMP, "certificates", WHOLE)] if is_strange else []
    assert found(here(certificates=now), here(certificates=then)) == expected


def test_a_rate_that_moves_by_more_than_ten_points_is_strange() -> None:
    assert found(here(nursing_share=8_001), here(nursing_share=7_000)) == [(CheckRule.JUMP, "nursing_share", WHOLE)]
    assert found(here(nursing_share=8_000), here(nursing_share=7_000)) == []


def test_a_definition_that_has_changed_is_not_compared_with_itself() -> None:
    changed = restored({**_stored(CATALOGUE.get("certificates")), "version": 2})
    now = an_edition(here(certificates=200), definitions={"certificates": changed})
    assert check_figures(WHOLE, now, an_edition(here(certificates=100), "2026-09")) == []


def test_one_county_far_from_the_others_is_named_and_the_others_are_not() -> None:
    values = dict(zip(COUNTIES, (9_000, 9_050, 9_100, 8_950, 5_000), strict=True))
    assert found({"nursing_share": values}) == [(CheckRule.OUTLIER, "nursing_share", COUNTIES[4])]
    assert found({"nursing_share": values | {COUNTIES[4]: 8_700}}) == []
    assert found({"nursing_share": {place: values[place] for place in COUNTIES[1:]}}) == [], "of four none is far off"


@given(st.lists(st.integers(0, 500), min_size=5, max_size=5))
def test_figures_counted_from_the_same_persons_are_never_impossible(severe: list[int]) -> None:
    """Whatever the numbers: a count of persons, of those with grades, and of their certificates fit each other."""
    told: dict[str, dict[str, int | None]] = {}
    factors = {"severe_holders": 1, "moderate_or_severe_holders": 2, "holders": 3, "certificates": 3}
    for code, factor in factors.items():
        told[code] = {WHOLE: sum(severe) * factor}
        told[code].update({place: value * factor for place, value in zip(COUNTIES, severe, strict=True)})
    assert found(told, told) == []


def test_every_relation_of_the_catalogue_is_between_counts() -> None:
    parts = [(each, CATALOGUE.get(code)) for each in CATALOGUE for code in each.within]
    assert len(parts) >= 7
    assert all(isinstance(one.form, Count) and isinstance(other.form, Count) for one, other in parts)
    with pytest.raises(ValueError, match="a"):
        Catalogue([parse({**_DOCUMENT, "code": "a", "within": ["b"]})])


_DOCUMENT = {
    "version": 1, "zh": "一", "en": "one", "unit_zh": "人", "unit_en": "persons", "rule_zh": "数", "rule_en": "count",
    "form": "COUNT", "kind": "person", "counting": "STOCK",
}  # fmt: skip


def _stored(definition: Definition) -> dict[str, object]:
    """As a snapshot keeps it."""
    return asdict(definition)


@pytest.mark.parametrize("definition", tuple(CATALOGUE), ids=lambda each: each.code)
def test_a_definition_comes_back_from_a_snapshot_as_it_was(definition: Definition) -> None:
    """RU-04."""
    assert restored(orjson.loads(orjson.dumps(_stored(definition)))) == definition


def test_findings_are_told_the_impossible_first() -> None:
    now = here(severe_holders=200, moderate_or_severe_holders=100)
    rules = [rule for rule, _, _ in found(now, here(severe_holders=100))]
    assert rules == [CheckRule.PART, CheckRule.JUMP]

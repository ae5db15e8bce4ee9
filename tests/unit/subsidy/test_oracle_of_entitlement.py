"""The oracle answers every worked case of RULES 6 as the text does."""

import pytest

from shared.values.month import Month
from tests.oracles.entitlement.conditions import may_apply
from tests.oracles.entitlement.decide import due, entitled, payable
from tests.oracles.entitlement.life import known
from tests.oracles.entitlement.profiles import PROFILES
from tests.oracles.entitlement.worked_cases import CASES_IN_THE_TEXT, WORKED_CASES, WorkedCase


@pytest.mark.parametrize("case", WORKED_CASES, ids=str)
def test_a_worked_case_comes_out_as_the_text_says(case: WorkedCase) -> None:
    life, policy = known(case.records, case.known_on), PROFILES[case.profile]
    for ask, expected in ((entitled, case.entitled), (due, case.due), (payable, case.payable)):
        found = {
            scheme: {month: ask(life, policy, scheme, Month.parse(month)) / 100 for month in amounts}
            for scheme, amounts in expected.items()
        }
        assert found == {scheme: dict(amounts) for scheme, amounts in expected.items()}, ask.__name__


@pytest.mark.parametrize("case", [case for case in WORKED_CASES if case.refused or case.granted], ids=str)
def test_an_application_is_refused_on_a_day_on_which_a_condition_does_not_hold(case: WorkedCase) -> None:
    life, policy = known(case.records), PROFILES[case.profile]
    for scheme, day in case.refused:
        assert not may_apply(life, policy, scheme, case.county, day)
    for scheme, day in case.granted:
        assert may_apply(life, policy, scheme, case.county, day)


def test_every_case_of_the_text_is_in_the_list() -> None:
    assert {case.case[:4] for case in WORKED_CASES} == CASES_IN_THE_TEXT

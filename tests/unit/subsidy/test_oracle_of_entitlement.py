"""The oracle answers every worked case of RULES 6 as the text does."""

import pytest

from shared.values.month import Month
from tests.oracles.entitlement.conditions import Claim, may_apply
from tests.oracles.entitlement.decide import due, entitled, payable
from tests.oracles.entitlement.life import known
from tests.oracles.entitlement.worked_cases import CASES_IN_THE_TEXT, WORKED_CASES, WorkedCase


@pytest.mark.parametrize("case", WORKED_CASES, ids=str)
def test_a_worked_case_comes_out_as_the_text_says(case: WorkedCase) -> None:
    life = known(case.history, case.known_at)
    for ask, expected in ((entitled, case.entitled), (due, case.due), (payable, case.payable)):
        found = {
            scheme: {month: ask(life, case.policy, scheme, Month.parse(month)) for month in amounts}
            for scheme, amounts in expected.items()
        }
        wanted = {
            scheme: {month: yuan * 100 for month, yuan in amounts.items()} for scheme, amounts in expected.items()
        }
        assert found == wanted, ask.__name__


@pytest.mark.parametrize("case", [case for case in WORKED_CASES if case.refused or case.granted], ids=str)
def test_an_application_is_refused_on_a_day_on_which_a_condition_does_not_hold(case: WorkedCase) -> None:
    life = known(case.history)
    for scheme, day in case.refused:
        assert not may_apply(life, case.policy, Claim(scheme, case.county), day)
    for scheme, day in case.granted:
        assert may_apply(life, case.policy, Claim(scheme, case.county), day)


def test_every_case_of_the_text_is_in_the_list() -> None:
    assert {case.case for case in WORKED_CASES} == CASES_IN_THE_TEXT

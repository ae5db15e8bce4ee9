"""The oracle answers every worked case of RULES 6, every rule and every shipped amount as the text does."""

from collections.abc import Callable

import pytest

from shared.values.month import Month
from tests.oracles.entitlement.conditions import Claim, may_apply
from tests.oracles.entitlement.decide import due, entitled, payable
from tests.oracles.entitlement.life import Life, known
from tests.oracles.entitlement.policy import Policy, RateIsMissing
from tests.oracles.entitlement.profile_cases import PROFILE_CASES
from tests.oracles.entitlement.rule_cases import RULE_CASES
from tests.oracles.entitlement.worked_cases import CASES_IN_THE_TEXT, WORKED_CASES, WorkedCase

Ask = Callable[[Life, Policy, str, Month], int]
CASES = (*WORKED_CASES, *RULE_CASES, *PROFILE_CASES)


def _asked(ask: Ask, life: Life, policy: Policy, scheme: str, month: str) -> int | None:
    try:
        return ask(life, policy, scheme, Month.parse(month))
    except RateIsMissing:
        return None


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_comes_out_as_the_text_says(case: WorkedCase) -> None:
    life, policy = known(case.history, case.known_at), Policy(case.policy)
    for ask, expected in ((entitled, case.entitled), (due, case.due), (payable, case.payable)):
        found = {
            scheme: {month: _asked(ask, life, policy, scheme, month) for month in amounts}
            for scheme, amounts in expected.items()
        }
        wanted = {
            scheme: {month: None if yuan is None else yuan * 100 for month, yuan in amounts.items()}
            for scheme, amounts in expected.items()
        }
        assert found == wanted, ask.__name__


@pytest.mark.parametrize("case", [case for case in CASES if case.refused or case.granted], ids=str)
def test_an_application_is_refused_on_a_day_on_which_a_condition_does_not_hold(case: WorkedCase) -> None:
    life, policy = known(case.history), Policy(case.policy)
    for scheme, day in case.refused:
        assert not may_apply(life, policy, Claim(scheme, case.county), day)
    for scheme, day in case.granted:
        assert may_apply(life, policy, Claim(scheme, case.county), day)


def test_every_case_of_the_text_is_in_the_list() -> None:
    assert {case.case for case in WORKED_CASES} == CASES_IN_THE_TEXT

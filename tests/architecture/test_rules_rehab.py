"""Every rule of RULES 7 has a test that cites it, or a reason to have none, and the page says which."""

from __future__ import annotations

from tests.architecture import rules_rehab as rules


def test_no_rule_goes_without_a_test_or_a_reason() -> None:
    assert rules.unshown() == []


def test_no_reason_outlives_the_lack_it_excuses() -> None:
    assert sorted(rules.ELSEWHERE.keys() & rules.CITING.shown().keys()) == []


def test_no_test_names_a_rule_that_does_not_exist() -> None:
    assert sorted(rules.CITING.shown().keys() - rules.RULES.keys()) == []


def test_the_page_is_current() -> None:
    assert rules.PAGE.read_text(encoding="utf-8") == rules.page(), "run `python -m tests.architecture.rules_rehab`"

"""Every rule of RULES 8 has a test that cites it, every indicator a definition, or a reason to have none."""

from __future__ import annotations

from tests.architecture import rules_indicators as rules


def test_nothing_goes_without_a_test_a_definition_or_a_reason() -> None:
    assert rules.unshown() == []


def test_the_page_is_current() -> None:
    assert rules.PAGE.read_text() == rules.page(), "python -m tests.architecture.rules_indicators"


def test_no_reason_outlives_the_lack_it_excuses() -> None:
    assert not rules.ELSEWHERE.keys() & (rules.shown().keys() | rules.defined().keys())

"""Every rule of RULES 2 and 3 has a test that cites it, a parameter that decides it, or a reason to have neither."""

from __future__ import annotations

import ast

from services.registry.domain.local_rules import PARAMETERS
from tests.architecture import rules_registry as rules


def test_no_rule_goes_without_a_test_a_parameter_or_a_reason() -> None:
    assert rules.unshown() == []


def test_the_page_is_current() -> None:
    assert rules.PAGE.read_text() == rules.page(), "python -m tests.architecture.rules_registry"


def test_no_reason_outlives_the_lack_it_excuses() -> None:
    assert not rules.ELSEWHERE.keys() & rules.CITING.shown().keys()


def test_every_parameter_decides_a_rule_there_is() -> None:
    assert {parameter.rule for parameter in PARAMETERS.values()} <= rules.RULES.keys()


def test_a_test_is_found_by_its_name_and_by_its_docstring() -> None:
    tree = ast.parse('def test_a_move_is_late_cert_24_25() -> None:\n    """Also ID-06, 09 and 11."""\n')
    (test,) = rules.CITING.tests_in(tree)
    assert list(rules.CITING.cited_by(test)) == ["CERT-24", "CERT-25", "ID-06", "ID-09", "ID-11"]

"""Each rule about subsidies has a test, and the page that says which is current."""

from tests.architecture.rules import AWAITED, PAGE, PEOPLE, RULES, cited, page


def test_every_rule_has_a_test_or_a_reason_to_have_none() -> None:
    assert sorted(set(RULES) - set(cited()) - set(PEOPLE) - set(AWAITED)) == []


def test_no_rule_is_excused_and_tested() -> None:
    assert sorted((set(PEOPLE) | set(AWAITED)) & set(cited())) == []


def test_no_test_names_a_rule_that_does_not_exist() -> None:
    assert sorted(set(cited()) - set(RULES)) == []


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.architecture.rules`"

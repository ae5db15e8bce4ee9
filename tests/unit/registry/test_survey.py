"""The survey's form and its answers: 58 items of basic status, 72 needs (REH-06)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.registry.domain.survey import (
    Answer,
    AnswersDoNotFit,
    AnswerType,
    FormIsPublished,
    FormIsWrong,
    ItemKind,
    NobodyAnswered,
    YearIsNotSurveyed,
    survey_year,
)
from shared.values.person import VisitOutcome
from tests.builders.survey import FORM, answers


def test_the_first_form_has_58_basic_and_72_need_items() -> None:
    kinds = [item.kind for item in FORM.items]
    assert (kinds.count(ItemKind.BASIC), kinds.count(ItemKind.NEED)) == (58, 72)


def test_needs_are_what_was_answered_with_yes_reh_06() -> None:
    told = answers(N03=True, N17=True, N20=False)
    assert FORM.judge(VisitOutcome.ANSWERED, told) == {"N03", "N17"}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"B04": -1}, "wrong"),
        ({"B04": True}, "wrong"),
        ({"B04": 10**12}, "wrong"),
        ({"B01": "MARTIAN"}, "wrong"),
        ({"B06": 1}, "wrong"),
        ({"N01": "YES"}, "wrong"),
        ({"B99": True}, "unknown"),
    ],
)
def test_an_answer_that_fits_no_question_is_named(given: dict[str, Answer], kind: str) -> None:
    with pytest.raises(AnswersDoNotFit) as refused:
        FORM.judge(VisitOutcome.ANSWERED, answers(**given))
    assert refused.value.facts[kind] == list(given)


def test_somebody_who_was_met_answers_every_basic_item() -> None:
    told = answers()
    del told["B07"], told["B58"]
    with pytest.raises(AnswersDoNotFit) as refused:
        FORM.judge(VisitOutcome.ANSWERED, told)
    assert refused.value.facts["missing"] == ["B07", "B58"]


@pytest.mark.parametrize("outcome", [outcome for outcome in VisitOutcome if outcome is not VisitOutcome.ANSWERED])
def test_there_are_answers_only_of_somebody_who_was_met(outcome: VisitOutcome) -> None:
    assert FORM.judge(outcome, {}) == frozenset()
    with pytest.raises(NobodyAnswered):
        FORM.judge(outcome, {"N01": True})


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda items: (*items, items[0]), "codes_are_distinct"),
        (lambda items: (replace(items[0], code="N99"), *items[1:]), "items_are_sound"),
        (lambda items: (replace(items[0], choices=items[0].choices[:1]), *items[1:]), "items_are_sound"),
        (lambda items: (*items[:-1], replace(items[-1], type=AnswerType.NUMBER)), "items_are_sound"),
        (lambda items: items[:58], "both_kinds"),
    ],
    ids=["twice", "another kind's code", "nothing to choose", "a need that is a number", "no needs"],
)
def test_items_that_make_no_form_are_refused_by_rule(spoil: object, rule: str) -> None:
    assert callable(spoil)
    with pytest.raises(FormIsWrong) as refused:
        replace(FORM, items=spoil(FORM.items))
    assert refused.value.facts["rule"] == rule


def test_a_form_is_published_once() -> None:
    assert replace(FORM, is_published=False).published() == FORM
    with pytest.raises(FormIsPublished):
        FORM.published()


def test_there_was_no_survey_before_2015() -> None:
    assert survey_year(date(2015, 1, 1)) == 2015
    with pytest.raises(YearIsNotSurveyed):
        survey_year(date(2014, 12, 31))

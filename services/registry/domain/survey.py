"""The yearly survey of basic status and needs: forms with their items, and what an answer to them is.

A form has items of two kinds: basic status (58 in the first revision) and needs (72), which are yes or no. Somebody
who was met answers every basic item; a need nobody named is no need. Of whom nobody was met there are no answers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from shared.values.person import VisitOutcome
from shared.values.refusal import Refusal

FIRST_YEAR: Final = 2015
"""The survey was first made in this year."""
NUMBER_MAX: Final = 9_999_999
OPTIONS_MIN: Final = 2
_CODES: Final = re.compile(r"[BN][0-9]{2}", re.ASCII)

Answer = bool | int | str
Answers = Mapping[str, Answer]


class FormNotFound(Refusal):
    """No such form, or none was published for that day."""

    code: ClassVar[str] = "survey_form_not_found"


class FormIsPublished(Refusal):
    """People are being asked with it already; draw up the next revision."""

    code: ClassVar[str] = "survey_form_is_published"


class FormIsWrong(Refusal):
    """The items make no form. Facts: rule, items."""

    code: ClassVar[str] = "survey_form_is_wrong"


class AnswersDoNotFit(Refusal):
    """Facts: missing, unknown and wrong, each a list of codes of items."""

    code: ClassVar[str] = "survey_answers_do_not_fit"


class NobodyAnswered(Refusal):
    """There can be answers only when somebody was met. Facts: outcome."""

    code: ClassVar[str] = "survey_nobody_answered"


class VisitNotFound(Refusal):
    """No such visit within the caller's divisions."""

    code: ClassVar[str] = "survey_visit_not_found"


class VisitIsKnown(Refusal):
    """The person was visited this year, with another result. Facts: year, visit_id."""

    code: ClassVar[str] = "survey_visit_is_known"


class YearIsNotSurveyed(Refusal):
    """There was no survey yet. Facts: year, first."""

    code: ClassVar[str] = "survey_year_is_not_surveyed"


class ItemKind(StrEnum):
    """What an item asks about."""

    BASIC = "BASIC"
    NEED = "NEED"


class AnswerType(StrEnum):
    """What an answer looks like."""

    CODE = "code"
    BOOL = "bool"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of the answers to choose from."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A question. ``code``: B and two digits for basic status, N for a need; it never changes its meaning."""

    code: str
    kind: ItemKind
    type: AnswerType
    group: str
    zh: str
    en: str
    choices: tuple[Choice, ...] = ()

    def accepts(self, answer: Answer) -> bool:
        """Whether it is an answer to this question."""
        match self.type:
            case AnswerType.BOOL:
                return isinstance(answer, bool)
            case AnswerType.NUMBER:
                return isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer <= NUMBER_MAX
            case AnswerType.CODE:
                return answer in {choice.code for choice in self.choices}

    @property
    def is_sound(self) -> bool:
        """Whether it can be asked: its code tells its kind, needs are yes or no, a choice has something to choose."""
        fits = _CODES.fullmatch(self.code) is not None and self.code[0] == self.kind.value[0]
        chosen = len({choice.code for choice in self.choices})
        enough = chosen >= OPTIONS_MIN if self.type is AnswerType.CODE else chosen == 0
        return fits and enough and (self.kind is ItemKind.BASIC or self.type is AnswerType.BOOL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A revision of the questionnaire, asked with from a day on once it is published."""

    form_id: UUID
    revision: int
    valid_from: date
    items: tuple[Item, ...]
    is_published: bool = False

    def __post_init__(self) -> None:
        times = Counter(item.code for item in self.items)
        if twice := sorted(code for code, count in times.items() if count > 1):
            raise FormIsWrong(rule="codes_are_distinct", items=twice)
        if unsound := sorted(item.code for item in self.items if not item.is_sound):
            raise FormIsWrong(rule="items_are_sound", items=unsound)
        if {item.kind for item in self.items} != set(ItemKind):
            raise FormIsWrong(rule="both_kinds", items=[])

    def published(self) -> Form:
        """The form as people are asked with it. Raises `FormIsPublished`."""
        if self.is_published:
            raise FormIsPublished
        return Form(
            form_id=self.form_id,
            revision=self.revision,
            valid_from=self.valid_from,
            items=self.items,
            is_published=True,
        )

    def judge(self, outcome: VisitOutcome, answers: Answers) -> frozenset[str]:
        """The needs that were named. Raises `NobodyAnswered`, `AnswersDoNotFit`."""
        if outcome is not VisitOutcome.ANSWERED:
            if answers:
                raise NobodyAnswered(outcome=outcome.value)
            return frozenset()
        items = {item.code: item for item in self.items}
        missing = _basic_of(self.items) - answers.keys()
        unknown = answers.keys() - items.keys()
        wrong = {code for code in answers.keys() & items.keys() if not items[code].accepts(answers[code])}
        if missing or unknown or wrong:
            raise AnswersDoNotFit(missing=sorted(missing), unknown=sorted(unknown), wrong=sorted(wrong))
        return frozenset(code for code in answers if items[code].kind is ItemKind.NEED and answers[code] is True)


def _basic_of(items: Sequence[Item]) -> set[str]:
    return {item.code for item in items if item.kind is ItemKind.BASIC}


def survey_year(visited_on: date) -> int:
    """The survey a visit belongs to. Raises `YearIsNotSurveyed`."""
    if visited_on.year < FIRST_YEAR:
        raise YearIsNotSurveyed(year=visited_on.year, first=FIRST_YEAR)
    return visited_on.year

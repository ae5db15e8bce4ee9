"""Requests and answers about the survey of basic status and needs."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.registry.domain.survey import Answers, AnswerType, Choice, Form, Item, ItemKind
from services.registry.domain.survey_visit import Visit
from shared.kit.problems import invalid
from shared.kit.routing import RequestModel
from shared.values.person import VisitOutcome

ItemCode = Annotated[str, StringConstraints(pattern=r"^[BN][0-9]{2}$")]
NeedCode = Annotated[str, StringConstraints(pattern=r"^N[0-9]{2}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,31}$")]
SurveyYear = Annotated[int, Field(ge=2015, le=2100)]


class ChoiceIn(RequestModel):
    """One of the answers to choose from."""

    code: Code
    zh: Words
    en: Words


class ItemIn(RequestModel):
    """A question. Needs (``N01``) are yes or no; basic items (``B01``) may be a choice or a number as well."""

    code: ItemCode
    kind: ItemKind
    type: AnswerType
    group: Words
    zh: Words
    en: Words
    choices: list[ChoiceIn] = Field(default_factory=list, max_length=50)

    def item(self) -> Item:
        """As a value."""
        return Item(
            code=self.code,
            kind=self.kind,
            type=self.type,
            group=self.group,
            zh=self.zh,
            en=self.en,
            choices=tuple(Choice(code=each.code, zh=each.zh, en=each.en) for each in self.choices),
        )


class FormIn(RequestModel):
    """The next revision of the questionnaire, whole."""

    valid_from: date
    items: Annotated[list[ItemIn], Field(min_length=2, max_length=200)]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class ChoiceOut(_Out):
    """One of the answers to choose from."""

    code: str
    zh: str
    en: str


class ItemOut(_Out):
    """A question."""

    code: str
    kind: ItemKind
    type: AnswerType
    group: str
    zh: str
    en: str
    choices: list[ChoiceOut]


class FormOut(_Out):
    """A revision of the questionnaire."""

    form_id: UUID
    revision: int
    valid_from: date
    is_published: bool
    basic_items: int
    need_items: int

    @classmethod
    def of(cls, form: Form) -> FormOut:
        """From the domain."""
        return cls.model_validate(_form(form))


class FormWithItemsOut(FormOut):
    """The same with its questions."""

    items: list[ItemOut]

    @classmethod
    def of(cls, form: Form) -> FormWithItemsOut:
        """From the domain."""
        return cls.model_validate({**_form(form), "items": list(form.items)})


def _form(form: Form) -> dict[str, object]:
    needs = sum(item.kind is ItemKind.NEED for item in form.items)
    return {
        "form_id": form.form_id,
        "revision": form.revision,
        "valid_from": form.valid_from,
        "is_published": form.is_published,
        "basic_items": len(form.items) - needs,
        "need_items": needs,
    }


class VisitIn(RequestModel):
    """What a visitor brings home. ``form_id``: which revision was asked with; by default the one in force that day.

    ``died_on``: of somebody who is said to have died; it becomes news from outside, which others confirm.
    """

    outcome: VisitOutcome
    visited_on: date
    form_id: UUID | None = None
    answers: Annotated[
        dict[ItemCode, bool | int | Code],
        Field(default_factory=dict, max_length=200, description="题目代码 → 是否、数值或选项代码；仅“已入户调查”填写"),
    ]
    died_on: date | None = None

    @model_validator(mode="after")
    def _died_when_dead(self) -> Self:  # noqa: N804 - a validator of the instance
        if self.died_on is not None and self.outcome is not VisitOutcome.DIED:
            raise invalid("died_on_of_the_living", zh="只有“已死亡”才能填写死亡日期", en="only of somebody who died")
        return self


class VisitOut(_Out):
    """A visit and the needs that were named."""

    visit_id: UUID
    person_id: UUID
    version: int
    division: str
    form_id: UUID
    year: int
    outcome: VisitOutcome
    visited_on: date
    needs: list[str]

    @classmethod
    def of(cls, visit: Visit) -> VisitOut:
        """From the domain."""
        return cls.model_validate(_visit(visit))


class AnsweredVisitOut(VisitOut):
    """The same with its answers."""

    answers: dict[str, bool | int | str]
    report_id: UUID | None = Field(default=None, description="据此登记的死亡信息")

    @classmethod
    def with_answers(cls, visit: Visit, answers: Answers, *, report_id: UUID | None = None) -> AnsweredVisitOut:
        """From the domain."""
        return cls.model_validate({**_visit(visit), "answers": dict(answers), "report_id": report_id})


def _visit(visit: Visit) -> dict[str, object]:
    return {
        "visit_id": visit.visit_id,
        "person_id": visit.person_id,
        "version": visit.version,
        "division": visit.division.code,
        "form_id": visit.form_id,
        "year": visit.year,
        "outcome": visit.outcome,
        "visited_on": visit.visited_on,
        "needs": sorted(visit.needs),
    }


class ProgressOut(_Out):
    """How far a year's survey is in a division: persons who belong there, visits by how they ended."""

    division: str
    persons: int
    visits: dict[VisitOutcome, int]

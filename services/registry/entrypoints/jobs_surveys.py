"""Import of survey answers: one row a visit, one column an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.registry.adapters.links import linked
from services.registry.adapters.survey_form import first_items
from services.registry.adapters.work import RegistryWork
from services.registry.domain.errors import DateInFuture, PersonNotFound
from services.registry.domain.survey import (
    Answer,
    AnswersDoNotFit,
    AnswerType,
    Form,
    FormNotFound,
    Item,
    NobodyAnswered,
    VisitIsKnown,
    YearIsNotSurveyed,
)
from services.registry.entrypoints.cells import Faults, day, identity, titles_of
from services.registry.use_cases.record_visits import Draft, record_visits
from shared.kit.audit import Change
from shared.kit.imports import Applied, Import, Parsed
from shared.kit.spreadsheets import CellFault, Column, Row
from shared.values.division import Scope
from shared.values.identity_number import IdentityNumber
from shared.values.person import VisitOutcome
from shared.values.refusal import Refusal

_OUTCOMES: Final = {
    "已入户调查": VisitOutcome.ANSWERED,
    "查无此人": VisitOutcome.NOT_FOUND,
    "已迁出": VisitOutcome.MOVED_AWAY,
    "已死亡": VisitOutcome.DIED,
    "拒绝接受": VisitOutcome.REFUSED,
    **{outcome.value: outcome for outcome in VisitOutcome},
}
_WHO: Final = (
    Column("citizen_id_no", "公民身份号码", ("身份证号", "身份证号码")),
    Column("visited_on", "调查日期", ("入户日期",)),
    Column("outcome", "调查结果"),
)
_ITEMS: Final[Mapping[str, Item]] = {item.code: item for item in first_items()}
COLUMNS: Final = (
    *_WHO,
    *(Column(item.code, f"{item.code} {item.zh}", (item.code,), required=False) for item in _ITEMS.values()),
)
_TITLES: Final = titles_of(COLUMNS)
_YES_NO: Final = {"是": True, "否": False, "1": True, "0": False}


@dataclass(frozen=True, slots=True)
class Visited:
    """One row: whose door it was, and what was said there."""

    number: IdentityNumber
    outcome: VisitOutcome
    visited_on: date
    answers: Mapping[str, Answer]


def parse_visit(row: Row) -> Visited | list[CellFault]:
    """One visit. Choices by their code or their words; yes and no as 是 and 否."""
    faults = Faults(row, _TITLES)
    number, visited_on = identity(row, faults), day(row, "visited_on", faults)
    outcome = _OUTCOMES.get(row.values["outcome"].strip())
    if outcome is None:
        faults.add("outcome", "应为 已入户调查、查无此人、已迁出、已死亡、拒绝接受 之一")
    answers = {code: _answer(item, row, faults) for code, item in _ITEMS.items() if row.values.get(code)}
    if faults or number is None or visited_on is None or outcome is None:
        return list(faults)
    return Visited(number, outcome, visited_on, {code: told for code, told in answers.items() if told is not None})


def _answer(item: Item, row: Row, faults: Faults) -> Answer | None:
    text = row.values[item.code].strip()
    answer = _read(item, text)
    if answer is None or not item.accepts(answer):
        faults.add(item.code, _WANTED[item.type].format(choices="、".join(choice.zh for choice in item.choices)))
        return None
    return answer


_WANTED: Final = {
    AnswerType.BOOL: "应为 是 或 否",
    AnswerType.NUMBER: "应为不小于零的整数",
    AnswerType.CODE: "应为 {choices} 之一",
}


def _read(item: Item, text: str) -> Answer | None:
    match item.type:
        case AnswerType.BOOL:
            return _YES_NO.get(text)
        case AnswerType.NUMBER:
            return int(text) if text.isascii() and text.isdecimal() else None
        case AnswerType.CODE:
            return next((choice.code for choice in item.choices if text in {choice.code, choice.zh}), None)


async def apply_visits(chunk: Sequence[Parsed[Visited]], work: RegistryWork) -> Applied:
    """Write a chunk; everybody is looked up in one statement, and so are the visits there were."""
    within = Scope.everywhere() if work.caller is None else work.caller.scope
    found = await linked(work.connection, [parsed.value.number for parsed in chunk], work.secrets, within=within)
    faults: list[CellFault] = []
    drafts: list[tuple[int, Draft]] = []
    forms: dict[date, Form | None] = {}
    for parsed, someone in zip(chunk, found, strict=True):
        form = await _form_on(parsed.value.visited_on, forms, work)
        if someone is None:
            faults.append(CellFault(parsed.number, _TITLES["citizen_id_no"], "在您的管辖范围内没有该人员"))
        elif form is None:
            faults.append(CellFault(parsed.number, _TITLES["visited_on"], "该日期没有可用的调查表"))
        else:
            drafts.append((parsed.number, _draft(someone.person_id, parsed.value, form)))
    unchanged = 0
    recorded = await record_visits([draft for _, draft in drafts], work, within=within)
    for (number, _), each in zip(drafts, recorded, strict=True):
        if isinstance(each, Refusal):
            faults.append(_explained(number, each))
        elif each[1]:
            visit = each[0]
            after = {"visit_id": visit.visit_id, "outcome": visit.outcome}
            work.audit(Change(visit.person_id, "survey.visit_recorded", after=after, division=visit.division.code))
        else:
            unchanged += 1
    return Applied(applied=len(chunk) - unchanged - len(faults), unchanged=unchanged, faults=faults)


def _draft(person_id: UUID, said: Visited, form: Form) -> Draft:
    return Draft(person_id=person_id, form=form, outcome=said.outcome, visited_on=said.visited_on, answers=said.answers)


async def _form_on(visited_on: date, known: dict[date, Form | None], work: RegistryWork) -> Form | None:
    if visited_on not in known:
        try:
            known[visited_on] = await work.surveys.form_on(visited_on)
        except FormNotFound:
            known[visited_on] = None
    return known[visited_on]


def _explained(number: int, refusal: Refusal) -> CellFault:
    """Why a row makes no visit, at the cell that matters."""
    facts: dict[str, Any] = refusal.facts
    match refusal:
        case AnswersDoNotFit():
            codes = [*facts["missing"], *facts["unknown"], *facts["wrong"]]
            reason = "缺少或不符合调查表的答案：" + "、".join(codes)
            return CellFault(number, _TITLES.get(codes[0], codes[0]), reason)
        case NobodyAnswered():
            return CellFault(number, _TITLES["outcome"], "只有“已入户调查”才能填写答案")
        case VisitIsKnown():
            return CellFault(number, _TITLES["visited_on"], f"{facts['year']} 年度已登记过调查，且结果不同")
        case DateInFuture():
            return CellFault(number, _TITLES["visited_on"], "不能晚于今天")
        case YearIsNotSurveyed():
            return CellFault(number, _TITLES["visited_on"], f"调查自 {facts['first']} 年起")
        case PersonNotFound():
            return CellFault(number, _TITLES["citizen_id_no"], "在您的管辖范围内没有该人员")
        case _:
            return CellFault(number, _TITLES["citizen_id_no"], "该人员已登记死亡，或该记录已并入他人")


SURVEY_IMPORT: Final[Import[Visited, RegistryWork]] = Import(
    kind="survey.import", columns=COLUMNS, parse=parse_visit, apply=apply_visits
)

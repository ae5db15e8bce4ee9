"""What is due to a person, and why: as data, as a page to print, and compared between two days of knowledge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.subsidy.adapters import engine, explanations, records
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.decisions import Answer
from services.subsidy.domain.entitlement.rules import Effect
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.errors import PersonNotKnown
from services.subsidy.domain.explanation import Explanation, Known
from services.subsidy.entrypoints.http.explanation_page import page_of
from shared.kit.audit import Look
from shared.kit.bodies import Moment
from shared.kit.pagination import Listed
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem
from shared.kit.routing import Router, open_work
from shared.values.month import Month

router = Router(prefix="/api/v1/persons/{person_id}/entitlements", tags=["entitlements"])
FIELDS = ("entitled_fen", "due_fen", "payable_fen", "rules", "facts")
MONTHS_MAX = 120

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("entitlement:read")]
MonthText = Annotated[str, Path(pattern=r"^\d{4}-\d{2}$", description="月份，例如 2026-06")]
SchemeCode = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,40}$")]
KnownAt = Annotated[Moment | None, Query(description="按当时已掌握的情况；缺省为现在")]


@dataclass(frozen=True, slots=True)
class Question:
    """Whom, what and when an explanation is about."""

    person_id: UUID
    scheme: str
    month: Month


async def question(person_id: UUID, scheme: SchemeCode, month: MonthText) -> Question:
    """From the path."""
    return Question(person_id, scheme, Month.parse(month))


Asked = Annotated[Question, Depends(question)]


class EntitlementOut(BaseModel):
    """Amounts in fen; None where a clerk must look (``problem``)."""

    model_config = ConfigDict(frozen=True)

    scheme: str
    month: str
    award_id: UUID | None
    entitled_fen: int | None
    due_fen: int | None
    settled_fen: int
    open_fen: int
    payable_fen: int | None
    problem: str | None

    @classmethod
    def of(cls, answer: Answer) -> EntitlementOut:
        """From an answer of the engine."""
        told = asdict(answer) | {"month": str(answer.month)}
        return cls(**{name: told[name] for name in cls.model_fields})


class RuleOut(BaseModel):
    """A rule and what it said."""

    model_config = ConfigDict(frozen=True)

    number: int
    id: str
    clause: str
    effect: Effect
    stops: bool
    reason_zh: str
    reason_en: str


class KnownOut(BaseModel):
    """A fact as it stood."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    what: str
    told: str
    valid_from: date | None
    valid_to: date | None
    source: str
    known_from: datetime
    id: UUID | None


class DocumentOut(BaseModel):
    """A policy document that was applied."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    division: str
    title: str
    legal_basis: str
    since: str


class CombinationOut(BaseModel):
    """What the amount was chosen from; the highest counts."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    zh: str
    fen: int


class ExplanationOut(BaseModel):
    """Everything about one person, scheme and month."""

    model_config = ConfigDict(frozen=True)

    entitlement: EntitlementOut
    title_zh: str
    county: str | None
    rules: list[RuleOut]
    facts: list[KnownOut]
    policy: list[DocumentOut]
    combinations: list[CombinationOut]
    arithmetic: list[str]
    known_at: datetime | None
    person_id: UUID
    other_records: list[UUID] = Field(description="同一人被合并的其他登记，其情况一并计算")
    succeeded: list[str] = Field(description="区划变更时依次承接的县（ID-21），末位为现在的县；未变更的只有一个")

    @classmethod
    def of(cls, explanation: Explanation) -> ExplanationOut:
        """From an explanation."""
        return cls(
            entitlement=EntitlementOut.of(explanation.answer),
            title_zh=explanation.title,
            county=explanation.county,
            rules=[_rule(outcome) for outcome in explanation.outcomes],
            facts=[KnownOut.model_validate(known) for known in explanation.known],
            policy=[DocumentOut.model_validate(document) for document in explanation.documents],
            combinations=[CombinationOut.model_validate(each) for each in explanation.combinations],
            arithmetic=list(explanation.arithmetic),
            known_at=explanation.known_at,
            person_id=explanation.answer.person_id,
            other_records=list(explanation.other_records),
            succeeded=list(explanation.succeeded),
        )


class ComparisonOut(BaseModel):
    """The same question on two days of knowledge: what we learned in between, and what it changed."""

    model_config = ConfigDict(frozen=True)

    before: ExplanationOut
    after: ExplanationOut
    difference_fen: int | None
    learned: list[KnownOut]
    no_longer_held: list[KnownOut]
    rules_changed: list[str]


def _rule(outcome: Any) -> RuleOut:
    rule = outcome.rule
    return RuleOut(
        number=rule.number,
        id=rule.id,
        clause=rule.clause,
        effect=rule.effect,
        stops=outcome.stops,
        reason_zh=rule.reason_zh,
        reason_en=rule.reason_en,
    )


@router.get("", summary="某人的逐月应发测算")
async def list_entitlements(
    *,
    caller: Reader,
    person_id: UUID,
    work: Work,
    first: Annotated[str, Query(pattern=r"^\d{4}-\d{2}$", description="第一个月份")],
    last: Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}$", description="最后一个月份，缺省为同一月")] = None,
    known_at: KnownAt = None,
) -> Listed[EntitlementOut]:
    """Entitled, due and payable of every scheme, month by month."""
    division = await _must_be_known(work, caller, person_id, known_at)
    months = span_of(Month.parse(first), Month.parse(last or first))
    answers = await engine.decide(
        work.connection,
        months=months,
        population=Population.of([await records.owner(work.connection, person_id, known_at=known_at)]),
        known_at=known_at,
    )
    work.audit(Look(person_id, FIELDS, "read", division, count=len(answers)))
    answers.sort(key=lambda answer: (answer.scheme, answer.month))
    return Listed(items=[EntitlementOut.of(answer) for answer in answers])


@router.get("/{scheme}/{month}", summary="某人某月某项补贴的依据")
async def explain(*, caller: Reader, asked: Asked, work: Work, known_at: KnownAt = None) -> ExplanationOut:
    """Result, amount, every rule with its outcome, facts with source and times, policy, arithmetic."""
    return ExplanationOut.of(await _explained(work, caller, asked, known_at))


@router.get("/{scheme}/{month}/page", summary="某人某月某项补贴的依据（打印）", response_class=Response)
async def print_explanation(*, caller: Reader, asked: Asked, work: Work, known_at: KnownAt = None) -> Response:
    """The same on a page to print, in Chinese."""
    explanation = await _explained(work, caller, asked, known_at)
    return Response(page_of(explanation), media_type="text/html; charset=utf-8")


@router.get("/{scheme}/{month}/comparison", summary="两个时点所掌握情况的比较")
async def compare(
    *,
    caller: Reader,
    asked: Asked,
    work: Work,
    before: Annotated[Moment, Query(description="较早的时点")],
    known_at: KnownAt = None,
) -> ComparisonOut:
    """What changed since we decided: ``before`` is the earlier moment, ``known_at`` the later one."""
    old = await _explained(work, caller, asked, before)
    new = await _explained(work, caller, asked, known_at)
    return compared(old, new)


def compared(old: Explanation, new: Explanation) -> ComparisonOut:
    """What two explanations differ in."""
    then, now = ({_held(known): known for known in each.known} for each in (old, new))
    fens = old.answer.due_fen, new.answer.due_fen
    ids = [{outcome.rule.id for outcome in each.reasons} for each in (old, new)]
    return ComparisonOut(
        before=ExplanationOut.of(old),
        after=ExplanationOut.of(new),
        difference_fen=None if fens[0] is None or fens[1] is None else fens[1] - fens[0],
        learned=[KnownOut.model_validate(now[key]) for key in now.keys() - then.keys()],
        no_longer_held=[KnownOut.model_validate(then[key]) for key in then.keys() - now.keys()],
        rules_changed=sorted(ids[0] ^ ids[1]),
    )


def _held(known: Known) -> tuple[object, ...]:
    return known.what, known.told, known.valid_from, known.valid_to, known.id


def span_of(first: Month, last: Month) -> Sequence[Month]:
    """The months somebody asks for, not too many."""
    if not 0 <= last.minus(first) < MONTHS_MAX:
        raise Problem("value_is_invalid", zh=f"月份跨度应在 {MONTHS_MAX} 个月以内", en=f"at most {MONTHS_MAX} months")
    return list(first.through(last))


async def _explained(work: SubsidyWork, caller: Caller, asked: Question, known_at: datetime | None) -> Explanation:
    division = await _must_be_known(work, caller, asked.person_id, known_at)
    explanation = await explanations.explain(
        work.connection, asked.person_id, asked.scheme, asked.month, known_at=known_at
    )
    work.audit(Look(asked.person_id, FIELDS, "read", division))
    return explanation


async def _must_be_known(work: SubsidyWork, caller: Caller, person_id: UUID, known_at: datetime | None) -> str:
    """Where the person lives; who may see a record that was absorbed may not for that see the person's."""
    whose = await records.owner(work.connection, person_id, known_at=known_at)
    divisions = await work.facts.divisions({person_id, whose}, within=caller.scope)
    if divisions.keys() != {person_id, whose}:
        raise PersonNotKnown
    return divisions[whose]

"""Facts about persons: what they live on, what else they draw, where and how they are cared for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.subsidy.adapters import facts
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.errors import FactNotFound
from services.subsidy.domain.person_facts import AMOUNT_FEN_MAX, INCOME_PERCENT_MAX, Fact, FactKind, Revision, Source
from services.subsidy.use_cases.record_facts import correct_fact, fact_to_change, record_fact, withdraw_fact
from shared.kit.audit import Look, looks
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import RequestModel, Router, open_work
from shared.values.division import Division

router = Router(prefix="/api/v1/facts", tags=["facts"])
FIELDS = ("kind", "value", "amount_fen", "valid_from", "valid_to", "source")

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("fact:read")]
Writer = Annotated[Caller, Permit("fact:write")]
Seen = Annotated[Precondition, Depends(if_match)]


class FactTold(RequestModel):
    """What is told of a fact. ``valid_to``: the first day on which it no longer holds; without it the fact goes on."""

    valid_from: date
    valid_to: date | None = None
    value: str | None = Field(default=None, max_length=32, description="取值，见代码表")
    amount_fen: int | None = Field(default=None, ge=0, le=AMOUNT_FEN_MAX, description="其他待遇的每月金额（分）")
    dibao_class: int | None = Field(default=None, ge=1, le=4)
    income_percent: int | None = Field(
        default=None, ge=0, le=INCOME_PERCENT_MAX, description="家庭人均收入占低保标准的百分比（进一取整）"
    )
    scheme: str | None = Field(default=None, max_length=40)
    source: Source = Source.CIVIL_AFFAIRS
    verified: bool = True

    def of(self, *, fact_id: UUID, person_id: UUID, kind: FactKind) -> Fact:
        """The fact."""
        return Fact(
            fact_id=fact_id,
            person_id=person_id,
            kind=kind,
            **{name: getattr(self, name) for name in FactTold.model_fields},
        )


class FactIn(FactTold):
    """A fact to record."""

    person_id: UUID
    kind: FactKind


class FactOut(BaseModel):
    """A revision of a fact."""

    model_config = ConfigDict(frozen=True)

    fact_id: UUID
    revision: int
    person_id: UUID
    division: str
    kind: FactKind
    value: str | None
    amount_fen: int | None
    dibao_class: int | None
    income_percent: int | None
    scheme: str | None
    valid_from: date
    valid_to: date | None
    source: Source
    verified: bool
    withdrawn: bool
    recorded_at: datetime | None
    recorded_by: str

    @classmethod
    def of(cls, revision: Revision) -> FactOut:
        """From a revision."""
        fact = revision.fact
        return cls(
            revision=revision.revision,
            division=revision.division,
            withdrawn=revision.withdrawn,
            recorded_at=revision.recorded_at,
            recorded_by=revision.recorded_by,
            **{name: getattr(fact, name) for name in Fact.__dataclass_fields__ if name != "reason"},
        )


@router.post("", status_code=201, dependencies=[Idempotent()], summary="登记事实")
async def record(caller: Writer, body: FactIn, work: Work, response: Response) -> FactOut:
    """Record a fact; what is due follows at once."""
    fact = body.of(fact_id=work.new_id(), person_id=body.person_id, kind=body.kind)
    recorded = await record_fact(fact, work, within=caller.scope)
    response.headers["Location"] = f"/api/v1/facts/{fact.fact_id}"
    tag(response, recorded.revision)
    return FactOut.of(recorded)


@router.get("", summary="事实列表")
async def list_facts(
    *,
    caller: Reader,
    work: Work,
    page: PageAsked,
    person_id: UUID | None = None,
    kind: FactKind | None = None,
    division: Annotated[str | None, Query(max_length=12, description="区划代码，任意级别")] = None,
) -> Listed[FactOut]:
    """The newest revisions of the caller's divisions, withdrawn ones included."""
    items, following = await facts.page_of(
        work.connection,
        page,
        within=caller.scope,
        division=None if division is None else Division.parse(division),
        person_id=person_id,
        kind=kind,
    )
    work.audit(*looks(((item.fact.person_id, item.division) for item in items), FIELDS, what="read"))
    return Listed(items=[FactOut.of(item) for item in items], next=following)


@router.get("/{fact_id}", summary="事实详情")
async def read_fact(caller: Reader, fact_id: UUID, work: Work, response: Response) -> FactOut:
    """The newest revision."""
    found = (await facts.get(work.connection, [fact_id], within=caller.scope)).get(fact_id)
    if found is None:
        raise FactNotFound
    work.audit(Look(found.fact.person_id, FIELDS, "read", found.division))
    tag(response, found.revision)
    return FactOut.of(found)


@router.get("/{fact_id}/revisions", summary="事实的历次登记")
async def read_revisions(caller: Reader, fact_id: UUID, work: Work) -> Listed[FactOut]:
    """Everything that was ever told of it, oldest first."""
    found = await facts.history(work.connection, fact_id, within=caller.scope)
    if not found:
        raise FactNotFound
    work.audit(Look(found[-1].fact.person_id, FIELDS, "read", found[-1].division, count=len(found)))
    return Listed(items=[FactOut.of(revision) for revision in found])


@router.put("/{fact_id}", summary="更正事实")
async def correct(
    *, caller: Writer, fact_id: UUID, body: FactTold, work: Work, seen: Seen, response: Response
) -> FactOut:
    """Tell it better: the next revision. What was known before can still be asked for."""
    known = await fact_to_change(fact_id, work, within=caller.scope)
    seen.check(known.revision)
    told = body.of(fact_id=fact_id, person_id=known.fact.person_id, kind=known.fact.kind)
    corrected = await correct_fact(told, known, work)
    tag(response, corrected.revision)
    return FactOut.of(corrected)


@router.post("/{fact_id}/withdrawal", dependencies=[Idempotent()], summary="撤回事实")
async def withdraw(caller: Writer, fact_id: UUID, work: Work, seen: Seen, response: Response) -> FactOut:
    """It was wrong: months it stopped or gave are judged as if it had not been (READ-21)."""
    known = await fact_to_change(fact_id, work, within=caller.scope)
    seen.check(known.revision)
    gone = await withdraw_fact(known, work)
    tag(response, gone.revision)
    return FactOut.of(gone)

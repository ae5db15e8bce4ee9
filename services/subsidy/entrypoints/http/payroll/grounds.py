"""Why a line was paid: as data, and as a page to print."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import Depends, Path, Response
from pydantic import BaseModel, ConfigDict

from services.subsidy.adapters.payroll import grounds as ground
from services.subsidy.adapters.payroll.grounds import Grounds
from services.subsidy.adapters.payroll.lines import LineKey
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.errors import PersonNotKnown
from services.subsidy.entrypoints.http.entitlements import FIELDS, ExplanationOut, MonthText, SchemeCode
from services.subsidy.entrypoints.http.payroll.grounds_page import page_of
from services.subsidy.entrypoints.http.payroll.schemas import LineOut, StepOut
from shared.kit.audit import Look
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem
from shared.kit.routing import Router, open_work
from shared.values.month import Month

SEQ_MAX = 32_767

router = Router(prefix="/api/v1/persons/{person_id}/payments/{scheme}/{month}/{seq}/grounds", tags=["payroll"])

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("entitlement:read")]
PAID = "payment:read"
"""Facts and payments are shown together: whoever asks must be allowed to see both."""


async def key_of(
    person_id: UUID, scheme: SchemeCode, month: MonthText, seq: Annotated[int, Path(ge=0, le=SEQ_MAX)]
) -> LineKey:
    """From the path."""
    return LineKey(person_id, scheme, Month.parse(month), seq)


Key = Annotated[LineKey, Depends(key_of)]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class ApprovalOfRunOut(_Out):
    """Two persons who agreed, and when."""

    approval_id: UUID
    maker: str
    made_at: datetime
    checker: str
    decided_at: datetime


class ToldOut(_Out):
    """An instruction to the bank about the line."""

    instruction_key: UUID
    attempt: int
    dispatch_no: int
    amount_fen: int
    sent_at: datetime
    sent_by: str
    file_name: str | None


class TurnOut(_Out):
    """Something that became of the line: an answer of the bank, or a step of a person."""

    no: int
    state: str
    reason: str
    instruction_key: UUID | None
    told_at: datetime | None
    at: datetime
    recorded_by: str


class EventOut(_Out):
    """An event of the award, in the journal of this service."""

    event_id: UUID
    type: str
    epoch: int
    position: int
    occurred_at: datetime
    recorded_at: datetime


class ComparedOut(_Out):
    """What was noted when the line was drawn up, and what it comes to when computed again.

    ``found`` and ``agrees`` are null where the run was drawn up under an earlier digest.
    """

    name: str
    noted: str
    found: str | None
    agrees: bool | None


class GroundsOut(_Out):
    """Why a line was paid. ``agrees``: nothing noted then differs from what comes out now."""

    line: LineOut
    explanation: ExplanationOut
    register_epoch: int
    register_position: int
    steps: list[StepOut]
    approvals: list[ApprovalOfRunOut]
    instructions: list[ToldOut]
    turns: list[TurnOut]
    events: list[EventOut]
    compared: list[ComparedOut]
    agrees: bool

    @classmethod
    def of(cls, found: Grounds) -> Self:
        """From what was found."""
        assert found.run.draft is not None
        return cls(
            line=LineOut.of(found.line),
            explanation=ExplanationOut.of(found.explanation),
            register_epoch=found.run.draft.proven.epoch,
            register_position=found.run.draft.proven.position,
            steps=[StepOut.model_validate(each, from_attributes=True) for each in found.steps],
            approvals=[ApprovalOfRunOut.model_validate(each) for each in found.approvals],
            instructions=[ToldOut.model_validate(each) for each in found.instructions],
            turns=[TurnOut.model_validate(each) for each in found.turns],
            events=[EventOut.model_validate(each) for each in found.events],
            compared=[ComparedOut.model_validate(each) for each in found.compared],
            agrees=not any(each.agrees is False for each in found.compared),
        )


@router.get("", summary="一笔付款的依据")
async def read_grounds(*, caller: Reader, key: Key, work: Work) -> GroundsOut:
    """Facts, rules, policy and arithmetic as known when it was drawn up; approvals, instructions, answers, events."""
    return GroundsOut.of(await _found(work, caller, key))


@router.get("/page", summary="一笔付款的依据（打印）", response_class=Response)
async def print_grounds(*, caller: Reader, key: Key, work: Work) -> Response:
    """The same on a page to print, in Chinese."""
    return Response(page_of(await _found(work, caller, key)), media_type="text/html; charset=utf-8")


async def _found(work: SubsidyWork, caller: Caller, key: LineKey) -> Grounds:
    if not caller.may(PAID):
        raise Problem("permission_denied", permission=PAID)
    division = (await work.facts.divisions([key.person_id], within=caller.scope)).get(key.person_id)
    if division is None:
        raise PersonNotKnown
    found = await ground.of_line(work.connection, key)
    work.audit(Look(key.person_id, (*FIELDS, "state"), "read", division))
    return found

"""Proactive reminders: the work list of townships, and how persons are told (SUB-71)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.subsidy.adapters import reminders
from services.subsidy.adapters.tellings import Tellings
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.errors import ReminderNotFound
from services.subsidy.domain.reminder import (
    Cause,
    Reminder,
    ReminderState,
    TellingMedium,
    TellingState,
)
from services.subsidy.entrypoints.http.problems import TEXTS
from services.subsidy.entrypoints.jobs import REMINDERS_JOB
from shared.kit.audit import Change, Look, looks
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.job_routes import JobView, view_of
from shared.kit.jobs import Jobs
from shared.kit.messages import MESSAGES_MAX
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem
from shared.kit.routing import RequestModel, Router, open_work
from shared.kit.scoping import DivisionAsked
from shared.values.division import Division
from shared.values.personal import Phone

FIELDS: Final = ("cause", "cause_on", "schemes", "amount_fen")
Reason = Literal["NOT_FOUND", "RECIPIENT_NOT_USABLE", "ALREADY_WAITING"]
_SENT_BY_MESSAGE = Literal[TellingMedium.SMS, TellingMedium.LETTER, TellingMedium.IN_APP]

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("reminder:read")]
Writer = Annotated[Caller, Permit("reminder:write")]
Seen = Annotated[Precondition, Depends(if_match)]
DivisionText = Annotated[str, StringConstraints(pattern=r"^\d{2,12}$")]
WordsText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


class LookIn(RequestModel):
    """Look for new cases of a division (default: everywhere)."""

    division: DivisionText | None = None


class SendingIn(RequestModel):
    """One message to send. ``recipient``: a telephone for SMS, an address for LETTER, nothing for IN_APP."""

    reminder_id: UUID
    medium: _SENT_BY_MESSAGE
    recipient: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)] | None = None

    def is_usable(self) -> bool:
        """Whether the recipient is one of the medium."""
        match self.medium:
            case TellingMedium.SMS:
                return self.recipient is not None and Phone.pattern.fullmatch(self.recipient) is not None
            case TellingMedium.LETTER:
                return self.recipient is not None
            case TellingMedium.IN_APP:
                return self.recipient is None


class SendingsIn(RequestModel):
    """Messages to send."""

    items: list[SendingIn] = Field(min_length=1, max_length=MESSAGES_MAX)


class LeftOut(BaseModel):
    """A reminder of which no message was asked for, and why (code list ``telling_left_out``)."""

    reminder_id: UUID
    reason: Reason


class SendingsOut(BaseModel):
    """How many messages wait to be sent now, and what was left out."""

    waiting: int
    left_out: list[LeftOut]


class TellingIn(RequestModel):
    """A clerk told the person: when, how, and what shows it (a call's time, a signature, a letter's number)."""

    medium: TellingMedium
    told_on: date
    evidence: WordsText


class ClosingIn(RequestModel):
    """Why nothing is left to tell."""

    reason: WordsText


class TellingOut(BaseModel):
    """One time the person was to be told, with the evidence."""

    telling_id: UUID
    medium: TellingMedium
    state: TellingState
    told_on: date | None
    evidence: str | None
    requested_at: datetime
    requested_by: str


class ReminderOut(BaseModel):
    """One case of the work list."""

    model_config = ConfigDict(frozen=True)

    reminder_id: UUID
    version: int
    person_id: UUID
    cause: Cause
    cause_on: date
    schemes: list[str]
    amount_fen: int
    division: str
    division_found: str
    found_on: date
    state: ReminderState
    reminded_on: date | None
    ended_on: date | None
    closed_by: str | None
    close_reason: str | None
    tellings: list[TellingOut] | None = Field(default=None, description="告知记录及凭证，仅在详情中给出")

    @classmethod
    def of(cls, one: Reminder, told: Tellings, tellings: list[TellingOut] | None = None) -> ReminderOut:
        """From a case."""
        plain = {name: getattr(one, name) for name in cls.model_fields if name not in {"close_reason", "tellings"}}
        return cls(**plain | {"schemes": list(one.schemes)}, close_reason=told.closing(one), tellings=tellings)


def reminder_router(jobs: Jobs, told: Tellings) -> Router:
    """The work list, telling and closing."""
    router = Router(prefix="/api/v1", tags=["reminders"])

    @router.post("/reminder-looks", status_code=202, dependencies=[Idempotent()], summary="查找主动提醒对象")
    async def look(caller: Writer, body: LookIn, work: Work, request: Request) -> JobView:
        """Find who is newly in dibao or newly certified, could be paid and has not applied; watch the job."""
        place = None if body.division is None else Division.parse(body.division).code
        if not (caller.scope.is_everywhere if place is None else caller.scope.covers(place)):
            raise Problem("division_outside_scope", division=place or "*")
        work.audit(Look(None, FIELDS, REMINDERS_JOB, place))
        return view_of(await jobs.submit(work, REMINDERS_JOB, {"division": place}), request, TEXTS)

    @router.get("/reminders", summary="主动提醒清单")
    async def list_reminders(
        *,
        caller: Reader,
        work: Work,
        page: PageAsked,
        cause: Cause | None = None,
        state: ReminderState | None = None,
        person_id: UUID | None = None,
        division: DivisionAsked = None,
    ) -> Listed[ReminderOut]:
        """A page of the work list of the caller's divisions."""
        items, following = await reminders.page_of(
            work.connection,
            page,
            within=caller.scope,
            division=None if division is None else Division.parse(division),
            cause=cause,
            state=state,
            person_id=person_id,
        )
        work.audit(*looks(((item.person_id, item.division) for item in items), FIELDS, what="read"))
        return Listed(items=[ReminderOut.of(item, told) for item in items], next=following)

    @router.get("/reminders/{reminder_id}", summary="主动提醒详情")
    async def read_reminder(caller: Reader, reminder_id: UUID, work: Work, response: Response) -> ReminderOut:
        """One case, with every telling and its evidence."""
        found = await _found(work, caller, reminder_id)
        work.audit(Look(found.person_id, (*FIELDS, "evidence"), "read", found.division))
        tag(response, found.version)
        return await _whole(work, told, found)

    @router.post("/reminder-sendings", dependencies=[Idempotent()], summary="发送主动提醒")
    async def send(caller: Writer, body: SendingsIn, work: Work) -> SendingsOut:
        """Let messages wait for whoever carries them. Recipients are kept, encrypted, until they were answered for."""
        return await _send(work, told, caller, body.items)

    @router.post("/reminders/{reminder_id}/telling", dependencies=[Idempotent()], summary="登记已告知")
    async def tell(
        *, caller: Writer, reminder_id: UUID, body: TellingIn, work: Work, seen: Seen, response: Response
    ) -> ReminderOut:
        """A clerk told the person, and says what shows it."""
        found = await _found(work, caller, reminder_id, lock=True)
        seen.check(found.version)
        found.told(body.told_on, today=work.today())
        await told.write_down(work, found, body.medium, body.told_on, body.evidence, by=caller.subject)
        changed = await _found(work, caller, reminder_id)
        _audit(work, "reminder.told", found, changed)
        tag(response, changed.version)
        return await _whole(work, told, changed)

    @router.post("/reminders/{reminder_id}/closing", dependencies=[Idempotent()], summary="办结主动提醒")
    async def close(
        *, caller: Writer, reminder_id: UUID, body: ClosingIn, work: Work, seen: Seen, response: Response
    ) -> ReminderOut:
        """Close it with a reason; the same cause is not found again."""
        found = await _found(work, caller, reminder_id, lock=True)
        seen.check(found.version)
        found.must_be_active()
        words = told.sealed_closing(body.reason, reminder_id)
        closed = await reminders.close(work.connection, found, on=work.today(), by=caller.subject, closing_cipher=words)
        _audit(work, "reminder.closed", found, closed)
        tag(response, closed.version)
        return await _whole(work, told, closed)

    return router


async def _send(work: SubsidyWork, told: Tellings, caller: Caller, items: Sequence[SendingIn]) -> SendingsOut:
    known = await told.active(work, [each.reminder_id for each in items], within=caller.scope)
    usable = {
        each.reminder_id: (TellingMedium(each.medium), each.recipient)
        for each in items
        if each.reminder_id in known and each.is_usable()
    }
    asked = await told.ask(work, usable, by=caller.subject)
    work.audit(
        *(
            Change(
                known[each].person_id,
                "reminder.sending",
                after={"reminder_id": each, "medium": usable[each][0]},
                division=known[each].division,
            )
            for each in sorted(asked)
        )
    )
    if not asked:
        work.audit(Look(None, ("state",), "reminder.sending", count=0))
    return SendingsOut(waiting=len(asked), left_out=_left_out(items, set(known), asked))


def _left_out(items: Sequence[SendingIn], known: Collection[UUID], asked: Collection[UUID]) -> list[LeftOut]:
    """Why each of the others is not sent."""
    reasons: dict[UUID, Reason] = {}
    for each in items:
        if each.reminder_id not in known:
            reasons[each.reminder_id] = "NOT_FOUND"
        elif not each.is_usable():
            reasons[each.reminder_id] = "RECIPIENT_NOT_USABLE"
        elif each.reminder_id not in asked:
            reasons[each.reminder_id] = "ALREADY_WAITING"
    return [LeftOut(reminder_id=reminder_id, reason=reason) for reminder_id, reason in reasons.items()]


async def _found(work: SubsidyWork, caller: Caller, reminder_id: UUID, *, lock: bool = False) -> Reminder:
    found = await reminders.get(work.connection, reminder_id, within=caller.scope, lock=lock)
    if found is None:
        raise ReminderNotFound
    return found


async def _whole(work: SubsidyWork, told: Tellings, one: Reminder) -> ReminderOut:
    names = [name for name in TellingOut.model_fields if name != "evidence"]
    tellings = [
        TellingOut(**{name: getattr(each, name) for name in names}, evidence=evidence)
        for each, evidence in await told.of(work.connection, [one.reminder_id])
    ]
    return ReminderOut.of(one, told, tellings)


def _audit(work: SubsidyWork, what: str, before: Reminder, after: Reminder) -> None:
    work.audit(
        Change(
            before.person_id,
            what,
            before={"state": before.state},
            after={"state": after.state, "reminder_id": after.reminder_id},
            division=after.division,
        )
    )

"""The reader's side over REST: how far we have read, what waits as dead letters, where our copies differ.

Operators repair here, or with ``python -m services.<name>.worker letters …``; both do the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import text

from shared.kit import dead_letters
from shared.kit.anti_entropy import adopt_as_published
from shared.kit.audit import Change, Code
from shared.kit.consumer import Subscription, discard_letter, retry_person
from shared.kit.dead_letters import Letter, LetterState
from shared.kit.four_eyes import Content, Matter, redeemable, use
from shared.kit.journal_client import JournalClient
from shared.kit.mirror import state_named, table_name
from shared.kit.pagination import Listed
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem, ProblemText
from shared.kit.routing import RequestModel, Router
from shared.kit.work import UnitOfWork, Works
from shared.values.division import EVERYWHERE, Scope

Reader = Annotated[Caller, Permit("events:read")]
Repairer = Annotated[Caller, Permit("events:repair")]

_LETTER_UNKNOWN: Final = ProblemText(
    404,
    "死信不存在",
    "Unknown dead letter",
    "没有该死信，或不在您的管辖范围内",
    "no such dead letter within your divisions",
)
_LETTER_SETTLED: Final = ProblemText(
    409, "死信已处理", "Dead letter is settled", "该死信状态为 {state}，不能再处理", "the letter is {state} already"
)
_LETTER_NOT_RETRIABLE: Final = ProblemText(
    409,
    "该消息无法重试",
    "Message cannot be retried",
    "该消息不是本系统的事件（无法读取），只能核实后丢弃",
    "this message is not one of our events; look at it and discard it",
)
_DRIFT_UNKNOWN: Final = ProblemText(
    404, "差异不存在", "Unknown difference", "没有待处理的该项数据差异", "no such difference waits"
)


class CursorOut(BaseModel):
    """How far one publisher's journal has been applied."""

    model_config = ConfigDict(frozen=True)

    publisher: str
    epoch: int
    position: int
    moved_at: datetime


class ResyncOut(BaseModel):
    """A recovery after the publisher's history was replaced."""

    model_config = ConfigDict(frozen=True)

    publisher: str
    from_epoch: int
    from_position: int
    to_epoch: int
    to_position: int
    method: str
    rows_changed: int
    started_at: datetime
    finished_at: datetime


class LetterOut(BaseModel):
    """A dead letter with its error and body."""

    model_config = ConfigDict(frozen=True)

    letter_id: UUID
    publisher: str
    position: int | None
    event_id: UUID | None
    type: str | None
    person_id: UUID | None
    state: LetterState
    error: str | None
    attempts: int
    failed_at: datetime
    body: dict[str, Any]
    note: str | None = Field(default=None, description="why it was given up")

    @classmethod
    def of(cls, letter: Letter, request: Request) -> LetterOut:
        """From the stored letter."""
        values = {name: getattr(letter, name) for name in cls.model_fields if name != "note"}
        return cls(**values, note=dead_letters.note_of(letter, request.app.state.cipher))


class Retried(BaseModel):
    """How many letters were applied, and the letter now."""

    model_config = ConfigDict(frozen=True)

    applied: int
    letter: LetterOut


class Discarding(RequestModel):
    """Why a letter is given up."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=500)]


class DriftOut(BaseModel):
    """A copied row that differs from the publisher's and that no repair may touch by itself."""

    model_config = ConfigDict(frozen=True)

    publisher: str
    relation: str
    id: UUID
    person_id: UUID
    kind: str
    our_version: int | None
    their_version: int | None
    first_seen_at: datetime
    last_seen_at: datetime


class AdoptionIn(RequestModel):
    """Adopt, with the approval another person gave."""

    approval_id: UUID


class Adopted(BaseModel):
    """How many rows changed."""

    model_config = ConfigDict(frozen=True)

    rows_changed: int


async def _drift(work: UnitOfWork, subject_id: str) -> Content | None:
    publisher, relation, row_id = (*subject_id.split("/", 2), "", "")[:3]
    row = (
        await work.connection.execute(
            text(
                "SELECT id, kind, our_version, their_version FROM drift WHERE publisher = :publisher "
                "AND relation = :relation AND CAST(id AS text) = :id AND settled_at IS NULL"
            ),
            {"publisher": publisher, "relation": relation, "id": row_id},
        )
    ).one_or_none()
    if row is None:
        return None
    what = {name: row._mapping[name] for name in ("kind", "our_version", "their_version")}
    return Content(what, division=await _division_of(work, relation, row.id))


async def _division_of(work: UnitOfWork, relation: str, row_id: UUID) -> str | None:
    """Where a row that differs lies, as our copy has it; None when we have none."""
    state = state_named(relation)
    query = f"SELECT division FROM {table_name(state)} WHERE {state.key} = :id"  # noqa: S608 - names of our own
    division: str | None = await work.connection.scalar(text(query), {"id": row_id})
    return division


def _differences(subscriptions: Mapping[str, Subscription[Any]]) -> str:
    """Rows that differ, where our copies lie in the scope; what we have no copy of is for who may see everything."""
    copies = " UNION ALL ".join(
        f"SELECT '{state.relation}' AS relation, {state.key} AS id, division FROM {table_name(state)}"  # noqa: S608 - names of our own
        for subscription in subscriptions.values()
        for state in subscription.states
    )
    return (
        "SELECT d.publisher, d.relation, d.id, d.person_id, d.kind, d.our_version, d.their_version, d.first_seen_at, "  # noqa: S608 - as above
        f"d.last_seen_at FROM drift d LEFT JOIN ({copies}) c ON c.relation = d.relation AND c.id = d.id "
        "WHERE d.settled_at IS NULL AND (:everywhere OR c.division LIKE ANY(:within)) "
        "ORDER BY d.first_seen_at LIMIT 1000"
    )


def _within(scope: Scope) -> dict[str, object]:
    return {
        "everywhere": scope.is_everywhere,
        "within": [f"{prefix}%" for prefix in sorted(scope.prefixes) if prefix != EVERYWHERE],
    }


DRIFT: Final = Matter("drift.adoption", "events:repair", _drift)
"""What two people decide: that the publisher's row is right. The subject is ``publisher/relation/id``."""


def consumption_router(subscriptions: Mapping[str, Subscription[Any]]) -> Router:
    """The routes of a reader. ``app.state.journals`` holds a `JournalClient` per publisher."""
    router = Router(prefix="/api/v1/consumption", tags=["consumption"])
    differences = _differences(subscriptions)

    @router.get("/cursors", dependencies=[Permit("events:read")], summary="消费位置")
    async def list_cursors(request: Request) -> Listed[CursorOut]:
        """How far each publisher's journal has been applied."""
        rows = await _rows(request, "SELECT publisher, epoch, position, moved_at FROM consumer_cursor ORDER BY 1")
        return Listed(items=[CursorOut.model_validate(row) for row in rows])

    @router.get("/resyncs", dependencies=[Permit("events:read")], summary="重新同步记录")
    async def list_resyncs(request: Request) -> Listed[ResyncOut]:
        """The last hundred recoveries after a new epoch."""
        rows = await _rows(request, "SELECT * FROM consumer_resync ORDER BY resync_id DESC LIMIT 100")
        return Listed(items=[ResyncOut.model_validate(row) for row in rows])

    @router.get("/dead-letters", summary="死信列表")
    async def list_letters(
        request: Request,
        caller: Reader,
        state: Annotated[list[LetterState] | None, Query()] = None,
        after: Annotated[UUID | None, Query(description="letter_id of the last letter seen")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Listed[LetterOut]:
        """Events that failed for good (OPEN) and those waiting behind them (PARKED), oldest first."""
        wanted = state or [LetterState.OPEN, LetterState.PARKED]
        async with _works(request).begin() as work:
            letters = await dead_letters.listed(work.connection, states=wanted, after=after, limit=limit)
        seen = [LetterOut.of(letter, request) for letter in letters if _visible(letter, caller)]
        return Listed(items=seen, next=str(letters[-1].letter_id) if len(letters) == limit else None)

    @router.post("/dead-letters/{letter_id}/retry", summary="重试死信")
    async def retry(request: Request, caller: Repairer, letter_id: UUID) -> Retried:
        """Apply everything that waits for the letter's person, in order. A new failure is counted, nothing is lost."""
        letter = await _waiting(request, caller, letter_id)
        return await _retried(request, caller, subscriptions[letter.publisher], letter)

    @router.post("/dead-letters/{letter_id}/discard", summary="丢弃死信")
    async def discard(request: Request, caller: Repairer, letter_id: UUID, body: Discarding) -> Retried:
        """Give one letter up, with a reason; what waited behind it is applied."""
        letter = await _waiting(request, caller, letter_id)
        return await _discarded(request, caller, subscriptions[letter.publisher], letter, body.note)

    @router.get("/drift", summary="数据差异")
    async def list_drift(request: Request, caller: Reader) -> Listed[DriftOut]:
        """Rows that differ from the publisher's and wait for a decision."""
        rows = await _rows(request, differences, **_within(caller.scope))
        return Listed(items=[DriftOut.model_validate(row) for row in rows])

    @router.post("/drift/{publisher}/{relation}/{row_id}/adoption", summary="采纳发布方数据")
    async def adopt(
        *, request: Request, caller: Repairer, publisher: str, relation: str, row_id: UUID, body: AdoptionIn
    ) -> Adopted:
        """Take what the publisher has now, as two people decided, and let the effects follow."""
        subject_id = f"{publisher}/{relation}/{row_id}"
        async with _works(request).begin(caller=caller, trace_id=request.state.trace_id) as work:
            content = await _drift(work, subject_id) if publisher in subscriptions else None
            if content is None or not _answers_for(caller, content.division):
                raise Problem("drift_unknown", text=_DRIFT_UNKNOWN)
            await redeemable(work, DRIFT, subject_id, body.approval_id)
        journals: Mapping[str, JournalClient] = request.app.state.journals
        changed = await adopt_as_published(
            _works(request),
            subscriptions[publisher],
            journals[publisher],
            state_named(relation),
            row_id,
            by=caller.subject,
        )
        # Adopting twice changes nothing, so the approval is used last: dying in between wastes nothing.
        async with _works(request).begin(caller=caller, trace_id=request.state.trace_id) as work:
            await use(work, body.approval_id)
            difference = {"publisher": Code(publisher), "relation": Code(relation), "id": row_id}
            work.audit(Change(None, "difference.adopted", after=difference | {"rows": changed}))
        return Adopted(rows_changed=changed)

    return router


def _works(request: Request) -> Works[Any]:
    works: Works[Any] = request.app.state.works
    return works


async def _rows(request: Request, query: str, **parameters: object) -> list[dict[str, Any]]:
    async with _works(request).begin() as work:
        rows = await work.connection.execute(text(query), parameters)
        return [dict(row._mapping) for row in rows]


def _visible(letter: Letter, caller: Caller) -> bool:
    division = letter.body.get("division")
    return _answers_for(caller, division if isinstance(division, str) else None)


def _answers_for(caller: Caller, division: str | None) -> bool:
    """Whether something lies in the caller's divisions; nobody knows where: it is for who may see everything."""
    return caller.scope.is_everywhere if division is None else caller.scope.covers(division)


async def _retried(request: Request, caller: Caller, subscription: Subscription[Any], letter: Letter) -> Retried:
    if letter.person_id is None:
        raise Problem("letter_not_retriable", text=_LETTER_NOT_RETRIABLE)
    applied = await retry_person(_works(request), subscription, letter.person_id, by=caller.subject)
    return await _settled(request, caller, letter, "dead_letter.retried", applied)


async def _discarded(
    request: Request, caller: Caller, subscription: Subscription[Any], letter: Letter, note: str
) -> Retried:
    sealed = dead_letters.sealed_note(request.app.state.cipher, letter.letter_id, note)
    applied = await discard_letter(_works(request), subscription, letter, by=caller.subject, note=sealed)
    return await _settled(request, caller, letter, "dead_letter.discarded", applied)


async def _settled(request: Request, caller: Caller, letter: Letter, what: str, applied: int) -> Retried:
    """The effects are the events' own; who let them happen is told here."""
    async with _works(request).begin(caller=caller, trace_id=request.state.trace_id) as work:
        work.audit(Change(letter.person_id, what, after={"letter_id": letter.letter_id, "applied": applied}))
    return Retried(applied=applied, letter=LetterOut.of(await _letter(request, caller, letter.letter_id), request))


async def _letter(request: Request, caller: Caller, letter_id: UUID) -> Letter:
    async with _works(request).begin() as work:
        letter = await dead_letters.get(work.connection, letter_id)
    if letter is None or not _visible(letter, caller):
        raise Problem("letter_unknown", text=_LETTER_UNKNOWN)
    return letter


async def _waiting(request: Request, caller: Caller, letter_id: UUID) -> Letter:
    letter = await _letter(request, caller, letter_id)
    if letter.state not in {LetterState.OPEN, LetterState.PARKED}:
        raise Problem("letter_settled", text=_LETTER_SETTLED, state=letter.state.value)
    return letter

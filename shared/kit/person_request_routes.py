"""A person's requests over HTTP: filed by the person (or a guardian), worked on by the office that owns the data."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import sqlalchemy as sql
from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from shared.kit import person_requests as cases
from shared.kit.audit import Change, Code, Look
from shared.kit.blobs import Blobs
from shared.kit.clients import ServiceClient, ServiceIsUnavailable
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.four_eyes import redeem
from shared.kit.idempotency import Idempotent
from shared.kit.job_routes import blob_response
from shared.kit.jobs import Jobs
from shared.kit.limits import Budget
from shared.kit.masking import AsText
from shared.kit.outbound import http_client
from shared.kit.pagination import Listed, PageAsked, paginate
from shared.kit.permissions import Caller, Permit
from shared.kit.person_requests import Filing, Kind, PersonRequests, State, Step, allowed_steps
from shared.kit.problems import NOT_THERE_YET, Problem, ProblemText
from shared.kit.routing import RequestModel, Router
from shared.kit.scoping import inside
from shared.kit.transactions import open_work
from shared.kit.work import UnitOfWork
from shared.values.personal import Statement
from shared.values.purpose import Purpose

_CREATED: Final = 201
_NOT_FORWARDED: Final = ProblemText(
    409,
    "未能转交",
    "Not forwarded",
    "未能转交给 {service}（{status}）；可转交的服务：{allowed}",
    "could not be forwarded to {service} ({status}); services to forward to: {allowed}",
)
_APPROVAL_NEEDED: Final = ProblemText(
    409,
    "须先经双人复核",
    "Needs an approval",
    "删除个人信息须先经双人复核",
    "an erasure needs another person's approval",
)

Work = Annotated[UnitOfWork, Depends(open_work, scope="function")]
Self = Annotated[Caller, Permit("own:request")]
SelfReader = Annotated[Caller, Permit("own:read")]
Reader = Annotated[Caller, Permit("request:read")]
Officer = Annotated[Caller, Permit("request:write")]
Unmasker = Annotated[Caller, Permit("person:unmask")]
Seen = Annotated[Precondition, Depends(if_match)]
Format = Annotated[Literal["json", "xlsx"], Query(alias="format", description="json or xlsx")]
Words = Annotated[Statement, AsText(Statement.parse, "本人陈述", max_length=4_000)]

_COPIES: Final = Budget("person.copy", subject="10/minute;100/day")


class OwnRequestIn(RequestModel):
    """A request about one's own data, or (``person_id``) a ward's."""

    kind: Kind
    person_id: UUID | None = None
    statement: Words | None = None


class RequestIn(RequestModel):
    """A request the office takes in, on paper or from another service."""

    kind: Kind
    person_id: UUID
    statement: Words | None = None
    received_from: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,20}$")] | None = None


class AnswerIn(RequestModel):
    """What the office tells the person."""

    answer: Words


class CompletionIn(RequestModel):
    """What was done; an erasure also names the approval of another person."""

    answer: Words | None = None
    approval_id: UUID | None = None


class ForwardingIn(RequestModel):
    """To which service's work list."""

    service: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,20}$")]


class RequestOut(BaseModel):
    """A case, without the words in it."""

    model_config = ConfigDict(frozen=True)

    request_id: UUID
    person_id: UUID
    division: str
    kind: Kind
    state: State
    version: int
    due_on: date = Field(description="最后答复日（受理后 15 个工作日）")
    overdue: bool
    filed_by: str
    filed_at: datetime
    received_from: str | None
    forwarded_to: str | None
    forwarded_id: UUID | None
    closed_at: datetime | None
    job_id: UUID | None
    has_copy: bool
    allowed: list[Step]

    @classmethod
    def of(cls, row: Any, today: date) -> RequestOut:
        """From its row."""
        told = {name: getattr(row, name) for name in cls.model_fields if name in row._mapping}
        return cls(
            **told,
            overdue=row.closed_at is None and row.due_on < today,
            has_copy=row.json_blob_id is not None,
            allowed=list(allowed_steps(Kind(row.kind), State(row.state))),
        )


class WordsOut(BaseModel):
    """What the person said and what the office answered, in clear."""

    model_config = ConfigDict(frozen=True)

    statement: str | None
    answer: str | None


def own_request_router(requests: PersonRequests, blobs: Blobs) -> Router:
    """The person's side."""
    router = Router(prefix="/api/v1/me/requests", tags=["me"])

    @router.post("", status_code=_CREATED, dependencies=[Idempotent()], summary="提出申请")
    async def file(caller: Self, body: OwnRequestIn, work: Work, request: Request) -> RequestOut:
        """Ask for a copy, a correction, a restriction (or its end) or an erasure."""
        person_id = body.person_id or caller.person_id
        if person_id is None or not await requests.holding.acts_for(request, work, person_id):
            raise cases.RequestSubjectIsUnknown
        return await _file(requests, work, Filing(person_id, body.kind, body.statement), caller, own=True)

    @router.get("", summary="我的申请")
    async def list_own(caller: SelfReader, work: Work, page: PageAsked) -> Listed[RequestOut]:
        """One's own cases, whoever filed them, the newest first."""
        table = cases.REQUEST
        query = sql.select(table).where(table.c.person_id == caller.person_id)
        rows, following = await paginate(work.connection, query, [table.c.request_id], page, descending=True)
        work.audit(Look(caller.person_id, ("requests",), "read by themself", purpose=Purpose.OWN_REQUEST.value))
        return Listed(items=[RequestOut.of(row, work.today()) for row in rows], next=following)

    @router.post("/{request_id}/withdrawal", dependencies=[Idempotent()], summary="撤回申请")
    async def withdraw(caller: Self, request_id: UUID, work: Work, request: Request) -> RequestOut:
        """Take a case back."""
        row = await _own(requests, work, request, request_id, lock=True)
        return await _moved(requests, work, row, Step.WITHDRAW, caller)

    @router.get(
        "/{request_id}/copy",
        response_class=Response,
        responses=NOT_THERE_YET,
        dependencies=[Permit("own:read"), _COPIES],
        summary="下载我的数据副本",
    )
    async def fetch(request_id: UUID, work: Work, request: Request, form: Format) -> Response:
        """Everything held about oneself, as JSON or a workbook; kept for thirty days."""
        row = await _own(requests, work, request, request_id)
        return await _copy(blobs, work, row, form)

    return router


def person_request_router(requests: PersonRequests, blobs: Blobs, jobs: Jobs) -> Router:
    """The office's side: its work list."""
    router = Router(prefix="/api/v1/person-requests", tags=["person-requests"])

    @router.post("", status_code=_CREATED, dependencies=[Idempotent()], summary="受理个人信息权利申请")
    async def file(caller: Officer, body: RequestIn, work: Work) -> RequestOut:
        """Take in a request for a person of the caller's divisions."""
        filing = Filing(body.person_id, body.kind, body.statement, body.received_from)
        return await _file(requests, work, filing, caller, own=False)

    @router.get("", summary="个人信息权利申请列表")
    async def list_requests(
        caller: Reader,
        work: Work,
        page: PageAsked,
        *,
        state: State | None = None,
        kind: Kind | None = None,
        overdue: bool = False,
    ) -> Listed[RequestOut]:
        """The work list of the caller's divisions."""
        table = cases.REQUEST
        wanted = [
            inside(table.c.division, caller.scope),
            *([table.c.state == state] if state else []),
            *([table.c.kind == kind] if kind else []),
            *([sql.and_(table.c.closed_at.is_(None), table.c.due_on < work.today())] if overdue else []),
        ]
        rows, following = await paginate(
            work.connection, sql.select(table).where(*wanted), [table.c.request_id], page, descending=True
        )
        return Listed(items=[RequestOut.of(row, work.today()) for row in rows], next=following)

    @router.get("/{request_id}", summary="申请详情")
    async def read(caller: Reader, request_id: UUID, work: Work, response: Response) -> RequestOut:
        """One case; its ETag is what a step must present."""
        row = await requests.find(work, request_id, within=caller.scope)
        tag(response, row.version)
        return RequestOut.of(row, work.today())

    @router.get("/{request_id}/words", summary="申请内容")
    async def read_words(caller: Officer, request_id: UUID, work: Work) -> WordsOut:
        """What the person wrote: whoever works on the case must read it, and is remembered for it."""
        row = await requests.find(work, request_id, within=caller.scope)
        work.audit(_look(row, ("statement", "answer")))
        statement, answer = requests.words(row)
        return WordsOut(
            statement=None if statement is None else statement.clear, answer=None if answer is None else answer.clear
        )

    @router.get(
        "/{request_id}/copy",
        response_class=Response,
        responses=NOT_THERE_YET,
        dependencies=[_COPIES],
        summary="代本人下载数据副本",
    )
    async def fetch(caller: Unmasker, request_id: UUID, work: Work, form: Format) -> Response:
        """The copy, to be handed to the person."""
        row = await requests.find(work, request_id, within=caller.scope)
        return await _copy(blobs, work, row, form)

    _steps(router, requests, jobs)
    return router


def _steps(router: Router, requests: PersonRequests, jobs: Jobs) -> None:
    """The steps of the office."""

    @router.post("/{request_id}/acceptance", dependencies=[Idempotent()], summary="受理")
    async def accept(caller: Officer, request_id: UUID, work: Work, seen: Seen) -> RequestOut:
        """Begin; a copy is made at once."""
        row = await _seen(requests, work, caller, request_id, seen)
        values: dict[str, Any] = {}
        if row.kind == Kind.COPY and row.state == State.RECEIVED:
            values["job_id"] = (await jobs.submit(work, cases.COPY_JOB, {"request_id": str(request_id)})).id
        return await _moved(requests, work, row, Step.ACCEPT, caller, **values)

    @router.post("/{request_id}/refusal", dependencies=[Idempotent()], summary="不予办理")
    async def refuse(caller: Officer, request_id: UUID, body: AnswerIn, work: Work, seen: Seen) -> RequestOut:
        """Refuse, and tell why."""
        row = await _seen(requests, work, caller, request_id, seen)
        return await _moved(requests, work, row, Step.REFUSE, caller, answer=body.answer)

    @router.post("/{request_id}/completion", dependencies=[Idempotent()], summary="办结")
    async def complete(caller: Officer, request_id: UUID, body: CompletionIn, work: Work, seen: Seen) -> RequestOut:
        """Do what was asked. An erasure takes another person's approval and what the law lets go."""
        row = await _seen(requests, work, caller, request_id, seen)
        if row.kind == Kind.ERASURE and row.state == State.ACCEPTED:
            await _approved(work, caller, request_id, body.approval_id)
        done = await _moved(requests, work, row, Step.COMPLETE, caller, answer=body.answer)
        await requests.complete(work, row)
        return done

    @router.post("/{request_id}/forwarding", dependencies=[Idempotent()], summary="转交")
    async def forward(
        request: Request, caller: Officer, request_id: UUID, body: ForwardingIn, work: Work, *, seen: Seen
    ) -> RequestOut:
        """Hand a correction to the service that owns the data; it opens a case of its own there."""
        row = await _seen(requests, work, caller, request_id, seen)
        statement, _ = requests.words(row)
        moved = await requests.move(work, row, Step.FORWARD, by=caller.subject, forwarded_to=body.service)
        theirs = await _forwarded(request, requests.holding.service, body.service, row, statement)
        table = cases.REQUEST
        await work.connection.execute(
            table.update().where(table.c.request_id == request_id).values(forwarded_id=theirs)
        )
        _audit_step(work, row, moved)
        return RequestOut.of(await requests.find(work, request_id, within=caller.scope), work.today())


async def _approved(work: UnitOfWork, caller: Caller, request_id: UUID, approval_id: UUID | None) -> None:
    if not caller.may("person:erase"):
        raise Problem("permission_denied", permission="person:erase")
    if approval_id is None:
        raise Problem("approval_needed", text=_APPROVAL_NEEDED)
    await redeem(work, cases.erasure_matter(), str(request_id), approval_id)


async def _file(requests: PersonRequests, work: UnitOfWork, filing: Filing, caller: Caller, *, own: bool) -> RequestOut:
    within = caller.scope.everywhere() if own else caller.scope
    division = await requests.holding.division_of(work, filing.person_id, within)
    if division is None:
        raise cases.RequestSubjectIsUnknown
    row = await requests.file(work, filing, division=division, by=caller.subject)
    work.audit(
        Change(
            row.person_id,
            "person_request.filed",
            after={"request_id": row.request_id, "kind": Code(row.kind)},
            division=row.division,
        )
    )
    return RequestOut.of(row, work.today())


async def _seen(
    requests: PersonRequests, work: UnitOfWork, caller: Caller, request_id: UUID, seen: Precondition
) -> Any:
    row = await requests.find(work, request_id, within=caller.scope, lock=True)
    seen.check(row.version)
    return row


async def _own(
    requests: PersonRequests, work: UnitOfWork, request: Request, request_id: UUID, *, lock: bool = False
) -> Any:
    """A case of the caller, or of a ward of theirs."""
    caller: Caller = request.state.caller
    for person_id in (caller.person_id, *sorted(caller.ward_ids)):
        if person_id is None:
            continue
        try:
            row = await requests.find(work, request_id, within=None, person_id=person_id, lock=lock)
        except cases.RequestIsUnknown:
            continue
        if await requests.holding.acts_for(request, work, person_id):
            return row
    raise cases.RequestIsUnknown


async def _moved(
    requests: PersonRequests, work: UnitOfWork, row: Any, step: Step, caller: Caller, **values: Any
) -> RequestOut:
    moved = await requests.move(work, row, step, by=caller.subject, **values)
    _audit_step(work, row, moved)
    return RequestOut.of(moved, work.today())


def _audit_step(work: UnitOfWork, before: Any, after: Any) -> None:
    work.audit(
        Change(
            before.person_id,
            f"person_request.{after.state.lower()}",
            before={"request_id": before.request_id, "state": Code(before.state)},
            after={"request_id": before.request_id, "state": Code(after.state)},
            division=before.division,
        )
    )


def _look(row: Any, fields: tuple[str, ...]) -> Look:
    return Look(
        row.person_id, fields=fields, what="disclosed", division=row.division, purpose=Purpose.OWN_REQUEST.value
    )


async def _copy(blobs: Blobs, work: UnitOfWork, row: Any, form: str) -> Response:
    blob = await cases.copy_of(work.connection, blobs, row, as_json=form == "json")
    work.audit(_look(row, ("copy",)))
    return await blob_response(blobs, blob)


async def _forwarded(request: Request, ours: str, service: str, row: Any, statement: Statement | None) -> UUID:
    """Open the case there in the officer's own name, once however often it is tried. Raises Problem 409."""
    urls: dict[str, str] = request.app.state.settings.publisher_urls
    facts: dict[str, Any] = {"service": service, "allowed": sorted(urls)}
    if service not in urls:
        raise Problem("not_forwarded", text=_NOT_FORWARDED, status="unknown", **facts)
    body = {
        "kind": row.kind,
        "person_id": str(row.person_id),
        "statement": None if statement is None else statement.clear,
        "received_from": ours,
    }
    token = request.headers["authorization"].partition(" ")[2]
    async with http_client(urls[service]) as client:
        try:
            answer = await ServiceClient(service, client).post(
                "/api/v1/person-requests", json=body, idempotency_key=f"forward-{row.request_id}", bearer=token
            )
        except ServiceIsUnavailable as error:
            raise Problem("service_unavailable", headers={"Retry-After": "5"}, service=service) from error
    if answer.status_code != _CREATED:
        raise Problem("not_forwarded", text=_NOT_FORWARDED, status=answer.status_code, **facts)
    return UUID(answer.json()["request_id"])

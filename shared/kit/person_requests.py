"""What a person may ask about their own data, as tracked cases: a copy, a correction, a restriction, an erasure.

Each service keeps the cases about the data it owns; a case that concerns another's is forwarded to that one's work
list. The person's words and the office's answer are encrypted. Deadlines are working days. A copy is made by a job and
lies in encrypted files only the person (or who may unmask) can fetch; an erasure takes four eyes and what the law
lets go.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final, assert_never
from uuid import UUID

import orjson
import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from shared.kit.blobs import JSON, XLSX, Blob, Blobs
from shared.kit.codelists import codes
from shared.kit.crypto import Cipher, Keys
from shared.kit.four_eyes import Content, Matter
from shared.kit.jobs import JobResult, RunningJob
from shared.kit.problems import ProblemText
from shared.kit.rotation import Sealed
from shared.kit.spreadsheets import Cell, workbook_bytes
from shared.kit.work import UnitOfWork
from shared.kit.working_days import seeded
from shared.values.division import Scope
from shared.values.personal import Statement
from shared.values.refusal import Refusal
from shared.values.working_days import WorkingDaysOfYearAreUnknown

COPY_JOB: Final = "person.copy"
ERASURE: Final = "person.erasure"
ANSWER_WORKING_DAYS: Final = 15
STATEMENT, ANSWER = b"person_request.statement", b"person_request.answer"
_SATURDAY: Final = 5


class Kind(StrEnum):
    """What is asked (PIPL arts. 44-47)."""

    COPY = "COPY"
    CORRECTION = "CORRECTION"
    RESTRICTION = "RESTRICTION"
    LIFTING = "LIFTING"
    ERASURE = "ERASURE"


class State(StrEnum):
    """Where a case stands."""

    RECEIVED = "RECEIVED"
    ACCEPTED = "ACCEPTED"
    COMPLETED = "COMPLETED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    FORWARDED = "FORWARDED"


class Step(StrEnum):
    """What can be done with a case."""

    ACCEPT = "accept"
    COMPLETE = "complete"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    FORWARD = "forward"


def allowed_steps(kind: Kind, state: State) -> tuple[Step, ...]:
    """The steps a case of that kind may take; a copy is completed by its job, only corrections are forwarded."""
    match state:
        case State.RECEIVED:
            forward = (Step.FORWARD,) if kind is Kind.CORRECTION else ()
            return (Step.ACCEPT, Step.REFUSE, Step.WITHDRAW, *forward)
        case State.ACCEPTED:
            finish = (Step.FORWARD, Step.COMPLETE) if kind is Kind.CORRECTION else (Step.COMPLETE,)
            return (Step.REFUSE, Step.WITHDRAW, *(() if kind is Kind.COPY else finish))
        case State.COMPLETED | State.REFUSED | State.WITHDRAWN | State.FORWARDED:
            return ()
    assert_never(state)


class RequestIsUnknown(Refusal):
    """No such case, or not one the caller may see."""

    code: ClassVar[str] = "person_request_not_found"


class RequestSubjectIsUnknown(Refusal):
    """The person is not one the caller may ask about."""

    code: ClassVar[str] = "person_request_subject_not_found"


class RequestStepNotAllowed(Refusal):
    """The case cannot take this step. Facts: step, state, allowed."""

    code: ClassVar[str] = "person_request_step_not_allowed"


class RequestIsOpenAlready(Refusal):
    """One open case of a kind per person. Facts: request_id."""

    code: ClassVar[str] = "person_request_is_open_already"


class NothingOfThatKindHere(Refusal):
    """This service cannot restrict or erase; the case belongs elsewhere. Facts: kind."""

    code: ClassVar[str] = "person_request_kind_not_here"


class DataMustBeKept(Refusal):
    """The law wants the data kept. Facts: rule, basis, until."""

    code: ClassVar[str] = "data_must_be_kept"


REQUEST_TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    RequestIsUnknown: ProblemText(404, "申请不存在", "No such request", "没有该申请", "there is no such request"),
    RequestSubjectIsUnknown: ProblemText(
        404, "人员不存在", "No such person", "没有可为其提出申请的该人员", "no such person to ask for"
    ),
    RequestStepNotAllowed: ProblemText(
        409,
        "当前状态不能办理",
        "Step not allowed",
        "申请当前状态为 {state}，不能办理“{step}”；可以办理：{allowed}",
        "the request is {state}; {step} is not allowed, allowed are: {allowed}",
    ),
    RequestIsOpenAlready: ProblemText(
        409,
        "已有未办结的同类申请",
        "A request is open already",
        "已有未办结的同类申请（{request_id}）",
        "a request of this kind is open already ({request_id})",
    ),
    NothingOfThatKindHere: ProblemText(
        409,
        "本服务不办理此类申请",
        "Not done here",
        "本服务不能办理 {kind} 类申请",
        "{kind} is not done by this service",
    ),
    DataMustBeKept: ProblemText(
        409,
        "依法须继续保存",
        "The law wants it kept",
        "依据{basis}（{rule}），该信息须保存至 {until}，不能删除",
        "{rule} ({basis}) wants this kept until {until}",
    ),
}

REQUEST_KIND_CODES: Final = codes(
    (Kind.COPY.value, "查阅、复制", "a copy"),
    (Kind.CORRECTION.value, "更正、补充", "a correction"),
    (Kind.RESTRICTION.value, "限制处理", "a restriction"),
    (Kind.LIFTING.value, "解除限制", "the end of a restriction"),
    (Kind.ERASURE.value, "删除", "an erasure"),
)
REQUEST_STATE_CODES: Final = codes(
    (State.RECEIVED.value, "待受理", "received"),
    (State.ACCEPTED.value, "办理中", "accepted"),
    (State.COMPLETED.value, "已办结", "completed"),
    (State.REFUSED.value, "不予办理", "refused"),
    (State.WITHDRAWN.value, "已撤回", "withdrawn"),
    (State.FORWARDED.value, "已转交", "forwarded"),
)

Sheets = Mapping[str, Sequence[Mapping[str, Cell]]]
"""Everything a service holds about a person: title -> records of named values, in clear."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What a service does about a person's data.

    ``division_of``: where the person belongs, None outside the scope. ``acts_for``: whether the caller is the person or
    a guardian today. ``collect``: everything held. ``restrict``/``erase`` where this service can; ``erase`` raises
    `DataMustBeKept`.
    """

    service: str
    division_of: Callable[[Any, UUID, Scope], Awaitable[str | None]]
    acts_for: Callable[[Request, Any, UUID], Awaitable[bool]]
    collect: Callable[[Any, UUID], Awaitable[Sheets]]
    restrict: Callable[[Any, UUID, bool], Awaitable[None]] | None = None
    erase: Callable[[Any, UUID], Awaitable[None]] | None = None


# ---------------------------------------------------------------------------- the table

_MOMENT: Final = sql.TIMESTAMP(timezone=True)
REQUEST: Final = sql.Table(
    "person_request",
    sql.MetaData(),
    sql.Column("request_id", sql.Uuid, primary_key=True),
    sql.Column("person_id", sql.Uuid, nullable=False),
    sql.Column("division", sql.Text, nullable=False),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("state", sql.Text, nullable=False, server_default=State.RECEIVED),
    sql.Column("version", sql.BigInteger, nullable=False, server_default="1"),
    sql.Column("statement_cipher", sql.LargeBinary),
    sql.Column("answer_cipher", sql.LargeBinary),
    sql.Column("due_on", sql.Date, nullable=False),
    sql.Column("filed_by", sql.Text, nullable=False),
    sql.Column("filed_at", _MOMENT, nullable=False, server_default=sql.text("clock_timestamp()")),
    sql.Column("received_from", sql.Text, comment="the service that forwarded it"),
    sql.Column("forwarded_to", sql.Text),
    sql.Column("forwarded_id", sql.Uuid),
    sql.Column("decided_by", sql.Text),
    sql.Column("closed_at", _MOMENT),
    sql.Column("job_id", sql.Uuid),
    sql.Column("json_blob_id", sql.Uuid),
    sql.Column("xlsx_blob_id", sql.Uuid),
    sql.CheckConstraint(f"kind IN ({', '.join(repr(each.value) for each in Kind)})", name="kind"),
    sql.CheckConstraint(f"state IN ({', '.join(repr(each.value) for each in State)})", name="state"),
    sql.CheckConstraint("(closed_at IS NULL) = (state IN ('RECEIVED', 'ACCEPTED'))", name="closed_when_ended"),
    sql.Index(
        "uq_person_request_open",
        "person_id",
        "kind",
        unique=True,
        postgresql_where=sql.text("state IN ('RECEIVED', 'ACCEPTED')"),
    ),
    sql.Index("ix_person_request_due", "due_on", postgresql_where=sql.text("state IN ('RECEIVED', 'ACCEPTED')")),
)


@dataclass(frozen=True, slots=True)
class PersonRequestTables:
    """The table of this module in a service's metadata."""

    person_request: sql.Table


def person_request_tables(metadata: sql.MetaData) -> PersonRequestTables:
    """Declare the table in `metadata`."""
    return PersonRequestTables(REQUEST.to_metadata(metadata))


def request_columns(tables: PersonRequestTables) -> Sealed:
    """What of it is encrypted."""
    return Sealed(tables.person_request, {"statement_cipher": STATEMENT, "answer_cipher": ANSWER})


# ---------------------------------------------------------------------------- cases


@dataclass(frozen=True, slots=True)
class Filing:
    """A case to open."""

    person_id: UUID
    kind: Kind
    statement: Statement | None = None
    received_from: str | None = None


class PersonRequests:
    """Opens, finds and moves cases, in the caller's transaction."""

    def __init__(self, keys: Keys, holding: Holding) -> None:
        self._cipher = Cipher(keys)
        self.holding = holding

    async def file(self, work: UnitOfWork, filing: Filing, *, division: str, by: str) -> Any:
        """A new case. Raises `RequestIsOpenAlready`, `NothingOfThatKindHere`."""
        self._must_do(filing.kind)
        table = REQUEST
        open_one = await work.connection.scalar(
            sql.select(table.c.request_id).where(
                table.c.person_id == filing.person_id, table.c.kind == filing.kind, table.c.closed_at.is_(None)
            )
        )
        if open_one is not None:
            raise RequestIsOpenAlready(request_id=str(open_one))
        request_id = work.new_id()
        inserted = await work.connection.execute(
            table.insert()
            .values(
                request_id=request_id,
                person_id=filing.person_id,
                division=division,
                kind=filing.kind,
                statement_cipher=self._sealed(filing.statement, STATEMENT, request_id),
                due_on=deadline(work.today()),
                filed_by=by,
                received_from=filing.received_from,
            )
            .returning(table)
        )
        return inserted.one()

    def _must_do(self, kind: Kind) -> None:
        restricts = kind in {Kind.RESTRICTION, Kind.LIFTING}
        if (restricts and self.holding.restrict is None) or (kind is Kind.ERASURE and self.holding.erase is None):
            raise NothingOfThatKindHere(kind=kind.value)

    async def find(
        self,
        work: UnitOfWork,
        request_id: UUID,
        *,
        within: Scope | None,
        person_id: UUID | None = None,
        lock: bool = False,
    ) -> Any:
        """One case within the scope, or of the person. Raises `RequestIsUnknown`."""
        query = sql.select(REQUEST).where(REQUEST.c.request_id == request_id)
        row = (await work.connection.execute(query.with_for_update() if lock else query)).one_or_none()
        mine = row is not None and person_id is not None and row.person_id == person_id
        if row is None or not (mine or (within is not None and within.covers(row.division))):
            raise RequestIsUnknown
        return row

    async def move(self, work: UnitOfWork, row: Any, step: Step, *, by: str, **values: Any) -> Any:
        """Take a step. Raises `RequestStepNotAllowed` telling the allowed ones."""
        kind, state = Kind(row.kind), State(row.state)
        allowed = allowed_steps(kind, state)
        if step not in allowed:
            raise RequestStepNotAllowed(step=step.value, state=state.value, allowed=[each.value for each in allowed])
        after = _AFTER[step]
        answer = values.pop("answer", None)
        if answer is not None:
            values["answer_cipher"] = self._sealed(answer, ANSWER, row.request_id)
        if after is not State.ACCEPTED:
            values["closed_at"] = sql.func.clock_timestamp()
        changed = await work.connection.execute(
            REQUEST.update()
            .where(REQUEST.c.request_id == row.request_id)
            .values(state=after, version=REQUEST.c.version + 1, decided_by=by, **values)
            .returning(REQUEST)
        )
        return changed.one()

    async def complete(self, work: UnitOfWork, row: Any) -> None:
        """The effect of completing a case, beside its own row. Raises `DataMustBeKept`."""
        holding, kind = self.holding, Kind(row.kind)
        if kind is Kind.ERASURE and holding.erase is not None:
            await holding.erase(work, row.person_id)
        elif kind in {Kind.RESTRICTION, Kind.LIFTING} and holding.restrict is not None:
            await holding.restrict(work, row.person_id, kind is Kind.RESTRICTION)

    def words(self, row: Any) -> tuple[Statement | None, Statement | None]:
        """What the person said and what the office answered."""
        return tuple(  # type: ignore[return-value]  # always two
            None
            if sealed is None
            else Statement(self._cipher.decrypt(bytes(sealed), context=context, row=row.request_id.bytes).decode())
            for sealed, context in ((row.statement_cipher, STATEMENT), (row.answer_cipher, ANSWER))
        )

    def _sealed(self, words: Statement | None, context: bytes, request_id: UUID) -> bytes | None:
        if words is None:
            return None
        return self._cipher.encrypt(words.clear.encode(), context=context, row=request_id.bytes)


_AFTER: Final[Mapping[Step, State]] = {
    Step.ACCEPT: State.ACCEPTED,
    Step.COMPLETE: State.COMPLETED,
    Step.REFUSE: State.REFUSED,
    Step.WITHDRAW: State.WITHDRAWN,
    Step.FORWARD: State.FORWARDED,
}


def deadline(today: date) -> date:
    """The last day to answer. A year nobody has entered is counted by weekdays: a right waits for no notice."""
    try:
        return seeded().after(today, ANSWER_WORKING_DAYS)
    except WorkingDaysOfYearAreUnknown:
        day, left = today, ANSWER_WORKING_DAYS
        while left:
            day += timedelta(days=1)
            left -= day.weekday() < _SATURDAY
        return day


def erasure_matter() -> Matter:
    """What two people decide: this case, as it stands, about this person. The subject is the case's id."""

    async def content(work: UnitOfWork, subject_id: str) -> Content | None:
        try:
            request_id = UUID(subject_id)
        except ValueError:
            return None
        row = (
            await work.connection.execute(
                sql.select(REQUEST).where(
                    REQUEST.c.request_id == request_id,
                    REQUEST.c.kind == Kind.ERASURE,
                    REQUEST.c.state == State.ACCEPTED,
                )
            )
        ).one_or_none()
        if row is None:
            return None
        return Content({"person_id": str(row.person_id), "version": row.version}, division=row.division)

    return Matter(ERASURE, "person:erase", content)


# ---------------------------------------------------------------------------- the copy


def copy_handler(requests: PersonRequests) -> Callable[[RunningJob[Any]], Awaitable[JobResult]]:
    """The job that collects everything about a person into one JSON file and one workbook."""

    async def run(job: RunningJob[Any]) -> JobResult:
        request_id = UUID(job.params["request_id"])
        async with job.begin() as work:
            row = await requests.find(work, request_id, within=Scope.everywhere())
            sheets = await requests.holding.collect(work, row.person_id)
        told = {title: [dict(record) for record in records] for title, records in sheets.items()}
        json_file = await job.store(
            _once(orjson.dumps(told, option=orjson.OPT_INDENT_2, default=str)), media_type=JSON, name="copy.json"
        )
        workbook = await asyncio.to_thread(_workbook, told)
        xlsx_file = await job.store(_once(workbook), media_type=XLSX, name="copy.xlsx")

        async def complete(work: UnitOfWork) -> None:
            for blob in (json_file, xlsx_file):
                await job.blobs.record(work.connection, blob)
            await _copied(work, request_id, json_file, xlsx_file)

        return JobResult({"records": sum(map(len, told.values()))}, at_end=complete)

    return run


async def _copied(work: UnitOfWork, request_id: UUID, json_file: Blob, xlsx_file: Blob) -> None:
    """The case is done, unless it was withdrawn or refused meanwhile."""
    await work.connection.execute(
        REQUEST.update()
        .where(REQUEST.c.request_id == request_id, REQUEST.c.state == State.ACCEPTED)
        .values(
            state=State.COMPLETED,
            version=REQUEST.c.version + 1,
            json_blob_id=json_file.id,
            xlsx_blob_id=xlsx_file.id,
            closed_at=sql.func.clock_timestamp(),
        )
    )


def _workbook(told: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    """One line a value: category, number of the record, name, value."""
    lines = [
        (title, number, name, None if value is None else str(value))
        for title, records in told.items()
        for number, record in enumerate(records, 1)
        for name, value in record.items()
    ]
    return workbook_bytes(("类别", "序号", "项目", "内容"), lines)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def copy_of(connection: AsyncConnection, blobs: Blobs, row: Any, *, as_json: bool) -> Blob:
    """A file of a completed copy. Raises `RequestStepNotAllowed` while there is none, `BlobIsUnknown` later."""
    blob_id = row.json_blob_id if as_json else row.xlsx_blob_id
    if blob_id is None:
        raise RequestStepNotAllowed(step="copy", state=row.state, allowed=[])
    return await blobs.find(connection, blob_id, within=Scope.everywhere())


# ---------------------------------------------------------------------------- retention

KEPT_DAYS: Final = 3 * 365
"""A closed case is evidence that rights were honoured; the words in it are wanted for three years (limitation)."""


def _forgettable(now: datetime) -> sql.ColumnElement[bool]:
    words = sql.or_(REQUEST.c.statement_cipher.is_not(None), REQUEST.c.answer_cipher.is_not(None))
    return sql.and_(REQUEST.c.closed_at < now - timedelta(days=KEPT_DAYS), words)


async def count_forgettable(connection: AsyncConnection, now: datetime) -> int:
    """How many closed cases hold words whose time is over."""
    return int(await connection.scalar(sql.select(sql.func.count()).where(_forgettable(now))) or 0)


async def forget_words(connection: AsyncConnection, now: datetime, *, rows_max: int = 1_000) -> int:
    """Drop the words of closed cases whose time is over; the case itself stays. Repeat until 0."""
    due = sql.select(REQUEST.c.request_id).where(_forgettable(now)).limit(rows_max)
    done = await connection.execute(
        REQUEST.update().where(REQUEST.c.request_id.in_(due)).values(statement_cipher=None, answer_cipher=None)
    )
    return done.rowcount

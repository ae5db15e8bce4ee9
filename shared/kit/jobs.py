"""Long work as a resource: submitted in a transaction, run by a worker, watched, cancelled, resumed.

A job is a row. Whoever claims it (``FOR UPDATE SKIP LOCKED``) holds a lease with a name of its own; every later
write names that lease, so a worker that was thought dead cannot write over its successor (`LeaseIsLost`). Handlers are
resumable: they store a checkpoint **in the transaction of the work it describes**, and a successor starts there.
Params, results and errors never hold personal values; those lie in files.
"""

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final, Generic, TypeVar
from uuid import UUID, uuid4

import orjson
import sqlalchemy as sql
import structlog
from prometheus_client import Counter
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from shared.kit.audit import Change, Code, Origin
from shared.kit.blobs import Blob, Blobs
from shared.kit.database import is_transient
from shared.kit.pagination import Page, paginate
from shared.kit.permissions import Caller
from shared.kit.problems import Problem
from shared.kit.work import UnitOfWork, Works
from shared.values.division import EVERYWHERE, Scope
from shared.values.invalid import InvalidValue
from shared.values.refusal import Refusal

__all__ = [
    "ENDED",
    "Handler",
    "Job",
    "JobHasEnded",
    "JobIsAnothers",
    "JobIsUnknown",
    "JobResult",
    "JobRunner",
    "JobState",
    "JobTables",
    "JobWasCancelled",
    "Jobs",
    "LeaseIsLost",
    "Once",
    "RunningJob",
    "division_of",
    "job_tables",
    "may_pass",
    "retention_end",
]

_log: Final = structlog.get_logger(__name__)

LEASE_SECONDS: Final = 15.0
ATTEMPTS_MAX: Final = 5
IDLE_POLL_SECONDS_MIN: Final = 0.02
IDLE_POLL_SECONDS_MAX: Final = 0.2
RETRY_SECONDS_MAX: Final = 60.0
RATE_SAMPLES: Final = 20
RESULT_RETENTION_DAYS: Final = 30
RESULT_BYTES_MAX: Final = 2 << 30
HOUSE: Final = "house"
"""Who created a job that nobody asked for."""

JOBS_ENDED: Final = Counter("liangfu_jobs_ended_total", "Jobs by how they ended", ["kind", "state"])
JOBS_RETRIED: Final = Counter("liangfu_jobs_retried_total", "Runs given up for a transient error", ["kind"])


class JobState(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


ENDED: Final = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})


class JobIsUnknown(Refusal):
    """There is no such job, or the caller may not see it: the same answer."""

    code: ClassVar[str] = "job_not_found"


class JobHasEnded(Refusal):
    """A job that succeeded or failed cannot be cancelled (facts ``state``, ``allowed``)."""

    code: ClassVar[str] = "job_has_ended"


class JobGaveUp(Refusal):
    """Every attempt ended with its worker dead or with a transient error, without progress (fact ``attempts``)."""

    code: ClassVar[str] = "job_gave_up"


class JobIsAnothers(Refusal):
    """Only who asked for the job may cancel it."""

    code: ClassVar[str] = "job_is_anothers"


class JobWasCancelled(Exception):
    """Raised inside a handler by `RunningJob.progress`: somebody cancelled. Let it pass; open work rolls back."""


class LeaseIsLost(Exception):
    """Another worker took the job over. Whatever this one had open must roll back."""


@dataclass(frozen=True, slots=True)
class Job:
    """One row, as read. ``done`` and ``total`` count whatever the handler counts; ``rate`` is ``done`` per second."""

    id: UUID
    kind: str
    state: JobState
    phase: str
    done: int
    total: int | None
    rate: float | None
    params: dict[str, Any]
    checkpoint: dict[str, Any]
    result: dict[str, Any] | None
    result_blob_id: UUID | None
    error: dict[str, Any] | None
    caller: Caller | None
    created_by: str
    client_id: str
    machine: bool
    divisions: frozenset[str]
    trace_id: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    heartbeat_at: datetime | None
    attempts: int
    cancel_requested: bool
    revision: int

    @property
    def eta_seconds(self) -> float | None:
        """Seconds until the phase is done at the present rate; ``None`` while nobody can know."""
        if self.state is not JobState.RUNNING or self.total is None or not self.rate:
            return None
        return max(self.total - self.done, 0) / self.rate


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a handler hands back: a small report, optionally a file its reader may fetch, and optionally what must
    commit together with the success."""

    report: Mapping[str, Any] = field(default_factory=dict)
    blob: Blob | None = None
    at_end: Callable[[UnitOfWork], Awaitable[object]] | None = None


@dataclass(frozen=True, slots=True)
class Once:
    """An idempotency key of the submitter, and what must be equal for two submissions to be the same."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class JobTables:
    job: sql.Table


def job_tables(metadata: sql.MetaData) -> JobTables:
    moment = sql.DateTime(timezone=True)
    job = sql.Table(
        "job",
        metadata,
        sql.Column("job_id", sql.Uuid, primary_key=True),
        sql.Column("kind", sql.Text, nullable=False),
        sql.Column("state", sql.Text, nullable=False, server_default=JobState.QUEUED),
        sql.Column("phase", sql.Text, nullable=False, server_default=""),
        sql.Column("done", sql.BigInteger, nullable=False, server_default="0"),
        sql.Column("total", sql.BigInteger),
        sql.Column("rate", sql.Float, comment="done per second in the present phase"),
        sql.Column("params", JSONB, nullable=False),
        sql.Column("checkpoint", JSONB, nullable=False, server_default="{}"),
        sql.Column("result", JSONB(none_as_null=True)),
        sql.Column("result_blob_id", sql.Uuid),
        sql.Column("error", JSONB(none_as_null=True), comment="code and facts; words are chosen when read"),
        sql.Column("caller", JSONB(none_as_null=True), comment="who asked; null for the house itself"),
        sql.Column("created_by", sql.Text, nullable=False),
        sql.Column("client_id", sql.Text, nullable=False),
        sql.Column("machine", sql.Boolean, nullable=False),
        sql.Column("divisions", ARRAY(sql.Text), nullable=False, comment="scope prefixes, or * for everywhere"),
        sql.Column("trace_id", sql.Text, nullable=False),
        sql.Column("created_at", moment, nullable=False, server_default=sql.func.now()),
        sql.Column("started_at", moment),
        sql.Column("finished_at", moment),
        sql.Column("run_after", moment, nullable=False, server_default=sql.func.now()),
        sql.Column("heartbeat_at", moment),
        sql.Column("lease_owner", sql.Text),
        sql.Column("lease_until", moment),
        sql.Column("attempts", sql.Integer, nullable=False, server_default="0", comment="since the last checkpoint"),
        sql.Column("cancel_requested", sql.Boolean, nullable=False, server_default=sql.false()),
        sql.Column("once_key", sql.Text),
        sql.Column("once_fingerprint", sql.Text),
        sql.Column("revision", sql.BigInteger, nullable=False, server_default="1", comment="one per visible change"),
        sql.CheckConstraint(f"state IN ({', '.join(repr(state.value) for state in JobState)})", name="state_is_known"),
        sql.CheckConstraint("(state = 'RUNNING') = (lease_owner IS NOT NULL)", name="running_is_leased"),
    )
    sql.Index("ix_job_open", job.c.job_id, postgresql_where=job.c.state.in_([JobState.QUEUED, JobState.RUNNING]))
    sql.Index(
        "ix_job_once",
        *(job.c.client_id, job.c.created_by, job.c.once_key),
        unique=True,
        postgresql_where=job.c.once_key.is_not(None),
    )
    return JobTables(job)


def _caller_as_json(caller: Caller) -> dict[str, Any]:
    return {"name": caller.name, "roles": sorted(caller.roles), "permissions": sorted(caller.permissions)}


def _job_of(row: sql.Row[Any]) -> Job:
    caller = row.caller and Caller(
        subject=row.created_by,
        client_id=row.client_id,
        name=row.caller["name"],
        roles=frozenset(row.caller["roles"]),
        permissions=frozenset(row.caller["permissions"]),
        scope=Scope(frozenset(row.divisions)),
        machine=row.machine,
    )
    return Job(
        id=row.job_id,
        kind=row.kind,
        state=JobState(row.state),
        phase=row.phase,
        done=row.done,
        total=row.total,
        rate=row.rate,
        params=row.params,
        checkpoint=row.checkpoint,
        result=row.result,
        result_blob_id=row.result_blob_id,
        error=row.error,
        caller=caller,
        created_by=row.created_by,
        client_id=row.client_id,
        machine=row.machine,
        divisions=frozenset(row.divisions),
        trace_id=row.trace_id,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        heartbeat_at=row.heartbeat_at,
        attempts=row.attempts,
        cancel_requested=row.cancel_requested,
        revision=row.revision,
    )


class Jobs:
    """Submits, finds, lists and cancels. Every method runs in the caller's transaction."""

    def __init__(self, tables: JobTables) -> None:
        self._job = tables.job

    async def submit(
        self,
        work: UnitOfWork,
        kind: str,
        params: Mapping[str, Any],
        *,
        scope: Scope | None = None,
        once: Once | None = None,
    ) -> Job:
        """A queued job; it starts after the commit. It runs as ``work.caller`` within ``scope`` (by default the
        caller's). A job of the house itself (no caller) must say its scope.

        With ``once`` a repeated submission answers the job of the first.
        :raises Problem: 422 `idempotency_key_reused`.
        """
        caller = work.caller
        scope = scope or (caller.scope if caller else None)
        if scope is None:
            raise ValueError("a job without a caller must say its scope")
        values = {
            "job_id": uuid7(),
            "kind": kind,
            "params": dict(params),
            "caller": _caller_as_json(caller) if caller else None,
            "created_by": caller.subject if caller else HOUSE,
            "client_id": caller.client_id if caller else HOUSE,
            "machine": caller.machine if caller else True,
            "divisions": sorted(scope.prefixes),
            "trace_id": work.trace_id,
            "once_key": once.key if once else None,
            "once_fingerprint": once.fingerprint if once else None,
        }
        # Waits for a transaction that is submitting the same key, then finds what it left.
        insert = pg_insert(self._job).values(values).on_conflict_do_nothing().returning(self._job)
        row = (await work.connection.execute(insert)).one_or_none()
        if row is None:
            return await self._first_of(work.connection, values)
        work.audit(Change(None, "job.submitted", after={"job_id": row.job_id, "kind": Code(kind)}))
        return _job_of(row)

    async def _first_of(self, connection: AsyncConnection, values: Mapping[str, Any]) -> Job:
        names = ("client_id", "created_by", "once_key")
        query = sql.select(self._job).where(*(self._job.c[name] == values[name] for name in names))
        row = (await connection.execute(query)).one()
        if row.once_fingerprint != values["once_fingerprint"]:
            raise Problem("idempotency_key_reused")
        return _job_of(row)

    async def find(
        self,
        connection: AsyncConnection,
        job_id: UUID,
        *,
        seen_by: Caller,
        hidden: Collection[str] = (),
        lock: bool = False,
    ) -> Job:
        """``hidden``: kinds that only who asked for a job of them sees.

        :raises JobIsUnknown: also for one the caller may not see.
        """
        query = sql.select(self._job).where(self._job.c.job_id == job_id, self._visible_to(seen_by, hidden))
        if lock:
            query = query.with_for_update()
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise JobIsUnknown(job_id=str(job_id))
        return _job_of(row)

    async def page(
        self,
        connection: AsyncConnection,
        page: Page,
        *,
        seen_by: Caller,
        hidden: Collection[str] = (),
        state: JobState | None = None,
        kind: str | None = None,
    ) -> tuple[list[Job], str | None]:
        """One page, the newest first, and the cursor of the next. ``hidden`` as for `find`."""
        job = self._job
        query = sql.select(job).where(self._visible_to(seen_by, hidden))
        if state is not None:
            query = query.where(job.c.state == state)
        if kind is not None:
            query = query.where(job.c.kind == kind)
        # The ids are uuid7: their order is the order of submission.
        rows, following = await paginate(connection, query, [job.c.job_id], page, descending=True)
        return [_job_of(row) for row in rows], following

    async def cancel(
        self,
        connection: AsyncConnection,
        job_id: UUID,
        *,
        seen_by: Caller,
        hidden: Collection[str] = (),
        kinds: Collection[str] = (),
    ) -> Job:
        """A queued job ends at once, a running one at its next step; asking twice changes nothing.

        Whoever asked for a job may cancel it; ``kinds`` are those of which the caller may cancel others' as well.

        :raises JobIsUnknown, JobHasEnded, JobIsAnothers:
        """
        job = await self.find(connection, job_id, seen_by=seen_by, hidden=hidden, lock=True)
        if job.kind not in kinds and not _asked_by(job, seen_by):
            raise JobIsAnothers
        match job.state:
            case JobState.QUEUED:
                change: dict[str, Any] = {"state": JobState.CANCELLED, "finished_at": sql.func.now()}
                JOBS_ENDED.labels(job.kind, JobState.CANCELLED).inc()
            case JobState.RUNNING:
                change = {}
            case JobState.CANCELLED:
                return job
            case JobState.SUCCEEDED | JobState.FAILED:
                raise JobHasEnded(state=job.state, allowed=[])
        table = self._job
        result = await connection.execute(
            table.update()
            .where(table.c.job_id == job_id)
            .values(cancel_requested=True, revision=table.c.revision + 1, **change)
            .returning(table)
        )
        return _job_of(result.one())

    def _visible_to(self, caller: Caller, hidden: Collection[str]) -> sql.ColumnElement[bool]:
        """The same person (or, for machines, the same client), or a scope that covers every division of the job, unless
        its kind is hidden from them."""
        job = self._job
        owned = job.c.client_id == caller.client_id if caller.machine else job.c.created_by == caller.subject
        patterns = ["%" if prefix == EVERYWHERE else prefix + "%" for prefix in sorted(caller.scope.prefixes)]
        division = sql.func.unnest(job.c.divisions).column_valued("division")
        inside = division.op("LIKE", is_comparison=True)(sql.any_(sql.literal(patterns, ARRAY(sql.Text))))
        outside = sql.exists(sql.select(sql.literal(1)).where(sql.not_(inside)).correlate(job))
        return sql.or_(
            sql.and_(owned, job.c.machine == caller.machine),
            sql.and_(sql.func.cardinality(job.c.divisions) > 0, sql.not_(outside), job.c.kind.not_in(sorted(hidden))),
        )


def _asked_by(job: Job, caller: Caller) -> bool:
    """Whether it is their own job: as `_visible_to` says it in SQL."""
    asked, asks = (job.client_id, caller.client_id) if caller.machine else (job.created_by, caller.subject)
    return asked == asks and job.machine == caller.machine


# ---------------------------------------------------------------------------- running


W = TypeVar("W", bound=UnitOfWork)


class RunningJob(Generic[W]):
    """What a handler sees of its job."""

    def __init__(self, job: Job, *, lease: str, table: sql.Table, works: Works[W], blobs: Blobs) -> None:
        self.id = job.id
        self.kind = job.kind
        self.params = job.params
        self.checkpoint = job.checkpoint
        """What the last committed `progress` stored; empty at the first start."""
        self.caller = job.caller
        self.scope = Scope(job.divisions)
        self.trace_id = job.trace_id
        self.attempts = job.attempts
        self.blobs = blobs
        self.works = works
        self.lease = lease
        self._table = table
        self._phase = job.phase
        self._samples: deque[tuple[float, int]] = deque([(time.monotonic(), job.done)], maxlen=RATE_SAMPLES)

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[W]:
        """A unit of work in the name of who submitted the job, traced to that request; it knows what was asked."""
        origin = Origin("JOB", self.kind)
        async with self.works.begin(caller=self.caller, trace_id=self.trace_id, origin=origin) as work:
            work.asked = {**self.params, "job_id": self.id}
            yield work

    async def progress(
        self,
        *,
        phase: str | None = None,
        done: int | None = None,
        total: int | None = None,
        checkpoint: Mapping[str, Any] | None = None,
        report: Mapping[str, Any] | None = None,
        work: W | None = None,
    ) -> None:
        """Tells how far the job is; ``report`` is its result so far, which a cancelled job keeps as well.

        With ``work`` it is written in that transaction: give the checkpoint there, as the last statement, and what was
        done and what is remembered commit together.

        :raises JobWasCancelled: somebody asked; let it pass.
        :raises LeaseIsLost: another worker goes on with the job; let it pass.
        """
        values = self._progress_values(phase=phase, done=done, total=total)
        if report is not None:
            values["result"] = dict(report)
        if checkpoint is not None:
            values |= {"checkpoint": dict(checkpoint), "attempts": 1}
        if work is not None:
            await self._write_progress(work, values)
        else:
            async with self.works.begin(caller=self.caller, trace_id=self.trace_id) as own:
                await self._write_progress(own, values)
        if checkpoint is not None:
            self.checkpoint = dict(checkpoint)

    async def _write_progress(self, work: W, values: dict[str, Any]) -> None:
        table = self._table
        result = await work.connection.execute(
            table.update()
            .where(_leased(table, self.id, self.lease))
            .values(revision=table.c.revision + 1, heartbeat_at=sql.func.now(), **values)
            .returning(table.c.cancel_requested)
        )
        cancel_requested = result.scalar_one_or_none()
        if cancel_requested is None:
            raise LeaseIsLost(str(self.id))
        if cancel_requested:
            raise JobWasCancelled(str(self.id))

    def _progress_values(self, *, phase: str | None, done: int | None, total: int | None) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if phase is not None and phase != self._phase:
            self._phase = phase
            self._samples.clear()
            values |= {"phase": phase, "done": 0, "total": None, "rate": None}
        if total is not None:
            values["total"] = total
        if done is not None:
            now = time.monotonic()
            self._samples.append((now, done))
            since, before = self._samples[0]
            values["done"] = done
            values["rate"] = (done - before) / (now - since) if now > since and done > before else None
        return values

    async def find_blob(self, blob_id: UUID) -> Blob:
        """A file the job was given; who submitted it was checked then. :raises BlobIsUnknown:"""
        async with self.works.begin(caller=self.caller, trace_id=self.trace_id) as work:
            return await self.blobs.find(work.connection, blob_id, within=Scope.everywhere())

    async def store(self, stream: AsyncIterable[bytes], *, media_type: str, name: str) -> Blob:
        """Writes a result file of up to two gigabytes, kept for 30 days; hand it back in the `JobResult`."""
        return await self.blobs.put(
            stream,
            media_type=media_type,
            name=name,
            division=division_of(self.scope),
            owner=self.caller.subject if self.caller else HOUSE,
            retained_until=retention_end(self.works.clock.today()),
            size_bytes_max=RESULT_BYTES_MAX,
        )


Handler = Callable[[RunningJob[W]], Awaitable[JobResult]]


def division_of(scope: Scope) -> str:
    """The one division a file of this scope belongs to; several belong to nobody narrower than everywhere."""
    return next(iter(scope.prefixes)) if len(scope.prefixes) == 1 else EVERYWHERE


def retention_end(today: date) -> date:
    """The last day uploads and results of jobs are kept."""
    return today + timedelta(days=RESULT_RETENTION_DAYS)


def _leased(table: sql.Table, job_id: UUID, lease: str) -> sql.ColumnElement[bool]:
    return sql.and_(table.c.job_id == job_id, table.c.lease_owner == lease, table.c.state == JobState.RUNNING)


def _after(seconds: float) -> sql.ColumnElement[Any]:
    # The database's clock is the only one all workers share.
    return sql.func.now() + timedelta(seconds=seconds)


def may_pass(error: BaseException) -> bool:
    """Whether trying again can help: what the database calls transient, or no free connection in this process."""
    return is_transient(error) or isinstance(error, PoolTimeout)


class JobRunner(Generic[W]):
    """Runs jobs of the kinds it has handlers for, ``parallel`` at a time. Part of the worker process.

    Any number of workers may run: an idle one polls within 200 ms. A job whose worker died is taken over when its lease
    ends; one whose worker is stopped in order is given back at once. Only transient errors (``transient``) are tried
    again, with growing pauses, at most five times without a new checkpoint.
    """

    def __init__(
        self,
        works: Works[W],
        tables: JobTables,
        handlers: Mapping[str, Handler[W]],
        blobs: Blobs,
        *,
        worker: str,
        parallel: int = 1,
        lease_seconds: float = LEASE_SECONDS,
        transient: Callable[[BaseException], bool] = may_pass,
    ) -> None:
        self._works = works
        self._job = tables.job
        self._handlers = dict(handlers)
        self._blobs = blobs
        self._worker = worker
        self._parallel = parallel
        self._lease_seconds = lease_seconds
        self._transient = transient

    async def run(self) -> None:
        """Works until cancelled; on cancellation running jobs are given back with their last checkpoint."""
        async with asyncio.TaskGroup() as slots:
            for _ in range(self._parallel):
                slots.create_task(self._work_for_ever())

    async def _work_for_ever(self) -> None:
        pause = IDLE_POLL_SECONDS_MIN
        while True:
            try:
                worked = await self.run_one()
            except Exception as error:
                if not self._transient(error):
                    raise
                # The database is away; whatever was running is taken up again from its checkpoint.
                _log.warning("jobs.interrupted", error=type(error).__name__)
                worked = False
            pause = IDLE_POLL_SECONDS_MIN if worked else min(pause * 2, IDLE_POLL_SECONDS_MAX)
            if not worked:
                await asyncio.sleep(pause)

    async def run_one(self) -> bool:
        """Claims and runs one job; False when none was due."""
        lease = f"{self._worker}/{uuid4().hex}"
        job = await self._claim(lease)
        if job is None:
            return False
        running = RunningJob(job, lease=lease, table=self._job, works=self._works, blobs=self._blobs)
        with structlog.contextvars.bound_contextvars(job_id=str(job.id), kind=job.kind, trace_id=job.trace_id):
            _log.info("job.claimed", attempts=job.attempts)
            try:
                await self._run(job, running)
            except LeaseIsLost:
                _log.warning("job.lost")
        return True

    async def _claim(self, lease: str) -> Job | None:
        job = self._job
        due = sql.or_(
            sql.and_(job.c.state == JobState.QUEUED, job.c.run_after <= sql.func.now()),
            sql.and_(job.c.state == JobState.RUNNING, job.c.lease_until < sql.func.now()),
        )
        oldest = (
            sql.select(job.c.job_id)
            .where(due, job.c.kind.in_(self._handlers))
            .order_by(job.c.job_id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        claim = (
            job.update()
            .where(job.c.job_id == oldest.scalar_subquery())
            .values(
                state=JobState.RUNNING,
                lease_owner=lease,
                lease_until=_after(self._lease_seconds),
                heartbeat_at=sql.func.now(),
                started_at=sql.func.coalesce(job.c.started_at, sql.func.now()),
                attempts=job.c.attempts + 1,
                revision=job.c.revision + 1,
            )
            .returning(job)
        )
        async with self._works.begin() as work:
            row = (await work.connection.execute(claim)).one_or_none()
        return _job_of(row) if row else None

    async def _run(self, job: Job, running: RunningJob[W]) -> None:
        """Every way a run can end, each in its own words."""
        try:
            if job.cancel_requested:
                raise JobWasCancelled
            if job.attempts > ATTEMPTS_MAX:
                raise JobGaveUp(attempts=ATTEMPTS_MAX)
            result = await self._supervised(running)
            await self._end(running, JobState.SUCCEEDED, result=result)
        except JobWasCancelled:
            await self._end(running, JobState.CANCELLED)
        except LeaseIsLost:
            raise
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await asyncio.shield(self._give_back(running, after_seconds=0, attempts=job.attempts - 1))
            raise
        except (Refusal, Problem) as refusal:
            _log.info("job.refused", code=refusal.code)
            words = {"zh": refusal.zh, "en": refusal.en} if isinstance(refusal, InvalidValue) else {}
            await self._end(running, JobState.FAILED, error=_error_of(refusal.code, refusal.facts | words))
        except Exception as error:  # noqa: BLE001 - the row must say how it ended, whatever it was
            if self._transient(error):
                _log.warning("job.interrupted", error=type(error).__name__)
                JOBS_RETRIED.labels(running.kind).inc()
                pause = min(2.0 ** (job.attempts - 1) / 2, RETRY_SECONDS_MAX) * random.uniform(0.5, 1)  # noqa: S311
                await self._give_back(running, after_seconds=pause)
            else:
                _log.exception("job.crashed")
                await self._end(running, JobState.FAILED, error=_error_of("internal_error", {}))

    async def _supervised(self, running: RunningJob[W]) -> JobResult:
        """The handler, with a keeper of its lease beside it; without the lease the handler is stopped."""

        async def handled() -> JobResult:
            return await self._handlers[running.kind](running)

        handling = asyncio.create_task(handled())
        keeping = asyncio.create_task(self._keep_lease(running))
        try:
            await asyncio.wait({handling, keeping}, return_when=asyncio.FIRST_COMPLETED)
            if not handling.done():
                keeping.result()
                raise LeaseIsLost(str(running.id))
            if handling.cancelled():
                raise RuntimeError("the handler cancelled itself")
            return handling.result()
        finally:
            for task in (handling, keeping):
                task.cancel()
            await asyncio.gather(handling, keeping, return_exceptions=True)

    async def _keep_lease(self, running: RunningJob[W]) -> None:
        """Returns when the lease is lost: taken by another, or not renewable for as long as it lasts."""
        table = self._job
        renew = (
            table.update()
            .where(_leased(table, running.id, running.lease))
            .values(lease_until=_after(self._lease_seconds), heartbeat_at=sql.func.now())
        )
        ends = time.monotonic() + self._lease_seconds
        while time.monotonic() < ends:
            await asyncio.sleep(self._lease_seconds / 3)
            asked = time.monotonic()
            try:
                async with self._works.begin() as work:
                    renewed = (await work.connection.execute(renew)).rowcount
            except Exception as error:
                if not self._transient(error):
                    raise
                continue
            if not renewed:
                return
            ends = asked + self._lease_seconds

    async def _end(
        self,
        running: RunningJob[W],
        state: JobState,
        *,
        result: JobResult | None = None,
        error: dict[str, Any] | None = None,
    ) -> None:
        table = self._job
        blob = result.blob if result else None
        values: dict[str, Any] = {"result": dict(result.report)} if result else {}
        change = (
            table.update()
            .where(_leased(table, running.id, running.lease))
            .values(
                **values,
                state=state,
                result_blob_id=blob.id if blob else None,
                error=error,
                finished_at=sql.func.now(),
                lease_owner=None,
                lease_until=None,
                revision=table.c.revision + 1,
            )
        )
        async with self._works.begin(caller=running.caller, trace_id=running.trace_id) as work:
            if blob is not None:
                await self._blobs.record(work.connection, blob)
            if result and result.at_end:
                await result.at_end(work)
            if not (await work.connection.execute(change)).rowcount:
                raise LeaseIsLost(str(running.id))
        JOBS_ENDED.labels(running.kind, state).inc()
        _log.info("job.ended", state=state)

    async def _give_back(self, running: RunningJob[W], *, after_seconds: float, attempts: int | None = None) -> None:
        table = self._job
        values: dict[str, Any] = {} if attempts is None else {"attempts": attempts}
        async with self._works.begin() as work:
            await work.connection.execute(
                table.update()
                .where(_leased(table, running.id, running.lease))
                .values(
                    state=JobState.QUEUED,
                    run_after=_after(after_seconds),
                    lease_owner=None,
                    lease_until=None,
                    revision=table.c.revision + 1,
                    **values,
                )
            )


def _error_of(code: str, facts: Mapping[str, object]) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(orjson.dumps(dict(facts), default=str))
    return {"code": code, "facts": told}

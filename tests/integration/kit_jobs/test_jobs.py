"""Jobs: run once each, resumed where they stopped, cancelled when asked, seen only by those who may."""

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.kit.blobs import CSV, Blobs, DirectoryStore
from shared.kit.clock import Clock
from shared.kit.database import new_engine
from shared.kit.jobs import (
    ENDED,
    Handler,
    Job,
    JobHasEnded,
    JobIsAnothers,
    JobIsUnknown,
    JobResult,
    JobRunner,
    Jobs,
    JobState,
    LeaseIsLost,
    Once,
    RunningJob,
    may_pass,
)
from shared.kit.pagination import Page
from shared.kit.permissions import Caller
from shared.kit.problems import Problem
from shared.kit.work import UnitOfWork, Works
from shared.values.division import Scope
from shared.values.refusal import Refusal
from tests.builders.works import works_on
from tests.integration.kit_jobs.conftest import BLOBS, JOBS

Running = RunningJob[UnitOfWork]


def a_caller(*divisions: str, subject: str = "wang", machine: bool = False, client_id: str = "portal") -> Caller:
    return Caller(
        subject=client_id if machine else subject,
        client_id=client_id,
        name="王五",
        roles=frozenset({"clerk"}),
        permissions=frozenset({"job:read", "person:write"}),
        scope=Scope.of(*divisions),
        machine=machine,
    )


WANG = a_caller("341502")
ADMIN = a_caller("*", subject="admin")


@pytest.fixture
async def counted(engine: AsyncEngine) -> Callable[[], Awaitable[list[int]]]:
    """A table whose rows show which steps committed, and how often."""
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS step (n int)"))
        await connection.execute(text("DELETE FROM step"))

    async def steps() -> list[int]:
        async with engine.connect() as connection:
            return list((await connection.execute(text("SELECT n FROM step ORDER BY n"))).scalars())

    return steps


class World:
    """The pieces every test needs, named once."""

    def __init__(self, works: Works[UnitOfWork], jobs: Jobs, blobs: Blobs) -> None:
        self.works, self.jobs, self.blobs = works, jobs, blobs

    async def submit(self, kind: str = "count", caller: Caller | None = WANG, **params: Any) -> UUID:
        async with self.works.begin(caller=caller, trace_id="abc") as work:
            scope = None if caller else Scope.everywhere()
            return (await self.jobs.submit(work, kind, params, scope=scope)).id

    async def job(self, job_id: UUID, caller: Caller = ADMIN) -> Job:
        async with self.works.begin() as work:
            return await self.jobs.find(work.connection, job_id, seen_by=caller)

    async def cancel(self, job_id: UUID, caller: Caller = WANG, kinds: Collection[str] = ()) -> Job:
        async with self.works.begin() as work:
            return await self.jobs.cancel(work.connection, job_id, seen_by=caller, kinds=kinds)

    def runner(self, lease_seconds: float = 15.0, parallel: int = 1, **handlers: Handler[UnitOfWork]) -> JobRunner[Any]:
        return JobRunner(
            self.works,
            JOBS,
            handlers,
            self.blobs,
            worker="w",
            lease_seconds=lease_seconds,
            parallel=parallel,
        )

    @asynccontextmanager
    async def running(self, runner: JobRunner[Any]) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(runner.run())
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def until(self, job_id: UUID, *states: JobState, seconds: float = 10) -> Job:
        deadline = time.monotonic() + seconds
        while (job := await self.job(job_id)).state not in (states or ENDED):
            assert time.monotonic() < deadline, job
            await asyncio.sleep(0.02)
        return job


@pytest.fixture
def world(works: Works[UnitOfWork], jobs: Jobs, blobs: Blobs) -> World:
    return World(works, jobs, blobs)


async def count(job: Running) -> JobResult:
    """Counts to ``params["to"]``, each step in one transaction with its checkpoint."""
    start, end = int(job.checkpoint.get("n", 0)), int(job.params["to"])
    await job.progress(phase="counting", done=start, total=end)
    for number in range(start + 1, end + 1):
        async with job.begin() as work:
            await work.connection.execute(text("INSERT INTO step VALUES (:n)"), {"n": number})
            await job.progress(done=number, checkpoint={"n": number}, work=work)
        await asyncio.sleep(float(job.params.get("pause", 0)))
    return JobResult({"counted": end})


async def test_a_job_runs_and_tells_what_it_did(world: World, counted: Callable[[], Awaitable[list[int]]]) -> None:
    job_id = await world.submit(to=5)
    assert (await world.job(job_id)).state is JobState.QUEUED
    assert await world.runner(count=count).run_one()
    job = await world.job(job_id)
    assert (job.state, job.phase, job.done, job.total, job.result) == (
        JobState.SUCCEEDED,
        "counting",
        5,
        5,
        {"counted": 5},
    )
    assert await counted() == [1, 2, 3, 4, 5]
    assert job.created_at <= (job.started_at or job.created_at) <= (job.finished_at or job.created_at)
    assert not await world.runner(count=count).run_one()


async def test_a_job_runs_as_who_asked_for_it_and_is_traced_to_the_request(world: World) -> None:
    seen: list[tuple[Caller | None, str]] = []

    async def look(job: Running) -> JobResult:
        async with job.begin() as work:
            seen.append((work.caller, work.trace_id))
        return JobResult()

    await world.submit("look")
    await world.submit("look", caller=None)
    runner = world.runner(look=look)
    assert await runner.run_one()
    assert await runner.run_one()
    assert seen == [(WANG, "abc"), (None, "abc")]


async def test_a_job_submitted_in_a_transaction_that_rolls_back_never_was(world: World) -> None:
    with suppress(ZeroDivisionError):
        async with world.works.begin(caller=WANG) as work:
            await world.jobs.submit(work, "count", {})
            raise ZeroDivisionError
    assert not await world.runner(count=count).run_one()


async def test_a_job_of_nobody_must_say_its_scope(world: World) -> None:
    async with world.works.begin() as work:
        with pytest.raises(ValueError, match="scope"):
            await world.jobs.submit(work, "count", {})


async def test_a_job_may_be_about_less_than_its_submitter_may_see(world: World) -> None:
    async with world.works.begin(caller=a_caller("3415")) as work:
        job = await world.jobs.submit(work, "count", {}, scope=Scope.of("341502"))
    assert job.caller is not None
    assert job.caller.scope == Scope.of("341502"), "it runs within that scope, too"


async def test_many_runners_run_each_job_once(world: World, counted: Callable[[], Awaitable[list[int]]]) -> None:
    ids = [await world.submit(to=1) for _ in range(20)]
    async with world.running(world.runner(count=count, parallel=3)), world.running(world.runner(count=count)):
        for job_id in ids:
            assert (await world.until(job_id)).attempts <= 1
    assert await counted() == [1] * 20


async def test_an_idle_runner_takes_a_new_job_within_200_ms(world: World) -> None:
    async def nothing(job: Running) -> JobResult:
        return JobResult()

    async with world.running(world.runner(nothing=nothing)):
        await asyncio.sleep(0.5)
        job = await world.until(await world.submit("nothing"))
    assert job.started_at is not None
    assert (job.started_at - job.created_at).total_seconds() < 0.35


async def test_a_kind_nobody_here_knows_waits_for_a_worker_that_does(world: World) -> None:
    job_id = await world.submit("future")
    assert not await world.runner(count=count).run_one()
    assert (await world.job(job_id)).state is JobState.QUEUED


# ---------------------------------------------------------------------------- death and resumption


def _work_in_a_process(url: str, directory: str, keys: Any) -> None:
    async def work() -> None:
        engine = new_engine(url, pool_size=3, application_name="doomed")
        clock = Clock()
        works = works_on(engine, UnitOfWork, clock=clock)
        blobs = Blobs(DirectoryStore(Path(directory)), BLOBS, keys, clock)
        runner = JobRunner(works, JOBS, {"count": count}, blobs, worker="doomed", lease_seconds=1.0)
        await runner.run()

    asyncio.run(work())


async def test_a_job_whose_worker_is_killed_goes_on_from_its_checkpoint(
    world: World, engine: AsyncEngine, counted: Callable[[], Awaitable[list[int]]], tmp_path: Any
) -> None:
    job_id = await world.submit(to=60, pause=0.02)
    process = multiprocessing.get_context("spawn").Process(
        target=_work_in_a_process,
        args=(engine.url.render_as_string(hide_password=False), str(tmp_path / "doomed"), world.blobs._keys),
    )
    process.start()
    deadline = time.monotonic() + 30
    while len(await counted()) < 10:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    process.close()
    killed_at = time.monotonic()
    async with world.running(world.runner(count=count, lease_seconds=1.0)):
        job = await world.until(job_id, seconds=20)
    assert job.state is JobState.SUCCEEDED
    assert await counted() == list(range(1, 61)), "every step once: none lost, none twice"
    assert time.monotonic() - killed_at < 10


async def test_a_worker_stopped_in_order_gives_the_job_back_at_once(
    world: World, counted: Callable[[], Awaitable[list[int]]]
) -> None:
    job_id = await world.submit(to=40, pause=0.01)
    async with world.running(world.runner(count=count)):
        while len(await counted()) < 5:
            await asyncio.sleep(0.01)
    job = await world.job(job_id)
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    async with world.running(world.runner(count=count)):
        assert (await world.until(job_id)).state is JobState.SUCCEEDED
    assert await counted() == list(range(1, 41))


async def test_a_worker_taken_for_dead_cannot_write_over_its_successor(
    world: World, counted: Callable[[], Awaitable[list[int]]]
) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()
    errors: list[BaseException] = []

    async def paused(job: Running) -> JobResult:
        reached.set()
        await go_on.wait()
        try:
            async with job.begin() as work:
                await work.connection.execute(text("INSERT INTO step VALUES (-1)"))
                await job.progress(checkpoint={"n": -1}, work=work)
        except LeaseIsLost as lost:
            errors.append(lost)
            raise
        return JobResult({"by": "the dead"})

    job_id = await world.submit(to=3)
    slow = asyncio.create_task(world.runner(count=paused).run_one())
    await reached.wait()
    async with world.works.begin() as work:
        await work.connection.execute(text("UPDATE job SET lease_until = now() - interval '1 s'"))
    assert await world.runner(count=count).run_one()
    go_on.set()
    assert await slow
    job = await world.job(job_id)
    assert (job.state, job.result) == (JobState.SUCCEEDED, {"counted": 3})
    assert await counted() == [1, 2, 3]
    assert len(errors) == 1


async def test_the_lease_of_a_slow_handler_is_renewed(world: World) -> None:
    async def slow(job: Running) -> JobResult:
        await asyncio.sleep(1.5)
        return JobResult()

    job_id = await world.submit("slow")
    first = asyncio.create_task(world.runner(slow=slow, lease_seconds=0.6).run_one())
    for _ in range(12):
        await asyncio.sleep(0.1)
        assert not await world.runner(slow=slow).run_one() or first.done()
    await first
    assert (await world.job(job_id)).attempts == 1


async def test_a_handler_whose_lease_was_taken_is_stopped(world: World) -> None:
    stopped = asyncio.Event()

    async def endless(job: Running) -> JobResult:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.set()
            raise
        return JobResult()

    await world.submit("endless")
    run = asyncio.create_task(world.runner(endless=endless, lease_seconds=0.3).run_one())
    await asyncio.sleep(0.1)
    async with world.works.begin() as work:
        await work.connection.execute(text("UPDATE job SET lease_owner = 'somebody else'"))
    assert await asyncio.wait_for(run, 5)
    assert stopped.is_set()


async def test_a_job_that_kills_every_worker_is_given_up(world: World) -> None:
    job_id = await world.submit(to=1)
    async with world.works.begin() as work:
        await work.connection.execute(
            text("UPDATE job SET state='RUNNING', attempts=5, lease_owner='dead', lease_until=now() - interval '1 s'")
        )
    assert await world.runner(count=count).run_one()
    job = await world.job(job_id)
    assert (job.state, job.error) == (JobState.FAILED, {"code": "job_gave_up", "facts": {"attempts": 5}})


# ---------------------------------------------------------------------------- errors


class QuotaIsUsedUp(Refusal):
    code = "quota_is_used_up"


async def test_a_refusal_fails_the_job_with_its_code_and_facts(world: World) -> None:
    async def refuse(job: Running) -> JobResult:
        raise QuotaIsUsedUp(quota=5, division="3415")

    job_id = await world.submit("refuse")
    await world.runner(refuse=refuse).run_one()
    job = await world.job(job_id)
    assert job.state is JobState.FAILED
    assert job.error == {"code": "quota_is_used_up", "facts": {"quota": 5, "division": "3415"}}


async def test_a_bug_fails_the_job_at_once_and_tells_nothing(world: World) -> None:
    async def crash(job: Running) -> JobResult:
        raise KeyError("secret name")

    job_id = await world.submit("crash")
    await world.runner(crash=crash).run_one()
    job = await world.job(job_id)
    assert (job.state, job.error, job.attempts) == (JobState.FAILED, {"code": "internal_error", "facts": {}}, 1)


async def test_a_transient_error_is_tried_again_with_a_pause(world: World) -> None:
    tries = 0

    async def shaky(job: Running) -> JobResult:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise OperationalError("select", {}, Exception("connection lost"))
        return JobResult({"tries": tries})

    job_id = await world.submit("shaky")
    runner = world.runner(shaky=shaky)
    assert await runner.run_one()
    assert (await world.job(job_id)).state is JobState.QUEUED
    assert not await runner.run_one(), "the pause has not passed"
    async with world.running(runner):
        assert (await world.until(job_id)).result == {"tries": 3}


def test_a_full_pool_is_no_bug_and_a_broken_rule_is() -> None:
    assert may_pass(PoolTimeout())
    assert may_pass(ConnectionResetError())
    assert not may_pass(IntegrityError("insert", {}, Exception("unique")))
    assert not may_pass(KeyError())


async def test_endless_transient_errors_end(world: World) -> None:
    async def hopeless(job: Running) -> JobResult:
        raise ConnectionError

    job_id = await world.submit("hopeless")
    runner = world.runner(hopeless=hopeless)
    for _ in range(6):
        async with world.works.begin() as work:
            await work.connection.execute(text("UPDATE job SET run_after = now()"))
        assert await runner.run_one()
    assert (await world.job(job_id)).error == {"code": "job_gave_up", "facts": {"attempts": 5}}


async def test_a_runner_outlives_a_database_that_is_away(world: World, engine: AsyncEngine) -> None:
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'kit'"

    async with world.running(world.runner(count=count, lease_seconds=1.0)) as task:
        first = await world.submit(to=10, pause=0.05)
        await world.until(first, JobState.RUNNING)
        with suppress(OperationalError):
            async with engine.connect() as connection:
                await connection.execute(text(cut))
        assert (await world.until(first, seconds=15)).state is JobState.SUCCEEDED
        assert not task.done()


# ---------------------------------------------------------------------------- cancellation


async def test_a_queued_job_is_cancelled_at_once_and_never_runs(world: World) -> None:
    job_id = await world.submit(to=1)
    assert (await world.cancel(job_id)).state is JobState.CANCELLED
    assert not await world.runner(count=count).run_one()
    assert (await world.cancel(job_id)).state is JobState.CANCELLED, "asking again is harmless"


async def test_a_running_job_stops_at_its_next_step_and_keeps_what_was_committed(
    world: World, counted: Callable[[], Awaitable[list[int]]]
) -> None:
    job_id = await world.submit(to=1000, pause=0.01)
    async with world.running(world.runner(count=count)):
        while len(await counted()) < 3:
            await asyncio.sleep(0.01)
        asked = await world.cancel(job_id)
        assert asked.cancel_requested
        job = await world.until(job_id)
    assert job.state is JobState.CANCELLED
    steps = await counted()
    assert steps == list(range(1, job.done + 1))
    assert len(steps) < 100


async def test_a_job_cancelled_while_its_worker_is_dead_is_not_run_again(
    world: World, counted: Callable[[], Awaitable[list[int]]]
) -> None:
    job_id = await world.submit(to=1)
    async with world.works.begin() as work:
        await work.connection.execute(
            text("UPDATE job SET state='RUNNING', lease_owner='dead', lease_until=now() - interval '1 s'")
        )
    await world.cancel(job_id)
    assert await world.runner(count=count).run_one()
    assert (await world.job(job_id)).state is JobState.CANCELLED
    assert await counted() == []


async def test_a_job_that_has_ended_cannot_be_cancelled(world: World) -> None:
    job_id = await world.submit(to=0)
    await world.runner(count=count).run_one()
    with pytest.raises(JobHasEnded) as refused:
        await world.cancel(job_id)
    assert refused.value.facts == {"state": JobState.SUCCEEDED, "allowed": []}


# ---------------------------------------------------------------------------- sight


async def test_a_job_is_seen_by_who_asked_and_by_scopes_that_cover_it(world: World) -> None:
    job_id = await world.submit(caller=a_caller("341502", "341503"))
    seers = [WANG, a_caller("3415", subject="li"), a_caller("341502", "341503", subject="li"), ADMIN]
    strangers = [
        a_caller("341502", subject="li"),
        a_caller("3416", subject="li"),
        a_caller(subject="li"),
        a_caller("341502", machine=True),
    ]
    for caller in seers:
        assert (await world.job(job_id, caller)).id == job_id
    for caller in strangers:
        with pytest.raises(JobIsUnknown):
            await world.job(job_id, caller)
        with pytest.raises(JobIsUnknown):
            await world.cancel(job_id, caller)


async def test_a_job_is_cancelled_by_who_asked_or_by_who_may_cancel_its_kind(world: World) -> None:
    job_id = await world.submit()
    for stranger in (ADMIN, a_caller("341502", subject="li"), a_caller("341502", machine=True)):
        with pytest.raises(JobIsAnothers):
            await world.cancel(job_id, stranger)
        with pytest.raises(JobIsAnothers):
            await world.cancel(job_id, stranger, kinds={"another"})
    assert (await world.job(job_id)).state is JobState.QUEUED
    assert (await world.cancel(job_id, ADMIN, kinds={"count"})).state is JobState.CANCELLED


async def test_a_hidden_kind_is_seen_by_who_asked_only(world: World) -> None:
    job_id = await world.submit()
    async with world.works.begin() as work:
        found = partial(world.jobs.find, work.connection, job_id, hidden={"count"})
        page = partial(world.jobs.page, work.connection, Page(), hidden={"count"})
        assert (await found(seen_by=WANG)).id == job_id
        assert [job.id for job in (await page(seen_by=WANG))[0]] == [job_id]
        assert (await page(seen_by=ADMIN))[0] == []
        with pytest.raises(JobIsUnknown):
            await found(seen_by=ADMIN)


async def test_a_machine_sees_the_jobs_of_its_own_client_only(world: World) -> None:
    job_id = await world.submit(caller=a_caller("34", machine=True, client_id="bank"))
    assert (await world.job(job_id, a_caller("3415", machine=True, client_id="bank"))).id == job_id
    with pytest.raises(JobIsUnknown):
        await world.job(job_id, a_caller("3415", machine=True, client_id="other"))


async def test_a_job_about_everywhere_is_seen_by_everywhere_only(world: World) -> None:
    job_id = await world.submit(caller=None)
    assert (await world.job(job_id, ADMIN)).id == job_id
    with pytest.raises(JobIsUnknown):
        await world.job(job_id, a_caller("34", subject="li"))


async def test_a_job_about_nowhere_is_not_about_everywhere(world: World) -> None:
    job_id = await world.submit(caller=a_caller(subject="li"))
    with pytest.raises(JobIsUnknown):
        await world.job(job_id, WANG)


async def test_lists_show_what_may_be_seen_the_newest_first_page_by_page(world: World) -> None:
    mine = [await world.submit() for _ in range(5)]
    await world.submit(caller=a_caller("3416", subject="li"))
    seen: list[UUID] = []
    page = Page(limit=2)
    while True:
        async with world.works.begin() as work:
            found, following = await world.jobs.page(work.connection, page, seen_by=WANG)
        seen += [job.id for job in found]
        if following is None:
            break
        page = Page(limit=2, cursor=following)
    assert seen == mine[::-1]
    async with world.works.begin() as work:
        found, _ = await world.jobs.page(work.connection, Page(), seen_by=WANG, state=JobState.RUNNING)
        assert found == []
        found, _ = await world.jobs.page(work.connection, Page(), seen_by=WANG, kind="count")
        assert len(found) == 5


# ---------------------------------------------------------------------------- once, progress, results


async def test_the_same_key_submits_the_same_job_once(world: World) -> None:
    async def submit(fingerprint: str = "f", caller: Caller = WANG) -> UUID:
        async with world.works.begin(caller=caller) as work:
            return (await world.jobs.submit(work, "count", {}, once=Once("key", fingerprint))).id

    first, second = await asyncio.gather(submit(), submit())
    assert first == second
    assert await submit(caller=a_caller("341502", subject="li")) != first, "keys belong to who uses them"
    with pytest.raises(Problem, match="idempotency_key_reused"):
        await submit("another request")


async def test_rate_and_remaining_time_follow_the_progress(world: World) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()
    pause = 0.5
    took = 0.0

    async def halfway(job: Running) -> JobResult:
        nonlocal took
        await job.progress(phase="reading", done=7, total=7)
        began = time.perf_counter()
        await job.progress(phase="working", done=0, total=200)
        await asyncio.sleep(pause)
        await job.progress(done=100)
        took = time.perf_counter() - began
        reached.set()
        await go_on.wait()
        return JobResult()

    job_id = await world.submit("halfway")
    run = asyncio.create_task(world.runner(halfway=halfway).run_one())
    await reached.wait()
    job = await world.job(job_id)
    go_on.set()
    await run
    assert job.phase == "working"
    assert job.rate is not None
    assert 100 / took <= job.rate <= 100 / pause, "a hundred in the time between the two reports, without the reading"
    assert job.eta_seconds == pytest.approx(100 / job.rate)
    assert (await world.job(job_id)).eta_seconds is None


async def test_a_result_file_and_the_success_commit_together(world: World) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"a,b\n"

    async def export(job: Running) -> JobResult:
        return JobResult({"rows": 1}, await job.store(content(), media_type=CSV, name="结果.csv"))

    async def fail_at_end(job: Running) -> JobResult:
        async def boom(work: UnitOfWork) -> None:
            raise QuotaIsUsedUp

        result = await export(job)
        return JobResult(result.report, result.blob, at_end=boom)

    job_id = await world.submit("export")
    await world.runner(export=export).run_one()
    job = await world.job(job_id)
    assert job.result_blob_id is not None
    async with world.works.begin() as work:
        blob = await world.blobs.find(work.connection, job.result_blob_id, within=Scope.of("341502"))
    assert (blob.name, blob.division, blob.owner) == ("结果.csv", "341502", "wang")
    assert blob.retained_until is not None

    job_id = await world.submit("fail")
    await world.runner(fail=fail_at_end).run_one()
    job = await world.job(job_id)
    assert (job.state, job.result_blob_id) == (JobState.FAILED, None)

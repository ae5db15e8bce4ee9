"""A service's worker: relay, consumers, comparisons, jobs and timers, under one leadership.

Any number of workers may run; one leads, the others wait. Losing the lock stops every role at once; any other failure
ends the process, and whoever supervises it starts it again: state is only in the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Generic, TypeVar

import structlog
import uvloop
from sqlalchemy import text

from shared.kit import dead_letters
from shared.kit.anchors import AnchorFile
from shared.kit.anti_entropy import AntiEntropy
from shared.kit.audit import ensure_partitions as ensure_audit_partitions
from shared.kit.audit_daily import verify_daily
from shared.kit.audit_seal import Sealer
from shared.kit.blobs import Blobs
from shared.kit.bus import Bus, BusUnavailable, require_durable_broker
from shared.kit.clock_routes import follow_clock
from shared.kit.consumer import Consumer, Subscription
from shared.kit.database import is_transient
from shared.kit.health import Check, NotReady
from shared.kit.idempotency import purge_answers
from shared.kit.jobs import JobRunner
from shared.kit.journal import ensure_partitions
from shared.kit.journal_client import journal_clients
from shared.kit.leader import Leadership, LeadershipLost, lead, was_deposed
from shared.kit.memory import GIVE_BACK_SECONDS, give_back
from shared.kit.ops import Ops, serving_ops, stop_on_signals
from shared.kit.relay import Relay, unpublished_seconds
from shared.kit.settings import ServiceSettings
from shared.kit.work import UnitOfWork, Works

CONNECT_RETRY_SECONDS: Final = 0.3
DAY_LOOK_SECONDS: Final = 1.0
UNPUBLISHED_SECONDS_MAX: Final = 30
GARBAGE_OBJECTS: Final = 200_000

log = structlog.get_logger()
W = TypeVar("W", bound=UnitOfWork)


@dataclass(frozen=True, slots=True)
class Timer(Generic[W]):
    """Something done by the leader at least so often, and whenever a civil day begins.

    ``run`` opens its own transactions and may be repeated safely.
    """

    name: str
    every_seconds: float
    run: Callable[[Works[W]], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles(Generic[W]):
    """What this service's worker does beside relaying its journal."""

    subscriptions: Sequence[Subscription[W]] = ()
    jobs: JobRunner[W] | None = None
    timers: Sequence[Timer[W]] = ()


def broker_check(bus_of: Callable[[], Bus | None]) -> Check:
    """The broker connection stands."""

    async def probe() -> str:
        bus = bus_of()
        if bus is None or not bus.connected:
            message = "not connected"
            raise NotReady(message)
        return "connected"

    return Check("nats", probe)


async def connect_bus(settings: ServiceSettings, *, name: str) -> Bus:
    """A connection as this service: its own credentials, its own inboxes. Raises `BusUnavailable`."""
    password, seed = settings.nats_password, settings.nats_nkey_seed
    return await Bus.connect(
        settings.nats_url,
        name=name,
        user=settings.nats_user,
        password=None if password is None else password.get_secret_value(),
        nkey_seed=None if seed is None else seed.get_secret_value(),
        inbox=f"_INBOX.{settings.service}",
        replicas=settings.nats_replicas,
    )


def unpublished_check(works: Works[Any]) -> Check:
    """Nothing in the journal has waited longer than 30 s for the relay."""

    async def probe() -> str:
        age = await unpublished_seconds(works.engine)
        if age is not None and age > UNPUBLISHED_SECONDS_MAX:
            message = f"oldest unpublished event waits {age:.0f} s"
            raise NotReady(message)
        return "nothing waits" if age is None else f"oldest waits {age:.1f} s"

    return Check("oldest_unpublished_event", probe)


class Worker(Generic[W]):
    """One worker process."""

    def __init__(self, settings: ServiceSettings, *, works: Works[W], blobs: Blobs, roles: Roles[W]) -> None:
        self._settings = settings
        self._blobs = blobs
        self._works = works
        self._roles = roles
        self._bus: Bus | None = None

    @property
    def bus(self) -> Bus | None:
        """The broker connection, None before it stands."""
        return self._bus

    async def run(self) -> None:
        """Lead, work, and lead again after losing the lock."""
        self._bus = await self._connect()
        try:
            while True:
                with contextlib.suppress(LeadershipLost):
                    await self._lead()
                log.warning("worker.deposed")
        finally:
            await self._bus.close()

    async def _connect(self) -> Bus:
        """Wait for the broker; raises `BrokerNotDurable` when it answers and does not sync every write."""
        while True:
            try:
                if not self._settings.nats_sync_unverified:
                    await require_durable_broker(self._settings.nats_monitor_url)
                return await connect_bus(self._settings, name=f"{self._settings.service}-worker")
            except BusUnavailable as error:
                log.warning("worker.waiting_for_broker", reason=str(error)[:200])
                await asyncio.sleep(CONNECT_RETRY_SECONDS)

    async def _lead(self) -> None:
        url = self._settings.database_direct_url.get_secret_value().replace("+psycopg", "")
        async with lead(url, application_name=f"{self._settings.service}-leader") as leadership:
            log.info("worker.leads", term=leadership.term)
            try:
                async with asyncio.TaskGroup() as group:
                    self._start(group, leadership)
            except BaseExceptionGroup as failed:
                if was_deposed(failed):
                    raise LeadershipLost from failed
                raise

    def _start(self, group: asyncio.TaskGroup, leadership: Leadership) -> None:
        bus = self._bus
        assert bus is not None
        group.create_task(leadership.guard(), name="leadership")
        group.create_task(self.make_sealer(bus, leadership.term).run(), name="audit-sealer")
        relay = self.make_relay(bus, leadership.term)
        group.create_task(relay.run(), name="relay")
        for consumer in self.make_consumers(bus):
            group.create_task(consumer.run(), name=f"consumer-{consumer.publisher}")
            comparison = AntiEntropy(consumer, period_seconds=self._settings.anti_entropy_seconds)
            group.create_task(comparison.run(), name=f"anti-entropy-{consumer.publisher}")
        timers = [*self._roles.timers, *_HOUSEKEEPING, Timer("blobs", 3600.0, self._blobs.tend)]
        if self._roles.jobs is not None:
            group.create_task(self._roles.jobs.run(), name="jobs")
            timers.append(Timer("audit-verification", 24 * 3600.0, verify_daily))
        for timer in timers:
            group.create_task(self._tick(timer), name=timer.name)

    def make_relay(self, bus: Bus, term: int) -> Relay:
        """The relay of this service's journal."""
        return Relay(self._works.engine, bus, service=self._settings.service, term=term)

    def make_sealer(self, bus: Bus, term: int) -> Sealer:
        """What seals this service's audit trail."""
        return Sealer(
            self._works.engine,
            service=self._settings.service,
            signer=self._settings.audit_signer(),
            file=AnchorFile(self._settings.audit_dir, self._settings.service),
            bus=bus,
            term=term,
        )

    def make_consumers(self, bus: Bus) -> list[Consumer[W]]:
        """One consumer a subscription."""
        journals = journal_clients(self._settings)
        return [
            Consumer(
                subscription,
                works=self._works,
                bus=bus,
                journal=journals[subscription.publisher],
                durable=f"{self._settings.service}-{subscription.publisher}",
            )
            for subscription in self._roles.subscriptions
        ]

    async def _tick(self, timer: Timer[Any]) -> None:
        while True:
            day = self._works.clock.today()
            try:
                await timer.run(self._works)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("timer.postponed", timer=timer.name, reason=type(error).__name__)
            await self._due_again(timer, day)

    async def _due_again(self, timer: Timer[Any], day: date) -> None:
        """Until its time has passed, or the civil day is another: what falls due on a day is done as it begins."""
        left = timer.every_seconds
        while left > 0 and self._works.clock.today() == day:
            await asyncio.sleep(min(left, DAY_LOOK_SECONDS))
            left -= DAY_LOOK_SECONDS


async def _partitions(works: Works[Any]) -> None:
    async with works.begin() as work:
        await ensure_partitions(work.connection)
        await ensure_audit_partitions(work.connection)


async def _purge_answers(works: Works[Any]) -> None:
    purged = 1
    while purged:
        async with works.begin() as work:
            purged = await purge_answers(work.connection, now=work.now())


async def _count_letters(works: Works[Any]) -> None:
    async with works.begin() as work:
        if await work.connection.scalar(text("SELECT to_regclass('dead_letter') IS NOT NULL")):
            await dead_letters.count(work.connection)


async def _collect_garbage(_: Works[Any]) -> None:
    gc.collect()
    give_back()


_HOUSEKEEPING: Final[tuple[Timer[Any], ...]] = (
    Timer("partitions", 24 * 3600.0, _partitions),
    Timer("idempotent-answers", 3600.0, _purge_answers),
    Timer("clock", 1.0, follow_clock),
    Timer("dead-letter-gauge", 15.0, _count_letters),
    Timer("garbage", GIVE_BACK_SECONDS, _collect_garbage),
)


def run_worker(settings: ServiceSettings, worker: Worker[Any], ops: Ops) -> None:
    """The body of a worker's ``main``: work until SIGTERM or SIGINT."""

    async def serve() -> None:
        stopping = stop_on_signals()
        async with serving_ops(ops, host=settings.http_host, port=settings.ops_port):
            working = asyncio.create_task(worker.run(), name="worker")
            waiting = asyncio.create_task(stopping.wait(), name="stop-signal")
            await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if not working.done():
                working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working

    # What the imports left behind lives as long as the process: the collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    # A batch makes some hundred thousand objects that die together: looking through them finds nothing and takes a
    # fifth of the time. What does go round in circles is collected every ten seconds.
    gc.set_threshold(GARBAGE_OBJECTS, 20, 100)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())

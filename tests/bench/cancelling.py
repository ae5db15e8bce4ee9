"""Cancellations over HTTP: how many a second with sixteen clients, and how soon one of them has suspended its award."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from deploy.demo.proofs import cancelling
from services.registry.adapters.work import RegistryWork, work_with
from services.registry.domain.certificate import CancellationReason
from services.registry.use_cases import change_certificate as steps
from shared.contracts.event import Announcement, Envelope, timestamp
from shared.kit import journal
from shared.kit.crypto import KeyRing
from shared.kit.database import new_engine
from shared.kit.work import Works
from shared.values.division import Scope
from tests.bench.events import CANCELLED_ON
from tests.bench.ground import Ground
from tests.bench.measure import Measurement, measured, percentile
from tests.builders.applications import a_proof
from tests.builders.databases import DATA_KEYS
from tests.builders.population import cancellations, id_of
from tests.builders.works import works_on

CANCELLATIONS: Final = int(os.environ.get("LIANGFU_BENCH_CANCELLATIONS", "2000"))
ONE_BY_ONE: Final = int(os.environ.get("LIANGFU_BENCH_LATENCIES", "300"))
CLIENTS: Final = 16
REPEATS: Final = 3
SEEN_SECONDS_MAX: Final = 10.0


async def cancellations_over_http(ground: Ground) -> list[Measurement]:
    """Committed cancellations a second, and how long each client waited."""
    rates: list[float] = []
    medians: list[float] = []
    tails: list[float] = []
    floors: list[float] = []
    one_floor: list[float] = []
    for _ in range(REPEATS):
        async with ground.client(connections=CLIENTS) as client:
            seconds, waited = await _crowded(await _certificates(ground), lambda key: _cancel(ground, client, key))
        rates.append(CANCELLATIONS / seconds)
        medians.append(percentile(waited, 0.50))
        tails.append(percentile(waited, 0.99))
        seconds, waited = await _without_http(ground)
        floors.append(CANCELLATIONS / seconds)
        one_floor.append(percentile(waited, 0.50))
    bare = f"the same use case without HTTP, {CLIENTS} connections"
    return [
        measured("cancellations over HTTP", "1/s", rates, floor_name=bare, floor_values=floors),
        measured("cancellation over HTTP p50", "ms", medians, floor_name=f"{bare}, p50", floor_values=one_floor),
        measured("cancellation over HTTP p99", "ms", tails, floor_name=f"{bare}, p50", floor_values=one_floor),
    ]


async def cancellation_to_suspension(ground: Ground) -> list[Measurement]:
    """One at a time: from sending the cancellation to seeing the award suspended in the other database.

    That is more than "committed to suspended": the request itself is in it.
    """
    medians: list[float] = []
    tails: list[float] = []
    floors: list[float] = []
    for _ in range(REPEATS):
        waited = await _one_by_one(ground)
        medians.append(percentile(waited, 0.50))
        tails.append(percentile(waited, 0.99))
        floors.append(percentile(await _commit_and_publish(ground), 0.50))
    bare = "one durable commit and one durable publish, p50"
    return [
        measured("cancellation sent to award suspended, p50", "ms", medians, floor_name=bare, floor_values=floors),
        measured("cancellation sent to award suspended, p99", "ms", tails, floor_name=bare, floor_values=floors),
    ]


async def _certificates(ground: Ground, size: int = CANCELLATIONS) -> list[int]:
    """Running numbers of new persons, in an order that is not that of the index."""
    crowd = await ground.crowd(size)
    await ground.until_quiet()
    return sorted(crowd.numbers, key=lambda number: hash(id_of("person", number)))


async def _cancel(ground: Ground, client: httpx.AsyncClient, number: int) -> None:
    answer = await client.post(
        f"{ground.stack.url('registry')}/api/v1/certificates/{id_of('certificate', number)}/cancellation",
        json=cancelling("VOLUNTARY"),
        headers={"Idempotency-Key": str(uuid4()), "If-Match": '"2"'},
    )
    answer.raise_for_status()


async def _crowded(
    numbers: Iterable[int], act: Callable[[int], Awaitable[None]], *, clients: int = CLIENTS
) -> tuple[float, list[float]]:
    """Seconds for all of it, and the milliseconds each took, with so many at a time."""
    waiting = iter(numbers)
    took: list[float] = []

    async def one_client() -> None:
        for number in waiting:
            began = time.perf_counter()
            await act(number)
            took.append((time.perf_counter() - began) * 1_000)

    began = time.perf_counter()
    await asyncio.gather(*(one_client() for _ in range(clients)))
    return time.perf_counter() - began, took


async def _without_http(ground: Ground) -> tuple[float, list[float]]:
    """The use case, its repositories and the journal, called in this process."""
    engine = new_engine(ground.stack.database_url("registry"), pool_size=CLIENTS, application_name="bench")
    works: Works[RegistryWork] = works_on(engine, work_with(KeyRing.parse(DATA_KEYS)))

    async def cancel(number: int) -> None:
        async with works.begin() as work:
            subject = await steps.load(id_of("certificate", number), work, within=Scope.everywhere())
            await steps.cancel_certificate(
                subject,
                work,
                reason=CancellationReason.VOLUNTARY,
                effective_date=work.today(),
                proof=a_proof(),
            )

    try:
        return await _crowded(await _certificates(ground), cancel)
    finally:
        await engine.dispose()


async def _one_by_one(ground: Ground) -> list[float]:
    numbers = await _certificates(ground, ONE_BY_ONE)
    waited: list[float] = []
    async with ground.client() as client, ground.subsidy.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        status = text("SELECT status FROM award WHERE award_id = :award")

        async def suspended(award: UUID) -> None:
            async with asyncio.timeout(SEEN_SECONDS_MAX):
                while (await connection.scalar(status, {"award": award})) != "SUSPENDED":
                    await asyncio.sleep(0.001)

        for number in numbers:
            began = time.perf_counter()
            await _cancel(ground, client, number)
            await suspended(id_of("award", number))
            waited.append((time.perf_counter() - began) * 1_000)
    return waited


async def _commit_and_publish(ground: Ground) -> list[float]:
    """The least a durable chain can do: one row committed, one message acknowledged."""
    crowd = await ground.crowd(ONE_BY_ONE)
    bus = await ground.floor_bus()
    await ground.until_quiet()
    waited: list[float] = []
    announcements = list(cancellations(crowd.numbers, on=CANCELLED_ON))
    async with ground.registry.connect() as connection:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS bench_noted (id uuid)"))
        epoch = (await journal.horizon(connection)).epoch
        await connection.commit()
        for position, announcement in enumerate(announcements, start=1):
            envelope = _envelope(announcement, epoch=epoch, position=position)
            began = time.perf_counter()
            async with connection.begin():
                await connection.execute(text("INSERT INTO bench_noted VALUES (:id)"), {"id": announcement.event_id})
            await bus.publish([envelope])
            waited.append((time.perf_counter() - began) * 1_000)
    await bus.close()
    return waited


def _envelope(announcement: Announcement, *, epoch: int, position: int) -> Envelope:
    return Envelope(
        epoch=epoch,
        position=position,
        event_id=announcement.event_id,
        type=announcement.event.type,
        aggregate_type=announcement.event.aggregate(),
        aggregate_id=announcement.person_id,
        aggregate_version=announcement.version,
        division=announcement.division,
        occurred_at=timestamp(announcement.occurred_at),
        recorded_at=timestamp(announcement.occurred_at),
        trace_id="b" * 32,
        data=announcement.event.model_dump(mode="json"),
    )

"""A reader of the registry's journal whose effects are rows: what was applied, in which order, how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.subsidy.adapters.work import SubsidyWork
from shared.contracts.registry import CertificateState, PersonState, StopState
from shared.kit.consumer import Consumer, Subscription
from shared.kit.mirror import Changes
from shared.kit.work import Works
from tests.builders.chain import FakeBus, FakeJournal
from tests.builders.publishers import Registry

STATES = (PersonState, CertificateState, StopState)


class PoisonError(Exception):
    """Permanent: no repetition helps."""


@dataclass
class Reader:
    """A subscription that writes down what it was told, and fails when a test says so."""

    works: Works[SubsidyWork]
    poison: set[UUID] = field(default_factory=set)
    failures: list[Exception] = field(default_factory=list)
    attempts: int = 0

    @property
    def subscription(self) -> Subscription[SubsidyWork]:
        return Subscription(publisher="registry", states=STATES, react=self._react)

    async def _react(self, changes: Changes, work: SubsidyWork) -> None:
        self.attempts += 1
        if self.failures:
            raise self.failures.pop()
        for envelope, _ in changes.events:
            if envelope.event_id in self.poison:
                raise PoisonError(f"cannot digest {envelope.position}")
            await work.connection.execute(
                text("INSERT INTO applied (event_id, person_id, position) VALUES (:event, :person, :position)"),
                {"event": envelope.event_id, "person": envelope.aggregate_id, "position": envelope.position},
            )

    async def _all(self, query: str) -> list[Any]:
        async with self.works.engine.connect() as connection:
            return list(await connection.execute(text(query)))

    async def applied(self) -> list[UUID]:
        """Ids of the events whose effects are there, in the order of their effects."""
        return [row.event_id for row in await self._all("SELECT event_id FROM applied ORDER BY nth")]

    async def lives(self) -> dict[UUID, list[int]]:
        """Person -> positions in the order of effects."""
        found: dict[UUID, list[int]] = {}
        for row in await self._all("SELECT person_id, position FROM applied ORDER BY nth"):
            found.setdefault(row.person_id, []).append(row.position)
        return found

    async def cursor(self) -> tuple[int, int]:
        """As stored."""
        (row,) = await self._all("SELECT epoch, position FROM consumer_cursor WHERE publisher = 'registry'")
        return row.epoch, row.position

    async def letters(self) -> list[Any]:
        """Dead letters, oldest first."""
        return await self._all("SELECT * FROM dead_letter ORDER BY epoch, position")


@pytest.fixture
async def reader(subsidy: Works[SubsidyWork]) -> Reader:
    async with subsidy.engine.begin() as connection:
        await connection.execute(
            text(
                "CREATE TABLE applied (nth bigint GENERATED ALWAYS AS IDENTITY, event_id uuid, person_id uuid, "
                "position bigint)"
            )
        )
    return Reader(subsidy)


@pytest.fixture
def publisher() -> Registry:
    return Registry()


@pytest.fixture
def journal(publisher: Registry) -> FakeJournal:
    return FakeJournal(publisher.journal.entries)


@pytest.fixture
def bus() -> FakeBus:
    return FakeBus()


@pytest.fixture
async def consumer(reader: Reader, journal: FakeJournal, bus: FakeBus) -> Consumer[SubsidyWork]:
    return consumer_of(reader, journal, bus)


def consumer_of(reader: Reader, journal: Any, bus: Any) -> Consumer[SubsidyWork]:
    """A consumer on fakes."""
    return Consumer(reader.subscription, works=reader.works, bus=bus, journal=journal, durable="test")


@pytest.fixture
def live(publisher: Registry) -> Callable[[int], list[UUID]]:
    """So many persons registered, each with a certificate: two events each, all registrations first."""

    def live(persons: int) -> list[UUID]:
        who = [publisher.register("341502001001", on=date(2026, 1, 1)) for _ in range(persons)]
        for person_id in who:
            publisher.issue(person_id, on=date(2026, 1, 2), until=date(2036, 1, 2))
        return who

    return live

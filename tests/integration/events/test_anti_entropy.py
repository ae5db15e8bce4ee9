"""Comparing our copy with the publisher's rows: what may be mended is mended, what may not is listed for a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.subsidy.adapters.work import SubsidyWork
from shared.contracts.registry import CertificateState, PersonState
from shared.kit.anti_entropy import AntiEntropy, adopt_as_published
from shared.kit.consumer import Consumer
from shared.kit.journal_client import PublisherUnreachable
from tests.builders.chain import FakeJournal
from tests.builders.publishers import Registry
from tests.integration.events.conftest import Reader
from tests.integration.events.test_histories import copied, publish_rows

Live = Callable[[int], list[UUID]]


@pytest.fixture
def comparison(consumer: Consumer[SubsidyWork]) -> AntiEntropy[SubsidyWork]:
    return AntiEntropy(consumer, period_seconds=3600)


@pytest.fixture
async def person(
    consumer: Consumer[SubsidyWork], reader: Reader, journal: FakeJournal, publisher: Registry, live: Live
) -> UUID:
    """One of five persons both sides agree about."""
    who = live(5)
    await consumer.catch_up()
    await publish_rows(reader, journal, publisher)
    return who[2]


async def alter(reader: Reader, statement: str, **values: Any) -> None:
    async with reader.works.engine.begin() as connection:
        await connection.execute(text(statement), values)


async def drift(reader: Reader) -> list[tuple[str, str, bool]]:
    """(relation, kind, settled) of everything listed."""
    rows = await reader._all("SELECT relation, kind, settled_at FROM drift ORDER BY relation, kind")
    return [(row.relation, row.kind, row.settled_at is not None) for row in rows]


async def test_equal_copies_have_no_differences_however_often_they_are_compared(
    comparison: AntiEntropy[SubsidyWork], reader: Reader, person: UUID
) -> None:
    assert [await comparison.round() for _ in range(3)] == [0, 0, 0]
    assert await drift(reader) == []


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM copy_registry_certificate WHERE person_id = :p",
        "UPDATE copy_registry_certificate SET version = 1, status = 'FROZEN' WHERE person_id = :p",
    ],
    ids=["missing", "older"],
)
async def test_a_missing_or_older_row_is_mended_through_the_normal_door(
    comparison: AntiEntropy[SubsidyWork], reader: Reader, publisher: Registry, person: UUID, damage: str
) -> None:
    await alter(reader, damage, p=person)
    assert await comparison.round() == 1
    assert await copied(reader, CertificateState) == publisher.certificates
    assert await comparison.round() == 0
    assert await drift(reader) == []


async def test_the_same_version_with_other_content_is_an_alarm_and_never_overwritten(
    comparison: AntiEntropy[SubsidyWork], reader: Reader, person: UUID
) -> None:
    await alter(reader, "UPDATE copy_registry_certificate SET grade = 1 WHERE person_id = :p", p=person)
    assert [await comparison.round() for _ in range(2)] == [1, 1]
    assert await drift(reader) == [("registry.certificate", "ALTERED", False)]
    grades = {row.grade for row in (await copied(reader, CertificateState)).values()}  # type: ignore[attr-defined]
    assert grades == {1, 2}, "what changed our copy must not be hidden"


async def test_a_person_decides_on_an_altered_row_by_name(
    comparison: AntiEntropy[SubsidyWork], reader: Reader, journal: FakeJournal, publisher: Registry, person: UUID
) -> None:
    await alter(reader, "UPDATE copy_registry_certificate SET grade = 1 WHERE person_id = :p", p=person)
    await comparison.round()
    key = next(card.certificate_id for card in publisher.certificates.values() if card.person_id == person)
    changed = await adopt_as_published(
        reader.works,
        reader.subscription,
        journal,  # type: ignore[arg-type]
        CertificateState,
        key,
        by="me",
    )
    assert changed == 1
    assert await copied(reader, CertificateState) == publisher.certificates
    (row,) = await reader._all("SELECT settled_by FROM drift")
    assert row.settled_by == "me"
    assert await comparison.round() == 0


async def test_a_row_the_publisher_does_not_have_is_listed_and_left(
    comparison: AntiEntropy[SubsidyWork], reader: Reader, person: UUID
) -> None:
    await alter(
        reader,
        "INSERT INTO copy_registry_person (person_id, division, version, registered_on) "
        "VALUES (gen_random_uuid(), '341502', 1, '2026-01-01')",
    )
    assert await comparison.round() == 1
    assert await drift(reader) == [("registry.person", "EXTRA", False)]
    assert len(await copied(reader, PersonState)) == 6


async def test_a_difference_that_is_gone_is_settled_by_the_next_comparison(
    comparison: AntiEntropy[SubsidyWork], reader: Reader, person: UUID
) -> None:
    await alter(reader, "UPDATE copy_registry_certificate SET grade = 1 WHERE person_id = :p", p=person)
    await comparison.round()
    await alter(reader, "UPDATE copy_registry_certificate SET grade = 2 WHERE person_id = :p", p=person)
    await comparison.round()
    assert await drift(reader) == [("registry.certificate", "ALTERED", True)]


async def test_events_on_their_way_are_no_difference(
    *,
    comparison: AntiEntropy[SubsidyWork],
    consumer: Consumer[SubsidyWork],
    reader: Reader,
    journal: FakeJournal,
    publisher: Registry,
    person: UUID,
) -> None:
    publisher.die(person, on=date(2026, 5, 5))
    await publish_rows(reader, journal, publisher)
    await consumer.catch_up()
    assert await comparison.round() == 0


async def test_persons_who_wait_behind_a_letter_differ_for_a_known_reason(
    *,
    comparison: AntiEntropy[SubsidyWork],
    consumer: Consumer[SubsidyWork],
    reader: Reader,
    journal: FakeJournal,
    publisher: Registry,
    person: UUID,
) -> None:
    publisher.die(person, on=date(2026, 5, 5))
    reader.poison = {publisher.journal.entries[-1].event_id}
    await consumer.catch_up()
    await publish_rows(reader, journal, publisher)
    assert await comparison.round() == 0
    assert await drift(reader) == []


async def test_an_unreachable_publisher_only_postpones_the_comparison(
    comparison: AntiEntropy[SubsidyWork], journal: FakeJournal, person: UUID
) -> None:
    journal.unreachable = True
    with pytest.raises(PublisherUnreachable):
        await comparison.round()
    journal.unreachable = False
    assert await comparison.round() == 0

"""Granting an award while the certificate is being stopped: whoever comes second sees the first, in both orders."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.award import Award
from services.subsidy.domain.errors import CertificateNotValid
from services.subsidy.entrypoints.consumers import SUBSCRIPTIONS
from services.subsidy.use_cases.grant_awards import GrantAward, grant_award
from shared.kit.consumer import absorb
from shared.kit.work import Works
from shared.values.award import Scheme
from shared.values.division import Scope
from tests.builders.publishers import Registry, deliver

FOLLOW: Final = SUBSCRIPTIONS[0]
WAITS_SECONDS: Final = 0.3


@pytest.fixture
def register() -> Registry:
    return Registry()


@pytest.fixture
async def person(subsidy: Works[SubsidyWork], register: Registry) -> UUID:
    """Somebody with a valid certificate, known to the subsidy service."""
    person_id = register.register("341502001001", on=date(2020, 1, 1))
    register.issue(person_id, on=date(2020, 1, 1), until=date(2039, 12, 31))
    await deliver(subsidy, FOLLOW, register.journal.entries)
    register.journal.entries.clear()
    return person_id


def asked(person_id: UUID) -> GrantAward:
    return GrantAward(person_id=person_id, scheme=Scheme.NURSING, application_date=date(2025, 5, 5))


async def grant(subsidy: Works[SubsidyWork], person_id: UUID) -> Award:
    async with subsidy.begin() as work:
        return await grant_award(asked(person_id), work, within=Scope.everywhere())


async def is_waiting(task: asyncio.Task[object]) -> bool:
    """Whether it stands still on a lock."""
    done, _ = await asyncio.wait({task}, timeout=WAITS_SECONDS)
    return not done


async def statuses(subsidy: Works[SubsidyWork]) -> list[tuple[str, str]]:
    """(award, certificate) status of every award."""
    async with subsidy.engine.connect() as connection:
        rows = await connection.execute(
            text(
                "SELECT a.status, c.status FROM award a JOIN copy_registry_certificate c USING (certificate_id) "
                "ORDER BY a.award_id"
            )
        )
        return [(row[0], row[1]) for row in rows]


async def test_a_stop_that_comes_while_an_award_is_being_granted_waits_and_then_suspends_it(
    subsidy: Works[SubsidyWork], register: Registry, person: UUID
) -> None:
    (certificate_id,) = register.certificates
    register.cancel(certificate_id, on=date(2026, 6, 1))
    async with subsidy.begin() as granting:
        await grant_award(asked(person), granting, within=Scope.everywhere())
        stopping = asyncio.create_task(deliver(subsidy, FOLLOW, register.journal.entries))
        assert await is_waiting(stopping), "the stop must not pass an award that is not there yet"
    await stopping
    assert await statuses(subsidy) == [("SUSPENDED", "CANCELLED")]


async def test_an_award_asked_for_while_the_stop_is_being_applied_waits_and_is_then_refused(
    subsidy: Works[SubsidyWork], register: Registry, person: UUID
) -> None:
    (certificate_id,) = register.certificates
    register.cancel(certificate_id, on=date(2026, 6, 1))
    async with subsidy.begin() as stopping:
        await absorb(stopping, FOLLOW, register.journal.entries)
        granting = asyncio.create_task(grant(subsidy, person))
        assert await is_waiting(granting), "the grant must not read the certificate as it was"
    with pytest.raises(CertificateNotValid):
        await granting
    assert await statuses(subsidy) == []


async def test_a_death_waits_for_a_grant_just_the_same(
    subsidy: Works[SubsidyWork], register: Registry, person: UUID
) -> None:
    register.die(person, on=date(2026, 6, 1))
    async with subsidy.begin() as granting:
        await grant_award(asked(person), granting, within=Scope.everywhere())
        dying = asyncio.create_task(deliver(subsidy, FOLLOW, register.journal.entries))
        assert await is_waiting(dying)
    await dying
    assert await statuses(subsidy) == [("SUSPENDED", "VALID")]


async def test_a_grant_and_a_stop_of_other_persons_do_not_wait_for_each_other(
    subsidy: Works[SubsidyWork], register: Registry, person: UUID
) -> None:
    other = register.register("341503001001", on=date(2020, 1, 1))
    card = register.issue(other, on=date(2020, 1, 1), until=date(2039, 12, 31))
    register.cancel(card, on=date(2026, 6, 1))
    async with subsidy.begin() as granting:
        await grant_award(asked(person), granting, within=Scope.everywhere())
        await asyncio.wait_for(deliver(subsidy, FOLLOW, register.journal.entries), 5)
    assert await statuses(subsidy) == [("ACTIVE", "VALID")]


async def test_two_requests_for_the_same_award_make_one(subsidy: Works[SubsidyWork], person: UUID) -> None:
    outcomes = await asyncio.gather(*(grant(subsidy, person) for _ in range(4)), return_exceptions=True)
    assert sorted(getattr(outcome, "code", "granted") for outcome in outcomes) == [
        *["award_exists"] * 3,
        "granted",
    ]


async def test_no_interleaving_leaves_a_running_award_on_a_stopped_certificate(
    subsidy: Works[SubsidyWork], register: Registry
) -> None:
    persons = [register.register("341502001001", on=date(2020, 1, 1)) for _ in range(40)]
    cards = [register.issue(one, on=date(2020, 1, 1), until=date(2039, 12, 31)) for one in persons]
    await deliver(subsidy, FOLLOW, register.journal.entries)
    seen = len(register.journal.entries)
    for card in cards:
        register.cancel(card, on=date(2026, 6, 1))
    stops = register.journal.entries[seen:]

    async def stop_all() -> None:
        for start in range(0, len(stops), 5):
            await deliver(subsidy, FOLLOW, stops[start : start + 5])

    outcomes = await asyncio.gather(
        stop_all(), *(grant(subsidy, one) for one in reversed(persons)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, CertificateNotValid)]
    granted = [outcome for outcome in outcomes if isinstance(outcome, Award)]
    assert len(refused) + len(granted) == len(persons), outcomes
    assert set(await statuses(subsidy)) <= {("SUSPENDED", "CANCELLED")}


async def test_a_repeated_stop_changes_nothing_more(
    subsidy: Works[SubsidyWork], register: Registry, person: UUID
) -> None:
    award = await grant(subsidy, person)
    register.cancel(next(iter(register.certificates)), on=date(2026, 12, 31))
    await deliver(subsidy, FOLLOW, register.journal.entries)
    again = [replace(entry, position=entry.position + 100, event_id=uuid7()) for entry in register.journal.entries]
    await deliver(subsidy, FOLLOW, again)
    async with subsidy.engine.connect() as connection:
        row = (await connection.execute(text("SELECT version, effective_month FROM award"))).one()
        steps = await connection.scalar(text("SELECT count(*) FROM award_step"))
    assert (row.version, row.effective_month, steps) == (2, "2027-01", 2)
    assert award.version == 1

"""A database is put back to a back-up: history is replaced, and everybody notices."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.invariants import Expectation, Stories
from tests.faults.report import Report
from tests.faults.victims import Victim
from tests.faults.world import World, a_world


@pytest.fixture
async def world(report: Report) -> AsyncIterator[World]:
    """Every scenario begins with one history."""
    async with a_world(report, people=120, stepped=True) as world:
        world.expected = Expectation(stories=Stories.CONSISTENT)
        yield world


@pytest.fixture
def backup(world: World) -> Path:
    """Where the back-up goes."""
    return world.stack.var_dir / "backup.dump"


async def resyncs(world: World) -> list[dict[str, Any]]:
    """The record of resyncs, newest first."""
    answer = await world.client.get(f"{world.stack.url('subsidy')}/api/v1/consumption/resyncs")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def statuses(world: World, awards: list[Any]) -> set[str]:
    """What these awards are."""
    async with world.stack.postgres.admin("subsidy") as database:
        rows = await database.execute(
            "SELECT DISTINCT status FROM award WHERE award_id = ANY(%s)", ([each.award_id for each in awards],)
        )
        return {status for (status,) in await rows.fetchall()}


async def alarmed(world: World) -> bool:
    """Whether the consumer raised the alarm where operators look: its log and its metrics."""
    log = world.stack.log_file(Victim.CONSUMER).read_text()
    return (
        "consumer.history_replaced" in log
        and await world.metric("subsidy", "worker", "liangfu_consumer_resyncs_total") > 0
    )


@pytest.mark.quick
async def test_a_restored_registry_is_followed_under_its_new_epoch(world: World, backup: Path) -> None:
    before, lost = world.fresh(20), world.fresh(20)
    await world.stories(before)
    await world.stack.postgres.dump_database("registry", backup)
    await world.stories(lost)
    await world.agreed()
    assert await statuses(world, lost) == {"SUSPENDED"}

    await world.stack.restore_database("registry", backup)
    restored = time.monotonic()
    await world.converged("registry restored to a back-up, new epoch", since=restored, forgotten=len(lost))
    assert await statuses(world, before) == {"SUSPENDED"}
    assert await statuses(world, lost) == {"ACTIVE"}, "nobody stays suspended for what the registry does not know"
    (resync,) = await resyncs(world)
    assert resync["method"] == "SNAPSHOT"
    assert resync["to_epoch"] > resync["from_epoch"]
    assert await alarmed(world)

    await world.stories([*lost, *world.fresh(5)])
    await world.agreed()
    assert await statuses(world, lost) == {"SUSPENDED"}


@pytest.mark.parametrize("written", [0, 5, 60], ids=["untouched", "a little written", "written past the old end"])
async def test_a_registry_restored_without_saying_so_is_found_out(world: World, backup: Path, written: int) -> None:
    before, lost, later = world.fresh(10), world.fresh(20), world.fresh(written)
    await world.stories(before)
    await world.stack.postgres.dump_database("registry", backup)
    await world.stories(lost)
    await world.agreed()

    # The workers see nothing until the restored database has got its own new events, under the old epoch.
    await asyncio.gather(*(world.stack.stop_process(victim) for victim in (Victim.RELAY, Victim.CONSUMER)))
    await world.stack.postgres.restore_database("registry", backup)
    await world.stories(later)
    await asyncio.gather(
        world.run_changed(Victim.RELAY, "relay_steps"), world.run_changed(Victim.CONSUMER, "consumer_steps")
    )
    started = time.monotonic()
    await world.converged("registry restored without a new epoch", since=started, written_since=written)
    assert await statuses(world, lost) == {"ACTIVE"}
    assert "journal.epoch_minted" in world.stack.log_file(Victim.RELAY).read_text()
    assert await resyncs(world)
    assert await alarmed(world)


async def test_a_registry_restored_under_running_workers_is_found_out(world: World, backup: Path) -> None:
    await world.stories(world.fresh(10))
    await world.stack.postgres.dump_database("registry", backup)
    lost = world.fresh(20)
    await world.stories(lost)
    await world.agreed()
    await world.stack.postgres.restore_database("registry", backup)
    restored = time.monotonic()
    await world.stories(world.fresh(5))
    await world.converged("registry restored without a new epoch under running workers", since=restored)
    assert await statuses(world, lost) == {"ACTIVE"}
    assert await alarmed(world)


async def test_a_restored_subsidy_database_reads_again_what_it_forgot(world: World, backup: Path) -> None:
    await world.stories(world.fresh(10))
    await world.agreed()
    await world.stack.postgres.dump_database("subsidy", backup)
    forgotten = world.fresh(20)
    await world.stories(forgotten)
    await world.agreed()
    await world.stack.restore_database("subsidy", backup)
    restored = time.monotonic()
    await world.converged("subsidy restored to a back-up", since=restored, forgotten=len(forgotten))
    assert await statuses(world, forgotten) == {"SUSPENDED"}
    assert not await resyncs(world), "the registry's history is the same: reading on is enough"

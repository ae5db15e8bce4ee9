"""Counting anew from the start of one journal, with a worker leading meanwhile."""

import asyncio
from datetime import date

import pytest
from prometheus_client import Gauge
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import PostgresServer
from services.indicators.adapters.rebuild import rebuild
from services.indicators.entrypoints.jobs import measure_figures
from services.indicators.metrics import RATE, STOCK
from shared.kit.leader import LeadershipLost, lead
from shared.values.award import Scheme
from tests.integration.indicators.world import BY_NAME, World

JINAN = "341502001001"


async def a_world_that_was_heard(world: World) -> None:
    person_id = world.registry.register(JINAN, on=date(2026, 1, 5))
    world.subsidy.grant(person_id, JINAN, Scheme.NURSING, month="2026-03")
    await world.hear()
    async with world.works.begin() as work:
        await work.connection.execute(
            text(
                "INSERT INTO consumer_cursor (publisher, epoch, position) VALUES ('registry', 7, 1), ('subsidy', 9, 1)"
            )
        )


async def test_one_publisher_is_forgotten_and_heard_again(world: World) -> None:
    await a_world_that_was_heard(world)
    before = await world.spells()
    assert await rebuild(world.works, BY_NAME["registry"]) == (7, 1)
    assert [row[0] for row in await world.spells()] == ["award"]
    async with world.works.snapshot() as connection:
        cursors = (
            await connection.execute(text("SELECT publisher, epoch, position FROM consumer_cursor ORDER BY 1"))
        ).all()
    assert [tuple(row) for row in cursors] == [("registry", 0, 0), ("subsidy", 9, 1)]
    world.heard["registry"] = 0
    await world.hear()
    assert await world.spells() == before


async def test_a_leading_worker_is_deposed_and_can_lead_again(
    world: World, server: PostgresServer, engine: AsyncEngine
) -> None:
    """What it would still write could not be told from what it reads again."""
    await a_world_that_was_heard(world)
    url = server.url("indicators").replace("+psycopg", "")
    async with lead(url, application_name="worker") as leadership:
        guard = asyncio.create_task(leadership.guard())
        await rebuild(world.works, BY_NAME["registry"])
        with pytest.raises(LeadershipLost):
            await asyncio.wait_for(guard, 3)
    async with asyncio.timeout(3), lead(url, application_name="worker") as again:
        assert again.term == leadership.term + 1


def measured(gauge: Gauge) -> dict[tuple[str, ...], float]:
    return {tuple(sample.labels.values()): sample.value for metric in gauge.collect() for sample in metric.samples}


async def test_gauges_tell_chosen_figures_by_prefecture(world: World) -> None:
    await a_world_that_was_heard(world)
    await measure_figures(world.works, minimum=1)
    told = measured(STOCK)
    assert told == {(code, "3415"): 1 for code in ("persons", "awards", "award_recipients")}


async def test_gauges_hide_what_figures_hide(world: World) -> None:
    await a_world_that_was_heard(world)
    await measure_figures(world.works, minimum=5)
    assert measured(STOCK) == measured(RATE) == {}

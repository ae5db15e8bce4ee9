"""One event that cannot be applied neither holds up other persons nor disappears."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest

from deploy.local.stack import Stack
from tests.faults.invariants import Expectation, Stories
from tests.faults.people import Holder
from tests.faults.report import Report
from tests.faults.steps import Step
from tests.faults.world import World, a_world

COMPARED_SECONDS: Final = 1.0
CLI_SECONDS_MAX: Final = 20.0


@pytest.fixture(scope="module")
async def world(report: Report) -> AsyncIterator[World]:
    extra_env = {"ANTI_ENTROPY_SECONDS": str(COMPARED_SECONDS)}
    async with a_world(report, people=100, stepped=True, extra_env=extra_env) as world:
        yield world


@asynccontextmanager
async def unbearable(stack: Stack, holder: Holder) -> AsyncIterator[None]:
    """While this lasts the subsidy database refuses any change of one person's award."""
    async with stack.postgres.admin("subsidy") as database:
        await database.execute(
            "CREATE FUNCTION poisoned() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'nobody may touch this award' USING ERRCODE = 'check_violation'; END $$"
        )
        await database.execute(
            "CREATE TRIGGER poisoned BEFORE UPDATE ON award FOR EACH ROW "
            f"WHEN (old.award_id = '{holder.award_id}') EXECUTE FUNCTION poisoned()"
        )
        try:
            yield
        finally:
            await database.execute("DROP FUNCTION poisoned CASCADE")


async def letters(world: World, *states: str) -> list[dict[str, Any]]:
    """What an operator sees over the API."""
    url = f"{world.stack.url('subsidy')}/api/v1/consumption/dead-letters"
    answer = await world.client.get(url, params={"state": states} if states else None)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def buried(world: World, expected: int) -> list[dict[str, Any]]:
    """Wait for so many letters; all that wait."""
    async with asyncio.timeout(10):
        while len(found := await letters(world)) < expected:
            await asyncio.sleep(0.05)
    return found


async def decide(world: World, letter: dict[str, Any], verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What an operator does over the API."""
    url = f"{world.stack.url('subsidy')}/api/v1/consumption/dead-letters/{letter['letter_id']}/{verb}"
    answer = await world.post(url, body)
    assert answer.is_success, answer.text
    outcome: dict[str, Any] = answer.json()
    return outcome


async def command(stack: Stack, *words: str) -> str:
    """What an operator sees on the command line."""
    log = stack.log_file("letters")
    log.unlink(missing_ok=True)
    job = stack.forkserver.fork(
        "letters",
        "services.subsidy.worker",
        env=stack.process("subsidy.worker").env,
        log_file=log,
        argv=("letters", *words),
    )
    assert await job.ended(CLI_SECONDS_MAX)
    assert job.status == 0, log.read_text()
    return log.read_text()


async def batch_with_poison(world: World, people: Sequence[Holder]) -> None:
    """Everybody's story reaches the consumer in one batch; the first person's cannot be applied."""
    world.control.clear()
    world.control.arm(Step.RELAY_READ)
    await world.control.held(Step.RELAY_READ)
    await world.stories(people)
    world.control.clear()


def positions(found: Sequence[dict[str, Any]]) -> list[int]:
    return [letter["position"] for letter in found]


@pytest.mark.quick
async def test_a_poison_event_is_listed_its_person_waits_in_order_and_everybody_else_goes_on(world: World) -> None:
    people = world.fresh(30)
    poisoned = people[0]  # cancelled, reinstated, cancelled again: two events must wait behind the first
    async with unbearable(world.stack, poisoned):
        await batch_with_poison(world, people)
        world.expected = Expectation(waiting=3)
        seconds = await _others_are_suspended(world, people[1:])
        world.report.add("poison inside a batch: everybody else", seconds, people=29)

        waiting = await buried(world, 3)
        assert [(letter["state"], letter["type"].split(".")[2]) for letter in waiting] == [
            ("OPEN", "cancelled"),
            ("PARKED", "reinstated"),
            ("PARKED", "cancelled"),
        ]
        assert {letter["person_id"] for letter in waiting} == {str(poisoned.person_id)}
        assert positions(waiting) == sorted(positions(waiting))
        assert "nobody may touch this award" in waiting[0]["error"]
        listing = await command(world.stack)
        assert all(letter["letter_id"] in listing for letter in waiting)
        assert "3 waiting" in listing

        # Still poisoned: a retry changes nothing and is counted.
        assert (await decide(world, waiting[0], "retry"))["applied"] == 0
        again = await letters(world)
        assert [letter["attempts"] for letter in again] == [2, 0, 0]
        await _comparisons_pass(world)
        assert await letters(world) == again, "comparisons leave a person alone who waits"

    fixed = time.monotonic()
    assert (await decide(world, waiting[0], "retry"))["applied"] == 3
    world.expected = Expectation()
    await world.converged("poison removed, retried over the API", since=fixed, applied=3)


async def test_a_poison_event_can_be_retried_from_the_command_line(world: World) -> None:
    people = world.fresh(9)
    async with unbearable(world.stack, people[0]):
        await batch_with_poison(world, people)
        await _others_are_suspended(world, people[1:])
        (first, *_) = await buried(world, 3)
    said = await command(world.stack, "retry", first["letter_id"])
    assert "applied 3; letter is APPLIED" in said
    await world.converged("poison removed, retried on the command line", applied=3)


async def test_a_discarded_event_is_kept_and_what_waited_behind_it_is_applied(world: World) -> None:
    people = world.fresh(9)
    async with unbearable(world.stack, people[0]):
        await batch_with_poison(world, people)
        await _others_are_suspended(world, people[1:])
        (first, *_) = await buried(world, 3)
    fixed = time.monotonic()
    outcome = await decide(world, first, "discard", {"note": "entered twice by mistake"})
    assert outcome["applied"] == 2
    assert outcome["letter"]["state"] == "DISCARDED"
    world.expected = Expectation(stories=Stories.CONSISTENT)  # one step is missing, by decision
    await world.converged("poison discarded, the rest applied", since=fixed, applied=2)
    kept = await letters(world, "DISCARDED")
    assert [letter["letter_id"] for letter in kept] == [first["letter_id"]]


async def test_a_person_whose_events_were_discarded_while_they_still_fail_ends_nobody(world: World) -> None:
    people = world.fresh(9)
    worker = world.stack.process("subsidy.worker")
    async with unbearable(world.stack, people[1]):
        await batch_with_poison(world, people)
        await _others_are_suspended(world, people[2:])
        pid, began = worker.pid, time.monotonic()
        for letter in await buried(world, 1):
            await decide(world, letter, "discard", {"note": "given up while it still fails"})
        # The copy is behind for good now; mending it fails like the event did, and that is listed as well.
        async with asyncio.timeout(20):
            while not (found := await _drift(world)):
                await asyncio.sleep(0.1)
        assert {(each["person_id"], each["kind"]) for each in found} == {(str(people[1].person_id), "REFUSED")}
        await world.stories(world.fresh(3))
        await _comparisons_pass(world)
        assert worker.pid == pid, "a row that cannot be mended ended the worker"
    await world.converged(
        "the cause of the refusal is gone: mended by comparison",
        after=f"{time.monotonic() - began:.1f} s",
    )
    async with asyncio.timeout(20):
        while await _drift(world):
            await asyncio.sleep(0.1)


async def _others_are_suspended(world: World, others: Sequence[Holder]) -> float:
    """Wait until they are; the seconds."""
    since = time.monotonic()
    wanted = [holder.award_id for holder in others]
    async with world.stack.postgres.admin("subsidy") as database, asyncio.timeout(10):
        while True:
            rows = await database.execute(
                "SELECT count(*) FROM award WHERE award_id = ANY(%s) AND status = 'SUSPENDED'", (wanted,)
            )
            if (await rows.fetchone()) == (len(wanted),):
                break
            await asyncio.sleep(0.02)
    seconds = time.monotonic() - since
    assert seconds < 5
    return seconds


async def _comparisons_pass(world: World, rounds: int = 2) -> None:
    """Let so many whole comparisons go by."""

    async def counted() -> float:
        return await world.metric("subsidy", "worker", "liangfu_anti_entropy_rounds_total")

    until = await counted() + 3 * rounds
    async with asyncio.timeout(30):
        while await counted() < until:
            await asyncio.sleep(0.1)


async def _drift(world: World) -> list[dict[str, Any]]:
    answer = await world.client.get(f"{world.stack.url('subsidy')}/api/v1/consumption/drift")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items

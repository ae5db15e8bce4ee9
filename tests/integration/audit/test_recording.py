"""Looks share commits when many come at once; none is told to be written before it is."""

import asyncio
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from shared.kit.audit import Look, Recorder, Row
from tests.integration.audit.conftest import Trail

Forger = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def recorder(trail: Trail) -> Recorder:
    return trail.auditor.recorder


def looks(trail: Trail, count: int) -> list[list[Row]]:
    return [trail.rows(Look(UUID(int=number))) for number in range(count)]


def commits(forger: Forger) -> tuple[int, int]:
    """Rows, and the transactions that wrote them."""
    found = forger.execute("SELECT count(*), count(DISTINCT xmin::text) FROM audit").fetchone()
    assert found is not None
    return found[0], found[1]


async def test_looks_that_come_at_once_share_a_commit(trail: Trail, recorder: Recorder, forger: Forger) -> None:
    await asyncio.gather(*(recorder.write(rows) for rows in looks(trail, 50)))
    assert commits(forger) == (50, 1)


async def test_looks_that_keep_coming_share_commits(trail: Trail, recorder: Recorder, forger: Forger) -> None:
    async def reader(rows: list[Row]) -> None:
        for _ in range(10):
            await recorder.write(rows)

    await asyncio.gather(*(reader(rows) for rows in looks(trail, 8)))
    rows, transactions = commits(forger)
    assert rows == 80
    assert transactions <= 40


async def test_a_look_is_there_when_its_answer_may_leave(trail: Trail, recorder: Recorder, forger: Forger) -> None:
    for number, rows in enumerate(looks(trail, 3), start=1):
        await recorder.write(rows)
        assert commits(forger) == (number, number)


async def test_what_cannot_be_written_fails_those_who_wait_and_nobody_later(
    trail: Trail, recorder: Recorder, forger: Forger
) -> None:
    one, bad, later = looks(trail, 3)
    spoilt = [{**row, "kind": "GLANCE"} for row in bad]
    told = await asyncio.gather(recorder.write(one), recorder.write(spoilt), return_exceptions=True)
    assert all(isinstance(error, DBAPIError) for error in told)
    assert commits(forger) == (0, 0)
    await recorder.write(later)
    assert commits(forger) == (1, 1)


async def test_whoever_gave_up_waiting_does_not_disturb_the_others(
    trail: Trail, recorder: Recorder, forger: Forger
) -> None:
    one, other = looks(trail, 2)
    impatient = asyncio.create_task(recorder.write(one))
    await asyncio.sleep(0)
    impatient.cancel()
    await recorder.write(other)
    assert commits(forger)[0] == 2

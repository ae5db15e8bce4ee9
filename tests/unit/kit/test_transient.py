"""What is worth trying again, and what ends a worker."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from shared.kit.database import is_transient
from shared.kit.leader import LeadershipLost, was_deposed

CUT_OFF = errors.IdleInTransactionSessionTimeout("cut off")
GONE = psycopg.OperationalError("the connection is closed")
BROKEN = errors.UniqueViolation("twice")


@pytest.mark.parametrize(
    "error",
    [
        *(CUT_OFF, GONE, psycopg.InterfaceError("closed"), errors.SerializationFailure(), errors.LockNotAvailable()),
        DBAPIError("SELECT 1", None, CUT_OFF),
        OperationalError("SELECT 1", None, GONE),
        *(TimeoutError(), ConnectionResetError()),
    ],
    ids=repr,
)
def test_a_cut_connection_is_worth_another_try_whoever_tells_of_it(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error", [BROKEN, IntegrityError("INSERT", None, BROKEN), psycopg.DataError(), KeyError("x")], ids=repr
)
def test_what_will_fail_again_is_not(error: Exception) -> None:
    assert not is_transient(error)


async def test_who_was_told_to_stop_does_not_try_again_whatever_the_driver_tells() -> None:
    """A driver may answer a cancellation with "connection in use": the loop around it must end all the same."""
    tries = 0

    async def for_ever() -> None:
        nonlocal tries
        while True:
            try:
                try:
                    await asyncio.sleep(60)
                finally:
                    raise GONE
            except psycopg.Error as error:
                tries += 1
                if not is_transient(error):
                    raise

    looping = asyncio.create_task(for_ever())
    await asyncio.sleep(0)
    looping.cancel()
    done, _ = await asyncio.wait({looping}, timeout=1)
    assert done
    assert (looping.cancelled(), tries) == (True, 1)


async def test_after_a_time_limit_that_was_met_and_told_of_one_may_try_again() -> None:
    with pytest.raises(TimeoutError) as late:
        async with asyncio.timeout(0):
            await asyncio.sleep(60)
    assert is_transient(late.value)


@pytest.mark.parametrize(
    "ends",
    [
        [LeadershipLost()],
        [LeadershipLost(), CUT_OFF],
        [ExceptionGroup("sealer", [LeadershipLost()]), OperationalError("SELECT 1", None, GONE)],
    ],
    ids=["said so", "cut off with it", "within another group"],
)
def test_a_deposed_leader_waits_its_turn_whatever_its_roles_say_of_their_connections(ends: list[Exception]) -> None:
    assert was_deposed(ExceptionGroup("roles", ends))


@pytest.mark.parametrize("ends", [[CUT_OFF], [LeadershipLost(), BROKEN]], ids=["not deposed", "broken as well"])
def test_any_other_end_is_an_end(ends: list[Exception]) -> None:
    assert not was_deposed(ExceptionGroup("roles", ends))

"""What is worth trying again, and what ends a worker."""

from __future__ import annotations

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

"""Batches of random lives under one random policy, each batch reproducible by its number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from services.subsidy.domain.policy import PolicyDocument
from tests.oracles.entitlement.histories import History, histories
from tests.oracles.entitlement.random_policies import policies

T = TypeVar("T")


@dataclass(frozen=True)
class Batch:
    """Lives and the policy they are judged by."""

    number: int
    policy: tuple[PolicyDocument, ...]
    histories: tuple[History, ...]


@cache
def batch(number: int, size: int) -> Batch:
    """The batch of a number; fewer lives than asked for are never drawn."""
    (policy,) = drawn(policies(), 1, number)
    lives = drawn(histories(), size, number)
    return Batch(number, policy, tuple(life.about(_person(number, index)) for index, life in enumerate(lives)))


def _person(number: int, index: int) -> UUID:
    """An id with room below it for the ids of everything said of the person."""
    return UUID(int=uuid5(NAMESPACE_URL, f"{number}/{index}").int & ~0xFFFF)


def drawn(strategy: SearchStrategy[T], count: int, number: int) -> list[T]:
    """So many examples of a strategy, in Hypothesis's own order of trying things; the simplest one is left out."""
    found: list[T] = []

    def take(each: T) -> None:
        found.append(each)

    run: Callable[[], None] = seed(number)(
        settings(
            max_examples=2 * count + 1,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )(given(strategy)(take))
    )
    run()
    if len(found) <= count:
        raise AssertionError(f"{len(found)} of {count} drawn")
    return found[1 : count + 1]

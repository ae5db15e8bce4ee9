"""How fast the machine is while something is being timed.

The limits of the suite are for a machine that gives its processors whole. One that shares them gives a half or a third,
and for minutes at a time: a second's work then takes three, without any fault. So every limit is stretched by what the
machine was short of during that very wait, and by nothing else: a fixed piece of work is timed by the processor time it
takes, which grows when the processor is slow and not when the product keeps it busy.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

TURNS: Final = 20_000
REFERENCE_SECONDS: Final = 0.000_6
"""What these turns take on the machine the limits are for (2.8 GHz, both threads of the core busy)."""


POLL_SECONDS: Final = 0.02
T = TypeVar("T")


class Pace:
    """Samples of one wait."""

    def __init__(self) -> None:
        self._taken: list[float] = []

    def sample(self) -> None:
        """Look now: a millisecond's work."""
        began, total = time.thread_time(), 0
        for number in range(TURNS):
            total += number
        self._taken.append(time.thread_time() - began)

    @property
    def slowness(self) -> float:
        """How many times as long as on the machine of the limits things take; never less than 1."""
        if not self._taken:
            self.sample()
        return max(1.0, statistics.fmean(self._taken) / REFERENCE_SECONDS)


async def within(seconds: float, look: Callable[[], Awaitable[T]]) -> T:
    """What ``look`` finds, once it finds something. Raises TimeoutError after ``seconds``, stretched."""
    began, pace = time.monotonic(), Pace()
    while not (found := await look()):
        pace.sample()
        if time.monotonic() - began > seconds * pace.slowness:
            message = f"nothing within {seconds:g} s, the machine {pace.slowness:.1f} times as slow"
            raise TimeoutError(message)
        await asyncio.sleep(POLL_SECONDS)
    return found

"""Starts again what died, sooner when it had lived and later when it keeps dying."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from shared.kit.memory import give_back_for_ever

TICK_SECONDS: Final = 0.05
FIRST_DELAY_SECONDS: Final = 0.1
DELAY_SECONDS_MAX: Final = 5.0
YOUNG_SECONDS: Final = 2.0
"""Who dies younger than this is in a crash loop, and waits twice as long as the time before."""

_log = logging.getLogger(__name__)


class Unit(Protocol):
    """Something that is to run."""

    @property
    def name(self) -> str:
        """What it is called in logs."""

    @property
    def wanted(self) -> bool:
        """Whether it should run: False after it was stopped on purpose."""

    @property
    def alive(self) -> bool:
        """Whether it runs."""

    def launch(self) -> None:
        """Start it without waiting for anything. May raise: it is tried again."""


@dataclass
class Backoff:
    """How long to wait before the next start of one unit. Times are seconds of a monotonic clock."""

    delay: float = FIRST_DELAY_SECONDS
    started_at: float = float("-inf")
    due_at: float | None = None

    def died(self, now: float) -> None:
        """Plan the next start."""
        young = now - self.started_at < YOUNG_SECONDS
        self.delay = min(self.delay * 2, DELAY_SECONDS_MAX) if young else FIRST_DELAY_SECONDS
        self.due_at = now + self.delay

    def started(self, now: float) -> None:
        """It was started just now."""
        self.started_at = now
        self.due_at = None


class Supervisor:
    """Looks at its units twenty times a second. One that was stopped on purpose is left alone."""

    def __init__(self, units: Callable[[], Iterable[Unit]], *, now: Callable[[], float] = time.monotonic) -> None:
        self._units = units
        self._now = now
        self._backoffs: dict[str, Backoff] = {}
        self.restarts: dict[str, int] = {}

    async def run(self) -> None:
        """Until cancelled."""
        tidying = asyncio.create_task(give_back_for_ever(), name="memory")
        try:
            while True:
                self.look()
                await asyncio.sleep(TICK_SECONDS)
        finally:
            tidying.cancel()

    def look(self) -> None:
        """One look at every unit, in order: what others need comes first."""
        for unit in self._units():
            if unit.wanted and not unit.alive:
                self._mend(unit, self._backoffs.setdefault(unit.name, Backoff(started_at=self._now() - YOUNG_SECONDS)))

    def _mend(self, unit: Unit, backoff: Backoff) -> None:
        now = self._now()
        if backoff.due_at is None:
            backoff.died(now)
            _log.warning("unit.died name=%s next_start_seconds=%.1f", unit.name, backoff.delay)
        elif now >= backoff.due_at:
            self._start(unit, backoff, now)

    def _start(self, unit: Unit, backoff: Backoff, now: float) -> None:
        try:
            unit.launch()
        except Exception:  # noqa: BLE001 - whatever kept it from starting, the others need this loop
            backoff.died(now)
            _log.exception("unit.not_started name=%s next_start_seconds=%.1f", unit.name, backoff.delay)
            return
        backoff.started(now)
        self.restarts[unit.name] = self.restarts.get(unit.name, 0) + 1
        _log.warning("unit.restarted name=%s", unit.name)

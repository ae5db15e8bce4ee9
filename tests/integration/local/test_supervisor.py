"""When what died is started again."""

from dataclasses import dataclass

import pytest

from deploy.local.supervisor import DELAY_SECONDS_MAX, FIRST_DELAY_SECONDS, Supervisor


@dataclass
class Sickly:
    """A unit that runs until told otherwise."""

    name: str = "sickly"
    wanted: bool = True
    alive: bool = True
    can_start: bool = True

    def launch(self) -> None:
        """Come back to life."""
        if not self.can_start:
            raise OSError
        self.alive = True


class Watched:
    """One unit under a supervisor, and the clock both live by."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.unit = Sickly()
        self.supervisor = Supervisor(lambda: [self.unit], now=lambda: self.now)

    def seconds_until_started(self) -> float:
        """Let it die now; how long until it runs again."""
        self.unit.alive = False
        began = self.now
        self.supervisor.look()
        while not self.unit.alive:
            self.now += 0.05
            self.supervisor.look()
            assert self.now < began + 60
        return self.now - began


def test_what_had_lived_is_started_again_at_once() -> None:
    watched = Watched()
    for _ in range(5):
        assert watched.seconds_until_started() <= FIRST_DELAY_SECONDS + 0.1
        watched.now += 10


def test_what_keeps_dying_is_started_ever_later_up_to_a_limit() -> None:
    watched = Watched()
    delays = [watched.seconds_until_started() for _ in range(10)]
    assert delays == sorted(delays)
    assert delays[-1] == pytest.approx(DELAY_SECONDS_MAX, abs=0.1)


def test_what_was_stopped_on_purpose_stays_stopped() -> None:
    watched = Watched()
    watched.unit.wanted = watched.unit.alive = False
    for _ in range(100):
        watched.now += 1
        watched.supervisor.look()
    assert not watched.unit.alive


def test_what_cannot_be_started_is_tried_again() -> None:
    watched = Watched()
    watched.unit.alive = watched.unit.can_start = False
    for _ in range(100):
        watched.now += 0.05
        watched.supervisor.look()
    watched.unit.can_start = True
    assert watched.seconds_until_started() <= DELAY_SECONDS_MAX + 0.1


def test_restarts_are_counted() -> None:
    watched = Watched()
    watched.seconds_until_started()
    assert watched.supervisor.restarts == {"sickly": 1}

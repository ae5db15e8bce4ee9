"""How many, where, on a day: the plain answer, kept fact by fact and asked without any cleverness.

Knows nothing of states, spells or statements: it remembers what happened, in the order in which it was recorded.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID


@dataclass
class Move:
    """Somebody was recorded to belong elsewhere since a day."""

    to: str
    on: date
    wrong: bool = False


@dataclass
class Halt:
    """A certificate stops being valid after a day, perhaps until another."""

    on: date
    until: date | None = None
    wrong: bool = False

    def holds(self, day: date) -> bool:
        """READ-04: the day itself still counts; SUB-47: what ended leaves a gap."""
        return not self.wrong and self.on < day and (self.until is None or day < self.until)


@dataclass
class Subject:
    """Anything that is counted somewhere."""

    person_id: UUID
    origin: str
    since: date
    moves: list[Move] = field(default_factory=list)

    def place(self, day: date) -> str:
        """RU-05. What was recorded last wins from its own day on."""
        where = self.origin
        for move in self.moves:
            if not move.wrong and move.on <= day:
                where = move.to
        return where


@dataclass
class Person(Subject):
    """A person."""

    died: date | None = None

    def counts(self, day: date) -> bool:
        """The day of death still counts."""
        return self.since <= day and (self.died is None or day <= self.died)


@dataclass
class Certificate(Subject):
    """A certificate of a person."""

    until: date = date.max
    halts: list[Halt] = field(default_factory=list)
    holder: Person | None = None

    def counts(self, day: date) -> bool:
        """READ-09, and a dead person holds no certificate."""
        assert self.holder is not None
        alive = self.holder.died is None or day <= self.holder.died
        return self.since <= day <= self.until and alive and not any(halt.holds(day) for halt in self.halts)


@dataclass
class Award(Subject):
    """An award; whole months."""

    ends: date | None = None

    def counts(self, day: date) -> bool:
        """SUB-35, SUB-38."""
        return self.since <= day and (self.ends is None or day < self.ends)


@dataclass
class Case(Subject):
    """A rehabilitation case."""

    closed: date | None = None

    def counts(self, day: date) -> bool:
        """The day of closing no longer counts."""
        return self.since <= day and (self.closed is None or day < self.closed)


def stock(subjects: Iterable[Person | Certificate | Award | Case], prefix: str, day: date) -> int:
    """How many count on a day below a division."""
    return sum(1 for each in subjects if each.counts(day) and each.place(day).startswith(prefix))


def persons_in(subjects: Iterable[Person | Certificate | Award | Case], prefix: str, day: date) -> int:
    """How many different persons are behind them (RU-02)."""
    return len({each.person_id for each in subjects if each.counts(day) and each.place(day).startswith(prefix)})


def persons_during(
    subjects: Iterable[Person | Certificate | Award | Case], prefix: str, first: date, last: date
) -> set[UUID]:
    """Who counted there on any day of some (RU-02, RU-03)."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return {
        each.person_id
        for each in subjects
        if any(each.counts(day) and each.place(day).startswith(prefix) for day in days)
    }


def stop_missed(awards: Iterable[Award], halts: Mapping[UUID, Iterable[Halt]], prefix: str, day: date) -> int:
    """KPI-20: still due on a day, although something of after their beginning stopped them before its month."""
    month = day.replace(day=1)
    return sum(
        1
        for award in awards
        if award.counts(day)
        and award.place(day).startswith(prefix)
        and any(
            not halt.wrong and award.since <= halt.on < month and (halt.until is None or halt.until > month)
            for halt in halts[award.person_id]
        )
    )

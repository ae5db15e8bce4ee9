"""One person as the offices know them: what was said, when it was learned, and what of it stands on a day of asking.

Only the words are the product's (`Fact`, `Card`, ...); what they mean is written here once more, from the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TypeVar, cast
from uuid import UUID

from services.subsidy.domain.decisions import BackPayment, Card, Determination, Home, Pause
from services.subsidy.domain.person_facts import Fact, FactKind, Source
from shared.values.month import Month
from tests.builders.facts import Line, Merged, Succeeded, Thing

T = TypeVar("T")
DAY = timedelta(days=1)
BEST_FIRST = tuple(Source)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What was learned at one time: things new or corrected (the same id again), and ids proven wrong.

    Nothing is overwritten. The homes of a person are always told all together.
    """

    at: datetime
    learned: tuple[Thing, ...] = ()
    withdrawn: tuple[UUID, ...] = ()


@dataclass(frozen=True, eq=False)
class Life:
    """What is known of a person, everything in the order of time. ``learned`` tells when a fact was said last."""

    facts: tuple[Fact, ...]
    learned: dict[UUID, datetime]
    homes: tuple[Home, ...]
    cards: tuple[Card, ...]
    awards: tuple[Determination, ...]
    pauses: tuple[Pause, ...]
    back_payments: tuple[BackPayment, ...]
    lines: tuple[Line, ...]
    left: tuple[tuple[str, date], ...] = ()
    """Counties only an absorbed record named as the home, and the day it ceased to (`merging`)."""
    memory: dict[object, object] = field(default_factory=dict)
    """What was found out already; asking 36 months would find it out 36 times."""

    def of(self, *kinds: FactKind) -> tuple[Fact, ...]:
        """The facts of these kinds."""
        return tuple(fact for fact in self.facts if fact.kind in kinds)

    def remember(self, key: object, find: Callable[[], T]) -> T:
        """What `find` finds, found once."""
        if key not in self.memory:
            self.memory[key] = find()
        return cast("T", self.memory[key])

    def level(self, kind: FactKind, day: date) -> Fact | None:
        """The value of a day: the best source has the say, of one source what was learned last."""
        return self.remember((kind, day), lambda: self._level(kind, day))

    def _level(self, kind: FactKind, day: date) -> Fact | None:
        said = [fact for fact in self.of(kind) if holds(fact, day)]
        return min(
            said,
            key=lambda fact: (
                BEST_FIRST.index(fact.source),
                -self.learned[fact.fact_id].timestamp(),
                -fact.fact_id.int,
            ),
            default=None,
        )

    def home(self, day: date) -> str:
        """Where the household is on a day: the first home reaches back for ever, the last one has no end."""
        begun = [home for home in self.homes if home.valid_from <= day] or self.homes[:1]
        return begun[-1].division if begun else ""

    def card(self, day: date) -> Card | None:
        """The card issued last by a day; older ones are superseded by it."""
        return max(
            (card for card in self.cards if card.issued_on <= day), key=lambda card: card.issued_on, default=None
        )

    def next_card(self, card: Card) -> Card | None:
        """The card issued after this one."""
        return next((later for later in self.cards if later.issued_on > card.issued_on), None)

    def card_before(self, card: Card) -> Card | None:
        """The card this one followed."""
        return self.card(card.issued_on - DAY)


def holds(spell: Fact, day: date) -> bool:
    """From its first day to the day before it is over."""
    return spell.valid_from <= day and (spell.valid_to is None or day < spell.valid_to)


def runs(facts: Iterable[Fact]) -> list[Fact]:
    """The spells facts make: what overlaps or follows without a day between is one, begun once and over once.

    Lists of other offices come year by year; the first day of the second year is no day on which anything began.
    """
    joined: list[Fact] = []
    for fact in sorted(facts, key=lambda fact: (fact.kind.value, fact.scheme or "", fact.valid_from)):
        last = joined[-1] if joined else None
        alike = last is not None and (last.kind, last.scheme) == (fact.kind, fact.scheme)
        if last is not None and alike and (last.valid_to is None or fact.valid_from <= last.valid_to):
            ends = (last.valid_to, fact.valid_to)
            over = None if None in ends else max(day for day in ends if day is not None)
            joined[-1] = replace(last, valid_to=over)
        else:
            joined.append(fact)
    return joined


def components(card: Card) -> list[tuple[int, int]]:
    """(category, grade) of each component (ID-13)."""
    return [(int(part[0]), int(part[2])) for part in card.components.split(";")]


def known(history: Iterable[Moment], at: datetime | None = None) -> Life:
    """What stands of a history for somebody who asks at a time: the last word on each thing that was not withdrawn."""
    last: dict[UUID, Thing] = {}
    learned: dict[UUID, datetime] = {}
    homes: list[Home] = []
    lines: list[Line] = []
    given_up: list[Succeeded] = []
    lived_from: list[date] = []
    for moment in sorted(history, key=lambda moment: moment.at):
        if at is not None and moment.at > at:
            break
        told = [thing for thing in moment.learned if isinstance(thing, Home)]
        homes = told or homes
        for thing in moment.learned:
            match thing:
                case Home() | Merged():  # of records that were merged a test of their own tells
                    pass
                case Succeeded():
                    latest = max(homes, key=lambda home: home.valid_from)
                    if line_of(latest.division[:6], date.max, given_up)[-6:] == thing.predecessor:
                        lived_from.append(since_when(homes, given_up))
                        given_up.append(thing)
                case Line():
                    lines = [line for line in lines if (line.scheme, line.month, line.seq) != _key(thing)] + [thing]
                case _:
                    last[_id(thing)] = thing
                    learned[_id(thing)] = moment.at
        for wrong in moment.withdrawn:
            last.pop(wrong, None)
    stands = list(last.values())
    return Life(
        facts=tuple(each for each in stands if isinstance(each, Fact) and each.verified),
        learned=learned,
        homes=tuple(
            replace(home, division=line_of(home.division, (home.valid_to or date.max) - DAY, given_up))
            for home in sorted(homes, key=lambda home: home.valid_from)
        ),
        cards=tuple(sorted((each for each in stands if isinstance(each, Card)), key=lambda card: card.issued_on)),
        awards=tuple(
            replace(each, division=award_of(each, given_up, lived_from))
            for each in sorted(
                (each for each in stands if isinstance(each, Determination)), key=lambda each: each.application_date
            )
        ),
        pauses=tuple(each for each in stands if isinstance(each, Pause)),
        back_payments=tuple(each for each in stands if isinstance(each, BackPayment)),
        lines=tuple(lines),
    )


def line_of(division: str, last: date, given_up: Iterable[Succeeded]) -> str:
    """The county of a stay or a decision, and the counties that succeeded it: it goes on in them (ID-21).

    In a successor it is a stay of its own, unless it still runs (``last``) when the person's own county becomes that.
    """
    county, line, is_part = division[:6], "", False
    for each in given_up:
        is_part |= not line and county == each.predecessor
        is_part |= county == each.successor and last >= each.effective_on
        line = (line or each.predecessor) + f">{Month.of(each.effective_on)}:{each.successor}"
    return line if is_part else division


def since_when(homes: Iterable[Home], given_up: Iterable[Succeeded]) -> date:
    """Since when the household has lived, without a break, in the county it is in now; one's first home is for ever."""
    ordered = sorted(homes, key=lambda home: home.valid_from)
    counties = [line_of(home.division[:6], (home.valid_to or date.max) - DAY, given_up) for home in ordered]
    run = 0
    while run + 1 < len(counties) and counties[-run - 2] == counties[-1]:
        run += 1
    return date.min if run + 1 == len(counties) else ordered[-run - 1].valid_from


def award_of(award: Determination, given_up: Iterable[Succeeded], lived_from: Iterable[date]) -> str:
    """The county of a decision: what was applied for in the last stay went on in each county that succeeded it."""
    in_successor = any(
        award.division[:6] == each.successor and award.application_date >= since
        for each, since in zip(given_up, lived_from, strict=True)
    )
    return line_of(award.division, date.max if in_successor else date.min, given_up)


def _key(line: Line) -> tuple[str, Month, int]:
    return line.scheme, line.month, line.seq


def _id(thing: Fact | Card | Determination | Pause | BackPayment) -> UUID:
    match thing:
        case Fact():
            return thing.fact_id
        case Card():
            return thing.certificate_id
        case Determination():
            return thing.award_id
        case Pause():
            return thing.pause_id
        case BackPayment():
            return thing.decision_id

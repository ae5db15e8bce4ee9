"""One person's life as the offices know it: facts with their own dates, and the days on which they were recorded.

Every spell is half-open: ``since`` is its first day, ``over`` the first day on which it is no more. Leaving dibao "with the
12th of July" is therefore over on the 13th (READ-19); unfrozen on the 2nd of August is over on the 2nd.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from shared.values.month import Month

DAY = timedelta(days=1)


class Kind(StrEnum):
    """What a fact says about a person."""

    RESIDENCE = "residence"
    """Where the household is registered; the value is a county."""
    INCOME = "income"
    """The income class of the household: DIBAO, NEAR_DIBAO, ..."""
    BENEFIT = "benefit"
    """Another programme the person draws from: TEKUN, WORK_INJURY_CARE, ORPHAN, ELDER_NURSING with its amount, ..."""
    CARE_NEED = "care_need"
    """The value is LONG when care has been needed for six months or more (SUB-03), SHORT when it has not."""
    SELF_CARE = "self_care"
    """FULLY, MOSTLY or PARTLY unable to care for oneself (T-ZJ)."""
    PLACE = "place"
    """Where care is given: HOME or INSTITUTION."""
    SETTLEMENT = "settlement"
    """URBAN or RURAL."""
    CIRCUMSTANCE = "circumstance"
    """Anything a scheme may ask for, such as MOTOR_WHEELCHAIR."""
    DEATH = "death"
    PRISON = "prison"
    MISSING = "missing"
    FRAUD = "fraud"
    OWN_WISH = "own_wish"
    CONFIRMATION_MISSED = "confirmation_missed"


class Said(StrEnum):
    """What became of a statement."""

    VERIFIED = "verified"
    SUSPECTED = "suspected"
    """Not yet verified: money does not look at it (READ-22)."""
    WITHDRAWN = "withdrawn"
    """It was wrong: as if it had never happened (RULES 4.7, READ-21)."""


@dataclass(frozen=True, kw_only=True)
class Spell:
    """Something that holds from one day until it is over."""

    kind: Kind
    value: str = ""
    since: date
    over: date | None = None
    fen: int = 0
    scheme: str | None = None
    """Only of an own wish or a missed confirmation: the one scheme it is about; None is about all."""

    def holds(self, day: date) -> bool:
        """Whether the day lies in the spell."""
        return self.since <= day and (self.over is None or day < self.over)


@dataclass(frozen=True, kw_only=True)
class Card:
    """A certificate; ``components`` are (category, grade) pairs, one for a single disability (ID-12, ID-13)."""

    card: str
    issued: date
    expires: date
    components: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class CardStop:
    """A freeze or a cancellation."""

    card: str
    kind: str
    reason: str
    since: date
    over: date | None = None


@dataclass(frozen=True, kw_only=True)
class Reissue:
    """A request to issue the card anew because category or grade changed (SUB-44); ``ended`` is a refusal or a withdrawal."""

    card: str
    asked: date
    ended: date | None = None


@dataclass(frozen=True, kw_only=True)
class Award:
    """A determination: from the month of the application (SUB-35), by the county that decided."""

    award: str
    scheme: str
    county: str
    applied: date
    start: Month


@dataclass(frozen=True, kw_only=True)
class Pause:
    """A person at the office stopped an award by name, both months included."""

    award: str
    first: Month
    last: Month | None = None


@dataclass(frozen=True, kw_only=True)
class BackPayment:
    """A decision to pay the gap after an expiry as circumstances allow (SUB-48)."""

    award: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """Money for one month: settled (net of recovery) or open."""

    scheme: str
    month: Month
    fen: int


Content = Spell | Card | CardStop | Reissue | Award | Pause | BackPayment | Line


@dataclass(frozen=True, kw_only=True)
class Record:
    """One version of one statement. Nothing is overwritten: a correction is a later record of the same statement."""

    statement: str
    content: Content
    recorded: date
    said: Said = Said.VERIFIED
    source: str = ""


@dataclass(frozen=True)
class Life:
    """What is known of a person on a day; every list in the order of time."""

    spells: tuple[Spell, ...]
    cards: tuple[Card, ...]
    card_stops: tuple[CardStop, ...]
    reissues: tuple[Reissue, ...]
    awards: tuple[Award, ...]
    pauses: tuple[Pause, ...]
    back_payments: tuple[BackPayment, ...]
    lines: tuple[Line, ...]

    def of(self, kind: Kind) -> tuple[Spell, ...]:
        """The spells of a kind."""
        return tuple(spell for spell in self.spells if spell.kind is kind)

    def on(self, kind: Kind, day: date) -> Spell | None:
        """The spell of a kind that holds on a day; of several the one that began last."""
        return max((spell for spell in self.of(kind) if spell.holds(day)), key=lambda spell: spell.since, default=None)


def known(records: Iterable[Record], on: date | None = None) -> Life:
    """What these records say to somebody who asks on a day: the last version of each statement, if it stands."""
    last: dict[str, Record] = {}
    for record in sorted(records, key=lambda record: record.recorded):
        if on is None or record.recorded <= on:
            last[record.statement] = record
    said = [record.content for record in last.values() if record.said is Said.VERIFIED]
    return Life(
        spells=tuple(sorted((each for each in said if isinstance(each, Spell)), key=lambda each: each.since)),
        cards=tuple(sorted((each for each in said if isinstance(each, Card)), key=lambda each: each.issued)),
        card_stops=tuple(each for each in said if isinstance(each, CardStop)),
        reissues=tuple(each for each in said if isinstance(each, Reissue)),
        awards=tuple(sorted((each for each in said if isinstance(each, Award)), key=lambda each: each.applied)),
        pauses=tuple(each for each in said if isinstance(each, Pause)),
        back_payments=tuple(each for each in said if isinstance(each, BackPayment)),
        lines=tuple(each for each in said if isinstance(each, Line)),
    )

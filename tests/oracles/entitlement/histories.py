"""Random lives, as untidy as the offices find them: late, corrected, withdrawn, contradicting, unverified.

Most begin as somebody who is owed both subsidies, so that what happens to them afterwards matters; days are drawn near
the edges of months, where rules differ. Everything is learned at a few `TIMES`, so that many lives are stored together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from hypothesis import strategies as st

from services.subsidy.domain.decisions import BackPayment, Card, Determination, Home, Pause
from services.subsidy.domain.person_facts import (
    BENEFITS,
    STOPS,
    VALUES,
    Economy,
    Fact,
    FactKind,
    Source,
)
from shared.values.dates import add_years
from shared.values.month import Month
from tests.builders.facts import Line, Succeeded, Thing
from tests.oracles.entitlement.life import DAY, Moment
from tests.oracles.entitlement.story import LIVING, NURSING

FIRST, LAST = Month(2022, 1), Month(2024, 12)
MONTHS: Final = tuple(FIRST.through(LAST))
TIMES: Final = tuple(datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=300 * number) for number in range(6))
COUNTIES: Final = ("500101", "500102", "510104", "330902")
LONG_AGO: Final = date(2012, 1, 1)
WHEEL: Final = "wheel"
SCHEMES: Final = (LIVING, NURSING, WHEEL)
_REASONS: Final = ("TRANSFER_OVERDUE_6M", "EXPIRED_NOT_RENEWED", "NOT_RENEWED_6M", "VOLUNTARY", None)


@dataclass(frozen=True)
class History:
    """One person and everything ever learned of them."""

    person_id: UUID
    moments: tuple[Moment, ...]

    def about(self, person_id: UUID) -> History:
        """The same history of somebody else, all its ids made theirs; the last two bytes of the id must be zero."""

        def own(old: UUID) -> UUID:
            return UUID(int=old.int ^ self.person_id.int ^ person_id.int)

        def renamed(thing: Thing) -> Thing:
            said = {each.name: getattr(thing, each.name) for each in fields(thing)}
            ids: dict[str, Any] = {name: own(value) for name, value in said.items() if isinstance(value, UUID)}
            return replace(thing, **ids)

        return History(
            person_id,
            tuple(
                Moment(
                    at=moment.at,
                    learned=tuple(map(renamed, moment.learned)),
                    withdrawn=tuple(map(own, moment.withdrawn)),
                )
                for moment in self.moments
            ),
        )


def days(first: date = date(2021, 11, 1), last: date = date(2025, 1, 31)) -> st.SearchStrategy[date]:
    """Days, half of them first, last or middle days of a month."""
    edge = st.builds(
        lambda month, which: (month.first_day, month.first_day + DAY, month.last_day, month.last_day - DAY)[which],
        st.sampled_from(tuple(Month.of(first).through(Month.of(last)))),
        st.integers(0, 3),
    )
    return st.one_of(st.dates(first, last), edge)


def _spell(draw: st.DrawFn) -> tuple[date, date | None]:
    """A spell that may be of one day, short, long, or without end."""
    since = draw(days())
    length = draw(st.sampled_from((1, 5, 20, 31, 60, 200, None)))
    return since, None if length is None else since + timedelta(days=length)


def _freeze(draw: st.DrawFn) -> tuple[date, date | None]:
    """A freeze may be lifted on its own day."""
    since, over = _spell(draw)
    return since, draw(st.sampled_from((over, over, over, since)))


def _since_long_ago(teller: _Teller) -> tuple[date, date | None]:
    return LONG_AGO, teller.draw(days()) if teller.maybe(3) else None


class _Teller:
    """Tells one life: keeps the ids apart and spreads what is told over the times of learning."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.person_id = UUID(int=0)
        self._number = 0
        self.told: dict[datetime, list[Thing]] = {}
        self.withdrawn: dict[datetime, list[UUID]] = {}

    def id(self) -> UUID:
        self._number += 1
        return UUID(int=self.person_id.int ^ self._number)

    def maybe(self, of: int) -> bool:
        """True once in so many times."""
        return self.draw(st.integers(1, of)) == of

    def tell(
        self,
        thing: Thing,
        named: UUID | None = None,
        corrected: Callable[[], Thing] | None = None,
        *,
        not_before: int = 0,
    ) -> int:
        """Learned at some time, whose number is returned; now and then told otherwise later, or withdrawn."""
        told = order = self.draw(st.integers(not_before, len(TIMES) - 1)) if self.maybe(4) else not_before
        self.told.setdefault(TIMES[order], []).append(thing)
        if corrected is not None and order + 1 < len(TIMES) and self.maybe(8):
            order = self.draw(st.integers(order + 1, len(TIMES) - 1))
            self.told.setdefault(TIMES[order], []).append(corrected())
        if named is not None and self.maybe(12):
            self.withdrawn.setdefault(TIMES[order] + timedelta(hours=1), []).append(named)
        return told

    def fact(
        self,
        kind: FactKind,
        *,
        spell: tuple[date, date | None] | None = None,
        value: str | None = None,
        scheme: str | None = None,
    ) -> None:
        named, (first, over) = self.id(), spell or _spell(self.draw)
        fact = Fact(
            fact_id=named,
            person_id=self.person_id,
            kind=kind,
            valid_from=first,
            valid_to=over,
            value=value,
            amount_fen=self.draw(st.sampled_from((0, 5000, 9000, 15000))) if kind in BENEFITS else None,
            dibao_class=self.draw(st.sampled_from((None, 1, 2, 3, 4))) if kind is FactKind.ECONOMY else None,
            income_percent=self.draw(st.sampled_from((None, 90, 100, 140, 150, 160)))
            if kind is FactKind.ECONOMY
            else None,
            scheme=scheme,
            reason=self.draw(st.sampled_from(_REASONS))
            if kind in {FactKind.CARD_FROZEN, FactKind.CARD_CANCELLED}
            else None,
            source=self.draw(st.sampled_from((Source.CIVIL_AFFAIRS, Source.CIVIL_AFFAIRS, *Source))),
            verified=not self.maybe(10),
        )

        def moved() -> Fact:
            start, end = _spell(self.draw)
            return replace(fact, valid_from=start, valid_to=end if over else None, verified=True)

        self.tell(fact, named, moved)


def _components(draw: st.DrawFn) -> str:
    categories = (
        {4, *draw(st.lists(st.integers(1, 6), max_size=2))} if draw(st.booleans()) else {draw(st.integers(1, 6))}
    )
    grades = st.sampled_from((1, 1, 2, 2, 3, 4))
    return ";".join(f"{category}:{draw(grades)}" for category in sorted(categories))


def _homes(teller: _Teller) -> dict[date, str]:
    """Where they live; returns the county from each day on."""
    draw = teller.draw
    moves = sorted(draw(st.lists(days(), max_size=2, unique=True))) if teller.maybe(3) else []
    places = [draw(st.sampled_from(COUNTIES)) for _ in range(len(moves) + 1)]
    starts, ends = [LONG_AGO, *moves], [*moves, None]
    homes: list[Thing] = [
        Home(
            person_id=teller.person_id,
            division=place + draw(st.sampled_from(("", "", "001"))),
            valid_from=start,
            valid_to=end,
        )
        for place, start, end in zip(places, starts, ends, strict=True)
    ]
    if teller.maybe(4):
        _give_up(teller, places[-1])
    if len(homes) > 1 and draw(st.booleans()):  # the move becomes known later
        before = Home(person_id=teller.person_id, division=places[0], valid_from=LONG_AGO)
        teller.told.setdefault(TIMES[0], []).append(before)
        teller.told.setdefault(TIMES[draw(st.integers(1, len(TIMES) - 1))], []).extend(homes)
    else:
        teller.told.setdefault(TIMES[0], []).extend(homes)
    return dict(zip(starts, places, strict=True))


def _give_up(teller: _Teller, county: str) -> None:
    """The county somebody lives in is given up for another one, perhaps that again for a third; learned late, too."""
    draw = teller.draw
    times = sorted(draw(st.lists(st.sampled_from(TIMES[1:]), min_size=1, max_size=2, unique=True)))
    for day, at in zip(sorted(draw(st.lists(days(), min_size=2, max_size=2, unique=True))), times, strict=False):
        successor = draw(st.sampled_from([each for each in COUNTIES if each != county]))
        teller.told.setdefault(at, []).append(
            Succeeded(person_id=teller.person_id, predecessor=county, successor=successor, effective_on=day)
        )
        county = successor


def _cards(teller: _Teller) -> None:
    draw = teller.draw
    old, recent = days(date(2012, 1, 1), date(2014, 12, 31)), days()
    first = draw(draw(st.sampled_from((*[st.just(date(2018, 3, 1))] * 3, old, recent))))
    issues = sorted({first, *(draw(st.lists(days(), max_size=2)) if draw(st.booleans()) else ())})
    components = _components(draw)
    for issued in issues:
        named = teller.id()
        # The register issues for years: whichever way the last day is counted (READ-20), a card is valid on one.
        card = Card(
            certificate_id=named,
            person_id=teller.person_id,
            components=components,
            issued_on=issued,
            expires_on=max(issued + timedelta(days=1), draw(days())) if teller.maybe(4) else add_years(issued, 10),
        )
        teller.tell(card, named if len(issues) > 1 else None)
        if draw(st.booleans()):
            components = _components(draw)


def _decisions(teller: _Teller, places: dict[date, str]) -> None:
    draw = teller.draw
    for scheme in SCHEMES:
        applied = {date(2021, 11, 15)} if not teller.maybe(4) else set()
        applied |= set(draw(st.lists(days(), max_size=2))) if draw(st.booleans()) else set()
        for day in sorted(applied):
            home = places[max(since for since in places if since <= day)]
            award_id = teller.id()
            told = teller.tell(
                Determination(
                    award_id=award_id,
                    person_id=teller.person_id,
                    scheme=scheme,
                    division=draw(st.sampled_from(COUNTIES)) if teller.maybe(10) else home,
                    application_date=day,
                ),
                award_id,
            )
            if teller.maybe(2):
                decision = teller.id()
                teller.tell(BackPayment(decision_id=decision, award_id=award_id), decision, not_before=told)
            if teller.maybe(5):
                pause, paused = teller.id(), draw(st.sampled_from(MONTHS))
                until = draw(st.sampled_from((None, 1, 3)))
                teller.tell(
                    Pause(
                        pause_id=pause,
                        award_id=award_id,
                        first=paused,
                        until=None if until is None else paused.plus(until),
                    ),
                    pause,
                    not_before=told,
                )


@st.composite
def histories(draw: st.DrawFn) -> History:
    """One life."""
    teller = _Teller(draw)
    places = _homes(teller)
    _cards(teller)
    _decisions(teller, places)
    if not teller.maybe(6):
        teller.fact(FactKind.ECONOMY, spell=_since_long_ago(teller), value=Economy.DIBAO)
    if not teller.maybe(3):
        teller.fact(FactKind.MOTOR_WHEELCHAIR, spell=_since_long_ago(teller))
    for _ in range(draw(st.integers(0, 4))):
        _perturb(teller)
    for scheme in SCHEMES:
        for seq, month in enumerate(draw(st.lists(st.sampled_from(MONTHS), max_size=3))):
            state = draw(st.sampled_from(("SETTLED", "SETTLED", "PENDING", "HELD", "SENT", "RETURNED")))
            amount = draw(st.sampled_from((8000, 9000, 12345)))
            line = Line(person_id=teller.person_id, scheme=scheme, month=month, seq=seq, amount_fen=amount, state=state)
            teller.told.setdefault(draw(st.sampled_from(TIMES)), []).append(line)
    times = sorted({*teller.told, *teller.withdrawn})
    return History(
        teller.person_id,
        tuple(
            Moment(
                at=at,
                learned=tuple(teller.told.get(at, ())),
                withdrawn=tuple(teller.withdrawn.get(at, ())),
            )
            for at in times
        ),
    )


def _perturb(teller: _Teller) -> None:
    """Something happens."""
    draw = teller.draw
    some_scheme = st.sampled_from((None, None, *SCHEMES))
    match draw(st.sampled_from(_HAPPENINGS)):
        case FactKind.CARD_FROZEN:
            teller.fact(FactKind.CARD_FROZEN, spell=_freeze(draw))
        case FactKind.CARD_CANCELLED | FactKind.DEATH as kind:  # without an end: it stands, or was wrong
            teller.fact(kind, spell=(draw(days()), None))
        case kind if kind in VALUES:
            teller.fact(kind, value=draw(st.sampled_from(tuple(VALUES[kind]))).value)
        case kind if kind in BENEFITS:
            first, over = _spell(draw)
            teller.fact(kind, spell=(first, over))
            if over is not None and teller.maybe(3):  # the list of the next year follows without a day between
                teller.fact(kind, spell=(over, over + timedelta(days=365)))
        case kind if kind in STOPS:
            teller.fact(kind, scheme=draw(some_scheme))
        case kind:
            teller.fact(kind)


_HAPPENINGS: Final = (
    *(FactKind.CARD_FROZEN, FactKind.CARD_CANCELLED, FactKind.DEATH) * 2,
    *(FactKind.ECONOMY, FactKind.ELDER_NURSING) * 3,
    *VALUES,
    *BENEFITS,
    *STOPS[FactKind.PRISON.number - FactKind.DEATH.number :],
    FactKind.REISSUE_REQUEST,
    FactKind.REISSUE_REQUEST,
    FactKind.SUSPENDED_SENTENCE,
    FactKind.DETENTION,
    FactKind.MOTOR_WHEELCHAIR,
)

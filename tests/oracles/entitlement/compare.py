"""What the oracle expects of a person and a month, to be held against any other answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from services.subsidy.domain.decisions import BackPayment, Determination, Home, Pause
from shared.values.month import Month
from tests.builders.facts import Thing
from tests.oracles.entitlement.decide import due, entitled
from tests.oracles.entitlement.histories import History
from tests.oracles.entitlement.life import Life, Moment, known
from tests.oracles.entitlement.policy import Policy, RateIsMissing


@dataclass(frozen=True)
class Three:
    """The three results in fen; None where the tariff has no amount (READ-14)."""

    entitled: int | None
    due: int | None
    payable: int | None


NOTHING = Three(0, 0, 0)
Key = tuple[UUID, str, Month]
T = TypeVar("T")


def expected(
    histories: Iterable[History],
    policy: Policy,
    schemes: Iterable[str],
    months: Iterable[Month],
    known_at: datetime | None = None,
) -> dict[Key, Three]:
    """The oracle's answers."""
    schemes, months = tuple(schemes), tuple(months)
    return {
        (history.person_id, scheme, month): three(life, policy, scheme, month)
        for history in histories
        for life in [known(history.moments, known_at)]
        for scheme in schemes
        for month in months
    }


def three(life: Life, policy: Policy, scheme: str, month: Month) -> Three:
    """All three results."""
    owed = _or_none(due, life, policy, scheme, month)
    paid = sum(line.amount_fen for line in life.lines if line.scheme == scheme and line.month == month)
    return Three(_or_none(entitled, life, policy, scheme, month), owed, None if owed is None else owed - paid)


def _or_none(
    ask: Callable[[Life, Policy, str, Month], int], life: Life, policy: Policy, scheme: str, month: Month
) -> int | None:
    try:
        return ask(life, policy, scheme, month)
    except RateIsMissing:
        return None


def together(histories: Iterable[History]) -> Iterator[Moment]:
    """What all of them say, moment by moment: one learning for many persons."""
    learned: dict[datetime, list[Thing]] = {}
    withdrawn: dict[datetime, list[UUID]] = {}
    for history in histories:
        for moment in history.moments:
            learned.setdefault(moment.at, []).extend(moment.learned)
            withdrawn.setdefault(moment.at, []).extend(moment.withdrawn)
    for at in sorted(learned):
        yield Moment(at=at, learned=tuple(learned[at]), withdrawn=tuple(withdrawn[at]))


def simpler(history: History) -> Iterator[History]:
    """The same history with something less: how a difference is made small enough to read. The homes are left alone."""
    for number, moment in enumerate(history.moments):
        before, after = history.moments[:number], history.moments[number + 1 :]
        homes = tuple(thing for thing in moment.learned if isinstance(thing, Home))
        for learned, withdrawn in (
            (homes, ()),
            *((_without(moment.learned, thing), moment.withdrawn) for thing in moment.learned if thing not in homes),
            *((moment.learned, _without(moment.withdrawn, wrong)) for wrong in moment.withdrawn),
        ):
            less = Moment(at=moment.at, learned=learned, withdrawn=withdrawn)
            if less != moment:
                yield _without_orphans(history.person_id, (*before, *([less] if learned or withdrawn else []), *after))


def _without(things: tuple[T, ...], thing: T) -> tuple[T, ...]:
    return tuple(each for each in things if each is not thing)


def _without_orphans(person_id: UUID, moments: tuple[Moment, ...]) -> History:
    """Nothing is decided about awards that were never determined."""
    awards: set[UUID] = set()
    kept = []
    for moment in moments:
        awards |= {thing.award_id for thing in moment.learned if isinstance(thing, Determination)}
        learned = tuple(
            thing for thing in moment.learned if not isinstance(thing, Pause | BackPayment) or thing.award_id in awards
        )
        kept.append(Moment(at=moment.at, learned=learned, withdrawn=moment.withdrawn))
    return History(person_id, tuple(kept))

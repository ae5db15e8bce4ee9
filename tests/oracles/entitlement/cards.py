"""When a card is valid, and what it shows (READ-03 to 05, 09, 10, 20)."""

from __future__ import annotations

from datetime import date

from shared.values.month import Month
from tests.oracles.entitlement.life import DAY, Card, Kind, Life
from tests.oracles.entitlement.policy import Policy, Switches, in_force

NOT_RENEWED = frozenset({"EXPIRED_NOT_RENEWED", "NOT_RENEWED_6M"})
"""READ-11: what follows from an expiry leaves the gap an expiry gap."""


def county_on(life: Life, day: date) -> str:
    """Where the household is registered on a day."""
    home = life.on(Kind.RESIDENCE, day)
    return home.value if home else ""


def switches(policy: Policy, county: str, month: Month) -> Switches:
    """The settings of a place in a month."""
    return in_force(policy.switches, county, month) or Switches()


def next_card(life: Life, card: Card) -> Card | None:
    """The card issued after this one."""
    return next((later for later in life.cards if later.issued > card.issued), None)


def current(life: Life, day: date) -> Card | None:
    """The card issued last by a day; the older ones are superseded."""
    return max((card for card in life.cards if card.issued <= day), key=lambda card: card.issued, default=None)


def last_valid_day(life: Life, policy: Policy, card: Card) -> date:
    """The day `card_expired` is dated; ``date.max`` while a request for a new issue is undecided (READ-05)."""
    county = county_on(life, card.expires)
    last = card.expires
    if not switches(policy, county, Month.of(last)).expiry_inclusive:  # READ-20
        last -= DAY
    for period in policy.transitions:  # READ-10
        if county.startswith(period.division) and period.first <= last <= period.last:
            last = period.last
            break
    for request in life.reissues:  # READ-05
        if request.card == card.card and card.issued <= request.asked <= last:
            new = next_card(life, card)
            if request.ended is not None:
                last = max(last, request.ended)
            elif new is None:
                last = date.max
            else:
                last = max(last, new.issued - DAY)
    return last


def renewed_in_time(life: Life, policy: Policy, card: Card) -> bool:
    """READ-03: in the calendar month of the last valid day, or not later than the day after it."""
    last, new = last_valid_day(life, policy, card), next_card(life, card)
    if last == date.max:
        return True
    return new is not None and (Month.of(new.issued) == Month.of(last) or new.issued <= last + DAY)


def held_back(life: Life, card: Card, day: date, *, own_day: bool, but: frozenset[str] = frozenset()) -> bool:
    """Frozen or cancelled on a day. ``own_day``: the day it happens counts already (READ-02), else not yet (READ-04)."""
    return any(
        stop.card == card.card
        and stop.reason not in but
        and (stop.since < day or (own_day and stop.since == day))
        and (stop.over is None or day < stop.over)
        for stop in life.card_stops
    )


def valid(life: Life, policy: Policy, day: date, *, own_day: bool) -> Card | None:
    """The card that is valid on a day, if any (READ-09)."""
    card = current(life, day)
    if card is None or day > last_valid_day(life, policy, card) or held_back(life, card, day, own_day=own_day):
        return None
    return card


def held(life: Life, policy: Policy, day: date) -> Card | None:
    """The card in somebody's hands at the end of a day: neither expired nor cancelled; a freeze takes no card away."""
    card = current(life, day)
    if card is None or day > last_valid_day(life, policy, card):
        return None
    gone = any(stop.card == card.card and stop.kind == "CANCELLED" and stop.since <= day for stop in life.card_stops)
    return None if gone else card

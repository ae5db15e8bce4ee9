"""When a card is valid (READ-03 to 05, 09 to 11, 20)."""

from __future__ import annotations

from datetime import date

from services.subsidy.domain.decisions import Card
from services.subsidy.domain.person_facts import Fact, FactKind
from shared.values.month import Month
from tests.oracles.entitlement.life import DAY, Life, runs
from tests.oracles.entitlement.policy import Policy, end_of_transition, expiry_is_inclusive


def last_valid_day(life: Life, policy: Policy, card: Card) -> date:
    """The day on which the card expires; ``date.max`` while a request for a new issue is undecided."""
    return life.remember((policy, card.certificate_id), lambda: _last_valid_day(life, policy, card))


def _last_valid_day(life: Life, policy: Policy, card: Card) -> date:
    last, home = card.expires_on, life.home(card.expires_on)
    if not expiry_is_inclusive(policy, home, Month.of(last)):  # READ-20
        last -= DAY
    last = end_of_transition(policy, home, last) or last  # SUB-49, READ-10
    new = life.next_card(card)
    for request in life.of(FactKind.REISSUE_REQUEST):  # SUB-44, READ-05
        if card.issued_on <= request.valid_from <= last and life.card(request.valid_from) is card:
            if request.valid_to is not None:
                last = max(last, request.valid_to)
            else:
                last = max(last, new.issued_on - DAY) if new else date.max
    return last


def renewed_in_time(life: Life, policy: Policy, card: Card) -> bool:
    """READ-03: in the calendar month of the last valid day, or not later than the day after it."""
    last, new = last_valid_day(life, policy, card), life.next_card(card)
    if last == date.max:
        return True
    return new is not None and (Month.of(new.issued_on) == Month.of(last) or new.issued_on <= last + DAY)


NOT_RENEWED = frozenset({"EXPIRED_NOT_RENEWED", "NOT_RENEWED_6M"})
"""READ-11: what follows from an expiry leaves the gap an expiry gap."""


def held_back(life: Life, card: Card, day: date, *, own_day: bool, but: frozenset[str] = frozenset()) -> bool:
    """Frozen or cancelled on a day. ``own_day``: the day it happens counts already (READ-02), or not yet (READ-04)."""
    return any(
        (stop.valid_from < day or (own_day and stop.valid_from == day))
        and (stop.valid_to is None or day < stop.valid_to)
        for stop in stops_of(life, card, but)
    )


def stops_of(life: Life, card: Card, but: frozenset[str] = frozenset()) -> list[Fact]:
    """The freezes and cancellations of a card: those recorded on a day on which it was the card held."""
    return runs(
        stop
        for stop in life.of(FactKind.CARD_FROZEN, FactKind.CARD_CANCELLED)
        if life.card(stop.valid_from) is card and stop.reason not in but
    )


def valid(life: Life, policy: Policy, day: date, *, own_day: bool) -> Card | None:
    """The card that is valid on a day, if any (SUB-18, READ-09). Lost or not makes no difference (SUB-46)."""
    card = life.card(day)
    if card is None or day > last_valid_day(life, policy, card) or held_back(life, card, day, own_day=own_day):
        return None
    return card


def held(life: Life, policy: Policy, day: date) -> Card | None:
    """The card in somebody's hands when a day ends: neither expired nor cancelled; a freeze takes no card away."""
    card = life.card(day)
    if card is None or day > last_valid_day(life, policy, card):
        return None
    gone = any(
        life.card(stop.valid_from) is card and stop.valid_from <= day and (stop.valid_to is None or day < stop.valid_to)
        for stop in life.of(FactKind.CARD_CANCELLED)
    )
    return None if gone else card

"""Two records of one person, read as one life: whatever is on record of either, and once where both say the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from services.subsidy.domain.decisions import Card
from services.subsidy.domain.person_facts import Fact, FactKind
from tests.oracles.entitlement.life import Life

_OF_CARDS = (FactKind.CARD_FROZEN, FactKind.CARD_CANCELLED)


def one_life(survivor: Life, absorbed: Life, merged_on: date) -> Life:
    """The life of somebody who has both records, the first of which survives.

    Where both hold a card the survivor's counts. What is said of a card counts while it is the one held. The household
    lives where the survivor's record says; in a county that only the other one names it was until that day at most.
    """
    cards = tuple(
        sorted(
            (*survivor.cards, *(card for card in absorbed.cards if not holds_one(survivor, card.issued_on))),
            key=lambda card: card.issued_on,
        )
    )
    both = replace(survivor, cards=cards, memory={})
    facts = (
        *(fact for fact in survivor.facts if _counts(fact, survivor, both)),
        *(
            fact
            for fact in absorbed.facts
            if _counts(fact, absorbed, both) and not (fact.kind in _OF_CARDS and holds_one(survivor, fact.valid_from))
        ),
    )
    lived = {home.division[:6] for home in survivor.homes}
    left: dict[str, date] = {}
    for home in absorbed.homes:
        county, day = home.division[:6], home.valid_to or merged_on
        if county not in lived:
            left[county] = max(day, left.get(county, day))
    return Life(
        facts=facts,
        learned=survivor.learned | absorbed.learned,
        homes=survivor.homes,
        cards=cards,
        awards=tuple(
            sorted((*survivor.awards, *absorbed.awards), key=lambda award: (award.application_date, award.award_id))
        ),
        pauses=(*survivor.pauses, *absorbed.pauses),
        back_payments=(*survivor.back_payments, *absorbed.back_payments),
        lines=(*survivor.lines, *absorbed.lines),
        left=tuple(left.items()),
    )


def holds_one(life: Life, day: date) -> bool:
    """Whether the record's own card is good on a day, or was issued on it."""
    card = life.card(day)
    if card is None or card.expires_on < day:
        return False
    return card.issued_on == day or not any(
        fact.valid_from <= day and _is(life.card(fact.valid_from), card) for fact in life.of(FactKind.CARD_CANCELLED)
    )


def _counts(fact: Fact, of_record: Life, both: Life) -> bool:
    if fact.kind not in _OF_CARDS:
        return True
    card = of_record.card(fact.valid_from)
    return card is not None and _is(both.card(fact.valid_from), card)


def _is(one: Card | None, other: Card) -> bool:
    return one is not None and one.certificate_id == other.certificate_id

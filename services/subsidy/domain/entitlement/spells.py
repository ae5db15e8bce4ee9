"""What benefits, stops and traits do to claims, and whether an award was left behind or paused.

All of these are rare, so each is grouped on its own and joined to the claims it concerns.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, and_, func, literal_column, or_, select

from services.subsidy.domain.entitlement.algebra import any_days, bit, days, has, mask
from services.subsidy.domain.entitlement.claims import ClaimKind, Terms, concerns, key_of
from services.subsidy.domain.entitlement.rules import CARD_EVENTS, GROUNDS
from services.subsidy.domain.entitlement.sources import Sources
from services.subsidy.domain.person_facts import STOPS, TRAITS, FactKind

Bool = ColumnElement[bool]

_CARD_EVENTS: Final = mask(CARD_EVENTS)
_FROM_THEIR_DAY: Final = mask((*CARD_EVENTS, FactKind.PRISON, FactKind.DECLARED_MISSING, FactKind.FRAUD))
"""Stops that hold on their own day when somebody applies (READ-02)."""
_ANSWERED_BY_APPLYING: Final = mask((FactKind.OWN_WISH, FactKind.CONFIRMATION_MISSED))


def _in(kinds: int, kind: ColumnElement[Any]) -> Bool:
    return has(literal_column(f"{kinds}::bigint"), kind)


def hits(sources: Sources, terms: Terms, claim: CTE) -> CTE:
    """What spells do to the claims of their persons.

    Whether an event stopped an award is a matter of the policy of its month; whether a month is free of what excludes
    is one of the policy of that month.
    """
    spell, answer, now, then, event = sources.spell, _answers(sources), terms.now, terms.then, terms.event
    on, over = spell.c.run_from, func.least(spell.c.run_to, answer.c.answered_on)
    kind, number = spell.c.kind, bit(spell.c.kind)
    always = and_(
        _in(mask(STOPS), kind),
        or_(spell.c.scheme.is_(None), spell.c.scheme == claim.c.scheme),
        or_(kind != FactKind.CONFIRMATION_MISSED.number, event.c.confirmation),
    )
    # What follows from an expiry leaves the gap an expiry gap (READ-11).
    aside = and_(claim.c.kind == ClaimKind.BACK_PAYMENT.value, spell.c.after_expiry)
    blocks = and_(or_(always, has(now.c.excludes, kind)), ~aside)
    touches = and_(or_(always, has(event.c.excludes, kind)), on < claim.c.first, over > claim.c.applied)
    refuses = and_(
        over > claim.c.applied,
        or_(
            and_(on <= claim.c.applied, or_(and_(always, _in(_FROM_THEIR_DAY, kind)), has(then.c.excludes, kind))),
            and_(on < claim.c.applied, kind == FactKind.DEATH.number),
        ),
    )
    runs = and_(spell.c.valid_from < claim.c.following, spell.c.valid_to > claim.c.first)
    month = {"first": claim.c.first, "following": claim.c.following}
    traits: list[ColumnElement[Any]] = []
    for trait in TRAITS:
        is_it, ends = kind == trait.number, spell.c.run_to
        traits += [
            any_days(days(on, ends, **month), is_it).label(f"days_{trait.number}"),
            func.min(ends - 1)
            .filter(is_it, ends <= claim.c.first, ends > claim.c.applied)
            .label(f"lost_on_{trait.number}"),
            func.bool_or(and_(on <= claim.c.applied, ends > claim.c.applied))
            .filter(is_it)
            .label(f"then_{trait.number}"),
        ]
    at_event = terms.policy.alias("policy_at_event")
    return (
        select(
            *key_of(claim),
            *(
                any_days(days(on + 1, over, **month), blocks, _in(mask(kinds), kind)).label(f"blocked_{ground}")
                for ground, kinds in GROUNDS.items()
            ),
            any_days(number, touches).label("touching"),
            func.min(on).filter(touches).label("stopped_on"),
            any_days(number, refuses).label("refusing"),
            func.max(spell.c.amount_fen).filter(has(now.c.highers, kind), runs).label("higher_fen"),
            *traits,
        )
        .select_from(claim)
        .join(spell, and_(spell.c.person_id == claim.c.person_id, on < claim.c.following))
        .outerjoin(answer, and_(answer.c.row_id == spell.c.row_id, answer.c.scheme == claim.c.scheme))
        .outerjoin(now, now.c.regime == claim.c.regime)
        .outerjoin(then, then.c.regime == claim.c.regime_then)
        .outerjoin(at_event, concerns(at_event, claim, spell.c.event_month))
        .outerjoin(event, event.c.regime == at_event.c.regime)
        .group_by(*key_of(claim))
        .cte("hit")
    )


def _answers(sources: Sources) -> CTE:
    """An own wish or a missed confirmation is answered by the next application, scheme by scheme (READ-01)."""
    table, award = sources.tables.spell, sources.determination
    spell = sources.of(table, _in(_ANSWERED_BY_APPLYING, table.c.kind), name="refusal")
    return (
        select(spell.c.row_id, award.c.scheme, func.min(award.c.application_date).label("answered_on"))
        .join_from(
            spell,
            award,
            and_(award.c.person_id == spell.c.person_id, award.c.application_date > spell.c.run_from),
        )
        .group_by(spell.c.row_id, award.c.scheme)
        .cte("answer")
    )


def moves(sources: Sources, claim: CTE) -> CTE:
    """The household left the county of an award, and was not back when it applied (READ-01, READ-09)."""
    home = sources.home
    return (
        select(*key_of(claim), func.min(home.c.valid_to).label("moved_on"))
        .select_from(claim)
        .join(
            home,
            and_(
                home.c.person_id == claim.c.person_id,
                home.c.county == claim.c.county,
                home.c.valid_to < claim.c.first,
                home.c.back_on > claim.c.applied,
            ),
        )
        .group_by(*key_of(claim))
        .cte("moved")
    )


def pauses(sources: Sources, claim: CTE) -> CTE:
    pause = sources.pause
    return (
        select(*key_of(claim))
        .select_from(claim)
        .join(
            pause,
            and_(
                pause.c.award_id == claim.c.award_id,
                pause.c.first_day <= claim.c.first,
                pause.c.until > claim.c.first,
            ),
        )
        .group_by(*key_of(claim))
        .cte("paused")
    )

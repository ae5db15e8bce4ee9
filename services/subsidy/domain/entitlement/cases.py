"""One row a claim with everything the rules look at.

Days of a month are bits of a number, so that "all conditions on one day of the month" is an *and* of numbers. The day
of an event counts as good for its month (READ-04); dibao ends with its last day (READ-19). What touches an award
(READ-01) happened before the month and is not over at the application; it is told by the day it happened (``…_on``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CTE,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
)

from services.subsidy.domain.entitlement.algebra import ZERO, days, has
from services.subsidy.domain.entitlement.claims import CARRIED, MONTH, Terms, key_of, same
from services.subsidy.domain.entitlement.gather import Gather, Grouped
from services.subsidy.domain.entitlement.rows import rows
from services.subsidy.domain.entitlement.rules import GROUNDS
from services.subsidy.domain.entitlement.sources import Sources
from services.subsidy.domain.entitlement.spells import hits, moves, pauses
from services.subsidy.domain.person_facts import TRAITS, FactKind

Bool = ColumnElement[bool]
Day = ColumnElement[Any]


def cases(sources: Sources, terms: Terms, claim: CTE) -> CTE:
    """Everything the rules look at."""
    row = rows(sources, terms, claim)
    weighed = weigh(row, Grouped()).group_by(*key_of(row)).cte("weighed")
    hit, moved, paused = hits(sources, terms, claim), moves(sources, claim), pauses(sources, claim)
    happened = Happened(
        traits={
            trait: (hit.c[f"days_{trait.number}"], hit.c[f"lost_on_{trait.number}"], hit.c[f"then_{trait.number}"])
            for trait in TRAITS
        },
        columns=(
            *(hit.c[f"blocked_{ground}"] for ground in GROUNDS),
            func.coalesce(hit.c.touching, ZERO).label("touching"),
            func.coalesce(hit.c.refusing, ZERO).label("refusing"),
            hit.c.stopped_on,
            hit.c.higher_fen,
            moved.c.moved_on,
            paused.c.claim_id.is_not(None).label("paused"),
        ),
    )
    return (
        seen(weighed, terms, happened)
        .select_from(weighed)
        .outerjoin(hit, same(weighed, hit))
        .outerjoin(moved, same(weighed, moved))
        .outerjoin(paused, same(weighed, paused))
        .outerjoin(terms.now, terms.now.c.regime == weighed.c.regime)
        .outerjoin(terms.then, terms.then.c.regime == weighed.c.regime_then)
        .cte("case_")
    )


@dataclass(frozen=True, slots=True)
class Happened:
    """What benefits, stops, moves and pauses did to a claim.

    ``traits``: of each trait its days, when it was lost, and whether it was there at the application.
    """

    traits: Mapping[FactKind, tuple[ColumnElement[Any], ColumnElement[Any], ColumnElement[Any]]]
    columns: tuple[ColumnElement[Any], ...]


NOTHING_HAPPENED: Final = Happened(
    traits={
        trait: (ZERO, literal_column("CAST(NULL AS date)", Date), literal_column("false", Boolean)) for trait in TRAITS
    },
    columns=(
        *(ZERO.label(f"blocked_{ground}") for ground in GROUNDS),
        ZERO.label("touching"),
        ZERO.label("refusing"),
        literal_column("CAST(NULL AS date)", Date).label("stopped_on"),
        literal_column("CAST(NULL AS bigint)", BigInteger).label("higher_fen"),
        literal_column("CAST(NULL AS date)", Date).label("moved_on"),
        literal_column("false", Boolean).label("paused"),
    ),
)
"""Of a person about whom nothing but a card, a home and levels is on record."""


def seen(weighed: Any, terms: Terms, happened: Happened) -> Select[Any]:
    """The columns of a case; ``weighed`` is joined to the regimes of its month and its application."""
    now, then = terms.now, terms.then
    return select(
        weighed,
        then.c.from_card_issue,
        then.c.back_months,
        now.c.due_month,
        case((now.c.economies.is_(None), weighed.c.full), else_=weighed.c.affordable_days).label("income_days"),
        case((now.c.economies.is_not(None), weighed.c.left_scope_on)).label("income_lost_on"),
        case(
            (now.c.care_need, weighed.c.full.bitwise_and(weighed.c.needless_days.bitwise_not())),
            else_=weighed.c.full,
        ).label("need_days"),
        case((now.c.care_need, weighed.c.needless_on)).label("need_lost_on"),
        *_traits(happened, now, then, weighed),
        *happened.columns,
        or_(then.c.economies.is_(None), weighed.c.affordable_then).label("had_income"),
        (~and_(then.c.care_need, weighed.c.needless_then)).label("had_need"),
    )


def _traits(happened: Happened, now: Any, then: Any, weighed: Any) -> list[ColumnElement[Any]]:
    """What a scheme requires: the days on which all of it is there, when it was lost, how it was at the application."""
    there: ColumnElement[Any] = weighed.c.full
    lost: list[Day] = []
    had: Bool = true()
    for trait, (its_days, lost_on, was_there) in happened.traits.items():
        required, required_then = has(now.c.requires, trait.number), has(then.c.requires, trait.number)
        there = there.bitwise_and(case((required, func.coalesce(its_days, ZERO)), else_=weighed.c.full))
        lost.append(case((required, lost_on)))
        had = and_(had, or_(~required_then, func.coalesce(was_there, False)))
    return [there.label("trait_days"), func.least(*lost).label("trait_lost_on"), had.label("had_traits")]


def weigh(row: Subquery, gather: Gather) -> Select[Any]:
    """Cards and levels of a claim taken together."""
    r = row.c
    month = {"first": r.first, "following": r.following}
    valid = case(
        (r.is_back, case((r.held_then, r.full), else_=ZERO)),
        else_=days(r.issued_on, func.least(r.last_day + 1, r.counts_to), **month),
    )
    # Renewed in time (READ-03): by the day after, or in the same calendar month.
    late = and_(
        r.held_to > r.last_day + 1,
        r.held_to > cast(func.date_trunc("month", r.last_day) + literal_column("interval '1 month - 1 day'"), Date),
    )
    expired = and_(r.last_day < r.first, r.held_to > r.applied, late)
    gap = and_(r.held_to <= r.applied, late)
    outside = and_(r.out_of_scope, r.issued_on < r.first, r.issued_on >= r.applied)
    left_scope = and_(r.unaffordable, r.economy_from <= r.first, r.economy_from > r.applied)
    needless = and_(r.needless, r.need_from <= r.first, r.need_from > r.applied)
    return select(
        *key_of(row),
        *(gather.the(r[name]).label(name) for name in (*CARRIED, *MONTH)),
        gather.days(valid).label("card_days"),
        gather.days(valid, r.in_scope).label("scope_days"),
        gather.least(r.last_day, expired).label("expired_on"),
        gather.least(r.held_to, expired).label("reissued_on"),
        gather.least(r.issued_on, outside).label("out_of_scope_on"),
        gather.ever(and_(r.held_then, r.last_day >= r.applied)).label("had_card"),
        gather.ever(and_(r.held_then, r.in_scope_then)).label("was_in_scope"),
        gather.days(days(r.economy_from, r.economy_to, **month), r.affordable).label("affordable_days"),
        gather.least(r.economy_from - 1, left_scope).label("left_scope_on"),
        gather.ever(r.affordable_then).label("affordable_then"),
        gather.days(days(r.need_from, r.need_to, **month), r.needless).label("needless_days"),
        gather.least(r.need_from - 1, needless).label("needless_on"),
        gather.ever(and_(r.need_from <= r.applied, r.need_to > r.applied, r.needless)).label("needless_then"),
        gather.greatest(r.last_day, gap).label("gap_on"),
        gather.greatest(r.held_to, gap).label("gap_closed_on"),
        _amount(row, "", gather).label("amount"),
        case((gather.the(r.applied_month) >= r.number, _amount(row, "_first", gather))).label("amount_first"),
    )


def _amount(row: Subquery, suffix: str, gather: Gather) -> ColumnElement[Any]:
    """The best amount of what was held on a day and what began later in the month (READ-06, READ-12).

    By the switch NEXT_MONTH only of the card that was held; a first card has nothing before it and counts at once.
    """
    r = row.c
    day, counts = r[f"day{suffix}"], r[f"levels_count{suffix}"]
    ends = func.least(r.last_day + 1, r.held_to, r.cancelled_on)
    held = case((r.is_back, r.held_then), else_=and_(r.issued_on <= day, ends > day))
    met = case((r.is_back, r.held_then), else_=and_(or_(r.issued_on > day, ends > day), r.issued_on < r.following))
    every = gather.greatest(r.fen, met, counts)
    before = gather.greatest(r.fen, held, counts)
    return case((and_(gather.the(r.next_month), gather.ever(held)), before), else_=every)

"""One row a claim with everything the rules look at.

Days of a month are bits of a number, so that "all conditions on one day of the month" is an *and* of numbers. The day
of an event counts as good for its month (READ-04); dibao ends with its last day (READ-19). What touches an award
(READ-01) happened before the month and is not over at the application; it is told by the day it happened (``…_on``).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CTE,
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

from services.subsidy.domain.entitlement.algebra import ZERO, any_days, days, has
from services.subsidy.domain.entitlement.claims import CARRIED, MONTH, Terms, key_of, same
from services.subsidy.domain.entitlement.rows import rows
from services.subsidy.domain.entitlement.rules import GROUNDS
from services.subsidy.domain.entitlement.sources import Sources
from services.subsidy.domain.entitlement.spells import hits, moves, pauses
from services.subsidy.domain.person_facts import TRAITS

Bool = ColumnElement[bool]
Day = ColumnElement[Any]


def cases(sources: Sources, terms: Terms, claim: CTE) -> CTE:
    """Everything the rules look at."""
    row = rows(sources, terms, claim)
    weighed = _weigh(row).group_by(*key_of(row)).cte("weighed")
    hit, moved, paused = hits(sources, terms, claim), moves(sources, claim), pauses(sources, claim)
    return (
        _seen(weighed, terms, hit, moved, paused)
        .select_from(weighed)
        .outerjoin(hit, same(weighed, hit))
        .outerjoin(moved, same(weighed, moved))
        .outerjoin(paused, same(weighed, paused))
        .outerjoin(terms.now, terms.now.c.regime == weighed.c.regime)
        .outerjoin(terms.then, terms.then.c.regime == weighed.c.regime_then)
        .cte("case_")
    )


def _seen(weighed: CTE, terms: Terms, hit: CTE, moved: CTE, paused: CTE) -> Select[Any]:
    """The columns of a case: cards and levels, and what benefits, stops, moves and pauses did to it."""
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
        *_traits(hit, now, then, weighed),
        *(hit.c[f"blocked_{ground}"] for ground in GROUNDS),
        func.coalesce(hit.c.touching, ZERO).label("touching"),
        func.coalesce(hit.c.refusing, ZERO).label("refusing"),
        hit.c.stopped_on,
        hit.c.higher_fen,
        moved.c.moved_on,
        paused.c.claim_id.is_not(None).label("paused"),
        or_(then.c.economies.is_(None), weighed.c.affordable_then).label("had_income"),
        (~and_(then.c.care_need, weighed.c.needless_then)).label("had_need"),
    )


def _traits(hit: CTE, now: Any, then: Any, weighed: Any) -> list[ColumnElement[Any]]:
    """What a scheme requires: the days on which all of it is there, when it was lost, how it was at the application."""
    there: ColumnElement[Any] = weighed.c.full
    lost: list[Day] = []
    had: Bool = true()
    for trait in TRAITS:
        required, required_then = has(now.c.requires, trait.number), has(then.c.requires, trait.number)
        its_days = func.coalesce(hit.c[f"days_{trait.number}"], ZERO)
        there = there.bitwise_and(case((required, its_days), else_=weighed.c.full))
        lost.append(case((required, hit.c[f"lost_on_{trait.number}"])))
        had = and_(had, or_(~required_then, func.coalesce(hit.c[f"then_{trait.number}"], False)))
    return [there.label("trait_days"), func.least(*lost).label("trait_lost_on"), had.label("had_traits")]


def _weigh(row: Subquery) -> Select[Any]:
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
        *(func.any_value(r[name]).label(name) for name in (*CARRIED, *MONTH)),
        any_days(valid).label("card_days"),
        any_days(valid, r.in_scope).label("scope_days"),
        func.min(r.last_day).filter(expired).label("expired_on"),
        func.min(r.held_to).filter(expired).label("reissued_on"),
        func.min(r.issued_on).filter(outside).label("out_of_scope_on"),
        _ever(and_(r.held_then, r.last_day >= r.applied)).label("had_card"),
        _ever(and_(r.held_then, r.in_scope_then)).label("was_in_scope"),
        any_days(days(r.economy_from, r.economy_to, **month), r.affordable).label("affordable_days"),
        func.min(r.economy_from - 1).filter(left_scope).label("left_scope_on"),
        _ever(r.affordable_then).label("affordable_then"),
        any_days(days(r.need_from, r.need_to, **month), r.needless).label("needless_days"),
        func.min(r.need_from - 1).filter(needless).label("needless_on"),
        _ever(and_(r.need_from <= r.applied, r.need_to > r.applied, r.needless)).label("needless_then"),
        func.max(r.last_day).filter(gap).label("gap_on"),
        func.max(r.held_to).filter(gap).label("gap_closed_on"),
        _amount(row, "").label("amount"),
        case((func.any_value(r.applied_month) >= r.number, _amount(row, "_first"))).label("amount_first"),
    )


def _ever(condition: Bool) -> Bool:
    """Whether it is so of any row; false where nothing is known."""
    return func.coalesce(func.bool_or(condition), False)


def _amount(row: Subquery, suffix: str) -> ColumnElement[Any]:
    """The best amount of what was held on a day and what began later in the month (READ-06, READ-12).

    By the switch NEXT_MONTH only of the card that was held; a first card has nothing before it and counts at once.
    """
    r = row.c
    day, counts = r[f"day{suffix}"], r[f"levels_count{suffix}"]
    ends = func.least(r.last_day + 1, r.held_to, r.cancelled_on)
    held = case((r.is_back, r.held_then), else_=and_(r.issued_on <= day, ends > day))
    met = case((r.is_back, r.held_then), else_=and_(or_(r.issued_on > day, ends > day), r.issued_on < r.following))
    every = func.max(r.fen).filter(met, counts)
    before = func.max(r.fen).filter(held, counts)
    return case((and_(func.any_value(r.next_month), _ever(held)), before), else_=every)

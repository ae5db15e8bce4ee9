"""The rules applied: what each claim gives, which claim counts for a month, what was paid already.

The result has one row a person, scheme and month: ``entitled_fen``, ``due_fen``, ``settled_fen``, ``open_fen``,
``payable_fen``, ``problem`` and the numbers of the rules that said no.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on

from services.subsidy.domain.county_line import COUNTY_LENGTH
from services.subsidy.domain.entitlement.algebra import FENCE, ZERO, month_number
from services.subsidy.domain.entitlement.cases import cases
from services.subsidy.domain.entitlement.claims import ClaimKind, Terms, claims
from services.subsidy.domain.entitlement.rows import rows
from services.subsidy.domain.entitlement.rules import (
    BARS,
    CONDITIONS,
    HIGHER,
    NO_RATE,
    ONE_DAY,
    Bar,
    Case,
    Condition,
    Effect,
    Rule,
)
from services.subsidy.domain.entitlement.sources import Population, Sources, Tables
from services.subsidy.domain.payroll.line import Account, LineState, account_of

OPEN: Final = tuple(state.value for state in LineState if account_of(state) in {Account.PAYABLE, Account.IN_TRANSIT})
"""Owed on a line already, or on its way: also where nobody knows, and where it was closed unpaid."""
SETTLED: Final = LineState.SETTLED.value


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules in use; tests take some away to see that they are missed."""

    conditions: tuple[Condition, ...] = CONDITIONS
    bars: tuple[Bar, ...] = BARS

    def without(self, rule: Rule) -> RuleSet:
        """All but one."""
        return RuleSet(
            tuple(each for each in self.conditions if each is not rule),
            tuple(each for each in self.bars if each is not rule),
        )


ALL_RULES: Final = RuleSet()


def _flag(rule: Rule, stops: ColumnElement[bool]) -> ColumnElement[int]:
    return case((stops, literal_column(str(1 << rule.number), BigInteger)), else_=ZERO)


def _flags(flags: Sequence[ColumnElement[int]]) -> ColumnElement[int]:
    return reduce(lambda one, other: one.bitwise_or(other), flags, ZERO)


def _any(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    return or_(literal_column("false"), *conditions)


def decision(
    tables: Tables,
    population: Population,
    *,
    homes: bool = True,
    rules: RuleSet = ALL_RULES,
) -> Select[Any]:
    """The one expression. ``homes``: also months no decision covers (what is entitled but not due)."""
    sources, terms = Sources(tables, population), Terms.bound()
    judged = _judged(sources, terms, rules, homes=homes)
    return _settled(sources, terms, _chosen(judged).cte("chosen"))


def _judged(sources: Sources, terms: Terms, rules: RuleSet, *, homes: bool) -> Subquery:
    """Claims of persons about whom anything may be on record."""
    claim = claims(sources, terms, homes=homes)
    case_ = cases(sources, terms, claim)
    weighed = _conditions(case_, rules).cte("weighed_case")
    restart = _restarts(weighed, rules)
    started = weighed.outerjoin(
        restart,
        and_(
            restart.c.claim_id == weighed.c.claim_id,
            restart.c.scheme == weighed.c.scheme,
            restart.c.number == weighed.c.number,
        ),
    )
    begun = _begun(weighed, restart.c.restarted_on).select_from(started)
    return _bars(begun, rules, "judged")


def candidates(tables: Tables, population: Population) -> Select[Any]:
    """Every combination of card and levels that has an amount in a month (READ-06, READ-12), for an explanation."""
    sources, terms = Sources(tables, population), Terms.bound()
    row = rows(sources, terms, claims(sources, terms, homes=True))
    return select(row).where(row.c.fen.is_not(None), or_(row.c.levels_count, row.c.levels_count_first))


def _conditions(case_: FromClause, rules: RuleSet) -> Select[Any]:
    """The conditions: the days on which all are met, and which are met on none."""
    c = Case(case_.c)
    days = [(rule, rule.days(c)) for rule in rules.conditions]
    good = reduce(lambda one, other: one.bitwise_and(other[1]), days, c.full)
    missed = _flags([_flag(rule, each == 0) for rule, each in days])
    return select(case_, good.label("good_days"), missed.label("missed"))


def _restarts(weighed: CTE, rules: RuleSet) -> CTE:
    """Awards that restart: the award before them was stopped first by the expiry they come after (SUB-47, READ-11)."""
    later, earlier = weighed.alias("later"), weighed.alias("earlier_award")
    old = Case(earlier.c)
    void = _any([rule.bars(old) for rule in rules.bars if rule.effect is Effect.VOID])
    others = func.least(old.stopped_on, old.out_of_scope_on, old.income_lost_on, old.need_lost_on, old.trait_lost_on)
    before = (
        select(
            later.c.claim_id,
            later.c.scheme,
            later.c.number,
            later.c.gap_closed_on,
            and_(
                old.expired_on == later.c.gap_on,
                func.coalesce(others >= old.expired_on, True),
                func.coalesce(old.moved_on > old.expired_on, True),
            ).label("by_expiry"),
        )
        .ext(distinct_on(later.c.claim_id, later.c.scheme, later.c.number))
        .join_from(
            later,
            earlier,
            and_(
                earlier.c.person_id == later.c.person_id,
                earlier.c.scheme == later.c.scheme,
                earlier.c.number == later.c.number,
                earlier.c.kind == ClaimKind.AWARD.value,
                earlier.c.applied < later.c.applied,
            ),
        )
        .where(later.c.from_card_issue, later.c.gap_on.is_not(None), ~void)
        .order_by(later.c.claim_id, later.c.scheme, later.c.number, earlier.c.applied.desc(), earlier.c.award_id)
        .subquery("award_before")
    )
    return (
        select(before.c.claim_id, before.c.scheme, before.c.number, before.c.gap_closed_on.label("restarted_on"))
        .where(before.c.by_expiry)
        .cte("restart")
    )


def _begun(weighed: FromClause, restarted_on: ColumnElement[Any]) -> Select[Any]:
    """When each claim starts."""
    c = weighed.c
    start = func.least(c.applied_month, case((c.from_card_issue, month_number(restarted_on))))
    return select(
        weighed,
        restarted_on.label("restarted_on"),
        start.label("start"),
        (start - c.back_months).label("back_from"),
    )


def _bars(claim: Select[Any], rules: RuleSet, name: str) -> Subquery:
    """The bars, the amount, and how a claim ranks among those of its month."""
    begun = claim.offset(FENCE).subquery(f"{name}_begun")
    c = Case(begun.c)
    barred = (
        select(begun, _flags([_flag(rule, rule.bars(c)) for rule in rules.bars]).label("barred"))
        .offset(FENCE)
        .subquery(f"{name}_barred")
    )
    r = barred.c
    pauses = sum(1 << rule.number for rule in rules.bars if rule.effect is Effect.PAUSED)
    others = sum(1 << rule.number for rule in rules.bars if rule.effect is not Effect.PAUSED)
    first = and_(r.kind == ClaimKind.AWARD.value, r.start == r.number)
    return (
        select(
            *(r[each] for each in _JUDGED),
            (r.barred.bitwise_and(_bits(others)) == ZERO).label("covers"),
            (r.barred.bitwise_and(_bits(pauses)) != ZERO).label("paused"),
            case((first, r.amount_first), else_=r.amount).label("amount"),
        )
        .offset(FENCE)
        .subquery(name)
    )


_JUDGED: Final = (
    *("person_id", "scheme", "number", "first", "kind", "award_id", "applied", "county"),
    *("good_days", "higher_fen", "missed", "barred"),
)


def _bits(mask: int) -> ColumnElement[int]:
    return literal_column(f"{mask}::bigint", BigInteger)


def _chosen(judged: Subquery) -> Select[Any]:
    """One claim a person, scheme and month: the award that covers it (the earlier of two, READ-07), else the home.

    A month that is paid back for want of a card is due and not entitled: facts and policy alone do not give it (4.9).
    """
    c = judged.c
    rank = case(
        (and_(c.covers, c.kind == ClaimKind.AWARD.value), 0),
        (and_(c.covers, c.kind == ClaimKind.BACK_PAYMENT.value), 1),
        (c.kind == ClaimKind.HOME.value, 2),
        (c.kind == ClaimKind.AWARD.value, 3),
        else_=4,
    )
    age = c.applied - literal_column("date '2000-01-01'")
    recent = case((c.covers, age), else_=-age)
    at_home = c.kind == ClaimKind.HOME.value
    order = (rank, recent, c.award_id)
    month = (c.person_id, c.scheme, c.number)
    ranked = (
        select(
            *c,
            func.row_number().over(partition_by=month, order_by=order).label("place"),
            func.lead(c.barred).over(partition_by=month, order_by=order).label("next_barred"),
            func.lead(c.award_id).over(partition_by=month, order_by=order).label("next_award"),
            func.max(case((at_home, _worth(c)))).over(partition_by=month).label("home_fen"),
            func.bool_or(and_(at_home, _unpriced(c))).over(partition_by=month).label("home_unpriced"),
        )
        .select_from(judged)
        .subquery("ranked")
    )
    r = ranked.c
    paid_back = r.kind == ClaimKind.BACK_PAYMENT.value
    unpriced = case((paid_back, r.home_unpriced), else_=_unpriced(r))
    by_itself = case((~paid_back, _worth(r)), (~r.home_unpriced, func.coalesce(r.home_fen, ZERO)))
    return _picked(r, r.next_barred, r.next_award, by_itself, unpriced).where(r.place == 1)


def _unpriced(claim: Any) -> ColumnElement[bool]:
    """Entitled, but the tariff has no amount (READ-14)."""
    return and_(claim.good_days != 0, claim.amount.is_(None))


def _worth(claim: Any) -> ColumnElement[Any]:
    """What facts and policy give for a claim; NULL where a rate is missing."""
    return case(
        (claim.good_days == 0, ZERO),
        (claim.amount.is_(None), literal_column("NULL::bigint")),
        (claim.higher_fen > claim.amount, ZERO),
        else_=claim.amount,
    )


def _picked(
    r: Any,
    next_barred: ColumnElement[Any],
    next_award: ColumnElement[Any],
    by_itself: ColumnElement[Any] | None = None,
    unpriced: ColumnElement[bool] | None = None,
) -> Select[Any]:
    """What the claim that counts comes to; ``next_…``: of an award that does not cover the month, if there is one.

    ``by_itself``, ``unpriced``: what is entitled, where that is another claim's to say.
    """
    unmet = r.good_days == 0
    one_day = _flag(ONE_DAY, and_(unmet, r.missed == 0))
    higher = _flag(HIGHER, r.higher_fen > r.amount)
    worth, missing = _worth(r), _unpriced(r)
    barred = case((and_(r.kind == ClaimKind.HOME.value, next_barred.is_not(None)), next_barred), else_=r.barred)
    return select(
        r.person_id,
        r.scheme,
        r.number,
        r.first,
        r.county,
        func.coalesce(r.award_id, next_award).label("award_id"),
        r.covers,
        (worth if by_itself is None else by_itself).label("entitled_fen"),
        case((and_(r.covers, ~r.paused), worth), else_=ZERO).label("due_fen"),
        (missing if unpriced is None else or_(missing, unpriced)).label("no_rate"),
        _flags([r.missed, barred, one_day, higher, _flag(NO_RATE, missing)]).label("rules"),
    )


def _settled(sources: Sources, terms: Terms, chosen: CTE) -> Select[Any]:
    """What was paid or is on its way is taken off; money without any claim shows as well."""
    line, month = sources.payment_line, terms.month
    paid = (
        select(
            line.c.person_id,
            line.c.scheme,
            month.c.number,
            month.c.first,
            func.coalesce(func.sum(line.c.amount_fen).filter(line.c.state == SETTLED), 0).label("settled_fen"),
            func.coalesce(func.sum(line.c.amount_fen).filter(or_(*(line.c.state == state for state in OPEN))), 0).label(
                "open_fen"
            ),
        )
        .join_from(line, month, month.c.first == line.c.month)
        .group_by(line.c.person_id, line.c.scheme, month.c.number, month.c.first)
        .cte("paid")
    )
    settled = cast(func.coalesce(paid.c.settled_fen, 0), BigInteger)
    on_its_way = cast(func.coalesce(paid.c.open_fen, 0), BigInteger)
    due = case((chosen.c.person_id.is_(None), ZERO), else_=chosen.c.due_fen)
    return (
        select(
            func.coalesce(chosen.c.person_id, paid.c.person_id).label("person_id"),
            func.coalesce(chosen.c.scheme, paid.c.scheme).label("scheme"),
            func.coalesce(chosen.c.first, paid.c.first).label("month"),
            chosen.c.award_id,
            func.right(chosen.c.county, COUNTY_LENGTH).label("county"),
            chosen.c.county.label("line"),
            func.coalesce(chosen.c.covers, False).label("covered"),
            case((chosen.c.person_id.is_(None), ZERO), else_=chosen.c.entitled_fen).label("entitled_fen"),
            due.label("due_fen"),
            settled.label("settled_fen"),
            on_its_way.label("open_fen"),
            (due - settled - on_its_way).label("payable_fen"),
            func.coalesce(chosen.c.rules, ZERO).label("rules"),
            case((chosen.c.no_rate, "NO_RATE")).label("problem"),
        )
        .select_from(chosen)
        .join(
            paid,
            and_(
                paid.c.person_id == chosen.c.person_id,
                paid.c.scheme == chosen.c.scheme,
                paid.c.number == chosen.c.number,
            ),
            full=True,
        )
    )

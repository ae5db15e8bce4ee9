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
    Select,
    and_,
    case,
    cast,
    func,
    literal_column,
    not_,
    or_,
    select,
)

from services.subsidy.domain.entitlement.algebra import ZERO, month_number
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

OPEN: Final = ("PENDING", "HELD", "SENT", "RETURNED")
SETTLED: Final = "SETTLED"


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
    claim = claims(sources, terms, homes=homes)
    weighed = _conditions(cases(sources, terms, claim), rules)
    judged = _bars(weighed, _restarts(weighed, rules), rules)
    return _settled(sources, terms, _chosen(judged))


def candidates(tables: Tables, population: Population) -> Select[Any]:
    """Every combination of card and levels that has an amount in a month (READ-06, READ-12), for an explanation."""
    sources, terms = Sources(tables, population), Terms.bound()
    row = rows(sources, terms, claims(sources, terms, homes=True))
    return select(row).where(row.c.fen.is_not(None), or_(row.c.levels_count, row.c.levels_count_first))


def _conditions(case_: CTE, rules: RuleSet) -> CTE:
    """The conditions: the days on which all are met, and which are met on none."""
    c = Case(case_.c)
    days = [(rule, rule.days(c)) for rule in rules.conditions]
    good = reduce(lambda one, other: one.bitwise_and(other[1]), days, c.full)
    missed = _flags([_flag(rule, each == 0) for rule, each in days])
    return select(case_, good.label("good_days"), missed.label("missed")).cte("weighed_case")


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
        .distinct(later.c.claim_id, later.c.scheme, later.c.number)
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


def _bars(weighed: CTE, restart: CTE, rules: RuleSet) -> CTE:
    """The bars, the amount, and how a claim ranks among those of its month."""
    start = func.least(
        weighed.c.applied_month,
        case((weighed.c.from_card_issue, month_number(restart.c.restarted_on))),
    )
    begun = (
        select(
            weighed,
            restart.c.restarted_on,
            start.label("start"),
            (start - weighed.c.back_months).label("back_from"),
        )
        .outerjoin(
            restart,
            and_(
                restart.c.claim_id == weighed.c.claim_id,
                restart.c.scheme == weighed.c.scheme,
                restart.c.number == weighed.c.number,
            ),
        )
        .cte("begun")
    )
    c = Case(begun.c)
    barred = _any([rule.bars(c) for rule in rules.bars if rule.effect is not Effect.PAUSED])
    first = and_(c.kind == ClaimKind.AWARD.value, c.start == c.number)
    return (
        select(
            c.person_id,
            c.scheme,
            c.number,
            c.first,
            c.kind,
            c.award_id,
            c.applied,
            c.county,
            c.good_days,
            c.higher_fen,
            c.missed,
            not_(barred).label("covers"),
            (_any([rule.bars(c) for rule in rules.bars if rule.effect is Effect.PAUSED])).label("paused"),
            _flags([_flag(rule, rule.bars(c)) for rule in rules.bars]).label("barred"),
            case((first, c.amount_first), else_=c.amount).label("amount"),
        )
    ).cte("judged")


def _chosen(judged: CTE) -> CTE:
    """One claim a person, scheme and month: the award that covers it (the earlier of two, READ-07), else the home."""
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
    order = (rank, recent, c.award_id)
    window = {"partition_by": (c.person_id, c.scheme, c.number), "order_by": order}
    ranked = select(
        judged,
        func.row_number().over(**window).label("place"),
        func.lead(c.barred).over(**window).label("next_barred"),
        func.lead(c.award_id).over(**window).label("next_award"),
    ).subquery("ranked")
    r = ranked.c
    unmet = r.good_days == 0
    one_day = _flag(ONE_DAY, and_(unmet, r.missed == 0))
    higher = _flag(HIGHER, r.higher_fen > r.amount)
    missing = and_(~unmet, r.amount.is_(None))
    entitled = case(
        (unmet, ZERO),
        (r.amount.is_(None), literal_column("NULL::bigint")),
        (r.higher_fen > r.amount, ZERO),
        else_=r.amount,
    )
    barred = case((and_(r.kind == ClaimKind.HOME.value, r.next_barred.is_not(None)), r.next_barred), else_=r.barred)
    return (
        select(
            r.person_id,
            r.scheme,
            r.number,
            r.first,
            r.county,
            func.coalesce(r.award_id, r.next_award).label("award_id"),
            r.covers,
            entitled.label("entitled_fen"),
            case((and_(r.covers, ~r.paused), entitled), else_=ZERO).label("due_fen"),
            missing.label("no_rate"),
            _flags([r.missed, barred, one_day, higher, _flag(NO_RATE, missing)]).label("rules"),
        )
        .where(r.place == 1)
        .cte("chosen")
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
            chosen.c.county,
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

"""Cards and levels of each claim, a row for every combination, with the amount its tariff gives it.

Most claims have one row. Only what a claim asks for is joined: income where it is tested or makes a difference, and so
on. The rows are computed once (``OFFSET 0`` keeps the planner from writing their expressions out again and again).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Select,
    Subquery,
    and_,
    case,
    column,
    exists,
    func,
    or_,
    select,
)

from services.subsidy.domain.entitlement.algebra import FENCE, has
from services.subsidy.domain.entitlement.claims import CARRIED, KEY, MONTH, ClaimKind, Terms, concerns
from services.subsidy.domain.entitlement.sources import Sources
from services.subsidy.domain.entitlement.terms import number_in
from services.subsidy.domain.person_facts import CareNeed, FactKind

Bool = ColumnElement[bool]
Day = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class _Level:
    """A level that amounts may depend on, and the columns that make its part of the key of a cell."""

    kind: FactKind
    label: str
    weights: tuple[tuple[str, str], ...] = ()


_RATED: Final = (
    _Level(FactKind.ECONOMY, "economy", (("w_economy", "value"), ("w_dibao_class", "dibao_class"))),
    _Level(FactKind.SELF_CARE, "self_care", (("w_self_care", "value"),)),
    _Level(FactKind.SETTLEMENT, "settlement", (("w_settlement", "value"),)),
    _Level(FactKind.CARE_PLACE, "care_place", (("w_place", "value"),)),
)
_NEED: Final = _Level(FactKind.CARE_NEED, "care_need")


def rows(sources: Sources, terms: Terms, claim: CTE) -> Subquery:
    """Claims with their cards and levels."""
    card, asked = sources.held_card, _requests(sources)
    now, then, tariff, cell = terms.now, terms.then, terms.tariff, terms.cell
    levels = {each: _source(sources, each) for each in (*_RATED, _NEED)}
    economy = levels[_RATED[0]]
    strict, transition, event = terms.strict, terms.transition, terms.event
    by_date = _by_date(card, strict)
    at_issue, at_loss = terms.policy.alias("policy_at_issue"), terms.policy.alias("policy_at_loss")
    lost = terms.regime.alias("lost")
    joined = (
        select(
            *_columns(claim, card, levels, terms),
            (claim.c.kind == ClaimKind.BACK_PAYMENT.value).label("is_back"),
            _last_day(card, transition, asked, by_date).label("last_day"),
            and_(
                card.c.components_before.bitwise_and(event.c.components) != 0,
                card.c.components.bitwise_and(event.c.components) == 0,
            ).label("out_of_scope"),
            and_(
                income_in_scope(lost, economy.c.value_before, economy.c.income_percent_before),
                ~income_in_scope(lost, economy.c.value, economy.c.income_percent),
            ).label("unaffordable"),
            *_windows(sources, [levels[each] for each in _RATED], claim, now),
        )
        .select_from(claim)
        .outerjoin(now, now.c.regime == claim.c.regime)
        .outerjoin(then, then.c.regime == claim.c.regime_then)
        .outerjoin(tariff, _priced_by(tariff, claim))
        .outerjoin(
            card,
            and_(card.c.person_id == claim.c.person_id, card.c.issued_on <= _latest(claim)),
        )
        .outerjoin(strict, _expires_in(strict, card))
        .outerjoin(transition, _extends(transition, card, by_date))
        .outerjoin(asked, asked.c.person_id == claim.c.person_id)
        .outerjoin(at_issue, and_(concerns(at_issue, claim, card.c.issued_month), card.c.components_before != 0))
        .outerjoin(event, event.c.regime == at_issue.c.regime)
    )
    joined = (
        _with_levels(joined, levels, claim, terms)
        .outerjoin(
            at_loss,
            and_(concerns(at_loss, claim, economy.c.month_before), economy.c.valid_from > claim.c.applied),
        )
        .outerjoin(lost, lost.c.regime == at_loss.c.regime)
        .outerjoin(cell, and_(cell.c.tariff == tariff.c.tariff, cell.c.key == _cell_key(card, levels, tariff)))
    )
    return joined.offset(FENCE).subquery("claim_row")


def _columns(claim: Any, card: Any, levels: dict[_Level, Subquery], terms: Terms) -> list[ColumnElement[Any]]:
    """What every row tells."""
    now, then, economy, need = terms.now, terms.then, levels[_RATED[0]], levels[_NEED]
    affordable = income_in_scope(now, economy.c.value, economy.c.income_percent)
    return [
        *(claim.c[name] for name in (*KEY, *CARRIED, *MONTH)),
        now.c.next_month,
        card.c.issued_on,
        card.c.held_to,
        card.c.cancelled_on,
        card.c.counts_to,
        card.c.component,
        *(levels[each].c.value.label(each.label) for each in _RATED),
        economy.c.dibao_class,
        terms.tariff.c.tariff,
        and_(card.c.issued_on <= claim.c.applied, card.c.held_to > claim.c.applied).label("held_then"),
        (card.c.components.bitwise_and(now.c.components) != 0).label("in_scope"),
        (card.c.components.bitwise_and(then.c.components) != 0).label("in_scope_then"),
        economy.c.valid_from.label("economy_from"),
        economy.c.valid_to.label("economy_to"),
        affordable.label("affordable"),
        and_(covers(economy, claim.c.applied), income_in_scope(then, economy.c.value, economy.c.income_percent)).label(
            "affordable_then"
        ),
        need.c.valid_from.label("need_from"),
        need.c.valid_to.label("need_to"),
        (need.c.value == number_in(CareNeed, CareNeed.NOT_NEEDED)).label("needless"),
        case(
            (
                and_(has(now.c.components, card.c.component), or_(now.c.economies.is_(None), affordable)),
                terms.cell.c.fen,
            )
        ).label("fen"),
    ]


def _by_date(card: Any, strict: Any) -> Day:
    by_date: Day = card.c.expires_on - case((strict.c.county.is_(None), 0), else_=1)
    return by_date


def _priced_by(tariff: Any, claim: Any) -> Bool:
    return and_(tariff.c.county == claim.c.county, tariff.c.scheme == claim.c.scheme, tariff.c.month == claim.c.number)


def _expires_in(strict: Any, card: Any) -> Bool:
    return and_(strict.c.county == card.c.expiry_county, strict.c.month == card.c.expiry_month)


def _extends(transition: Any, card: Any, by_date: Day) -> Bool:
    return and_(
        transition.c.county == card.c.expiry_county,
        transition.c.first_day <= by_date,
        transition.c.last_day >= by_date,
    )


def _cell_key(card: Any, levels: dict[_Level, Subquery], tariff: Any) -> ColumnElement[int]:
    key: ColumnElement[int] = func.coalesce(tariff.c.w_component * card.c.component, 0)
    for each in _RATED:
        for weight, name in each.weights:
            key += func.coalesce(tariff.c[weight] * levels[each].c[name], 0)
    return key


def _source(sources: Sources, level: _Level) -> Subquery:
    table = sources.tables.level
    return sources.of(table, table.c.kind == level.kind.number, name=level.label)


def _latest(claim: Any) -> Day:
    """The last day a claim looks at: of the month, or of the application."""
    return func.greatest(claim.c.following - 1, claim.c.applied)


def _wanted(terms: Terms) -> dict[FactKind, Bool]:
    """Whether a level makes a difference to a claim."""
    now, then, tariff = terms.now, terms.then, terms.tariff
    return {
        FactKind.ECONOMY: or_(
            now.c.economies.is_not(None),
            then.c.economies.is_not(None),
            tariff.c.w_economy != 0,
            tariff.c.w_dibao_class != 0,
        ),
        FactKind.SELF_CARE: tariff.c.w_self_care != 0,
        FactKind.SETTLEMENT: tariff.c.w_settlement != 0,
        FactKind.CARE_PLACE: tariff.c.w_place != 0,
        FactKind.CARE_NEED: or_(now.c.care_need, then.c.care_need),
    }


def _with_levels(joined: Select[Any], levels: dict[_Level, Subquery], claim: CTE, terms: Terms) -> Select[Any]:
    wanted = _wanted(terms)
    for each, source in levels.items():
        joined = joined.outerjoin(
            source,
            and_(
                source.c.person_id == claim.c.person_id,
                source.c.valid_from <= _latest(claim),
                source.c.valid_to > func.least(claim.c.first - 1, claim.c.applied),
                wanted[each.kind],
            ),
        )
    return joined


def _windows(sources: Sources, levels: list[Subquery], claim: CTE, now: Any) -> list[ColumnElement[Any]]:
    """Whether the levels of a row count: values held on a day, and those that begin later in the month (READ-06).

    The day is the last of the month before; in the first month of an award that of the application, or of the issue of
    the card a restart is based on. By the switch NEXT_MONTH only what was held counts, if anything was.
    """
    told: list[ColumnElement[Any]] = []
    for day, suffix in ((claim.c.first - 1, ""), (_first_day(sources, claim), "_first")):
        counts = [
            or_(
                each.c.person_id.is_(None),
                covers(each, day),
                and_(
                    each.c.valid_from < claim.c.following,
                    each.c.valid_to > day,
                    or_(~now.c.next_month, ~_told_on(sources, each, claim, day)),
                ),
            )
            for each in levels
        ]
        told += [day.label(f"day{suffix}"), and_(*counts).label(f"levels_count{suffix}")]
    return told


def _first_day(sources: Sources, claim: CTE) -> Day:
    """The day from which an award counts: of its application; of the issue of the card held then, in earlier months."""
    card = sources.of(sources.tables.held_card, name="card_then")
    issued_on = (
        select(func.max(card.c.issued_on))
        .where(card.c.person_id == claim.c.person_id, card.c.issued_on <= claim.c.applied)
        .scalar_subquery()
    )
    counts_at_once = or_(claim.c.kind == ClaimKind.HOME.value, claim.c.applied_month <= claim.c.number)
    return case((counts_at_once, claim.c.applied), else_=issued_on)


def _told_on(sources: Sources, level: Any, claim: CTE, day: Day) -> Bool:
    """Whether anything was known of a level on a day."""
    known = sources.of(sources.tables.level, name="known_level")
    return exists(
        select(known.c.row_id).where(
            known.c.person_id == claim.c.person_id,
            known.c.kind == level.c.kind,
            known.c.value != 0,
            covers(known, day),
        )
    )


def covers(interval: Any, day: Day) -> Bool:
    """Whether an interval holds on a day."""
    return and_(interval.c.valid_from <= day, interval.c.valid_to > day)


def income_in_scope(regime: Any, value: ColumnElement[Any], percent: ColumnElement[Any]) -> Bool:
    """Whether the income of a household is in the scope of a regime (SUB-01, SUB-06)."""
    return func.coalesce(or_(has(regime.c.economies, value), percent <= regime.c.income_max), False)


# --- the last valid day of a card -----------------------------------------------------------------------------------


def _requests(sources: Sources) -> CTE:
    """Requests for a re-issue, one row a person (SUB-44)."""
    table = sources.tables.spell
    spell = sources.of(table, table.c.kind == FactKind.REISSUE_REQUEST.number, name="request")
    return (
        select(
            spell.c.person_id,
            func.array_agg(spell.c.valid_from).label("asked"),
            func.array_agg(spell.c.valid_to).label("closed"),
        )
        .group_by(spell.c.person_id)
        .cte("asked")
    )


def _last_day(card: Any, transition: Any, asked: CTE, by_date: Day) -> Day:
    """The date on the card (READ-20), moved by a transition (READ-10) and by a request for a new card (READ-05)."""
    extended = func.coalesce(transition.c.until, by_date)
    request = (
        func.unnest(asked.c.asked, asked.c.closed)
        .table_valued(column("asked", Date), column("closed", Date))
        .render_derived("request")
    )
    pending = (
        select(func.max(func.least(card.c.held_to - 1, request.c.closed)))
        .select_from(request)
        .where(request.c.asked >= card.c.issued_on, request.c.asked <= extended)
        .scalar_subquery()
    )
    return case((asked.c.person_id.is_(None), extended), else_=func.greatest(extended, pending))

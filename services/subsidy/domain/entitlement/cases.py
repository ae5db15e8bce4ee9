"""One row a claim with everything the rules look at.

Days of a month are bits of a number, so that "all conditions on one day of the month" is an *and* of numbers. The day
of an event counts as good for its month (READ-04); dibao ends with its last day (READ-19). What touches an award
(READ-01) happened before the month and is not over at the application; it is told by the day it happened (``…_on``).
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
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    true,
)

from services.subsidy.domain.entitlement.algebra import ZERO, any_days, bit, days, has, mask
from services.subsidy.domain.entitlement.claims import ClaimKind, Terms
from services.subsidy.domain.entitlement.rules import GROUNDS
from services.subsidy.domain.entitlement.sources import Sources
from services.subsidy.domain.entitlement.terms import number_in
from services.subsidy.domain.person_facts import STOPS, TRAITS, CareNeed, FactKind

Bool = ColumnElement[bool]
Day = ColumnElement[Any]

_CARD_EVENTS: Final = mask((FactKind.CARD_FROZEN, FactKind.CARD_CANCELLED))
_ANSWERED_BY_APPLYING: Final = mask((FactKind.OWN_WISH, FactKind.CONFIRMATION_MISSED))
_KEY: Final = ("claim_id", "scheme", "number")
_CARRIED: Final = ("kind", "person_id", "county", "award_id", "applied", "applied_month", "regime", "regime_then")
_MONTH: Final = ("first", "following", "calendar", "full")


def _in(kinds: int, kind: ColumnElement[int]) -> Bool:
    return has(literal_column(f"{kinds}::bigint"), kind)


def _group(claim: CTE) -> list[ColumnElement[Any]]:
    return [claim.c[name] for name in _KEY]


def _same(claim: Any, other: Any) -> Bool:
    return and_(*(claim.c[name] == other.c[name] for name in _KEY))


# --- spells: other benefits, stops, traits --------------------------------------------------------------------------


def _hits(sources: Sources, terms: Terms, claim: CTE) -> CTE:
    """What spells do to the claims of their persons."""
    spell, now, then = sources.spell, terms.now, terms.then
    on, over = spell.c.run_from, _over(sources, claim, spell)
    kind, number = spell.c.kind, bit(spell.c.kind)
    stops = or_(
        and_(
            _in(mask(STOPS), kind),
            or_(spell.c.scheme.is_(None), spell.c.scheme == claim.c.scheme),
            or_(kind != FactKind.CONFIRMATION_MISSED.number, now.c.confirmation),
        ),
        has(now.c.excludes, kind),
    )
    touches = and_(stops, on < claim.c.first, over > claim.c.applied)
    aside = and_(_in(_CARD_EVENTS, kind), spell.c.after_expiry)
    refuses = and_(
        over > claim.c.applied,
        or_(
            and_(
                on <= claim.c.applied,
                or_(_in(_CARD_EVENTS, kind), kind == FactKind.PRISON.number, has(then.c.excludes, kind)),
            ),
            and_(kind == FactKind.DEATH.number, on < claim.c.applied),
        ),
    )
    runs = and_(spell.c.valid_from < claim.c.following, spell.c.valid_to > claim.c.first)
    month = {"first": claim.c.first, "following": claim.c.following}
    traits: list[ColumnElement[Any]] = []
    for trait in TRAITS:
        is_it = kind == trait.number
        traits += [
            any_days(days(on, over + 1, **month)).filter(is_it).label(f"days_{trait.number}"),
            func.min(over).filter(is_it, over < claim.c.first, over > claim.c.applied).label(f"lost_on_{trait.number}"),
            func.bool_or(and_(on <= claim.c.applied, over > claim.c.applied))
            .filter(is_it)
            .label(f"then_{trait.number}"),
        ]
    return (
        select(
            *_group(claim),
            *(
                any_days(days(on + 1, over, **month)).filter(stops, _in(mask(kinds), kind)).label(f"blocked_{ground}")
                for ground, kinds in GROUNDS.items()
            ),
            any_days(number).filter(touches).label("touching"),
            func.min(on).filter(touches, ~aside).label("stopped_on"),
            func.min(on).filter(touches, _in(_CARD_EVENTS, kind), ~spell.c.after_expiry).label("card_stopped_on"),
            any_days(number).filter(refuses).label("refusing"),
            func.max(spell.c.amount_fen).filter(has(now.c.highers, kind), runs).label("higher_fen"),
            *traits,
        )
        .select_from(claim)
        .join(spell, and_(spell.c.person_id == claim.c.person_id, on < claim.c.following))
        .outerjoin(now, now.c.regime == claim.c.regime)
        .outerjoin(then, then.c.regime == claim.c.regime_then)
        .group_by(*_group(claim))
        .cte("hit")
    )


def _over(sources: Sources, claim: CTE, spell: Subquery) -> Day:
    """The first day a spell is over; an own wish or a missed confirmation is answered by the next application."""
    award = sources.determination
    answered = (
        select(func.min(award.c.application_date))
        .where(
            award.c.person_id == spell.c.person_id,
            award.c.scheme == claim.c.scheme,
            award.c.application_date > spell.c.run_from,
        )
        .correlate(claim, spell)
        .scalar_subquery()
    )
    return case((_in(_ANSWERED_BY_APPLYING, spell.c.kind), func.least(spell.c.run_to, answered)), else_=spell.c.run_to)


def _moves(sources: Sources, claim: CTE) -> CTE:
    """The household left the county of an award (READ-01: not before the application)."""
    home = sources.home
    return (
        select(*_group(claim), func.min(home.c.valid_to).label("moved_on"))
        .select_from(claim)
        .join(
            home,
            and_(
                home.c.person_id == claim.c.person_id,
                home.c.county == claim.c.county,
                home.c.valid_to >= claim.c.applied,
                home.c.valid_to < claim.c.first,
            ),
        )
        .group_by(*_group(claim))
        .cte("moved")
    )


def _pauses(sources: Sources, claim: CTE) -> CTE:
    pause = sources.pause
    return (
        select(*_group(claim))
        .select_from(claim)
        .join(
            pause,
            and_(
                pause.c.award_id == claim.c.award_id,
                pause.c.first_day <= claim.c.first,
                pause.c.until > claim.c.first,
            ),
        )
        .group_by(*_group(claim))
        .cte("paused")
    )


# --- cards and levels -----------------------------------------------------------------------------------------------


def _requests(sources: Sources) -> CTE:
    """Requests for a re-issue, one row a person (SUB-44)."""
    spell = sources.of(
        sources.tables.spell, sources.tables.spell.c.kind == FactKind.REISSUE_REQUEST.number, name="request"
    )
    return (
        select(
            spell.c.person_id,
            func.array_agg(spell.c.valid_from).label("asked"),
            func.array_agg(spell.c.valid_to).label("closed"),
        )
        .group_by(spell.c.person_id)
        .cte("asked")
    )


@dataclass(frozen=True, slots=True)
class _CardRow:
    """A component of a card of the claimant."""

    row: Any
    last_day: Day
    is_back: Bool

    @property
    def ends(self) -> Day:
        """The first day it is not the card held, or not valid any more by its dates."""
        return func.least(self.last_day + 1, self.row.c.held_to, self.row.c.cancelled_on + 1)

    @property
    def good_to(self) -> Day:
        """The end of its days by its dates; the day of the next issue still counts for this card (SUB-45)."""
        return func.least(self.last_day + 1, self.row.c.held_to + 1)

    def covers(self, day: Day) -> Bool:
        """Held and valid on a day."""
        return or_(self.is_back, and_(self.row.c.issued_on <= day, self.ends > day))

    def meets(self, day: Day, following: Day) -> Bool:
        """Held and valid on any day from one to the end of the month."""
        return or_(self.is_back, and_(self.row.c.issued_on < following, self.ends > day))

    def held(self, day: Day) -> Bool:
        """The card held on a day, valid or not."""
        return and_(self.row.c.issued_on <= day, self.row.c.held_to > day)


def _card_row(card: Any, claim: CTE, now: Any, transition: Any, asked: CTE) -> tuple[_CardRow, Day]:
    """The card with its last valid day; and that day as the dates alone make it (READ-20)."""
    by_date = card.c.expires_on - func.coalesce(now.c.expires_before, 0)
    extended = func.coalesce(transition.c.last_day, by_date)
    request = func.unnest(asked.c.asked, asked.c.closed).table_valued(column("asked", Date), column("closed", Date))
    request = request.render_derived("request")
    pending = (
        select(func.max(func.least(card.c.held_to - 1, request.c.closed)))
        .select_from(request)
        .where(request.c.asked >= card.c.issued_on, request.c.asked <= extended)
        .correlate(card, asked, transition, now)
        .scalar_subquery()
    )
    last_day = case((asked.c.person_id.is_(None), extended), else_=func.greatest(extended, pending))
    return _CardRow(card, last_day, claim.c.kind == ClaimKind.BACK_PAYMENT), by_date


@dataclass(frozen=True, slots=True)
class _Level:
    kind: FactKind
    label: str
    weights: tuple[tuple[str, str], ...]


_LEVELS: Final = (
    _Level(FactKind.ECONOMY, "economy", (("w_economy", "value"), ("w_dibao_class", "dibao_class"))),
    _Level(FactKind.SELF_CARE, "self_care", (("w_self_care", "value"),)),
    _Level(FactKind.SETTLEMENT, "settlement", (("w_settlement", "value"),)),
    _Level(FactKind.CARE_PLACE, "care_place", (("w_place", "value"),)),
)


def _weighed(sources: Sources, terms: Terms, claim: CTE) -> CTE:
    """Cards and levels of each claim: days, what was lost when, how it was at the application, the amount."""
    now, then = terms.now, terms.then
    tariff, cell, transition, asked = terms.tariff, terms.cell, terms.transition, _requests(sources)
    table = sources.tables.held_card
    card = sources.of(table)
    first, following, applied = claim.c.first, claim.c.following, claim.c.applied
    month = {"first": first, "following": following}
    held, by_date = _card_row(card, claim, now, transition, asked)

    levels: dict[FactKind, Any] = {}
    for each in (*_LEVELS, _Level(FactKind.CARE_NEED, "care_need", ())):
        levels[each.kind] = sources.of(
            sources.tables.level, sources.tables.level.c.kind == each.kind.number, name=each.label
        )
    economy, need = levels[FactKind.ECONOMY], levels[FactKind.CARE_NEED]

    earliest = func.least(first - 1, applied)
    latest = func.greatest(following - 1, applied)
    in_scope = card.c.components.bitwise_and(now.c.components) != 0
    affordable = _income_in_scope(now, economy)
    needed = need.c.value == number_in(CareNeed, CareNeed.NEEDED)
    expired = and_(
        held.last_day < first,
        card.c.held_to > applied,
        card.c.held_to > held.last_day + 1,
        card.c.held_to > _end_of_month(held.last_day),
    )
    outside = and_(~in_scope, card.c.issued_on < first, card.c.held_to > applied)
    left_scope = and_(~affordable, economy.c.valid_from <= first, economy.c.valid_to > applied)
    needless = and_(~needed, need.c.valid_from < first, need.c.valid_to > applied)

    key = func.coalesce(tariff.c.w_component * card.c.component, 0)
    for each in _LEVELS:
        for weight, name in each.weights:
            key += func.coalesce(tariff.c[weight] * levels[each.kind].c[name], 0)

    priced = and_(has(now.c.components, card.c.component), or_(now.c.economies.is_(None), affordable))
    rated = [levels[each.kind] for each in _LEVELS]

    def counts(window: Day) -> Bool:
        """The values held on a day, and those that begin later in the month (READ-06)."""
        during = and_(
            held.meets(window, following),
            *(_or_nothing(each, and_(each.c.valid_from < following, each.c.valid_to > window)) for each in rated),
        )
        return and_(priced, case((now.c.next_month, and_(held.covers(window), at(window))), else_=during))

    def at(window: Day) -> Bool:
        return and_(*(_or_nothing(each, _covers(each, window)) for each in rated))

    def amounts(window: Day, suffix: str, *only: Bool) -> list[ColumnElement[Any]]:
        late = and_(priced, now.c.next_month, held.meets(window, following), at(window))
        return [
            func.max(cell.c.fen).filter(*only, counts(window)).label(f"amount{suffix}"),
            func.max(cell.c.fen).filter(*only, late).label(f"amount_late{suffix}"),
            func.bool_or(held.covers(window)).filter(*only).label(f"card_held{suffix}"),
        ]

    rows: Select[Any] = (
        select(
            *_group(claim),
            *(func.any_value(claim.c[name]).label(name) for name in (*_CARRIED, *_MONTH)),
            any_days(case((held.is_back, claim.c.full), else_=days(card.c.issued_on, held.good_to, **month))).label(
                "card_days"
            ),
            any_days(case((held.is_back, claim.c.full), else_=days(card.c.issued_on, held.good_to, **month)))
            .filter(in_scope)
            .label("scope_days"),
            func.min(held.last_day).filter(expired).label("expired_on"),
            func.min(card.c.held_to).filter(expired).label("reissued_on"),
            func.min(card.c.issued_on).filter(outside).label("out_of_scope_on"),
            func.bool_or(and_(held.held(applied), held.last_day >= applied)).label("card_then"),
            func.bool_or(and_(held.held(applied), card.c.components.bitwise_and(then.c.components) != 0)).label(
                "scope_then"
            ),
            any_days(days(economy.c.valid_from, economy.c.valid_to, **month))
            .filter(affordable)
            .label("affordable_days"),
            func.min(economy.c.valid_from - 1).filter(left_scope).label("left_scope_on"),
            func.bool_or(and_(_covers(economy, applied), _income_in_scope(then, economy))).label("income_then"),
            func.bool_or(need.c.person_id.is_not(None)).label("need_told"),
            any_days(days(need.c.valid_from + 1, need.c.valid_to, **month)).filter(~needed).label("needless_days"),
            func.min(need.c.valid_from).filter(needless).label("need_lost_on"),
            func.bool_or(and_(_covers(need, applied), needed)).label("need_then"),
            *amounts(first - 1, ""),
            *amounts(applied, "_first", claim.c.applied_month == claim.c.number),
        )
        .select_from(claim)
        .outerjoin(now, now.c.regime == claim.c.regime)
        .outerjoin(then, then.c.regime == claim.c.regime_then)
        .outerjoin(
            tariff,
            and_(
                tariff.c.county == claim.c.county,
                tariff.c.scheme == claim.c.scheme,
                tariff.c.month == claim.c.number,
            ),
        )
        .outerjoin(
            card,
            and_(
                card.c.person_id == claim.c.person_id,
                case((held.is_back, held.held(applied)), else_=card.c.issued_on <= latest),
            ),
        )
        .outerjoin(
            transition,
            and_(
                transition.c.county == claim.c.county,
                transition.c.first_day <= by_date,
                transition.c.last_day >= by_date,
            ),
        )
        .outerjoin(asked, asked.c.person_id == claim.c.person_id)
    )
    asks = {
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
    for kind, each in levels.items():
        rows = rows.outerjoin(
            each,
            and_(
                each.c.person_id == claim.c.person_id,
                each.c.valid_from <= latest,
                each.c.valid_to > earliest,
                asks[kind],
            ),
        )
    return (
        rows.outerjoin(cell, and_(cell.c.tariff == tariff.c.tariff, cell.c.key == key))
        .group_by(*_group(claim))
        .cte("weighed")
    )


def _covers(interval: Any, day: Day) -> Bool:
    return and_(interval.c.valid_from <= day, interval.c.valid_to > day)


def _or_nothing(level: Any, condition: Bool) -> Bool:
    """A condition on a level; a person nothing was ever told of has no row of it."""
    return or_(level.c.person_id.is_(None), condition)


def _income_in_scope(regime: Any, economy: Any) -> Bool:
    return func.coalesce(
        or_(has(regime.c.economies, economy.c.value), economy.c.income_percent <= regime.c.income_max), False
    )


def _end_of_month(day: Day) -> Day:
    return cast(func.date_trunc("month", day) + literal_column("interval '1 month - 1 day'"), Date)


def cases(sources: Sources, terms: Terms, claim: CTE) -> CTE:
    """Everything the rules look at, a row a claim."""
    weighed, hit = _weighed(sources, terms, claim), _hits(sources, terms, claim)
    moved, paused = _moves(sources, claim), _pauses(sources, claim)
    now, then = terms.now, terms.then
    trait_days: ColumnElement[Any] = weighed.c.full
    trait_then: Bool = true()
    trait_lost: list[Day] = []
    for trait in TRAITS:
        required = has(now.c.requires, trait.number)
        their_days = func.coalesce(hit.c[f"days_{trait.number}"], ZERO)
        trait_days = trait_days.bitwise_and(case((required, their_days), else_=weighed.c.full))
        trait_lost.append(case((required, hit.c[f"lost_on_{trait.number}"])))
        trait_then = and_(
            trait_then, or_(~has(then.c.requires, trait.number), func.coalesce(hit.c[f"then_{trait.number}"], False))
        )
    needless = case(
        (~now.c.care_need, ZERO),
        (~func.coalesce(weighed.c.need_told, False), weighed.c.full),
        else_=weighed.c.needless_days,
    )
    income = case((now.c.economies.is_(None), weighed.c.full), else_=weighed.c.affordable_days)
    return (
        select(
            weighed,
            then.c.from_card_issue,
            then.c.back_months,
            now.c.due_month,
            now.c.next_month,
            income.label("income_days"),
            weighed.c.full.bitwise_and(needless.bitwise_not()).label("need_days"),
            trait_days.label("trait_days"),
            *(hit.c[f"blocked_{ground}"] for ground in GROUNDS),
            func.coalesce(hit.c.touching, ZERO).label("touching"),
            func.coalesce(hit.c.refusing, ZERO).label("refusing"),
            hit.c.stopped_on,
            hit.c.card_stopped_on,
            hit.c.higher_fen,
            case((now.c.economies.is_not(None), weighed.c.left_scope_on)).label("income_lost_on"),
            case((now.c.care_need, weighed.c.need_lost_on)).label("no_need_on"),
            func.least(*trait_lost).label("trait_lost_on"),
            moved.c.moved_on,
            paused.c.claim_id.is_not(None).label("paused"),
            func.coalesce(weighed.c.card_then, False).label("had_card"),
            func.coalesce(weighed.c.scope_then, False).label("was_in_scope"),
            or_(then.c.economies.is_(None), func.coalesce(weighed.c.income_then, False)).label("had_income"),
            or_(~then.c.care_need, func.coalesce(weighed.c.need_then, False)).label("had_need"),
            trait_then.label("had_traits"),
        )
        .select_from(weighed)
        .outerjoin(hit, _same(weighed, hit))
        .outerjoin(moved, _same(weighed, moved))
        .outerjoin(paused, _same(weighed, paused))
        .outerjoin(now, now.c.regime == weighed.c.regime)
        .outerjoin(then, then.c.regime == weighed.c.regime_then)
        .cte("case_")
    )

"""Persons about whom the same is on record, as far as some months can tell: the expression is asked about one of them.

Three million lives differ in their dates, but in a month most dates only say that something began long ago and goes on.
What a month can tell apart makes the key of a person; all of one key get one answer. Nothing here knows a rule, so a
policy and its draft are asked about the same few. Whoever is in doubt is *alone*: in doubt is what begins or ends in
the months asked about, and what touches the day of an application; so is who has several cards or homes. Whoever has
several awards of a scheme is not looked at here at all (`others`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    not_,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from services.subsidy.domain.entitlement.algebra import bit, number_of
from services.subsidy.domain.entitlement.sources import Population, Sources, Tables
from services.subsidy.domain.person_facts import FactKind
from services.subsidy.domain.policy_book import PolicyBook
from shared.values.month import Month

_FOR_EVER: Final = literal_column("CAST('infinity' AS date)", Date)
_EVER: Final = literal_column("CAST('-infinity' AS date)", Date)
_NO_DAY: Final = cast(null(), Date)
_FIRST_DAY: Final = bindparam("first_day", type_=Date)
_FIRST_MONTH: Final = bindparam("first_month", type_=Integer)
_LAPSED: Final = bindparam("lapsed", type_=Date)
_BEYOND: Final = bindparam("beyond", type_=Date)
_ERAS: Final = bindparam("eras", type_=ARRAY(Integer))
_SCHEMES: Final = bindparam("schemes", type_=ARRAY(Text))
_MONTHS: Final = bindparam("months", type_=ARRAY(Date))
_TWO_DAYS: Final = timedelta(days=2)


def parameters(books: Sequence[PolicyBook], schemes: Sequence[str], months: Sequence[Month]) -> dict[str, Any]:
    """What tells lives apart in these months, under any of these policies.

    A card whose date is before ``lapsed`` is over whatever the policy; ``beyond`` it is good. Between two ``eras``
    nothing changes but amounts.
    """
    first, last = min(months), max(months)
    documents = [document for book in books for document in book.documents]
    transitions = [each for document in documents for each in document.transitions]
    changes = {text for document in documents for text in (document.since, document.until) if text is not None}
    begins = [first.first_day, *(each.first_day for each in transitions)]
    ends: list[date] = [last.next().first_day, *(each.last_day for each in transitions)]
    return {
        "first_day": first.first_day,
        "first_month": number_of(first),
        "lapsed": min(begins) - _TWO_DAYS,
        "beyond": max(ends) + _TWO_DAYS,
        "eras": sorted({0, *(number_of(Month.parse(each)) for each in changes)}),
        "schemes": list(schemes),
        "months": [month.first_day for month in months],
        **{f"scheme_{place}": scheme for place, scheme in enumerate(schemes)},
    }


def alike(
    tables: Tables, population: Population, schemes: int, levels: Iterable[int], *, homes: bool, whole: bool = True
) -> Select[Any]:
    """``person_id`` of one, ``members`` of all who are alike; ``homes``: also of those without an award.

    ``levels``: the kinds of level anything is on record of. ``whole``: whether the schemes asked about are all there
    are; awards of others are not looked at otherwise.
    """
    sources = Sources(tables, population)
    award, home, card, spell = _awards(sources, schemes), _first_home(sources), _card(sources), _spells(sources)
    payments, known_levels = _payments(sources), _levels(sources, levels)
    person: FromClause = home if homes else award
    p, a, c, s = person.c, award.c, card.c, spell.c
    since = func.greatest(_NO_DAY, *(level.c.valid_from for level in known_levels))
    other = _several(sources, homes=homes, whole=whole).subquery("other")
    until = case((c.expires_on >= _BEYOND, _FOR_EVER), (c.expires_on < _LAPSED, _EVER), else_=c.expires_on)
    applied = s.last_on < a.first_applied
    in_doubt = or_(
        *([home.c.valid_to != _FOR_EVER] if homes else []),
        not_(_is_only_card(card)),
        a.last_month >= _FIRST_MONTH,
        c.issued_on >= _FIRST_DAY,
        c.issued_on > a.first_applied,
        c.expires_on <= a.last_applied,
        and_(c.cancelled_on >= _FIRST_DAY, c.cancelled_on < _FOR_EVER),
        c.cancelled_on <= a.last_applied,
        since >= _FIRST_DAY,
        since > a.first_applied,
        ~s.goes_on,
        and_(s.first_on <= a.last_applied, s.last_on >= a.first_applied),
    )
    key = [
        *([home.c.county] if homes else []),
        *(column for name, column in a.items() if name.startswith("key_")),
        c.components,
        until,
        case((until.between(_LAPSED, _BEYOND), c.expiry_county)),
        c.cancelled_on < _FIRST_DAY,
        *(level.c[name] for level in known_levels for name in ("value", "dibao_class", "income_percent")),
        payments.c.told,
        s.told,
        applied,
        case((in_doubt, p.person_id)),
    ]
    known: FromClause = person
    for part in (*([award] if homes else []), card, *known_levels, spell, payments):
        known = known.outerjoin(part, part.c.person_id == p.person_id)
    return (
        select(func.any_value(p.person_id).label("person_id"), func.array_agg(p.person_id).label("members"))
        .select_from(known)
        .where(~exists().where(other.c.person_id == p.person_id))
        .group_by(*key)
    )


def others(tables: Tables, population: Population, *, homes: bool, whole: bool = True) -> Select[Any]:
    """Persons of whom more than an award a scheme is on record, or money without an award.

    With ``homes`` also those with an award and no home; without, those with more than a home: `alike` sees neither.
    """
    sources = Sources(tables, population)
    several = _several(sources, homes=homes, whole=whole)
    if not homes:
        return several
    award, home = sources.determination, _first_home(sources)
    astray = select(award.c.person_id).where(~exists().where(home.c.person_id == award.c.person_id))
    found = union_all(several, astray).subquery("found_or_astray")
    return select(found.c.person_id)


def _several(sources: Sources, *, homes: bool, whole: bool) -> Select[Any]:
    """Those of the `others` who would be seen by `alike`."""
    tables = sources.tables
    home, award, line = tables.home, tables.determination, tables.payment_line
    paid, awarded = sources.of(line, line.c.month == func.any(_MONTHS), name="paid"), sources.determination
    asked_about = is_asked_about(award)
    further = or_(~award.c.single, ~asked_about) if whole else and_(~award.c.single, asked_about)
    moved = [] if homes else [select(sources.of(home, home.c.valid_from > _EVER, name="other_home").c.person_id)]
    found = union_all(
        *moved,
        select(sources.of(award, further, name="other_award").c.person_id),
        select(sources.pause.c.person_id),
        select(sources.back_payment.c.person_id),
        select(paid.c.person_id).where(~exists().where(awarded.c.person_id == paid.c.person_id)),
    ).subquery("found")
    return select(found.c.person_id)


def is_asked_about(award: FromClause) -> ColumnElement[bool]:
    """Whether the scheme of an award is one of those asked about."""
    return award.c.scheme == func.any(_SCHEMES)


def _is_only_card(card: FromClause) -> ColumnElement[bool]:
    """Whether the last card is the first."""
    return and_(card.c.components_before == 0, card.c.counts_to == _FOR_EVER)


def _first_home(sources: Sources) -> Subquery:
    """Where a person was at home first."""
    table = sources.tables.home
    return sources.of(table, table.c.valid_from == _EVER, name="first_home")


def _awards(sources: Sources, schemes: int) -> Subquery:
    """The awards of each person, in a row."""
    table = sources.tables.determination
    c = sources.of(table, table.c.single, is_asked_about(table), name="single_award").c
    places = [(place, c.scheme == bindparam(f"scheme_{place}", type_=Text)) for place in range(schemes)]
    era = _era(c.application_month)
    return (
        select(
            c.person_id,
            func.min(c.application_date).label("first_applied"),
            func.max(c.application_date).label("last_applied"),
            func.max(c.application_month).label("last_month"),
            *(func.any_value(c.county).filter(so).label(f"key_county_{place}") for place, so in places),
            *(func.any_value(era).filter(so).label(f"key_era_{place}") for place, so in places),
        )
        .group_by(c.person_id)
        .subquery("awards")
    )


def _payments(sources: Sources) -> Subquery:
    """What was paid or is on its way to a person in the months."""
    table = sources.tables.payment_line
    line = sources.of(table, table.c.month == func.any(_MONTHS), name="line")
    words = func.concat_ws("/", line.c.scheme, line.c.month, line.c.state, line.c.amount_fen)
    return (
        select(line.c.person_id, func.string_agg(words, aggregate_order_by(literal_column("' '"), words)).label("told"))
        .group_by(line.c.person_id)
        .subquery("payments")
    )


def _era(month: ColumnElement[int]) -> ColumnElement[int]:
    """Between which changes of policy a month lies."""
    return func.width_bucket(month, _ERAS, type_=Integer)


def _card(sources: Sources) -> Subquery:
    """The last card of a person: one of its rows, for all of them tell what the others are."""
    card = sources.tables.held_card
    before = card.c.components.bitwise_and(bit(card.c.component) - 1)
    return sources.of(
        card, card.c.held_to == _FOR_EVER, before < 1, name="last_card"
    )  # not "= 0": that is thought to be rare


def _levels(sources: Sources, kinds: Iterable[int]) -> list[Subquery]:
    """The level of each kind that goes on."""
    level = sources.tables.level
    return [
        sources.of(level, level.c.kind == kind, level.c.valid_to == _FOR_EVER, name=f"level_{kind}") for kind in kinds
    ]


def _spells(sources: Sources) -> Subquery:
    """The spells of a person, and whether all of them go on since before the months asked about."""
    spell = sources.spell
    c = spell.c
    goes_on = and_(
        c.valid_from < _FIRST_DAY,
        c.valid_to == _FOR_EVER,
        c.run_to == _FOR_EVER,
        c.kind != FactKind.REISSUE_REQUEST.number,
    )
    words = func.concat_ws(
        "/", c.kind, func.coalesce(c.scheme, "-"), func.coalesce(c.amount_fen, -1), c.after_expiry, _era(c.event_month)
    )
    return (
        select(
            c.person_id,
            func.string_agg(words, aggregate_order_by(literal_column("' '"), words)).label("told"),
            func.min(c.run_from).label("first_on"),
            func.max(c.run_from).label("last_on"),
            func.bool_and(goes_on).label("goes_on"),
        )
        .group_by(c.person_id)
        .subquery("spell_of")
    )

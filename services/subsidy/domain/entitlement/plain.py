"""Plain persons: one card of one component, one home, one award a scheme, levels that stay as they are, and no events.

Most of everybody is plain. The same rules are applied to their claims without grouping or ranking, and what cannot have
happened to them is a constant that PostgreSQL folds away. All others are *eventful* and go the long way. Whoever is in
doubt is eventful: what is asked here of a row tells that no other row stands beside it.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Select,
    and_,
    bindparam,
    exists,
    literal_column,
    not_,
    or_,
    select,
    union_all,
)

from services.subsidy.domain.entitlement.sources import Population, Sources, Tables

FOR_EVER: Final = literal_column("CAST('infinity' AS date)", Date)
_EVER: Final = literal_column("CAST('-infinity' AS date)", Date)


def is_only_card(card: FromClause) -> ColumnElement[bool]:
    """The first card and the last, of one component."""
    c = card.c
    return and_(
        c.components_before == 0,
        c.held_to == FOR_EVER,
        c.cancelled_on == FOR_EVER,
        c.counts_to == FOR_EVER,
        c.components.bitwise_and(c.components - 1) == 0,
    )


def _is_only_home(home: FromClause) -> ColumnElement[bool]:
    return and_(home.c.valid_from == _EVER, home.c.valid_to == FOR_EVER)


FIRST_DAY: Final = bindparam("first_day", type_=Date)
"""Of the earliest month asked about."""


def eventful(tables: Tables, population: Population) -> Select[Any]:
    """The persons of a population who are not plain from `FIRST_DAY` on (``person_id``, each once)."""
    sources = Sources(tables, population)
    card, home, award = tables.held_card, tables.home, tables.determination
    level, earlier = sources.level, sources.determination
    changed = select(level.c.person_id).where(
        level.c.valid_from != _EVER,
        or_(
            level.c.valid_from >= FIRST_DAY,
            exists().where(earlier.c.person_id == level.c.person_id, earlier.c.application_date < level.c.valid_from),
        ),
    )
    found = union_all(
        select(sources.of(card, not_(is_only_card(card)), name="other_card").c.person_id),
        select(sources.of(home, not_(_is_only_home(home)), name="other_home").c.person_id),
        select(sources.of(award, ~award.c.single, name="further_award").c.person_id),
        select(sources.spell.c.person_id),
        select(sources.pause.c.person_id),
        select(sources.back_payment.c.person_id),
        changed,
    ).subquery("eventful")
    return select(found.c.person_id).distinct()

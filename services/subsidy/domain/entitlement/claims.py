"""Who might be owed something in a month: each award, each granted back-payment, each person at home.

A claim joins the month, the county that would pay, and the regime of that county in the month and at the application.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Integer,
    Select,
    Subquery,
    Uuid,
    and_,
    cast,
    exists,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy import union_all as union_of

from services.subsidy.domain.entitlement.sources import Sources
from services.subsidy.domain.entitlement.terms import RELATIONS, relation

KEY: Final = ("claim_id", "scheme", "number")
"""What names a claim."""
CARRIED: Final = ("kind", "person_id", "county", "award_id", "applied", "applied_month", "regime", "regime_then")
MONTH: Final = ("first", "following", "calendar", "full")


def key_of(relation: Any) -> list[ColumnElement[Any]]:
    """The columns that name a claim."""
    return [relation.c[name] for name in KEY]


def same(one: Any, other: Any) -> ColumnElement[bool]:
    """Whether two rows are about one claim."""
    return and_(*(one.c[name] == other.c[name] for name in KEY))


class ClaimKind(IntEnum):
    """What a claim rests on, in the order in which claims are preferred."""

    AWARD = 0
    BACK_PAYMENT = 1
    HOME = 2


@dataclass(frozen=True, slots=True)
class Terms:
    """The relations of the policy, each once in the statement."""

    policy: CTE
    regime: CTE
    tariff: CTE
    cell: CTE
    transition: CTE
    strict: CTE
    month: CTE
    now: CTE
    then: CTE
    event: CTE

    @classmethod
    def bound(cls) -> Terms:
        """All relations; the regime once for the month, once for the application, once for an event."""
        relations = {name: relation(name) for name in RELATIONS}
        regime = relations["regime"]
        return cls(**relations, **{name: regime.alias(name) for name in ("now", "then", "event")})


def claims(sources: Sources, terms: Terms, *, homes: bool) -> CTE:
    """All claims of the population in the months asked about; ``homes``: also of persons without an award."""
    parts = [_awards(sources, terms), _back_payments(sources, terms)]
    if homes:
        parts.append(_homes(sources, terms))
    return _under_policy(union_of(*parts).subquery("every_claim"), terms).cte("claim")


def _under_policy(claim: Subquery, terms: Terms) -> Select[Any]:
    """Claims with the regimes they are judged by."""
    now, then = (terms.policy.alias(f"{claim.name}_policy_{name}") for name in ("now", "then"))
    return (
        select(claim, now.c.regime, then.c.regime.label("regime_then"))
        .outerjoin(now, concerns(now, claim, claim.c.number))
        .outerjoin(then, concerns(then, claim, claim.c.applied_month))
    )


def concerns(policy: Any, claim: Any, month: ColumnElement[int]) -> ColumnElement[bool]:
    """The policy of a month in the county of a claim."""
    return and_(policy.c.county == claim.c.county, policy.c.scheme == claim.c.scheme, policy.c.month == month)


def _kind(kind: ClaimKind) -> ColumnElement[int]:
    return literal_column(str(kind.value), Integer).label("kind")


def _awards(sources: Sources, terms: Terms) -> Select[Any]:
    """An award claims from its application on; earlier months too, where it may be a restart (SUB-47)."""
    award, month = sources.determination, terms.month
    earlier = sources.tables.determination.alias("earlier")
    restarts = exists().where(
        earlier.c.person_id == award.c.person_id,
        earlier.c.scheme == award.c.scheme,
        earlier.c.application_date < award.c.application_date,
    )
    return _of_award(award, terms).join_from(award, month, or_(award.c.application_month <= month.c.number, restarts))


def _of_award(award: Subquery, terms: Terms) -> Select[Any]:
    return select(
        _kind(ClaimKind.AWARD),
        award.c.award_id.label("claim_id"),
        award.c.person_id,
        award.c.scheme,
        award.c.county,
        award.c.award_id,
        award.c.application_date.label("applied"),
        award.c.application_month.label("applied_month"),
        *terms.month.c,
    )


def _back_payments(sources: Sources, terms: Terms) -> Select[Any]:
    """A granted back-payment claims months before the application of its award (SUB-48)."""
    decision, award, month = sources.back_payment, sources.determination, terms.month
    return (
        select(
            _kind(ClaimKind.BACK_PAYMENT),
            decision.c.decision_id.label("claim_id"),
            award.c.person_id,
            award.c.scheme,
            award.c.county,
            award.c.award_id,
            award.c.application_date.label("applied"),
            award.c.application_month.label("applied_month"),
            *month.c,
        )
        .join_from(decision, award, and_(award.c.award_id == decision.c.award_id))
        .join(month, award.c.application_month > month.c.number)
    )


def _homes(sources: Sources, terms: Terms) -> Select[Any]:
    """A person claims every scheme offered where they are at home at the end of the month."""
    home, month, policy = sources.home, terms.month, terms.policy
    return (
        select(
            _kind(ClaimKind.HOME),
            home.c.person_id.label("claim_id"),
            home.c.person_id,
            policy.c.scheme,
            home.c.county,
            cast(null(), Uuid).label("award_id"),
            cast(null(), Date).label("applied"),
            cast(null(), Integer).label("applied_month"),
            *month.c,
        )
        .join_from(home, month, and_(home.c.valid_from < month.c.following, home.c.valid_to >= month.c.following))
        .join(policy, and_(policy.c.county == home.c.county, policy.c.month == month.c.number))
    )

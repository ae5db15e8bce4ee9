"""What becomes of awards when facts become known (RULES 4.7, SUB-38, READ-01), in plain Python, one award at a time.

Written from the rules alone: it shares no code with the product and knows no SQL.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID


@dataclass(frozen=True)
class Fact:
    """A dated fact as the register tells it."""

    stop_id: UUID
    certificate_id: UUID | None
    version: int
    kind: str
    event_date: date
    ended_on: date | None = None
    withdrawn: bool = False


@dataclass(frozen=True)
class Award:
    """An award as people see it."""

    award_id: UUID
    certificate_id: UUID
    scheme: str
    application_date: date
    status: str = "ACTIVE"
    cause: UUID | None = None
    effective_month: str | None = None


def touches(fact: Fact, award: Award) -> bool:
    """READ-01, sentence by sentence."""
    if fact.withdrawn:
        return False
    if fact.certificate_id not in {None, award.certificate_id}:
        return False
    moved_before = fact.kind == "TRANSFERRED" and fact.event_date < award.application_date
    over_by_then = fact.ended_on is not None and fact.ended_on <= award.application_date
    return not moved_before and not over_by_then


def governing(award: Award, facts: Iterable[Fact]) -> Fact | None:
    """The earliest fact that touches the award; of one day's facts the one recorded first."""
    return min(
        (fact for fact in facts if touches(fact, award)),
        key=lambda fact: (fact.event_date, fact.version),
        default=None,
    )


def month_after(day: date) -> str:
    """SUB-38: the event's own month stays due."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return f"{year:04d}-{month:02d}"


def judge(awards: list[Award], facts: list[Fact]) -> list[Award]:
    """The awards of one person once these facts are known."""
    verdicts = {award.award_id: governing(award, facts) for award in awards}
    after = [_apply(award, verdicts[award.award_id]) for award in awards if not _rests(award, verdicts)]
    resting = [award for award in awards if _rests(award, verdicts)]
    running = {award.scheme for award in after if award.status != "STOPPED"}
    for award in sorted(resting, key=lambda award: award.award_id, reverse=True):
        if award.scheme in running:
            after.append(award)
        else:
            running.add(award.scheme)
            after.append(replace(award, status="ACTIVE", cause=None, effective_month=None))
    return sorted(after, key=lambda award: award.award_id)


def _rests(award: Award, verdicts: dict[UUID, Fact | None]) -> bool:
    """A stopped award whose cause is gone: whether it runs again depends on the others."""
    return award.status == "STOPPED" and verdicts[award.award_id] is None


def _apply(award: Award, fact: Fact | None) -> Award:
    if fact is None:
        return replace(award, status="ACTIVE", cause=None, effective_month=None)
    status = "STOPPED" if award.status == "STOPPED" else "SUSPENDED"
    return replace(award, status=status, cause=fact.stop_id, effective_month=month_after(fact.event_date))


def turn(awards: list[Award], month: str) -> list[Award]:
    """The month turns: what was suspended before it and is due no more is stopped."""
    return [
        replace(award, status="STOPPED")
        if award.status == "SUSPENDED" and award.effective_month is not None and award.effective_month <= month
        else award
        for award in awards
    ]

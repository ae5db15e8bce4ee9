"""News from outside is taken in: matched with the register in tiers, weighed against what is known, kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.registry.domain.errors import PersonNotFound
from services.registry.domain.match_tier import Described, Tier
from services.registry.domain.person_report import (
    Objection,
    Report,
    ReportKind,
    ReportSource,
    objection_to,
)
from services.registry.domain.person_report_errors import ReportIsKnown, ReportNotFound, ReportPlaceIsWrong
from services.registry.use_cases.person_ports import Found, PersonWork, Taken
from shared.values.division import Division, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One piece of news. ``division``: where it is looked at while nobody is matched."""

    kind: ReportKind
    source: ReportSource
    source_ref: str | None
    described: Described
    event_date: date
    received_on: date
    division: Division
    to_division: Division | None = None
    batch_id: UUID | None = None


async def take_reports(said: Sequence[Said], work: PersonWork, *, within: Scope) -> list[Taken]:
    """Match, weigh and keep. What nobody of the scope is meant by waits, unmatched, for a person."""
    meant = await work.matching.meant([each.described for each in said], within=within)
    taken = [
        Taken(report=_judged(_report(each, work.new_id()), found), described=each.described, source_ref=each.source_ref)
        for each, found in zip(said, meant, strict=True)
    ]
    await work.reports.add(taken)
    return taken


async def take_report(said: Said, work: PersonWork, *, within: Scope) -> Taken:
    """One piece of news; what its source sent before is what there is.

    Raises `ReportPlaceIsWrong`, `ReportIsKnown`.
    """
    if (said.kind is ReportKind.MOVE) != (said.to_division is not None):
        raise ReportPlaceIsWrong(kind=said.kind.value)
    known = await _sent_before(said, work)
    if known is None:
        (taken,) = await take_reports([said], work, within=within)
        return taken
    before = known.report
    same = (before.kind, before.event_date, before.to_division) == (said.kind, said.event_date, said.to_division)
    if not same or known.described.number != said.described.number or not within.covers(before.division):
        raise ReportIsKnown(report_id=str(before.report_id))
    return known


async def _sent_before(said: Said, work: PersonWork) -> Taken | None:
    """A reference is its source's, wherever what it names was looked at."""
    if said.source_ref is None:
        return None
    return await work.reports.by_ref(said.source, said.source_ref, within=Scope.everywhere())


async def match_report(report_id: UUID, person_id: UUID, work: PersonWork, *, within: Scope) -> Report:
    """A clerk says whom a report is about. Raises `ReportNotFound`, `PersonNotFound`, `ReportStepNotAllowed`."""
    taken = await load(report_id, work, within=within)
    found = await work.matching.found(person_id, within=within)
    if found is None:
        raise PersonNotFound
    matched = taken.report.matched(found.person_id, found.division, Tier.CLERK, objection_to(taken.report, found.known))
    await work.reports.save(matched)
    return matched


async def confirm_report(report_id: UUID, work: PersonWork, *, within: Scope) -> Report:
    """A clerk looked, and it is so. Raises `ReportNotFound`, `ReportStepNotAllowed`."""
    confirmed = (await load(report_id, work, within=within)).report.confirmed()
    await work.reports.save(confirmed)
    return confirmed


async def reject_report(report_id: UUID, work: PersonWork, *, within: Scope) -> Report:
    """It is not so, or about nobody of ours. Raises `ReportNotFound`, `ReportStepNotAllowed`."""
    rejected = (await load(report_id, work, within=within)).report.rejected()
    await work.reports.save(rejected)
    return rejected


async def load(report_id: UUID, work: PersonWork, *, within: Scope) -> Taken:
    """Raises `ReportNotFound` outside the scope."""
    taken = await work.reports.get(report_id, within=within)
    if taken is None:
        raise ReportNotFound
    return taken


def _report(said: Said, report_id: UUID) -> Report:
    return Report(
        report_id=report_id,
        kind=said.kind,
        source=said.source,
        event_date=said.event_date,
        received_on=said.received_on,
        division=said.division,
        to_division=said.to_division,
        batch_id=said.batch_id,
    )


def _judged(report: Report, found: Sequence[tuple[Found, Tier]]) -> Report:
    if not found:
        return report
    if len(found) > 1:
        return replace(report, reason=Objection.SEVERAL_PERSONS)
    someone, tier = found[0]
    return report.matched(someone.person_id, someone.division, tier, objection_to(report, someone.known))

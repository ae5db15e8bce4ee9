"""Reports of divisions in their table; the newest accepted one of a place and period is what figures show."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import astuple
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.indicators.adapters.tables import reported_value
from services.indicators.domain.errors import MakerCannotAccept, ReportNotFound
from services.indicators.domain.period import Span
from services.indicators.domain.report import Aspect, Content, Report, ReportStatus, ReportStep
from shared.kit import four_eyes
from shared.kit.four_eyes import APPROVAL, Matter
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.kit.work import UnitOfWork
from shared.values.division import EVERYWHERE, Division, Level, Scope

_TOLD: Final = ("indicator", "division", "numerator", "denominator", "document_no")


async def insert(work: UnitOfWork, content: Content, *, definition_version: int, by: str) -> Report:
    """Keep a draft."""
    row = await work.connection.execute(
        reported_value.insert()
        .values(
            report_id=work.new_id(),
            indicator=content.indicator,
            definition_version=definition_version,
            division=content.division,
            period=str(content.span),
            aspect=content.aspect,
            numerator=content.numerator,
            denominator=content.denominator,
            document_no=content.document_no,
            status=ReportStatus.DRAFT,
            made_by=by,
        )
        .returning(reported_value)
    )
    return _report(row.one())


async def insert_many(work: UnitOfWork, contents: Sequence[tuple[Content, int]], *, batch_id: UUID, by: str) -> None:
    """Keep the drafts of a file, each with the version of its definition."""
    rows = [
        {
            **{name: getattr(content, name) for name in _TOLD},
            "report_id": work.new_id(),
            "definition_version": version,
            "period": str(content.span),
            "aspect": content.aspect.value,
            "status": ReportStatus.DRAFT.value,
            "made_by": by,
            "batch_id": batch_id,
        }
        for content, version in contents
    ]
    if rows:
        await work.connection.execute(reported_value.insert(), rows)


async def standing(connection: AsyncConnection, contents: Collection[Content]) -> set[Content]:
    """Which of these are drafted or accepted already, word for word, and not corrected since."""
    columns = reported_value.c
    rows = await connection.execute(
        select(reported_value)
        .where(
            columns.period.in_({str(content.span) for content in contents}),
            columns.indicator.in_({content.indicator for content in contents}),
            columns.division.in_({content.division for content in contents}),
            columns.status != ReportStatus.DISCARDED,
        )
        .order_by(columns.report_id)
    )
    newest = {
        (one.indicator, one.division, one.span, one.aspect): one for one in (_report(row).content for row in rows)
    }
    return {content for content in contents if content in newest.values()}


async def get(connection: AsyncConnection, report_id: UUID, *, within: Scope, lock: bool = False) -> Report:
    """One report. Raises `ReportNotFound`."""
    query = select(reported_value).where(
        reported_value.c.report_id == report_id, inside(reported_value.c.division, within)
    )
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise ReportNotFound
    return _report(row)


async def page_of(
    connection: AsyncConnection, page: Page, *, within: Scope, **wanted: str | UUID | None
) -> tuple[list[Report], str | None]:
    """A page of reports, the newest first; ``wanted``: columns that must have a value."""
    query = select(reported_value).where(inside(reported_value.c.division, within))
    for name, value in wanted.items():
        if value is not None:
            query = query.where(reported_value.c[name] == value)
    rows, following = await paginate(connection, query, [reported_value.c.report_id], page, descending=True)
    return [_report(row) for row in rows], following


async def discard(connection: AsyncConnection, report: Report) -> Report:
    """Give up a draft."""
    return await _update(connection, report, status=ReportStatus.DISCARDED)


async def _update(connection: AsyncConnection, report: Report, **values: Any) -> Report:
    row = await connection.execute(
        update(reported_value)
        .where(reported_value.c.report_id == report.report_id)
        .values(**values)
        .returning(reported_value)
    )
    return _report(row.one())


def _report(row: Any) -> Report:
    return Report(
        report_id=row.report_id,
        definition_version=row.definition_version,
        content=Content(
            indicator=row.indicator,
            division=row.division,
            span=Span.parse(row.period),
            aspect=Aspect(row.aspect),
            numerator=row.numerator,
            denominator=row.denominator,
            document_no=row.document_no,
        ),
        status=ReportStatus(row.status),
        made_by=row.made_by,
        made_at=row.made_at,
        accepted_by=row.accepted_by,
        accepted_at=row.accepted_at,
        batch_id=row.batch_id,
    )


async def _frozen(work: UnitOfWork, subject_id: str) -> four_eyes.Content | None:
    try:
        report = await get(work.connection, UUID(subject_id), within=Scope.everywhere())
    except (ValueError, ReportNotFound):
        return None
    if report.status is not ReportStatus.DRAFT:
        return None
    content = report.content
    what = {
        "report_id": str(report.report_id),
        "indicator": content.indicator,
        "period": str(content.span),
        "aspect": content.aspect.value,
        "numerator": content.numerator,
        "denominator": content.denominator,
        "document_no": content.document_no,
    }
    return four_eyes.Content(what, content.division)


ACCEPTANCE: Final = Matter("reported_value.acceptance", "indicator:report", _frozen)


async def accept(work: UnitOfWork, report: Report, approval_id: UUID) -> Report:
    """Use an approval. Raises `ReportNotAllowed`, `MakerCannotAccept`, and what `redeem` raises."""
    report.must_allow(ReportStep.ACCEPT)
    await four_eyes.redeem(work, ACCEPTANCE, str(report.report_id), approval_id)
    checker = await checker_of(work.connection, approval_id)
    if checker == report.made_by:
        raise MakerCannotAccept
    return await _update(
        work.connection, report, status=ReportStatus.ACCEPTED, accepted_by=checker, accepted_at=func.clock_timestamp()
    )


async def _batch(work: UnitOfWork, subject_id: str) -> four_eyes.Content | None:
    """Every draft of a file, by its id; belongs to the smallest division that holds them all."""
    try:
        drafts = await drafts_of(work.connection, UUID(subject_id))
    except ValueError:
        return None
    if not drafts:
        return None
    told = [[str(each.report_id), *map(str, astuple(each.content))] for each in drafts]
    what = {
        "batch_id": subject_id,
        "values": len(drafts),
        "indicators": sorted({each.content.indicator for each in drafts}),
        "periods": sorted({str(each.content.span) for each in drafts}),
        "document_no": sorted({each.content.document_no for each in drafts}),
        "sha256": sha256(orjson.dumps(told)).hexdigest(),
    }
    return four_eyes.Content(what, common_division([each.content.division for each in drafts]))


BATCH_ACCEPTANCE: Final = Matter("reported_values.acceptance", "indicator:report", _batch)


async def drafts_of(connection: AsyncConnection, batch_id: UUID, *, lock: bool = False) -> list[Report]:
    """What of a file is still a draft, in the order of its rows."""
    query = (
        select(reported_value)
        .where(reported_value.c.batch_id == batch_id, reported_value.c.status == ReportStatus.DRAFT)
        .order_by(reported_value.c.report_id)
    )
    return [_report(row) for row in await connection.execute(query.with_for_update() if lock else query)]


async def accept_batch(work: UnitOfWork, batch_id: UUID, approval_id: UUID, *, within: Scope) -> list[Report]:
    """Accept every draft of a file. Raises `ReportNotFound`, `MakerCannotAccept`, and what `redeem` raises."""
    drafts = await drafts_of(work.connection, batch_id, lock=True)
    if not drafts or not all(within.covers(Division.parse(each.content.division)) for each in drafts):
        raise ReportNotFound
    await four_eyes.redeem(work, BATCH_ACCEPTANCE, str(batch_id), approval_id)
    checker = await checker_of(work.connection, approval_id)
    if checker in {each.made_by for each in drafts}:
        raise MakerCannotAccept
    rows = await work.connection.execute(
        update(reported_value)
        .where(reported_value.c.report_id.in_([each.report_id for each in drafts]))
        .values(status=ReportStatus.ACCEPTED, accepted_by=checker, accepted_at=func.clock_timestamp())
        .returning(reported_value)
    )
    return [_report(row) for row in rows]


def common_division(codes: Sequence[str]) -> str:
    """The smallest division that holds all of these, everywhere where there is none."""
    first, last = min(codes), max(codes)
    shared = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    level = max((level for level in Level if level <= min(shared, len(first), len(last))), default=None)
    return EVERYWHERE if level is None else first[:level]


async def checker_of(connection: AsyncConnection, approval_id: UUID) -> str:
    """Who approved."""
    return str(await connection.scalar(select(APPROVAL.c.checker).where(APPROVAL.c.approval_id == approval_id)))

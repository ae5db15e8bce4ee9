"""Reports of divisions in their table; the newest accepted one of a place and period is what figures show."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

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
from shared.values.division import Scope


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
    connection: AsyncConnection, page: Page, *, within: Scope, **wanted: str | None
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


async def checker_of(connection: AsyncConnection, approval_id: UUID) -> str:
    """Who approved."""
    return str(await connection.scalar(select(APPROVAL.c.checker).where(APPROVAL.c.approval_id == approval_id)))

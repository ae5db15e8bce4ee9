"""The work report of a period: page, Word, Excel, .csv, and JSON for the level above."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Path, Request
from starlette.responses import HTMLResponse, Response

from services.indicators.adapters.report_source import report_of
from services.indicators.adapters.work import IndicatorsWork
from services.indicators.domain.errors import DivisionNotFound
from services.indicators.entrypoints.http import report_page, report_word, report_words
from services.indicators.entrypoints.http.figures import (
    PeriodAsked,
    Reader,
    asked_period,
    looked,
    name_of,
    places_of,
    telling_of,
)
from services.indicators.entrypoints.http.page_parts import POLICY
from services.indicators.entrypoints.http.work_report_schemas import FindingOut, WorkReportOut
from services.indicators.use_cases.write_report import WorkReport
from shared.kit.blobs import CSV, XLSX
from shared.kit.limits import Budget
from shared.kit.pagination import Listed
from shared.kit.permissions import Caller
from shared.kit.routing import Router
from shared.kit.scoping import DivisionAsked
from shared.kit.spreadsheets import Cell, csv_lines, workbook_bytes
from shared.kit.work import Works

router = Router(prefix="/api/v1/work-reports", tags=["work reports"])
checks_router = Router(prefix="/api/v1/data-checks", tags=["work reports"])
COLUMNS: Final = (
    *(
        "区划代码",
        "区划",
        "指标代码",
        "指标",
        "单位",
        "状态",
        "本期",
        "分子",
        "分母",
        "上期",
        "上年同期",
        "目标",
        "达标",
    ),
    *("定义版本", "统计期", "基准日", "数据时间", "快照"),
)
_STATES: Final = {True: "是", False: "否", None: ""}
_CONTENT: Final[dict[str, Any]] = {
    media: {"schema": {"type": "string"} if media.startswith("text") else {"type": "string", "format": "binary"}}
    for media in ("text/html", report_word.MEDIA, XLSX, CSV)
}


class Form(StrEnum):
    """What a report is told as."""

    HTML = "html"
    DOCX = "docx"
    XLSX = "xlsx"
    CSV = "csv"
    JSON = "json"


@router.get(
    "/{form}",
    summary="工作报告",
    response_class=Response,
    responses={200: {"model": WorkReportOut, "description": "按 form 给出的报告", "content": _CONTENT}},
    dependencies=[Budget("work.report", subject="30/minute;1000/day")],
)
async def read_work_report(
    *,
    request: Request,
    caller: Reader,
    form: Annotated[Form, Path(description="网页、Word、Excel、CSV 或 JSON")],
    division: DivisionAsked = None,
    period: PeriodAsked = None,
) -> Response:
    """Every figure of a division and period with comparison, target, ranks, red items and lineage.

    Where there is an approved snapshot its numbers are told, and otherwise those of now, which the report says.
    """
    report = await _asked(request, caller, division, period)
    match form:
        case Form.HTML:
            return HTMLResponse(report_page.page_of(report, name_of), headers={"Content-Security-Policy": POLICY})
        case Form.JSON:
            title = report_words.title(report, name_of)
            return Response(WorkReportOut.of(report, title, name_of).model_dump_json(), media_type="application/json")
        case Form.DOCX:
            content = await asyncio.to_thread(report_word.document_of, report, name_of)
            return _file(content, report_word.MEDIA, report, form)
        case Form.XLSX:
            content = await asyncio.to_thread(workbook_bytes, COLUMNS, _rows(report), sheet="指标")
            return _file(content, XLSX, report, form)
        case Form.CSV:
            return _file(b"".join(csv_lines(COLUMNS, _rows(report))), CSV, report, form)


@checks_router.get("", summary="数据核对")
async def read_checks(
    *, request: Request, caller: Reader, division: DivisionAsked = None, period: PeriodAsked = None
) -> Listed[FindingOut]:
    """What cannot be, or is strange, among the figures of a division, of those directly below and of the period before.

    The same the work report tells; what differs from the owning services is at ``/api/v1/consumption/drift``.
    """
    report = await _asked(request, caller, division, period)
    return Listed(items=[FindingOut.of(each, name_of) for each in report.findings])


async def _asked(request: Request, caller: Caller, division: str | None, period: str | None) -> WorkReport:
    """The report asked for; who saw it is on record. Raises `DivisionNotFound`."""
    places = places_of(division, caller)
    if not places:
        raise DivisionNotFound(division="")
    works: Works[IndicatorsWork] = request.app.state.works
    asked = asked_period(period, request.app.state.clock.today())
    async with works.snapshot() as connection:
        report = await report_of(connection, places[0], asked, telling_of(request))
    await looked(request, caller, {*report.this.definitions}, len(report.table))
    return report


def _rows(report: WorkReport) -> Iterator[Sequence[Cell]]:
    this = report.this
    frozen = "" if this.frozen is None else str(this.frozen.snapshot_id)
    for told in report.table:
        definition, number = told.definition, told.number
        yield (
            *(told.division, name_of(told.division) or "", definition.code, definition.zh, definition.unit_zh),
            *(number.state.value, number.value, number.numerator, number.denominator),
            *(*report.then(told), told.target, _STATES[told.met]),
            *(
                definition.version,
                str(this.period.span),
                this.period.reference_date,
                this.data_time.isoformat(),
                frozen,
            ),
        )


def _file(content: bytes, media: str, report: WorkReport, form: Form) -> Response:
    name = quote(f"{report_words.title(report, name_of)}.{form}", safe="")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(content, media_type=media, headers=headers)

"""Reported values and targets: drafted, accepted by a second person, and what is still missing."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.indicators.adapters import reports
from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.adapters.queries import SqlFigures
from services.indicators.adapters.work import IndicatorsWork
from services.indicators.domain.breakdown import below_it, roots
from services.indicators.domain.definition import Reported
from services.indicators.domain.period import Period, Span
from services.indicators.domain.report import Aspect, ReportStatus, ReportStep, must_fit
from services.indicators.entrypoints.http.figures import Reader, name_of, telling_of
from services.indicators.entrypoints.http.report_schemas import AcceptedOut, ApprovedIn, MissingOut, ReportIn, ReportOut
from services.indicators.use_cases.read_figures import FigureState, read_figures
from shared.kit.audit import Change
from shared.kit.divisions import bundled
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem
from shared.kit.routing import Router, open_work
from shared.kit.scoping import DivisionAsked
from shared.kit.work import Works
from shared.values.division import Division

router = Router(prefix="/api/v1/reported-values", tags=["reported values"])

Work = Annotated[IndicatorsWork, Depends(open_work, scope="function")]
Writer = Annotated[Caller, Permit("indicator:report")]
PeriodText = Annotated[str, Query(max_length=7, description="2026-05、2026-Q2、2026-H1 或 2026")]


@router.post("", status_code=201, dependencies=[Idempotent()], summary="上报指标值、目标值")
async def draft(caller: Writer, body: ReportIn, work: Work, response: Response) -> ReportOut:
    """Draft a report; it counts once another person has accepted it (matter ``reported_value.acceptance``)."""
    content, definition = body.content(), CATALOGUE.get(body.indicator)
    if not caller.scope.covers(Division.parse(content.division)):
        raise Problem("division_outside_scope", division=content.division)
    must_fit(content, definition, today=work.today())
    kept = await reports.insert(work, content, definition_version=definition.version, by=caller.subject)
    response.headers["Location"] = f"/api/v1/reported-values/{kept.report_id}"
    return _told(work, "report.drafted", ReportOut.of(kept))


@router.get("", summary="上报数列表")
async def list_reports(
    *,
    caller: Reader,
    work: Work,
    page: PageAsked,
    division: DivisionAsked = None,
    indicator: Annotated[str | None, Query(max_length=64)] = None,
    period: Annotated[str | None, Query(max_length=7)] = None,
    status: ReportStatus | None = None,
    aspect: Aspect | None = None,
    batch_id: UUID | None = None,
) -> Listed[ReportOut]:
    """Reports of the caller's divisions, the newest first; accepted ones stay when a newer one corrects them."""
    items, following = await reports.page_of(
        work.connection,
        page,
        within=caller.scope if division is None else caller.scope.narrowed_to(Division.parse(division)),
        indicator=None if indicator is None else CATALOGUE.get(indicator).code,
        period=None if period is None else str(Span.parse(period)),
        status=status,
        aspect=aspect,
        batch_id=batch_id,
    )
    return Listed(items=[ReportOut.of(item) for item in items], next=following)


@router.get("/missing", summary="未上报清单")
async def list_missing(
    request: Request, caller: Reader, period: PeriodText, division: DivisionAsked = None
) -> Listed[MissingOut]:
    """What the divisions directly below have not reported for a period, and since when it is overdue."""
    today = request.app.state.clock.today()
    asked = Period.of(Span.parse(period), today=today)
    wanted = [each for each in CATALOGUE if isinstance(each.form, Reported) and asked.span.kind in each.form.periods]
    named = None if division is None else Division.parse(division)
    below = [below_it(root, bundled()) for root in roots(named, caller.scope, bundled())]
    works: Works[IndicatorsWork] = request.app.state.works
    async with works.snapshot() as connection:
        answer = await read_figures(
            wanted,
            below,
            [asked],
            SqlFigures(connection),
            telling=telling_of(request),
            directory=bundled(),
            catalogue=CATALOGUE,
        )
    items: list[MissingOut] = []
    for figure in answer.figures:
        form = figure.definition.form
        if figure.number.state is FigureState.MISSING and isinstance(form, Reported):
            due_on = None if form.due_day is None else asked.span.due(form.due_day)
            items.append(
                MissingOut(
                    indicator=figure.definition.code,
                    division=figure.division,
                    division_name=name_of(figure.division),
                    period=str(asked.span),
                    due_on=due_on,
                    overdue=due_on is not None and due_on < today,
                )
            )
    return Listed(items=items)


@router.get("/{report_id}", summary="上报数详情")
async def read_report(caller: Reader, report_id: UUID, work: Work) -> ReportOut:
    """One report."""
    return ReportOut.of(await reports.get(work.connection, report_id, within=caller.scope))


@router.post("/batches/{batch_id}/acceptance", dependencies=[Idempotent()], summary="审定一批导入的上报数（双人复核）")
async def accept_batch(caller: Writer, batch_id: UUID, body: ApprovedIn, work: Work) -> AcceptedOut:
    """Accept every draft of a file with the approval of another person (matter ``reported_values.acceptance``)."""
    accepted = await reports.accept_batch(work, batch_id, body.approval_id, within=caller.scope)
    for each in accepted:
        _told(work, "report.accepted", ReportOut.of(each))
    return AcceptedOut(accepted=len(accepted))


@router.post("/{report_id}/acceptance", dependencies=[Idempotent()], summary="审定上报数（双人复核）")
async def accept(caller: Writer, report_id: UUID, body: ApprovedIn, work: Work) -> ReportOut:
    """Accept a draft with the approval of another person than its maker; figures show it from then on."""
    found = await reports.get(work.connection, report_id, within=caller.scope, lock=True)
    return _told(work, "report.accepted", ReportOut.of(await reports.accept(work, found, body.approval_id)))


@router.post("/{report_id}/discarding", dependencies=[Idempotent()], summary="作废上报数草稿")
async def discard(caller: Writer, report_id: UUID, work: Work) -> ReportOut:
    """Give up a draft."""
    found = await reports.get(work.connection, report_id, within=caller.scope, lock=True)
    found.must_allow(ReportStep.DISCARD)
    return _told(work, "report.discarded", ReportOut.of(await reports.discard(work.connection, found)))


def _told(work: IndicatorsWork, what: str, report: ReportOut) -> ReportOut:
    fields = {"report_id", "indicator", "period", "aspect", "numerator", "denominator", "status"}
    after = report.model_dump(include=fields)
    work.audit(Change(None, what, after=after, division=report.division))
    return report

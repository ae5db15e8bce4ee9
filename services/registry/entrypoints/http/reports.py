"""News from outside (DX-05, DX-20): taken in, matched, weighed, previewed, applied, taken back."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.registry.adapters import queries
from services.registry.adapters.reports import WAITING, to_report
from services.registry.adapters.work import RegistryWork
from services.registry.domain.errors import PersonNotFound
from services.registry.domain.match_tier import Described
from services.registry.domain.person_report import Report, ReportKind, ReportState, ReportStep
from services.registry.domain.person_report_errors import ReportHasNoPerson, ReportNotFound
from services.registry.entrypoints.http.schemas import PersonOut
from services.registry.entrypoints.http.schemas_person import (
    ApplicationIn,
    BatchEffectOut,
    BatchIn,
    EffectOut,
    MatchIn,
    ReportIn,
    ReportOut,
)
from services.registry.use_cases.apply_report import apply_report, retract_report
from services.registry.use_cases.take_reports import (
    Said,
    confirm_report,
    match_report,
    reject_report,
    take_report,
)
from shared.contracts.event import Announcement
from shared.contracts.registry import CertificateCancelled
from shared.kit.audit import Change, Look, looks
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.job_routes import JobView, Texts, view_of
from shared.kit.jobs import Jobs
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import NOT_THERE_YET
from shared.kit.routing import Router, open_work
from shared.values.division import Division
from shared.values.month import Month

APPLY_JOB: Final = "report.apply"
REHEARSED_MAX: Final = 500

Work = Annotated[RegistryWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("report:read")]
Writer = Annotated[Caller, Permit("report:write")]
Seen = Annotated[Precondition, Depends(if_match)]

router = Router(prefix="/api/v1/reports", tags=["reports"])


@router.post("", status_code=201, dependencies=[Idempotent()], summary="登记外部信息")
async def take(caller: Writer, body: ReportIn, work: Work, response: Response) -> ReportOut:
    """Take in one piece of news and match it; nothing happens to anybody yet."""
    caller.must_cover(body.division)
    taken = await take_report(_said(body, work), work, within=caller.scope)
    _told(work, taken.report, "report.taken")
    response.headers["Location"] = f"/api/v1/reports/{taken.report.report_id}"
    tag(response, taken.report.version)
    return ReportOut.of(taken.report, taken.source_ref)


def _said(body: ReportIn, work: RegistryWork) -> Said:
    division = Division.parse(body.division)
    return Said(
        kind=body.kind,
        source=body.source,
        source_ref=body.source_ref,
        described=Described(
            number=body.citizen_id_no,
            name=None if body.name is None else body.name.clear,
            born=body.born_on,
            division=division,
        ),
        event_date=body.event_date,
        received_on=body.received_on or work.today(),
        division=division,
        to_division=None if body.to_division is None else Division.parse(body.to_division),
    )


@router.get("", summary="外部信息列表")
async def list_reports(
    *,
    caller: Reader,
    work: Work,
    page: PageAsked,
    kind: ReportKind | None = None,
    state: Annotated[ReportState | None, Query(description="缺省：所有待处理的")] = None,
    batch_id: UUID | None = None,
) -> Listed[ReportOut]:
    """What waits for somebody, or one state; the oldest first."""
    states = WAITING if state is None and batch_id is None else () if state is None else (state,)
    rows, following = await work.reports.page(page, within=caller.scope, kind=kind, states=states, batch_id=batch_id)
    work.audit(*looks(((row.person_id, row.division) for row in rows if row.person_id), ("reports",), what="read"))
    return Listed(items=[ReportOut.of(to_report(row), row.source_ref) for row in rows], next=following)


@router.get("/{report_id}", summary="外部信息详情")
async def read_report(caller: Reader, report_id: UUID, work: Work, response: Response) -> ReportOut:
    """One report; its ETag is what a step must present."""
    taken = await work.reports.get(report_id, within=caller.scope)
    if taken is None:
        raise ReportNotFound
    work.audit(Look(taken.report.person_id, ("reports",), "read", taken.report.division.code))
    tag(response, taken.report.version)
    return ReportOut.of(taken.report, taken.source_ref)


@router.post("/{report_id}/matching", dependencies=[Idempotent()], summary="指定报告对应的人员")
async def match(*, caller: Writer, report_id: UUID, body: MatchIn, work: Work, seen: Seen) -> ReportOut:
    """A clerk says whom it is about."""
    await _check(work, report_id, caller, seen)
    return _told(work, await match_report(report_id, body.person_id, work, within=caller.scope), "report.matched")


@router.post("/{report_id}/confirmation", dependencies=[Idempotent()], summary="核实确认")
async def confirm(*, caller: Writer, report_id: UUID, work: Work, seen: Seen) -> ReportOut:
    """A clerk looked: it is so, whatever spoke against it."""
    await _check(work, report_id, caller, seen)
    return _told(work, await confirm_report(report_id, work, within=caller.scope), "report.confirmed")


@router.post("/{report_id}/rejection", dependencies=[Idempotent()], summary="不予采用")
async def reject(*, caller: Writer, report_id: UUID, work: Work, seen: Seen) -> ReportOut:
    """It is not so, or about nobody of ours."""
    await _check(work, report_id, caller, seen)
    return _told(work, await reject_report(report_id, work, within=caller.scope), "report.rejected")


@router.get("/{report_id}/effect", responses=NOT_THERE_YET, summary="预览影响")
async def preview(caller: Reader, report_id: UUID, work: Work) -> EffectOut:
    """What applying it would announce: it is applied, looked at, and taken back."""
    taken = await work.reports.get(report_id, within=caller.scope)
    if taken is None:
        raise ReportNotFound
    report = taken.report
    if report.person_id is None:
        raise ReportHasNoPerson(allowed=[ReportStep.MATCH.value])
    found = await queries.person_by_id(work.connection, report.person_id, work.secrets, within=caller.scope)
    if found is None:
        raise PersonNotFound
    async with work.rehearsed() as told:
        if report.state in {ReportState.CANDIDATE, ReportState.CONFLICT}:
            await confirm_report(report_id, work, within=caller.scope)
        await apply_report(report_id, work, cancels=True, within=caller.scope)
    work.audit(*looks([(found["person_id"], found["division"])], ("reports",), what="previewed"))
    return _effect(report, PersonOut.model_validate(found), told, work)


def _effect(report: Report, person: PersonOut, told: list[Announcement], work: RegistryWork) -> EffectOut:
    passed = Month.of(work.today()).minus(Month.of(report.event_date))
    return EffectOut(
        report_id=report.report_id,
        person=person,
        events=[each.event.type for each in told],
        event_date=report.event_date,
        certificate_cancelled=any(isinstance(each.event, CertificateCancelled) for each in told),
        months_paid_since=max(0, passed),
    )


@router.post("/{report_id}/application", dependencies=[Idempotent()], summary="采用")
async def apply(*, caller: Writer, report_id: UUID, body: ApplicationIn, work: Work, seen: Seen) -> ReportOut:
    """It takes effect: the person is recorded as dead, or as having moved; announced at once."""
    await _check(work, report_id, caller, seen)
    applied = await apply_report(report_id, work, cancels=body.cancel_certificate, within=caller.scope)
    return _told(work, applied, "report.applied")


@router.post("/{report_id}/retraction", dependencies=[Idempotent()], summary="撤回")
async def retract(*, caller: Writer, report_id: UUID, work: Work, seen: Seen) -> ReportOut:
    """It was wrong: whatever it did is undone, and what was stopped is owed again (RULES 4.7)."""
    await _check(work, report_id, caller, seen)
    return _told(work, await retract_report(report_id, work, within=caller.scope), "report.retracted")


async def _check(work: RegistryWork, report_id: UUID, caller: Caller, seen: Precondition) -> None:
    taken = await work.reports.get(report_id, within=caller.scope)
    if taken is None:
        raise ReportNotFound
    seen.check(taken.report.version)


def _told(work: RegistryWork, report: Report, what: str) -> ReportOut:
    after: dict[str, Any] = {"report_id": report.report_id, "state": report.state, "kind": report.kind}
    work.audit(Change(report.person_id, what, after=after, division=report.division.code))
    return ReportOut.of(report)


# --- whole batches ---------------------------------------------------------------------------------------------------


def batch_router(jobs: Jobs, *, texts: Texts) -> Router:
    """What to do with everything an import brought."""
    batches = Router(prefix="/api/v1/report-batches", tags=["reports"])

    @batches.post("/{batch_id}/preview", dependencies=[Idempotent()], summary="预览整批影响")
    async def preview_batch(caller: Writer, batch_id: UUID, body: BatchIn, work: Work) -> BatchEffectOut:
        """Apply up to 500 ready reports, count what that would announce, and take it back."""
        ready = await work.reports.ready_count(batch_id, within=caller.scope)
        waiting = await work.reports.waiting_count(batch_id, within=caller.scope)
        chosen = await work.reports.next_ready(batch_id, after=None, limit=REHEARSED_MAX, within=caller.scope)
        async with work.rehearsed() as told:
            for report_id in chosen:
                await apply_report(report_id, work, cancels=body.cancel_certificate, within=caller.scope)
        work.audit(Look(None, ("reports",), "previewed", count=len(chosen)))
        return BatchEffectOut(
            batch_id=batch_id,
            ready=ready,
            waiting=waiting,
            rehearsed=len(chosen),
            events=dict(Counter(each.event.type for each in told)),
            counties=dict(Counter(Division(each.division).county.code for each in told)),
        )

    @batches.post(
        "/{batch_id}/application",
        status_code=202,
        dependencies=[Permit("report:write"), Idempotent()],
        summary="采用整批",
    )
    async def apply_batch(request: Request, batch_id: UUID, body: BatchIn, work: Work) -> JobView:
        """Apply every ready report of a batch, as a job; those that wait for somebody go on waiting."""
        params = {"batch_id": str(batch_id), "cancels": body.cancel_certificate}
        job = await jobs.submit(work, APPLY_JOB, params)
        work.audit(Change(None, "report.batch_applied", after={"batch_id": batch_id, "job_id": job.id}))
        return view_of(job, request, texts)

    return batches

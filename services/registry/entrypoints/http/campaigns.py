"""Examination campaigns, sweeps and reminders: what a county does with thousands of cards (CERT-14, 33, 34)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.registry.adapters import campaigns, reminders
from services.registry.adapters.sweeps import SweepKind
from services.registry.adapters.work import RegistryWork
from services.registry.domain.application_errors import (
    CampaignIsClosed,
    CampaignItemNotFound,
    CampaignNotFound,
    PeriodIsTurned,
)
from services.registry.domain.campaign import Disposal, FileCheck
from services.registry.entrypoints.jobs_certificates import SWEEP_JOB
from shared.kit.audit import Change, Look, looks
from shared.kit.bodies import Day
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.job_routes import JobView, Texts, view_of
from shared.kit.jobs import Jobs
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import RequestModel, Router, open_work
from shared.values.division import Division, Scope

router = Router(prefix="/api/v1", tags=["campaigns"])

Work = Annotated[RegistryWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("certificate:read")]
Writer = Annotated[Caller, Permit("campaign:write")]
Seen = Annotated[Precondition, Depends(if_match)]
Place = Annotated[str | None, Query(max_length=12, description="区划代码，任意级别")]


class CampaignIn(RequestModel):
    """A campaign over every card of a division whose last day lies in a period."""

    division: Annotated[str, StringConstraints(min_length=2, max_length=12)]
    title: Annotated[str, StringConstraints(min_length=2, max_length=100)]
    expires_from: date
    expires_to: date
    answer_by: date = Field(description="逾期未核查的可批量冻结")


class CampaignOut(BaseModel):
    """A campaign; ``listed`` is told when the list is built."""

    model_config = ConfigDict(frozen=True)

    campaign_id: UUID
    version: int
    division: str
    title: str
    expires_from: date
    expires_to: date
    answer_by: date
    closed_on: date | None
    listed: int | None = None


class CountOut(BaseModel):
    """How many cards of a county a campaign would list."""

    model_config = ConfigDict(frozen=True)

    county: str
    listed: int


class ProgressOut(BaseModel):
    """Examined of listed (KPI-36)."""

    model_config = ConfigDict(frozen=True)

    county: str
    listed: int
    examined: int
    done: int


class ItemOut(BaseModel):
    """A card on the list."""

    model_config = ConfigDict(frozen=True)

    certificate_id: UUID
    person_id: UUID
    division: str
    listed_on: date
    file_check: FileCheck | None
    disposal: Disposal | None
    checked_on: date | None
    done_on: date | None


class CheckIn(RequestModel):
    """What the file of a card shows."""

    certificate_id: UUID
    file_check: FileCheck


class ChecksIn(RequestModel):
    """Results, up to a thousand at once."""

    checks: Annotated[list[CheckIn], Field(min_length=1, max_length=1000)]


class ChecksOut(BaseModel):
    """How many were recorded; the rest is not on the list, not in the caller's divisions, or done already."""

    model_config = ConfigDict(frozen=True)

    recorded: int
    left_out: list[UUID]


class SweepIn(RequestModel):
    """Freeze or cancel in bulk what is due; ``dry_run`` (the default) counts by county and changes nothing."""

    kind: SweepKind
    division: Annotated[str, StringConstraints(min_length=2, max_length=12)]
    campaign_id: UUID | None = None
    dry_run: bool = True


class ReminderOut(BaseModel):
    """A reminder and the evidence that it was sent (CERT-14)."""

    model_config = ConfigDict(frozen=True)

    certificate_id: UUID
    person_id: UUID
    division: str
    expires_on: date
    months: int
    due_on: date
    channel: str
    state: str
    sent_at: datetime | None
    evidence: str | None


@router.post("/campaigns", status_code=201, dependencies=[Idempotent()], summary="建立审验活动")
async def begin(caller: Writer, body: CampaignIn, work: Work, response: Response) -> CampaignOut:
    """Build the list in one statement (CERT-33)."""
    division = Division.parse(body.division)
    caller.must_cover(division.code)
    if body.expires_to < body.expires_from:
        raise PeriodIsTurned(begins=body.expires_from.isoformat(), ends=body.expires_to.isoformat())
    values: dict[str, Any] = {
        **body.model_dump(),
        "campaign_id": work.new_id(),
        "version": 1,
        "division": division.code,
        "recorded_by": caller.subject,
    }
    listed = await campaigns.add_campaign(work.connection, values, today=work.today())
    after = {"campaign_id": values["campaign_id"], "listed": listed}
    work.audit(Change(None, "campaign.begun", after=after, division=division.code))
    response.headers["Location"] = f"/api/v1/campaigns/{values['campaign_id']}"
    tag(response, 1)
    return _out({**values, "closed_on": None, "listed": listed})


@router.get("/campaign-previews", summary="审验名单预览")
async def preview(*, caller: Reader, work: Work, division: str, since: Day, until: Day) -> Listed[CountOut]:
    """How long the list would be."""
    found = await campaigns.count_listed(
        work.connection, within=caller.scope, division=Division.parse(division), since=since, until=until
    )
    work.audit(Look(None, ("certificate",), "counted", count=len(found)))
    return Listed(items=[CountOut.model_validate(each) for each in found])


@router.get("/campaigns", summary="审验活动列表")
async def list_campaigns(caller: Reader, work: Work, page: PageAsked) -> Listed[CampaignOut]:
    """Campaigns of the caller's divisions."""
    items, following = await campaigns.campaigns_page(work.connection, page, within=caller.scope)
    work.audit(Look(None, ("campaign",), "read", count=len(items)))
    return Listed(items=[_out(item) for item in items], next=following)


@router.get("/campaigns/{campaign_id}", summary="审验活动详情")
async def read_campaign(caller: Reader, campaign_id: UUID, work: Work, response: Response) -> CampaignOut:
    """One campaign."""
    found = await _campaign(campaign_id, work, caller)
    work.audit(Look(None, ("campaign",), "read", found["division"], count=1))
    tag(response, found["version"])
    return _out(found)


@router.get("/campaigns/{campaign_id}/items", summary="审验名单")
async def list_items(
    *,
    caller: Reader,
    campaign_id: UUID,
    work: Work,
    page: PageAsked,
    division: Place = None,
    checked: bool | None = None,
) -> Listed[ItemOut]:
    """The cards on the list."""
    await _campaign(campaign_id, work, caller)
    items, following = await campaigns.items_page(
        work.connection,
        page,
        campaign_id,
        within=caller.scope,
        division=None if division is None else Division.parse(division),
        checked=checked,
    )
    work.audit(*looks(((item["person_id"], item["division"]) for item in items), ("campaign",), what="read"))
    return Listed(items=[ItemOut.model_validate(item) for item in items], next=following)


@router.get("/campaigns/{campaign_id}/progress", summary="审验进度")
async def read_progress(caller: Reader, campaign_id: UUID, work: Work) -> Listed[ProgressOut]:
    """Examined of listed, by county (KPI-36)."""
    await _campaign(campaign_id, work, caller)
    found = await campaigns.progress(work.connection, campaign_id, within=caller.scope)
    work.audit(Look(None, ("campaign",), "counted", count=len(found)))
    return Listed(items=[ProgressOut.model_validate(each) for each in found])


@router.post("/campaigns/{campaign_id}/checks", dependencies=[Idempotent()], summary="录入档案核查结果")
async def record_checks(caller: Writer, campaign_id: UUID, body: ChecksIn, work: Work) -> ChecksOut:
    """What the files show; each result brings its disposal."""
    found = await _campaign(campaign_id, work, caller)
    if found["closed_on"] is not None:
        raise CampaignIsClosed
    asked = {each.certificate_id: each.file_check for each in body.checks}
    rows = await campaigns.record_checks(
        work.connection, campaign_id, asked, within=caller.scope, today=work.today(), by=caller.subject
    )
    if not rows:
        raise CampaignItemNotFound
    for row in rows:
        after = {"campaign_id": campaign_id, "file_check": asked[row["certificate_id"]]}
        work.audit(Change(row["person_id"], "campaign.checked", after=after, division=row["division"]))
    left_out = sorted(asked.keys() - {row["certificate_id"] for row in rows})
    return ChecksOut(recorded=len(rows), left_out=left_out)


@router.post("/campaigns/{campaign_id}/closing", dependencies=[Idempotent()], summary="结束审验活动")
async def close(*, caller: Writer, campaign_id: UUID, work: Work, seen: Seen, response: Response) -> CampaignOut:
    """No more results."""
    found = await _campaign(campaign_id, work, caller)
    seen.check(found["version"])
    if found["closed_on"] is not None:
        raise CampaignIsClosed
    await campaigns.close_campaign(work.connection, campaign_id, work.today())
    work.audit(Change(None, "campaign.closed", after={"campaign_id": campaign_id}, division=found["division"]))
    tag(response, found["version"] + 1)
    return _out({**found, "closed_on": work.today(), "version": found["version"] + 1})


async def _campaign(campaign_id: UUID, work: RegistryWork, caller: Caller) -> campaigns.Found:
    found = await campaigns.campaign_by_id(work.connection, campaign_id, within=caller.scope)
    if found is None:
        raise CampaignNotFound
    return found


def _out(found: campaigns.Found) -> CampaignOut:
    return CampaignOut.model_validate({name: found.get(name) for name in CampaignOut.model_fields})


@router.get("/certificate-reminders", summary="到期提醒记录")
async def list_reminders(
    *,
    caller: Reader,
    work: Work,
    page: PageAsked,
    division: Place = None,
    state: Annotated[str | None, Query(pattern="^(WAITING|SENT|FAILED)$")] = None,
) -> Listed[ReminderOut]:
    """Who was reminded, when, and what proves it; FAILED wait for a visit."""
    items, following = await reminders.reminders_page(
        work.connection,
        page,
        within=caller.scope,
        division=None if division is None else Division.parse(division),
        state=state,
    )
    work.audit(*looks(((item["person_id"], item["division"]) for item in items), ("reminder",), what="read"))
    return Listed(items=[ReminderOut.model_validate(item) for item in items], next=following)


def sweep_router(jobs: Jobs, *, texts: Texts) -> Router:
    """``POST /api/v1/certificate-sweeps``."""
    sweeping = Router(prefix="/api/v1/certificate-sweeps", tags=["campaigns"])

    @sweeping.post("", status_code=202, dependencies=[Idempotent()], summary="批量冻结或注销")
    async def sweep(caller: Writer, body: SweepIn, work: Work, request: Request) -> JobView:
        """Count what is due, and with ``dry_run: false`` freeze or cancel it (CERT-24, 25, 28, 34)."""
        division = Division.parse(body.division)
        caller.must_cover(division.code)
        if (body.kind is SweepKind.FREEZE_UNEXAMINED) != (body.campaign_id is not None):
            raise CampaignNotFound
        params = {
            "kind": body.kind.value,
            "dry_run": body.dry_run,
            "divisions": [division.code],
            "campaign_id": None if body.campaign_id is None else str(body.campaign_id),
        }
        work.audit(Change(None, "certificate.sweep_asked", after={"dry_run": body.dry_run}, division=division.code))
        job = await jobs.submit(work, SWEEP_JOB, params, scope=Scope.of(division))
        return view_of(job, request, texts)

    return sweeping

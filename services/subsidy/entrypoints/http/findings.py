"""Work lists: eligible but unpaid, should have stopped; looked for on demand, closed with a reason. And: what if."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.subsidy.adapters import findings, records
from services.subsidy.adapters.findings import Closings, Finding, FindingKind, FindingState
from services.subsidy.adapters.policies import POLICIES
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.entitlement.rules import RULES
from services.subsidy.domain.errors import FindingIsClosed, FindingNotFound, PolicyNotFound
from services.subsidy.entrypoints.http.problems import TEXTS
from services.subsidy.entrypoints.jobs import FINDINGS_JOB, TRIAL_JOB
from shared.kit.audit import Change, Look, looks
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.job_routes import JobView, view_of
from shared.kit.jobs import Job, Jobs
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem
from shared.kit.routing import RequestModel, Router, open_work
from shared.values.division import Division
from shared.values.month import Month

FIELDS = ("kind", "scheme", "amount_fen", "rules")

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("entitlement:read")]
Closer = Annotated[Caller, Permit("fact:write")]
Drafter = Annotated[Caller, Permit("policy:write")]
Seen = Annotated[Precondition, Depends(if_match)]
MonthText = Annotated[str, StringConstraints(pattern=r"^(19|20|21)\d{2}-(0[1-9]|1[0-2])$")]
DivisionText = Annotated[str, StringConstraints(pattern=r"^\d{2,12}$")]


class LookIn(RequestModel):
    """Look over a division (default: everywhere) for a month (default: this one)."""

    month: MonthText | None = None
    division: DivisionText | None = None


class TrialIn(RequestModel):
    """Try drafts on a month, over a division (default: everywhere)."""

    policies: list[UUID] = Field(min_length=1, max_length=20)
    month: MonthText | None = None
    division: DivisionText | None = None


class ClosingIn(RequestModel):
    """Why nothing is left to do."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


_WORKED_OUT: Final = frozenset({"reasons", "month", "since", "close_reason", "other_records"})


class FindingOut(BaseModel):
    """One row of a work list. ``reasons``: the rules that say why."""

    model_config = ConfigDict(frozen=True)

    finding_id: UUID
    version: int
    kind: FindingKind
    person_id: UUID
    scheme: str
    division: str
    award_id: UUID | None
    month: str
    amount_fen: int
    reasons: list[str]
    state: FindingState
    found_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    close_reason: str | None
    other_records: list[UUID] = Field(default_factory=list, description="同一人的其他登记（已合并）")
    since: str | None = Field(default=None, description="连续月份的第一个月（最多回看一年），仅在详情中给出")

    @classmethod
    def of(
        cls, finding: Finding, closings: Closings, others: Sequence[UUID] = (), since: Month | None = None
    ) -> FindingOut:
        """From a finding."""
        told = {name: getattr(finding, name) for name in cls.model_fields if name not in _WORKED_OUT}
        return cls(
            **told,
            month=str(Month.of(finding.month)),
            close_reason=closings.opened(finding),
            reasons=[rule.id for rule in RULES if finding.rules >> rule.number & 1],
            other_records=list(others),
            since=None if since is None else str(since),
        )


async def closings_of(request: Request) -> Closings:
    """Opens and seals why findings were closed."""
    return Closings(request.app.state.settings.key_ring())


ClosingsOf = Annotated[Closings, Depends(closings_of)]


def finding_router(jobs: Jobs) -> Router:
    """The work lists, and trials of policy."""
    router = Router(prefix="/api/v1", tags=["findings"])

    @router.post("/finding-looks", status_code=202, dependencies=[Idempotent()], summary="比对：查找应享未享、应停未停")
    async def look(caller: Closer, body: LookIn, work: Work, request: Request) -> JobView:
        """Look over everybody of a division; watch the job."""
        job = await _submit(jobs, work, caller, FINDINGS_JOB, body)
        return view_of(job, request, TEXTS)

    @router.get("/findings", summary="应享未享、应停未停线索")
    async def list_findings(
        *,
        caller: Reader,
        work: Work,
        closings: ClosingsOf,
        page: PageAsked,
        kind: FindingKind | None = None,
        state: FindingState | None = None,
        person_id: UUID | None = None,
        division: Annotated[str | None, Query(max_length=12, description="区划代码，任意级别")] = None,
    ) -> Listed[FindingOut]:
        """A page of the work list of the caller's divisions."""
        items, following = await findings.page_of(
            work.connection,
            page,
            within=caller.scope,
            division=None if division is None else Division.parse(division),
            kind=kind,
            state=state,
            person_id=person_id,
        )
        work.audit(*looks(((item.person_id, item.division) for item in items), FIELDS, what="read"))
        named = await records.named(work.connection, {item.person_id for item in items})
        told = [FindingOut.of(item, closings, named.get(item.person_id, ())) for item in items]
        return Listed(items=told, next=following)

    @router.get("/findings/{finding_id}", summary="线索详情")
    async def read_finding(
        caller: Reader, finding_id: UUID, work: Work, closings: ClosingsOf, response: Response
    ) -> FindingOut:
        """One finding, with the month since when it is so."""
        found = await _found(work, caller, finding_id)
        work.audit(Look(found.person_id, FIELDS, "read", found.division))
        tag(response, found.version)
        named = await records.named(work.connection, {found.person_id})
        since = await findings.since(work.connection, found)
        return FindingOut.of(found, closings, named.get(found.person_id, ()), since)

    @router.post("/findings/{finding_id}/closing", dependencies=[Idempotent()], summary="办结线索")
    async def close(
        *,
        caller: Closer,
        finding_id: UUID,
        body: ClosingIn,
        work: Work,
        closings: ClosingsOf,
        seen: Seen,
        response: Response,
    ) -> FindingOut:
        """Close it with a reason; the next month looks again."""
        found = await _found(work, caller, finding_id, lock=True)
        seen.check(found.version)
        if found.state is not FindingState.OPEN:
            raise FindingIsClosed(state=found.state.value, allowed=[])
        words = closings.sealed(body.reason, finding_id)
        closed = await findings.close(work.connection, found, by=caller.subject, closing_cipher=words)
        work.audit(
            Change(
                found.person_id,
                "finding.closed",
                before={"state": found.state},
                after={"state": closed.state, "finding_id": found.finding_id},
                division=found.division,
            )
        )
        tag(response, closed.version)
        return FindingOut.of(closed, closings)

    @router.post("/policy-trials", status_code=202, dependencies=[Idempotent()], summary="政策测算")
    async def try_out(caller: Drafter, body: TrialIn, work: Work, request: Request) -> JobView:
        """What drafts would change: persons and amounts gained and lost, by county, category and grade."""
        for policy_id in body.policies:
            if await POLICIES.get(work.connection, policy_id) is None:
                raise PolicyNotFound
        job = await _submit(jobs, work, caller, TRIAL_JOB, body)
        return view_of(job, request, TEXTS)

    return router


async def _found(work: SubsidyWork, caller: Caller, finding_id: UUID, *, lock: bool = False) -> Finding:
    found = await findings.get(work.connection, finding_id, within=caller.scope, lock=lock)
    if found is None:
        raise FindingNotFound
    return found


async def _submit(jobs: Jobs, work: SubsidyWork, caller: Caller, kind: str, body: LookIn | TrialIn) -> Job:
    asked = Month.of(work.today()) if body.month is None else Month.parse(body.month)
    place = None if body.division is None else Division.parse(body.division).code
    named = [str(each) for each in body.policies] if isinstance(body, TrialIn) else []
    inside = caller.scope.is_everywhere if place is None else caller.scope.covers(place)
    if not inside:
        raise Problem("division_outside_scope", division=place or "*")
    work.audit(Look(None, FIELDS, kind, place))
    return await jobs.submit(work, kind, {"month": str(asked), "division": place, "policies": named})

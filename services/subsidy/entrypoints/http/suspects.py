"""Comparison and what becomes of it: work lists, verification with papers, decisions (RULES 9, DX-01)."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.subsidy.adapters import records
from services.subsidy.adapters.comparison import suspects
from services.subsidy.adapters.comparison.suspects import Asked, Filed, SuspectWords
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.comparison.suspect import SuspectNotFound, SuspectState, SuspectStep
from services.subsidy.entrypoints.comparison_jobs import COMPARISON_JOB
from services.subsidy.entrypoints.http.problems import TEXTS
from services.subsidy.entrypoints.http.suspect_desk import Move, take
from services.subsidy.entrypoints.http.suspect_schemas import (
    CheckId,
    ComparisonIn,
    DecidingIn,
    DistributedOut,
    DistributionIn,
    PaperOut,
    StepOut,
    SuspectOut,
    VerifyingIn,
)
from shared.kit.audit import Look, looks
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.job_routes import JobView, view_of
from shared.kit.jobs import Jobs
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem
from shared.kit.routing import Router, open_work
from shared.kit.scoping import DivisionAsked
from shared.values.division import Division
from shared.values.month import Month

FIELDS: Final = ("check", "evidence", "state")

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("suspect:read")]
Writer = Annotated[Caller, Permit("suspect:write")]
Decider = Annotated[Caller, Permit("suspect:decide")]
Runner = Annotated[Caller, Permit("comparison:run")]
Seen = Annotated[Precondition, Depends(if_match)]


def suspect_router(jobs: Jobs, words: SuspectWords) -> Router:
    """Comparisons, work lists and steps."""
    router = Router(prefix="/api/v1", tags=["suspects"])

    @router.post("/comparisons", status_code=202, dependencies=[Idempotent()], summary="数据比对")
    async def compare(caller: Runner, body: ComparisonIn, work: Work, request: Request) -> JobView:
        """Compare awards and payments with the lists that came in and with the register (DX-10 to DX-25)."""
        place = None if body.division is None else Division.parse(body.division).code
        if not (caller.scope.is_everywhere if place is None else caller.scope.covers(place)):
            raise Problem("division_outside_scope", division=place or "*")
        month = body.month or str(Month.of(work.today()))
        work.audit(Look(None, FIELDS, COMPARISON_JOB, place))
        job = await jobs.submit(work, COMPARISON_JOB, {"month": month, "division": place})
        return view_of(job, request, TEXTS)

    @router.get("/suspects", summary="疑点清单")
    async def list_suspects(
        *,
        caller: Reader,
        work: Work,
        page: PageAsked,
        check: CheckId | None = None,
        state: SuspectState | None = None,
        person_id: UUID | None = None,
        division: DivisionAsked = None,
        overdue: Annotated[bool | None, Query(description="已逾期，或未逾期")] = None,
        holds: Annotated[bool | None, Query(description="暂停发放的，或不暂停的")] = None,
    ) -> Listed[SuspectOut]:
        """A page of the work list of the caller's divisions; a township sees what was handed down to it."""
        asked = Asked(
            division=None if division is None else Division.parse(division),
            check=None if check is None else check.value,
            state=state,
            person_id=person_id,
            overdue=overdue,
            holds=holds,
        )
        today = work.today()
        items, following = await suspects.page_of(work.connection, page, asked, within=caller.scope, today=today)
        work.audit(*looks(((item.suspect.person_id, item.suspect.division) for item in items), FIELDS, what="read"))
        named = await records.named(work.connection, {item.suspect.person_id for item in items})
        told = [SuspectOut.of(item, today, named.get(item.suspect.person_id, ())) for item in items]
        return Listed(items=told, next=following)

    @router.get("/suspects/{suspect_id}", summary="疑点详情")
    async def read_suspect(caller: Reader, suspect_id: UUID, work: Work, response: Response) -> SuspectOut:
        """One suspect with what it rests on, every step and the papers."""
        found = await suspects.get(work.connection, suspect_id, within=caller.scope)
        if found is None:
            raise SuspectNotFound
        one = found.suspect
        work.audit(Look(one.person_id, (*FIELDS, "words", "papers"), "read", one.division))
        tag(response, found.version)
        return await _whole(work, words, found)

    @router.post("/suspect-distributions", dependencies=[Idempotent()], summary="批量分发疑点")
    async def distribute(caller: Decider, body: DistributionIn, work: Work) -> DistributedOut:
        """Hand everything new in a division down to the townships where people live."""
        place = Division.parse(body.division).code
        caller.must_cover(place)
        timing = await suspects.timing(work, place)
        days = timing.deadlines.of(SuspectState.DISTRIBUTED)
        assert days is not None, "what was handed down waits for somebody"
        due_on = timing.calendar.after(timing.today, days)
        persons = await suspects.distribute(work.connection, place, due_on=due_on, by=caller.subject)
        told = tuple(sorted(set(persons)))
        work.audit(Look(None, ("state",), "suspect.distributed", place, count=len(told), persons=told))
        return DistributedOut(distributed=len(persons))

    _add_steps(router, words)
    return router


def _add_steps(router: Router, words: SuspectWords) -> None:
    @router.post("/suspects/{suspect_id}/verification-steps", dependencies=[Idempotent()], summary="核查疑点")
    async def verify(
        *, caller: Writer, suspect_id: UUID, body: VerifyingIn, work: Work, seen: Seen, response: Response
    ) -> SuspectOut:
        """Begin to verify, ask for more, confirm, report: what is found stands on a paper."""
        move = Move(SuspectStep(body.step), tuple(body.paper_ids), body.words)
        return await _taken(work, words, await take(work, caller, words, suspect_id, move=move, seen=seen), response)

    @router.post("/suspects/{suspect_id}/decision-steps", dependencies=[Idempotent()], summary="处理疑点")
    async def decide(
        *, caller: Decider, suspect_id: UUID, body: DecidingIn, work: Work, seen: Seen, response: Response
    ) -> SuspectOut:
        """Hand down, clear, act, close. Money that was held for a suspect goes on when it is cleared."""
        division = None if body.division is None else Division.parse(body.division).code
        move = Move(SuspectStep(body.step), tuple(body.paper_ids), body.words, division, body.action)
        return await _taken(work, words, await take(work, caller, words, suspect_id, move=move, seen=seen), response)


async def _taken(work: SubsidyWork, words: SuspectWords, filed: Filed, response: Response) -> SuspectOut:
    tag(response, filed.version)
    return await _whole(work, words, filed)


async def _whole(work: SubsidyWork, words: SuspectWords, filed: Filed) -> SuspectOut:
    suspect_id = filed.suspect.suspect_id
    steps = [StepOut.of(row, words) for row in await suspects.steps_of(work.connection, [suspect_id])]
    papers = [PaperOut.model_validate(row) for row in await suspects.papers_of(work.connection, suspect_id)]
    person_id = filed.suspect.person_id
    named = await records.named(work.connection, {person_id})
    return SuspectOut.of(filed, work.today(), named.get(person_id, ()), steps=steps, papers=papers)

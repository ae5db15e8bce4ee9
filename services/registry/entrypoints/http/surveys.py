"""The yearly survey of basic status and needs: forms, visits, progress (REH-06)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.registry.adapters.person_queries import counts_below
from services.registry.adapters.work import RegistryWork
from services.registry.domain.errors import PersonNotFound
from services.registry.domain.survey import Form, FormNotFound, VisitNotFound
from services.registry.domain.survey_visit import Visit
from services.registry.entrypoints.http.schemas_person import AnyDivision
from services.registry.entrypoints.http.schemas_survey import (
    AnsweredVisitOut,
    FormIn,
    FormOut,
    FormWithItemsOut,
    NeedCode,
    ProgressOut,
    SurveyYear,
    VisitIn,
    VisitOut,
)
from services.registry.use_cases.record_visits import Draft, correct_visit, hear_of_death, record_visits
from shared.kit.audit import Change, Code, Look, looks
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.values.division import EVERYWHERE, Division
from shared.values.person import VisitOutcome
from shared.values.refusal import Refusal

router = Router(prefix="/api/v1", tags=["survey"])

Work = Annotated[RegistryWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("survey:read")]
Visitor = Annotated[Caller, Permit("survey:write")]
Author = Annotated[Caller, Permit("form:write")]
Seen = Annotated[Precondition, Depends(if_match)]

_DRAFT, _PUBLISHED = 1, 2
"""Versions of a form: it changes once."""


# --- forms -----------------------------------------------------------------------------------------------------------


@router.get("/survey-forms", dependencies=[Permit("form:read")], summary="调查表各版本")
async def list_forms(work: Work, page: PageAsked) -> Listed[FormOut]:
    """Every revision, the newest first."""
    forms, following = await work.surveys.forms(page)
    return Listed(items=[FormOut.of(form) for form in forms], next=following)


@router.get("/survey-forms/{form_id}", dependencies=[Permit("form:read")], summary="调查表")
async def read_form(form_id: UUID, work: Work, response: Response) -> FormWithItemsOut:
    """One revision with its questions."""
    form = await work.surveys.form(form_id)
    tag(response, _version(form))
    return FormWithItemsOut.of(form)


@router.post("/survey-forms", status_code=201, dependencies=[Idempotent()], summary="编制调查表新版本")
async def draw_up(caller: Author, body: FormIn, work: Work, response: Response) -> FormWithItemsOut:
    """The next revision, as a draft; one questionnaire holds for everybody, so does the right to change it."""
    caller.must_cover(EVERYWHERE)
    items = tuple(item.item() for item in body.items)
    form = await work.surveys.draw_up(work.new_id(), valid_from=body.valid_from, items=items)
    after = {"form_id": form.form_id, "revision": form.revision, "items": len(items)}
    work.audit(Change(None, "survey.form_drawn_up", after=after))
    response.headers["Location"] = f"/api/v1/survey-forms/{form.form_id}"
    tag(response, _version(form))
    return FormWithItemsOut.of(form)


@router.post("/survey-forms/{form_id}/publication", dependencies=[Idempotent()], summary="发布调查表")
async def publish(*, caller: Author, form_id: UUID, work: Work, seen: Seen, response: Response) -> FormOut:
    """People are asked with it from its day on; nothing of it changes any more."""
    caller.must_cover(EVERYWHERE)
    form = await work.surveys.form(form_id)
    seen.check(_version(form))
    form = form.published()
    await work.surveys.publish(form)
    work.audit(Change(None, "survey.form_published", after={"form_id": form_id, "revision": form.revision}))
    tag(response, _version(form))
    return FormOut.of(form)


def _version(form: Form) -> int:
    return _PUBLISHED if form.is_published else _DRAFT


# --- visits ----------------------------------------------------------------------------------------------------------


@router.post("/persons/{person_id}/survey-visits", status_code=201, dependencies=[Idempotent()], summary="登记入户调查")
async def record(caller: Visitor, person_id: UUID, body: VisitIn, work: Work, response: Response) -> AnsweredVisitOut:
    """Answers and needs of somebody who was met, or why nobody was; once a year. Needs are announced (REH-06)."""
    if await work.persons.get(person_id, within=caller.scope) is None:
        raise PersonNotFound
    draft = await _draft(person_id, body, work)
    (recorded,) = await record_visits([draft], work, within=caller.scope)
    if isinstance(recorded, Refusal):
        raise recorded
    visit, _ = recorded
    _audited(work, visit, "survey.visit_recorded")
    report_id = await _heard(visit, body, work, caller)
    response.headers["Location"] = f"/api/v1/survey-visits/{visit.visit_id}"
    tag(response, visit.version)
    return AnsweredVisitOut.with_answers(visit, draft.answers, report_id=report_id)


@router.put("/survey-visits/{visit_id}", summary="更正入户调查")
async def correct(
    *, caller: Visitor, visit_id: UUID, body: VisitIn, work: Work, seen: Seen, response: Response
) -> AnsweredVisitOut:
    """What was written down was wrong; announced again."""
    known = await work.surveys.get(visit_id, within=caller.scope)
    if known is None:
        raise VisitNotFound
    seen.check(known.version)
    draft = await _draft(known.person_id, body, work)
    visit = await correct_visit(visit_id, draft, work, within=caller.scope)
    _audited(work, visit, "survey.visit_corrected")
    report_id = await _heard(visit, body, work, caller)
    tag(response, visit.version)
    return AnsweredVisitOut.with_answers(visit, draft.answers, report_id=report_id)


@router.get("/survey-visits/{visit_id}", summary="入户调查详情")
async def read_visit(caller: Reader, visit_id: UUID, work: Work, response: Response) -> AnsweredVisitOut:
    """One visit with its answers."""
    found = await work.surveys.answered(visit_id, within=caller.scope)
    if found is None:
        raise VisitNotFound
    visit, answers = found
    work.audit(Look(visit.person_id, ("survey_answers",), "read", visit.division.code))
    tag(response, visit.version)
    return AnsweredVisitOut.with_answers(visit, answers)


@router.get("/survey-visits", summary="入户调查列表")
async def list_visits(
    *,
    caller: Reader,
    work: Work,
    page: PageAsked,
    year: Annotated[SurveyYear | None, Query()] = None,
    outcome: VisitOutcome | None = None,
    person_id: UUID | None = None,
    need: Annotated[NeedCode | None, Query(description="提出该项需求的")] = None,
) -> Listed[VisitOut]:
    """Visits with the needs that were named, without answers."""
    visits, following = await work.surveys.page(
        page, within=caller.scope, year=year, outcome=outcome, person_id=person_id, need=need
    )
    work.audit(*looks(((each.person_id, each.division.code) for each in visits), ("survey_needs",), what="read"))
    return Listed(items=[VisitOut.of(visit) for visit in visits], next=following)


@router.get("/survey-progress", summary="调查进度")
async def read_progress(
    caller: Reader, work: Work, year: Annotated[SurveyYear, Query()], division: Annotated[AnyDivision, Query()]
) -> Listed[ProgressOut]:
    """Persons and visits of a year, by the divisions one level below."""
    place = Division.parse(division)
    persons = dict(await counts_below(work.connection, place, within=caller.scope))
    visits = await work.surveys.progress(place, year=year, within=caller.scope)
    work.audit(Look(None, (), "counted", place.code, count=sum(persons.values())))
    return Listed(
        items=[
            ProgressOut.model_validate({"division": code, "persons": count, "visits": visits.get(code, {})})
            for code, count in persons.items()
        ]
    )


async def _draft(person_id: UUID, body: VisitIn, work: RegistryWork) -> Draft:
    form = (
        await work.surveys.form_on(body.visited_on) if body.form_id is None else await _asked_with(body.form_id, work)
    )
    return Draft(person_id=person_id, form=form, outcome=body.outcome, visited_on=body.visited_on, answers=body.answers)


async def _asked_with(form_id: UUID, work: RegistryWork) -> Form:
    form = await work.surveys.form(form_id)
    if not form.is_published:
        raise FormNotFound
    return form


async def _heard(visit: Visit, body: VisitIn, work: RegistryWork, caller: Caller) -> UUID | None:
    """The news that somebody died, when the visitor brought it."""
    if body.died_on is None:
        return None
    report_id = await hear_of_death(visit, body.died_on, work, within=caller.scope)
    after = {"report_id": report_id, "event_date": body.died_on}
    work.audit(Change(visit.person_id, "report.taken", after=after, division=visit.division.code))
    return report_id


def _audited(work: RegistryWork, visit: Visit, what: str) -> None:
    after = {
        "visit_id": visit.visit_id,
        "outcome": visit.outcome,
        "visited_on": visit.visited_on,
        "needs": Code(visit.needs_text) if visit.needs else None,
    }
    work.audit(Change(visit.person_id, what, after=after, division=visit.division.code))

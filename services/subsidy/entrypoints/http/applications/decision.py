"""Deciding: review, income and overlaps, notice and objections, determination, refusal (RULES 4.6)."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from services.subsidy.adapters.forms import OBJECTION, REASON, Forms
from services.subsidy.adapters.payees import Payees
from services.subsidy.domain.application import Application
from services.subsidy.domain.application_errors import ApplicationStepNotAllowed
from services.subsidy.domain.application_state import APPLICATIONS, ApplicationState, ApplicationStep
from services.subsidy.entrypoints.http.applications.desk import (
    ONCE,
    Acceptor,
    Determiner,
    FormsOf,
    Reviewer,
    Seen,
    Work,
    at_desk,
    found,
    told,
)
from services.subsidy.entrypoints.http.applications.schemas import (
    ApplicationOut,
    ObjectionDecisionIn,
    ObjectionOut,
    RefusalIn,
    ReviewDecisionIn,
    WordsIn,
)
from services.subsidy.use_cases import determine_application as ending
from services.subsidy.use_cases import handle_application as steps
from services.subsidy.use_cases.application_ports import Reason
from shared.kit.audit import Change
from shared.kit.permissions import Caller
from shared.kit.routing import Router
from shared.values.division import Scope

_TOWNSHIPS = frozenset({ApplicationState.SUBMITTED, ApplicationState.INCOMPLETE, ApplicationState.PUSHED})
"""Refused here by whoever takes in; later by the federation or civil affairs, each at its own step (SUB-24)."""
_FEDERATIONS = frozenset({ApplicationState.FIRST_CHECKED})


def _sealed(forms: Forms, words: str, application_id: UUID) -> Reason:
    return Reason(forms.words(words, REASON, application_id))


def decision_router(payees: Payees) -> Router:
    """The steps of the home authority; with a determination the account of the form becomes the award's."""
    router = Router(prefix="/api/v1/applications/{application_id}", tags=["applications"])

    @router.post("/review", dependencies=[ONCE], summary="残联审核通过")
    async def review(
        caller: Reviewer, application_id: UUID, work: Work, seen: Seen, response: Response
    ) -> ApplicationOut:
        """Card valid, grade in scope, asked of the one expression over our own copy (SUB-18, SUB-20)."""
        application = await at_desk(application_id, work, caller, seen)
        return told(await steps.review(application, caller.subject, work), response, caller)

    @router.post("/pre-determination", dependencies=[ONCE], summary="经济状况和待遇重叠核对通过")
    async def pre_determine(
        caller: Determiner, application_id: UUID, work: Work, seen: Seen, response: Response
    ) -> ApplicationOut:
        """Every condition held on the day of the application (SUB-01…18, READ-02)."""
        application = await at_desk(application_id, work, caller, seen)
        return told(await steps.pre_determine(application, caller.subject, work), response, caller)

    @router.post("/notice", dependencies=[ONCE], summary="公示")
    async def start_notice(
        caller: Determiner, application_id: UUID, work: Work, seen: Seen, response: Response
    ) -> ApplicationOut:
        """Post it in the village or township, as long as policy says (SUB-22, SUB-23)."""
        application = await at_desk(application_id, work, caller, seen)
        return told(await steps.start_notice(application, work), response, caller)

    @router.post("/determination", dependencies=[ONCE], summary="认定")
    async def determine(
        *, caller: Determiner, application_id: UUID, work: Work, seen: Seen, forms: FormsOf, response: Response
    ) -> ApplicationOut:
        """The notice has run and nobody objects: the award begins with the month of the application (SUB-35)."""
        application = await at_desk(application_id, work, caller, seen)
        determined = await ending.determine(application, caller.subject, work)
        await _pay_to(payees, forms, determined, work, caller)
        return told(determined, response, caller)

    @router.post("/death-closing", dependencies=[ONCE], summary="申请人死亡，终结申请")
    async def close_death(
        *, caller: Determiner, application_id: UUID, work: Work, seen: Seen, forms: FormsOf, response: Response
    ) -> ApplicationOut:
        """Death ends the case; the months before it stay owed where every condition held (RULES 4.6)."""
        application = await found(application_id, work, caller, seen)
        caller.must_cover(application.home.code)
        closed = await ending.close_death(application, caller.subject, work)
        await _pay_to(payees, forms, closed, work, caller)
        return told(closed, response, caller)

    return router


async def _pay_to(payees: Payees, forms: Forms, application: Application, work: Work, caller: Caller) -> None:
    if application.award_id is None:
        return
    form = await forms.get(work.connection, application.application_id)
    before = await payees.get(work.connection, application.award_id, within=Scope.everywhere(), lock=True)
    assert before is not None, "it was granted a moment ago"
    await payees.put(work.connection, before, name=form.payee, account=form.account, bank=form.bank, by=caller.subject)


router = Router(prefix="/api/v1/applications/{application_id}", tags=["applications"])


@router.post("/refusal", dependencies=[ONCE], summary="不予通过")
async def refuse_at_intake(
    *,
    caller: Acceptor,
    application_id: UUID,
    body: RefusalIn,
    work: Work,
    seen: Seen,
    forms: FormsOf,
    response: Response,
) -> ApplicationOut:
    """Refused where it was taken in or first checked, with a reason in writing (SUB-24)."""
    application = await at_desk(application_id, work, caller, seen)
    _must_stand(application, _TOWNSHIPS)
    return told(await _refused(application, body, work, caller, forms), response, caller)


@router.post("/review-refusal", dependencies=[ONCE], summary="残联审核不通过")
async def refuse_at_review(
    *,
    caller: Reviewer,
    application_id: UUID,
    body: RefusalIn,
    work: Work,
    seen: Seen,
    forms: FormsOf,
    response: Response,
) -> ApplicationOut:
    """Refused by the federation, with a reason in writing (SUB-24)."""
    application = await at_desk(application_id, work, caller, seen)
    _must_stand(application, _FEDERATIONS)
    return told(await _refused(application, body, work, caller, forms), response, caller)


@router.post("/determination-refusal", dependencies=[ONCE], summary="不予认定")
async def refuse_at_determination(
    *,
    caller: Determiner,
    application_id: UUID,
    body: RefusalIn,
    work: Work,
    seen: Seen,
    forms: FormsOf,
    response: Response,
) -> ApplicationOut:
    """Refused by civil affairs at any later step, with a reason in writing (SUB-24)."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await _refused(application, body, work, caller, forms), response, caller)


def _must_stand(application: Application, states: frozenset[ApplicationState]) -> None:
    application.must_allow(ApplicationStep.REFUSE)
    if application.state not in states:
        allowed = [step.value for step in APPLICATIONS.allowed(application.state) if step is not ApplicationStep.REFUSE]
        step = ApplicationStep.REFUSE.value
        raise ApplicationStepNotAllowed(status=application.state.value, step=step, allowed=allowed)


async def _refused(application: Application, body: RefusalIn, work: Work, caller: Caller, forms: Forms) -> Application:
    reason = _sealed(forms, body.words.clear, application.application_id)
    return await steps.refuse(application, body.reason, reason, caller.subject, work)


@router.post("/review-decision", dependencies=[ONCE], summary="复核决定")
async def decide_review(
    *,
    caller: Determiner,
    application_id: UUID,
    body: ReviewDecisionIn,
    work: Work,
    seen: Seen,
    forms: FormsOf,
    response: Response,
) -> ApplicationOut:
    """Another person than who refused reopens the case, or lets the refusal stand (SUB-43)."""
    application = await at_desk(application_id, work, caller, seen)
    reason = _sealed(forms, body.words.clear, application_id)
    decided = await steps.decide_review(application, reason, caller.subject, work, granted=body.granted)
    return told(decided, response, caller)


@router.post("/objections", status_code=201, dependencies=[ONCE], summary="登记异议")
async def object_to_notice(
    *, caller: Acceptor, application_id: UUID, body: WordsIn, work: Work, forms: FormsOf
) -> ObjectionOut:
    """Somebody objects while the notice is posted; what they say is kept encrypted."""
    application = await steps.load_application(application_id, work, within=caller.scope)
    caller.must_cover(application.home.code)
    objection_id = work.new_id()
    sealed = forms.words(body.words.clear, OBJECTION, objection_id)
    objection = await steps.object_to_notice(application, objection_id, sealed, work)
    work.audit(_objected(application, "objection.filed"))
    return ObjectionOut.model_validate(objection, from_attributes=True)


@router.post("/objections/{objection_id}/decision", dependencies=[ONCE], summary="处理异议")
async def decide_objection(
    *,
    caller: Determiner,
    application_id: UUID,
    objection_id: UUID,
    body: ObjectionDecisionIn,
    work: Work,
    seen: Seen,
    response: Response,
) -> ApplicationOut:
    """Dismissed: the notice goes on. Upheld: the case is checked again."""
    application = await at_desk(application_id, work, caller, seen)
    decided = await steps.decide_objection(application, objection_id, work, upheld=body.upheld)
    work.audit(_objected(application, "objection.decided"))
    return told(decided, response, caller)


def _objected(application: Application, what: str) -> Change:
    after = {"application_id": application.application_id, "state": application.state}
    return Change(application.person_id, what, after=after, division=application.home.code)

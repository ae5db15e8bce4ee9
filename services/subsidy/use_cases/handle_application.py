"""The steps of a case that change nothing but the case: load, one domain call, save.

Loading is scoped to everybody who has a part in the case; whose turn it is decides the caller's right to act, which
the entry point checks against `Application.desk`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from services.subsidy.domain.application import Application, Paper, RefusalReason
from services.subsidy.domain.application_errors import (
    ApplicationNotFound,
    ObjectionNotFound,
    PersonHasOpenApplication,
)
from services.subsidy.domain.application_state import ApplicationStep
from services.subsidy.domain.application_timing import Timing
from services.subsidy.domain.objection import Objection, ObjectionState
from services.subsidy.domain.policy import NoticeAt
from services.subsidy.use_cases.application_ports import CaseWork, Reason
from shared.values.division import Division, Level, Scope

EVERYWHERE = Scope.everywhere()
_LEVELS = {NoticeAt.VILLAGE: Level.VILLAGE, NoticeAt.TOWNSHIP: Level.TOWNSHIP, NoticeAt.COUNTY: Level.COUNTY}


async def load_application(application_id: UUID, work: CaseWork, *, within: Scope) -> Application:
    """Raises `ApplicationNotFound` when no place of the case lies in the scope."""
    application = await work.applications.get(application_id, within=within)
    if application is None:
        raise ApplicationNotFound
    return application


async def timing_of(application: Application, work: CaseWork) -> Timing:
    """Days and limits of a case."""
    return await work.timing(home=application.home, acceptance=application.acceptance)


async def save(
    before: Application, after: Application, step: ApplicationStep, work: CaseWork, reason: Reason | None = None
) -> Application:
    """Store a step. Raises `PersonHasOpenApplication` where a closed case would open beside another."""
    if not await work.applications.save(before, after, step, reason):
        raise PersonHasOpenApplication(scheme=after.scheme.value)
    return after


async def ask_completion(application: Application, work: CaseWork) -> Application:
    """Ask for everything that is missing, once."""
    application.must_allow(ApplicationStep.ASK_COMPLETION)
    asked = application.ask_completion(await work.verdict(application), await timing_of(application, work))
    return await save(application, asked, ApplicationStep.ASK_COMPLETION, work)


async def complete(application: Application, papers: Collection[Paper], work: CaseWork) -> Application:
    """The applicant brought papers."""
    completed = application.complete(papers, await timing_of(application, work))
    return await save(application, completed, ApplicationStep.COMPLETE, work)


async def push(application: Application, work: CaseWork) -> Application:
    """Hand the complete file to the home window (SUB-25)."""
    pushed = application.push(await timing_of(application, work))
    return await save(application, pushed, ApplicationStep.PUSH, work)


async def first_check(application: Application, by: str, work: CaseWork) -> Application:
    """The home township has looked at it."""
    checked = application.first_check(by, await timing_of(application, work))
    return await save(application, checked, ApplicationStep.FIRST_CHECK, work)


async def review(application: Application, by: str, work: CaseWork) -> Application:
    """The federation has looked at the card."""
    application.must_allow(ApplicationStep.REVIEW)
    reviewed = application.review(await work.verdict(application), by, await timing_of(application, work))
    return await save(application, reviewed, ApplicationStep.REVIEW, work)


async def pre_determine(application: Application, by: str, work: CaseWork) -> Application:
    """Civil affairs has looked at income and overlaps."""
    application.must_allow(ApplicationStep.PRE_DETERMINE)
    passed = application.pre_determine(await work.verdict(application), by, await timing_of(application, work))
    return await save(application, passed, ApplicationStep.PRE_DETERMINE, work)


async def start_notice(application: Application, work: CaseWork) -> Application:
    """Post it where policy says (SUB-22)."""
    timing = await timing_of(application, work)
    posted = application.start_notice(timing)
    await work.applications.post_notice(posted, _posted_at(application.home, timing))
    return await save(application, posted, ApplicationStep.START_NOTICE, work)


def _posted_at(home: Division, timing: Timing) -> Division:
    return home.prefix(min(_LEVELS[timing.limits.notice_at], home.level))


async def object_to_notice(
    application: Application, objection_id: UUID, sealed_words: bytes, work: CaseWork
) -> Objection:
    """Somebody objects while the notice is posted."""
    application.must_allow(ApplicationStep.UPHOLD_OBJECTION)
    objection = Objection(
        objection_id=objection_id,
        application_id=application.application_id,
        filed_on=work.today(),
        sealed_words=sealed_words,
    )
    await work.applications.object(objection)
    return objection


async def decide_objection(
    application: Application, objection_id: UUID, work: CaseWork, *, upheld: bool
) -> Application:
    """Dismissed: the notice goes on. Upheld: the case is checked again."""
    objection = await work.applications.objection(objection_id, application, within=EVERYWHERE)
    if objection is None or objection.state is not ObjectionState.OPEN:
        raise ObjectionNotFound
    state = ObjectionState.UPHELD if upheld else ObjectionState.DISMISSED
    await work.applications.decide_objection(replace(objection, state=state, decided_on=work.today()))
    if not upheld:
        return application
    again = application.uphold_objection(await timing_of(application, work))
    await work.applications.end_notices(application)
    return await save(application, again, ApplicationStep.UPHOLD_OBJECTION, work)


async def refuse(
    application: Application, because: RefusalReason, reason: Reason, by: str, work: CaseWork
) -> Application:
    """Refuse it, with a reason in writing (SUB-24)."""
    refused = application.refuse(because, by, await timing_of(application, work))
    await work.applications.end_notices(application)
    return await save(application, refused, ApplicationStep.REFUSE, work, reason)


async def ask_review(application: Application, work: CaseWork) -> Application:
    """The applicant does not accept the refusal."""
    asked = application.ask_review(await timing_of(application, work))
    return await save(application, asked, ApplicationStep.ASK_REVIEW, work)


async def decide_review(
    application: Application, reason: Reason, by: str, work: CaseWork, *, granted: bool
) -> Application:
    """Reopen the case, or let the refusal stand."""
    timing = await timing_of(application, work)
    if granted:
        return await save(application, application.reopen(by, timing), ApplicationStep.REOPEN, work)
    return await save(
        application, application.confirm_refusal(by, timing), ApplicationStep.CONFIRM_REFUSAL, work, reason
    )


async def withdraw(application: Application, work: CaseWork) -> Application:
    """The applicant does not want it any more."""
    withdrawn = application.withdraw(await timing_of(application, work))
    await work.applications.end_notices(application)
    return await save(application, withdrawn, ApplicationStep.WITHDRAW, work)


async def tell_applicant(application: Application, work: CaseWork) -> Application:
    """The result was told (SUB-27)."""
    told = application.tell(await timing_of(application, work))
    await work.applications.tell(told)
    return told

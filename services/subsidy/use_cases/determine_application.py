"""An application ends in an award: decided from our own copy of the facts, by the one expression (SUB-20, SUB-35)."""

from __future__ import annotations

from uuid import UUID

from services.subsidy.domain.application import Application
from services.subsidy.domain.application_errors import ApplicantLives, QuotaIsUsedUp
from services.subsidy.domain.application_state import ApplicationStep
from services.subsidy.domain.award import Award, Holder
from services.subsidy.domain.errors import AwardExists, CertificateNotValid, PersonHasDied, PersonNotKnown
from services.subsidy.domain.facts import AwardWasGranted, AwardWasStopped
from services.subsidy.use_cases.application_ports import CaseWork
from services.subsidy.use_cases.handle_application import EVERYWHERE, save, timing_of
from services.subsidy.use_cases.judge_awards import follow_facts, judge_awards
from shared.values.award import AwardStatus


async def determine(application: Application, by: str, work: CaseWork) -> Application:
    """Grant an award from the month of the application; what stopped it since then suspends it at once.

    Raises what `Application.determine` does, `PersonHasDied`, `AwardExists`, `QuotaIsUsedUp`.
    """
    application.must_allow(ApplicationStep.DETERMINE)
    holder = await _holder(application, work)
    if holder.died_on is not None:
        raise PersonHasDied(died_on=holder.died_on.isoformat())
    verdict, award_id = await work.verdict(application), work.new_id()
    objections = await work.applications.open_objections(application, within=EVERYWHERE)
    timing = await timing_of(application, work)
    determined = application.determine(award_id, verdict, objections, by, timing)
    await _must_have_quota(application, work)
    await _grant(application, award_id, holder, work)
    await work.applications.end_notices(application)
    return await save(application, determined, ApplicationStep.DETERMINE, work)


async def close_death(application: Application, by: str, work: CaseWork) -> Application:
    """The applicant has died: the case ends. Where every condition held on the day of the application the award is
    granted all the same, and the death stops it from the month after: the months before stay owed (RULES 4.6)."""
    application.must_allow(ApplicationStep.CLOSE_DEATH)
    holder = await _holder(application, work)
    if holder.died_on is None:
        raise ApplicantLives
    verdict = await work.verdict(application)
    owed = not verdict.failing and not verdict.no_rate and holder.certificate_id is not None
    award_id = work.new_id() if owed else None
    closed = application.close_death(award_id, verdict, by, await timing_of(application, work))
    if award_id is not None:
        await _grant(application, award_id, holder, work)
    await work.applications.end_notices(application)
    return await save(application, closed, ApplicationStep.CLOSE_DEATH, work)


async def _holder(application: Application, work: CaseWork) -> Holder:
    holder = (await work.holders.get([application.person_id], within=EVERYWHERE)).get(application.person_id)
    if holder is None:
        raise PersonNotKnown
    return holder


async def _must_have_quota(application: Application, work: CaseWork) -> None:
    quota = await work.quota(application)
    if quota is not None and await work.running(application.scheme, application.home.county) >= quota:
        raise QuotaIsUsedUp(quota=quota)


async def _grant(application: Application, award_id: UUID, holder: Holder, work: CaseWork) -> None:
    if holder.certificate_id is None:
        raise CertificateNotValid(on=application.application_date.isoformat(), status="NONE")
    award = Award(
        award_id=award_id,
        person_id=application.person_id,
        certificate_id=holder.certificate_id,
        version=1,
        division=application.home,
        scheme=application.scheme,
        status=AwardStatus.ACTIVE,
        application_date=application.application_date,
        start_month=application.month,
    )
    ended = await work.supersede(application.person_id, application.scheme)
    if award_id not in await work.awards.add([award]):
        raise AwardExists(scheme=application.scheme.value)
    now = work.now()
    work.tell(
        *(AwardWasStopped(event_id=work.new_id(), occurred_at=now, award=each) for each in ended),
        AwardWasGranted(event_id=work.new_id(), occurred_at=now, award=award),
    )
    await judge_awards([application.person_id], work, traces={})
    await follow_facts([application.person_id], work)

"""Open a case about a certificate (RULES 3.1), at home or away from it (CERT-30)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from services.registry.domain.application import Application, Channel, Wish
from services.registry.domain.application_errors import ApplicantDoesNotMatch, PersonHasOpenApplication
from services.registry.domain.application_state import Matter
from services.registry.domain.errors import PersonNotFound
from services.registry.domain.person import Person
from services.registry.domain.submission import Submission, free_again_on, submit
from services.registry.use_cases.application_ports import CaseWork, PaperReceived
from services.registry.use_cases.ports import Identity
from services.registry.use_cases.register_person import RegisterPerson, register_person
from shared.values.division import Division, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Who asks: somebody the clerk can see (``person_id``), or whoever shows these papers.

    ``division``: registered residence as the household book says; used when the person is not registered yet.
    """

    person_id: UUID | None = None
    identity: Identity | None = None
    division: Division | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitApplication:
    """``acceptance``: the county asked. ``to``: where a transfer leads. ``permit``: number of the residence permit."""

    applicant: Applicant
    matter: Matter
    channel: Channel
    acceptance: Division
    wish: Wish
    papers: Collection[PaperReceived] = ()
    to: Division | None = None
    permit: str | None = None


async def submit_application(command: SubmitApplication, work: CaseWork, *, within: Scope) -> Application:
    """Raises `PersonNotFound`, `ApplicantDoesNotMatch`, `PersonHasOpenApplication`, and what `submit` does."""
    everywhere = Scope.everywhere()
    person = await _person(command.applicant, work, within=within)
    held = await work.certificates.living_of(person.person_id, within=everywhere)
    cancelled = await work.stops.last_cancelled(person.person_id, within=everywhere)
    timing = await work.timing(command.acceptance)
    asked = Submission(
        application_id=work.new_id(),
        matter=command.matter,
        channel=command.channel,
        acceptance=command.acceptance,
        wish=command.wish,
        to=command.to,
    )
    barred_until = None if cancelled is None else free_again_on(cancelled, timing.rules)
    application = submit(asked, person, held, barred_until=barred_until, timing=timing)
    if not await work.applications.add(application, permit=command.permit):
        raise PersonHasOpenApplication
    await work.applications.receive(application, command.papers, within=everywhere)
    return application


async def _person(applicant: Applicant, work: CaseWork, *, within: Scope) -> Person:
    """Whoever shows identity card and household book is known by them, wherever they belong; name and number agree."""
    if applicant.person_id is not None:
        person = await work.persons.get(applicant.person_id, within=within)
    else:
        person = await _by_papers(applicant, work)
    if person is None:
        raise PersonNotFound
    return person


async def _by_papers(applicant: Applicant, work: CaseWork) -> Person | None:
    if applicant.identity is None:
        return None
    everywhere = Scope.everywhere()
    person_id = await work.persons.by_number(applicant.identity.citizen_id_no, within=everywhere)
    if person_id is None and applicant.division is not None:
        return await register_person(RegisterPerson(identity=applicant.identity, division=applicant.division), work)
    if person_id is None:
        return None
    known = await work.persons.identity(person_id, within=everywhere)
    if known is None or known.name != applicant.identity.name:
        raise ApplicantDoesNotMatch
    return await work.persons.get(person_id, within=everywhere)

"""Persons: register, look up, list, report and retract a death."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime

from services.registry.adapters import person_queries, queries
from services.registry.adapters.own_data import division_of
from services.registry.adapters.trail import PERSON_FIELDS, STOP_FIELDS
from services.registry.adapters.work import RegistryWork
from services.registry.domain.errors import PersonNotFound
from services.registry.domain.person import Person
from services.registry.entrypoints.http.schemas import (
    CertificateIn,
    CertificateOut,
    ContactIn,
    DeathOut,
    DeathReport,
    PersonIn,
    PersonLookup,
    PersonOut,
    StopOut,
)
from services.registry.use_cases.apply_report import live_after_all
from services.registry.use_cases.issue_certificate import IssueCertificate, issue_certificate
from services.registry.use_cases.reach_person import reach_person
from services.registry.use_cases.register_person import RegisterPerson, register_person
from services.registry.use_cases.report_death import report_death
from shared.kit.audit import Look, looks
from shared.kit.bodies import Day
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.limits import Budget
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_reading, open_work
from shared.kit.scoping import DivisionAsked
from shared.values.division import Division

router = Router(prefix="/api/v1/persons", tags=["persons"])

Work = Annotated[RegistryWork, Depends(open_work, scope="function")]
Reading = Annotated[RegistryWork, Depends(open_reading, scope="function")]
Reader = Annotated[Caller, Permit("person:read")]
Writer = Annotated[Caller, Permit("person:write")]
Issuer = Annotated[Caller, Permit("certificate:write")]
Seen = Annotated[Precondition, Depends(if_match)]


@router.post("", status_code=201, dependencies=[Idempotent()], summary="登记人员")
async def register(caller: Writer, body: PersonIn, work: Work, response: Response) -> PersonOut:
    """Register a person in the county of registered residence."""
    division = Division.parse(body.division)
    caller.must_cover(division.code)
    command = RegisterPerson(identity=body.identity(work.today()), division=division)
    person = await register_person(command, work)
    response.headers["Location"] = f"/api/v1/persons/{person.person_id}"
    tag(response, person.last_version)
    return PersonOut.model_validate(
        await queries.person_by_id(work.connection, person.person_id, work.secrets, within=caller.scope)
    )


@router.get("", summary="人员列表")
async def list_persons(
    caller: Reader,
    work: Work,
    page: PageAsked,
    division: DivisionAsked = None,
) -> Listed[PersonOut]:
    """Persons of the caller's divisions, masked."""
    items, following = await queries.persons_page(
        work.connection,
        work.secrets,
        page,
        within=caller.scope,
        division=None if division is None else Division.parse(division),
    )
    work.audit(*looks(((item["person_id"], item["division"]) for item in items), PERSON_FIELDS))
    return Listed(items=[PersonOut.model_validate(item) for item in items], next=following)


@router.post(
    "/lookup",
    # A number has few unknown digits: whoever may try freely can find everybody.
    dependencies=[Budget("person.lookup", client="300/second", subject="60/minute;2000/day")],
    summary="按公民身份号码查找",
)
async def look_up(caller: Reader, body: PersonLookup, work: Reading, response: Response) -> PersonOut:
    """Find one person by identity number."""
    found = await queries.person_by_number(work.connection, body.citizen_id_no, work.secrets, within=caller.scope)
    return _shown(work, found, response)


@router.get("/{person_id:uuid}", summary="人员详情")
async def read_person(
    *,
    caller: Reader,
    person_id: UUID,
    work: Work,
    response: Response,
    as_of: Annotated[Day | None, Query(description="那一天的情况，缺省为今天")] = None,
    known_at: Annotated[AwareDatetime | None, Query(description="按当时已知的信息，缺省为现在")] = None,
) -> PersonOut:
    """One person, masked; as of a day, and as it was known at a moment."""
    found = await queries.person_by_id(work.connection, person_id, work.secrets, within=caller.scope)
    answer = _shown(work, found, response)
    on = as_of or work.today()
    if as_of is None and known_at is None:
        residence = await person_queries.residence_of(work.connection, person_id, on=on, within=caller.scope)
        return answer.model_copy(update={"residence_division": residence})
    then = await person_queries.person_then(
        work.connection, person_id, as_of=on, known_at=known_at or work.now(), within=caller.scope
    )
    if then is None:
        raise PersonNotFound
    return answer.model_copy(
        update={
            "division": then.home.code,
            "residence_division": None if then.residence is None else then.residence.code,
            "died_on": then.died_on,
        }
    )


@router.put("/{person_id}/contact", summary="变更联系方式")
async def change_contact(
    *, caller: Writer, person_id: UUID, body: ContactIn, work: Work, seen: Seen, response: Response
) -> PersonOut:
    """Replace telephone and address."""
    await check(work, person_id, caller, seen)
    await reach_person(person_id, work, phone=body.phone, address=body.address, within=caller.scope)
    found = await queries.person_by_id(work.connection, person_id, work.secrets, within=caller.scope)
    return _tagged(found, response)


@router.get("/{person_id}/stops", summary="人员的停发事实")
async def read_stops(caller: Reader, person_id: UUID, work: Work) -> Listed[StopOut]:
    """Every fact that ever stopped this person's entitlement, with its origin."""
    division = await home_of(work, person_id, caller)
    found = await queries.stops_of_person(work.connection, person_id, within=caller.scope)
    work.audit(Look(person_id, STOP_FIELDS, "read", division, count=len(found)))
    return Listed(items=[StopOut.model_validate(item) for item in found])


@router.post("/{person_id}/certificates", status_code=201, dependencies=[Idempotent()], summary="核发残疾人证")
async def issue(caller: Issuer, person_id: UUID, body: CertificateIn, work: Work, response: Response) -> CertificateOut:
    """Issue a certificate, valid ten years (CERT-11)."""
    command = IssueCertificate(
        person_id=person_id, disability=body.disability(), issued_on=body.issued_on or work.today()
    )
    certificate = await issue_certificate(command, work, within=caller.scope)
    response.headers["Location"] = f"/api/v1/certificates/{certificate.certificate_id}"
    tag(response, certificate.version)
    return CertificateOut.of(certificate)


@router.post("/{person_id}/death-report", dependencies=[Idempotent()], summary="登记死亡信息")
async def report(*, caller: Writer, person_id: UUID, body: DeathReport, work: Work, seen: Seen) -> DeathOut:
    """Record a death; subsidies stop from the following month (SUB-38)."""
    await check(work, person_id, caller, seen)
    person, stop = await report_death(person_id, work, died_on=body.died_on, source=body.source, within=caller.scope)
    return DeathOut(person_id=person_id, version=person.last_version, died_on=person.died_on, stop_id=stop.stop_id)


@router.post("/{person_id}/death-retraction", dependencies=[Idempotent()], summary="撤回死亡信息")
async def retract(caller: Writer, person_id: UUID, work: Work, seen: Seen) -> DeathOut:
    """The report was wrong; what it stopped is owed again (RULES 4.7)."""
    await check(work, person_id, caller, seen)
    person, stop_id = await live_after_all(person_id, work, within=caller.scope)
    return DeathOut(person_id=person_id, version=person.last_version, died_on=person.died_on, stop_id=stop_id)


async def check(work: RegistryWork, person_id: UUID, caller: Caller, seen: Precondition) -> Person:
    """Lock a person of the caller's divisions whose version they saw. Raises `PersonNotFound`, 412."""
    person = await work.persons.get(person_id, within=caller.scope)
    if person is None:
        raise PersonNotFound
    seen.check(person.last_version)
    return person


async def home_of(work: RegistryWork, person_id: UUID, caller: Caller) -> str:
    """Where somebody of the caller's divisions belongs. Raises `PersonNotFound`."""
    division = await division_of(work, person_id, caller.scope)
    if division is None:
        raise PersonNotFound
    return division


def _shown(work: RegistryWork, found: queries.PersonView | None, response: Response) -> PersonOut:
    if found is not None:
        work.audit(*looks([(found["person_id"], found["division"])], PERSON_FIELDS))
    return _tagged(found, response)


def _tagged(found: queries.PersonView | None, response: Response) -> PersonOut:
    if found is None:
        raise PersonNotFound
    tag(response, found["version"])
    return PersonOut.model_validate(found)

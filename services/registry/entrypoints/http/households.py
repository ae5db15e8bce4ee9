"""Households, and clients without a certificate."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.registry.adapters.households import Household
from services.registry.adapters.work import RegistryWork
from services.registry.domain.errors import PersonNotFound
from services.registry.domain.person_errors import (
    HouseholdIsKnown,
    HouseholdNotFound,
    MembershipNotFound,
)
from services.registry.entrypoints.http.persons import home_of
from services.registry.entrypoints.http.schemas_person import (
    ClientIn,
    ClientOut,
    HouseholdIn,
    HouseholdOut,
    LastDayIn,
    MemberIn,
    MemberOut,
)
from services.registry.use_cases.admit_client import admit_client, end_client
from shared.kit.audit import Change, Code, Look, looks
from shared.kit.bodies import Day
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.values.division import Division
from shared.values.person import ClientGround

router = Router(prefix="/api/v1", tags=["households"])

Work = Annotated[RegistryWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("person:read")]
Writer = Annotated[Caller, Permit("person:write")]
Seen = Annotated[Precondition, Depends(if_match)]


@router.post("/households", status_code=201, dependencies=[Idempotent()], summary="登记户")
async def add_household(caller: Writer, body: HouseholdIn, work: Work, response: Response) -> HouseholdOut:
    """Record a household; the number of its book is taken once."""
    division = Division.parse(body.division)
    caller.must_cover(division.code)
    one = Household(
        household_id=work.new_id(),
        version=1,
        division=division,
        kind=body.kind,
        book_no=body.book_no,
        address=body.address,
        persons=body.persons,
    )
    if not await work.households.add(one):
        raise HouseholdIsKnown
    after = {"household_id": one.household_id, "kind": Code(one.kind), "persons": one.persons}
    work.audit(Change(None, "household.recorded", after=after, division=division.code))
    tag(response, one.version)
    return HouseholdOut.of(one, [])


@router.get("/households/{household_id}", summary="户及其成员")
async def read_household(
    caller: Reader,
    household_id: UUID,
    work: Work,
    response: Response,
    as_of: Annotated[Day | None, Query(description="那一天的成员，缺省为今天")] = None,
) -> HouseholdOut:
    """A household and who belonged to it on a day: those whom the caller may see."""
    one = await _household(work, household_id, caller)
    members = await work.households.members(household_id, on=as_of or work.today(), within=caller.scope)
    work.audit(*looks(((each.person_id, None) for each in members), ("household",)))
    tag(response, one.version)
    return HouseholdOut.of(one, [MemberOut.of(each) for each in members])


@router.post("/households/{household_id}/members", status_code=201, dependencies=[Idempotent()], summary="入户")
async def join(*, caller: Writer, household_id: UUID, body: MemberIn, work: Work, seen: Seen) -> MemberOut:
    """Somebody belongs to the household from a day on, and to no other."""
    one = await _household(work, household_id, caller)
    seen.check(one.version)
    if await work.persons.get(body.person_id, within=caller.scope) is None:
        raise PersonNotFound
    member = await work.households.join(one, body.person_id, body.relation, since=body.since)
    after = {"household_id": household_id, "relation": Code(body.relation), "since": body.since}
    work.audit(Change(body.person_id, "household.joined", after=after, division=one.division.code))
    return MemberOut.of(member)


@router.post("/households/{household_id}/members/{person_id}/ending", dependencies=[Idempotent()], summary="出户")
async def leave(
    *, caller: Writer, household_id: UUID, person_id: UUID, body: LastDayIn, work: Work, seen: Seen
) -> HouseholdOut:
    """The last day of a membership."""
    one = await _household(work, household_id, caller)
    seen.check(one.version)
    if not await work.households.leave(one, person_id, on=body.valid_to):
        raise MembershipNotFound
    after = {"household_id": household_id, "valid_to": body.valid_to}
    work.audit(Change(person_id, "household.left", after=after, division=one.division.code))
    members = await work.households.members(household_id, on=work.today(), within=caller.scope)
    return HouseholdOut.of(one, [MemberOut.of(each) for each in members])


@router.get("/persons/{person_id}/households", summary="人员所在户")
async def list_memberships(caller: Reader, person_id: UUID, work: Work) -> Listed[MemberOut]:
    """Every membership there ever was."""
    home = await home_of(work, person_id, caller)
    found = await work.households.of_person(person_id, within=caller.scope)
    work.audit(Look(person_id, ("household",), "read", home, count=len(found)))
    return Listed(items=[MemberOut.of(each) for each in found])


async def _household(work: RegistryWork, household_id: UUID, caller: Caller) -> Household:
    one = await work.households.get(household_id, within=caller.scope)
    if one is None:
        raise HouseholdNotFound
    return one


# --- clients without a certificate -----------------------------------------------------------------------------------


@router.get("/clients", summary="无证服务对象列表")
async def list_clients(
    caller: Reader, work: Work, page: PageAsked, ground: ClientGround | None = None
) -> Listed[ClientOut]:
    """Who is served without a certificate (CERT-36, CERT-37)."""
    items, following = await work.clients.page(page, within=caller.scope, ground=ground)
    work.audit(*looks(((each.person_id, each.division.code) for each in items), ("client",), what="read"))
    return Listed(items=[ClientOut.of(each) for each in items], next=following)


@router.post("/persons/{person_id}/clients", status_code=201, dependencies=[Idempotent()], summary="登记无证服务对象")
async def admit(caller: Writer, person_id: UUID, body: ClientIn, work: Work, response: Response) -> ClientOut:
    """A child under seven with a diagnosis, or a severe mental disorder with the guardian's application."""
    admitted = await admit_client(person_id, body.as_ground(), work, diagnosis=body.diagnosis, within=caller.scope)
    after = {"client_id": admitted.client_id, "ground": admitted.ground, "valid_to": admitted.valid_to}
    work.audit(Change(person_id, "client.admitted", after=after, division=admitted.division.code))
    tag(response, admitted.version)
    return ClientOut.of(admitted)


@router.post("/clients/{client_id}/ending", dependencies=[Idempotent()], summary="终止无证服务")
async def end(*, caller: Writer, client_id: UUID, body: LastDayIn, work: Work, seen: Seen) -> ClientOut:
    """The ground has gone."""
    known = await work.clients.get(client_id, within=caller.scope)
    if known is not None:
        seen.check(known.version)
    ended = await end_client(client_id, work, on=body.valid_to, within=caller.scope)
    after = {"client_id": client_id, "valid_to": ended.valid_to}
    work.audit(Change(ended.person_id, "client.ended", after=after, division=ended.division.code))
    return ClientOut.of(ended)

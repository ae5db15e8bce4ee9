"""Assessment institutions, their slots and who is expected (CERT-02, CERT-33)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.registry.adapters import application_queries as queries
from services.registry.domain.application_errors import InstitutionNotFound
from services.registry.domain.assessment import Institution
from services.registry.entrypoints.http.applications.desk import Assessor, Reader, Seen, Work
from services.registry.entrypoints.http.applications.schemas import (
    BookingOut,
    InstitutionIn,
    InstitutionOut,
    SlotOut,
    SlotsIn,
    SlotsOut,
)
from services.registry.use_cases.handle_application import find_institution
from shared.kit.audit import Change, looks
from shared.kit.bodies import Day
from shared.kit.etags import tag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router
from shared.values.dates import ONE_DAY
from shared.values.division import Division, Scope

router = Router(prefix="/api/v1/assessment-institutions", tags=["assessment-institutions"])
Designator = Annotated[Caller, Permit("institution:write")]
SLOT_DAYS = 60
"""How far ahead slots are listed when no end is asked for."""


@router.post("", status_code=201, dependencies=[Idempotent()], summary="登记评定机构")
async def designate(caller: Designator, body: InstitutionIn, work: Work, response: Response) -> InstitutionOut:
    """Designate an institution (CERT-02)."""
    caller.must_cover(Division.parse(body.division).code)
    one = body.institution(work.new_id(), 1)
    await work.institutions.add(one)
    _audit(work, one, "institution.designated")
    response.headers["Location"] = f"/api/v1/assessment-institutions/{one.institution_id}"
    tag(response, one.version)
    return InstitutionOut.of(one)


@router.put("/{institution_id}", summary="变更评定机构")
async def change(
    *, caller: Designator, institution_id: UUID, body: InstitutionIn, work: Work, seen: Seen, response: Response
) -> InstitutionOut:
    """Change or end a designation; what was concluded under it stays."""
    before = await work.institutions.get(institution_id, within=caller.scope)
    if before is None:
        raise InstitutionNotFound
    seen.check(before.version)
    caller.must_cover(Division.parse(body.division).code)
    one = body.institution(institution_id, before.version + 1)
    await work.institutions.save(one)
    _audit(work, one, "institution.changed")
    tag(response, one.version)
    return InstitutionOut.of(one)


def _audit(work: Work, one: Institution, what: str) -> None:
    after = {"institution_id": one.institution_id, "from": one.designated_from, "to": one.designated_to}
    work.audit(Change(None, what, after=after, division=one.division.code))


@router.get("", dependencies=[Permit("institution:read")], summary="评定机构列表")
async def list_institutions(
    work: Work, page: PageAsked, division: Annotated[str | None, Query(max_length=12)] = None
) -> Listed[InstitutionOut]:
    """Institutions are designated for the whole province: everybody may look them up."""
    items, following = await queries.institutions_page(
        work.connection,
        page,
        within=Scope.everywhere(),
        division=None if division is None else Division.parse(division),
    )
    return Listed(items=[InstitutionOut.of(item) for item in items], next=following)


@router.get("/{institution_id}", dependencies=[Permit("institution:read")], summary="评定机构详情")
async def read_institution(institution_id: UUID, work: Work, response: Response) -> InstitutionOut:
    """One institution."""
    one = await find_institution(institution_id, work)
    tag(response, one.version)
    return InstitutionOut.of(one)


@router.post("/{institution_id}/slots", status_code=201, dependencies=[Idempotent()], summary="开放预约号源")
async def offer(caller: Assessor, institution_id: UUID, body: SlotsIn, work: Work) -> SlotsOut:
    """Offer slots: on site, by video, at home, at the institution (CERT-08)."""
    one = await _own(institution_id, work, caller)
    slots = [each.slot(work.new_id(), institution_id) for each in body.slots]
    offered = await work.institutions.offer(slots, one.division)
    after = {"institution_id": institution_id, "slots": len(offered)}
    work.audit(Change(None, "institution.slots_offered", after=after, division=one.division.code))
    return SlotsOut(offered=len(offered))


@router.get("/{institution_id}/slots", dependencies=[Permit("institution:read")], summary="号源列表")
async def list_slots(
    institution_id: UUID, work: Work, page: PageAsked, since: Day | None = None, until: Day | None = None
) -> Listed[SlotOut]:
    """Slots with the places that are left, from today on."""
    begins = since or work.today()
    items, following = await queries.slots_page(
        work.connection,
        page,
        within=Scope.everywhere(),
        institution_id=institution_id,
        since=begins,
        until=until or begins + SLOT_DAYS * ONE_DAY,
    )
    return Listed(items=[SlotOut.of(item) for item in items], next=following)


@router.get("/{institution_id}/bookings", summary="预约名单")
async def list_bookings(
    caller: Reader, institution_id: UUID, day: Day, work: Work, page: PageAsked
) -> Listed[BookingOut]:
    """Who is expected on a day."""
    items, following = await queries.bookings_page(
        work.connection, page, within=caller.scope, institution_id=institution_id, day=day
    )
    work.audit(*looks(((person_id, None) for _, person_id in items), ("booking",), what="read"))
    return Listed(items=[BookingOut.of(item) for item, _ in items], next=following)


async def _own(institution_id: UUID, work: Work, caller: Caller) -> Institution:
    """An institution offers its own slots; an office those of its divisions."""
    one = await work.institutions.get(institution_id, within=caller.scope)
    if one is None or (one.account != caller.subject and not caller.may("application:write")):
        raise InstitutionNotFound
    return one

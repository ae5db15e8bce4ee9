"""One's own cases (本人), and a ward's (监护人) while the register says that the guardianship is valid."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from services.rehab.adapters import aid_queries, queries
from services.rehab.adapters.own_data import WARDS
from services.rehab.adapters.work import RehabWork
from services.rehab.domain.errors import PersonNotKnown
from services.rehab.entrypoints.http.schemas import CaseOut
from services.rehab.entrypoints.http.schemas_aid import DeliveryOut
from services.rehab.use_cases.ports import WHOLE
from shared.kit.audit import Look
from shared.kit.pagination import LIMIT_MAX, Listed, Page
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.values.division import Scope
from shared.values.purpose import Purpose

router = Router(prefix="/api/v1/me", tags=["me"])

Work = Annotated[RehabWork, Depends(open_work, scope="function")]
Self = Annotated[Caller, Permit("own:read")]


@router.get("/cases", summary="我的康复个案")
async def list_own_cases(caller: Self, work: Work) -> Listed[CaseOut]:
    """One's own cases."""
    if caller.person_id is None:
        raise PersonNotKnown
    return await _cases(work, caller.person_id)


@router.get("/wards/{person_id}/cases", summary="被监护人的康复个案")
async def list_ward_cases(_: Self, person_id: UUID, work: Work, request: Request) -> Listed[CaseOut]:
    """A ward's cases."""
    if not await WARDS.is_ward(request, person_id):
        raise PersonNotKnown
    return await _cases(work, person_id)


@router.get("/aid", summary="我享受的救助项目")
async def list_own_aid(caller: Self, work: Work) -> Listed[DeliveryOut]:
    """What one was given."""
    if caller.person_id is None:
        raise PersonNotKnown
    return await _aid(work, caller.person_id)


@router.get("/wards/{person_id}/aid", summary="被监护人享受的救助项目")
async def list_ward_aid(_: Self, person_id: UUID, work: Work, request: Request) -> Listed[DeliveryOut]:
    """What a ward was given."""
    if not await WARDS.is_ward(request, person_id):
        raise PersonNotKnown
    return await _aid(work, person_id)


async def _aid(work: RehabWork, person_id: UUID) -> Listed[DeliveryOut]:
    wanted = aid_queries.Given(person_id=person_id)
    rows, _ = await aid_queries.deliveries_page(
        work.connection, Page(LIMIT_MAX), wanted, within=Scope.everywhere(), sight=WHOLE
    )
    work.audit(Look(person_id, fields=("aid",), what="read by themself", purpose=Purpose.OWN_REQUEST.value))
    return Listed(items=[DeliveryOut.model_validate(row) for row in rows])


async def _cases(work: RehabWork, person_id: UUID) -> Listed[CaseOut]:
    page = Page(LIMIT_MAX)
    wanted = queries.Wanted(person_id=person_id)
    items, _ = await queries.cases_page(work.connection, page, wanted, within=Scope.everywhere(), sight=WHOLE)
    work.audit(Look(person_id, fields=("cases",), what="read by themself", purpose=Purpose.OWN_REQUEST.value))
    return Listed(items=[CaseOut.of(item) for item in items])

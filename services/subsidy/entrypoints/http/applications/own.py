"""One's own applications (本人), and a ward's (监护人)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from services.subsidy.adapters import application_queries as queries
from services.subsidy.adapters.own_data import WARDS
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.errors import PersonNotKnown
from services.subsidy.entrypoints.http.applications.schemas import ApplicationOut
from shared.kit.audit import Look
from shared.kit.pagination import LIMIT_MAX, Listed, Page
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.values.division import Scope
from shared.values.purpose import Purpose

router = Router(prefix="/api/v1/me", tags=["me"])

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Self = Annotated[Caller, Permit("own:read")]


@router.get("/applications", summary="我的补贴申请")
async def list_own_applications(caller: Self, work: Work) -> Listed[ApplicationOut]:
    """One's own applications: where they stand, by when, and why they were refused."""
    if caller.person_id is None:
        raise PersonNotKnown
    return await _applications(work, caller.person_id)


@router.get("/wards/{person_id}/applications", summary="被监护人的补贴申请")
async def list_ward_applications(_: Self, person_id: UUID, work: Work, request: Request) -> Listed[ApplicationOut]:
    """A ward's applications."""
    if not await WARDS.is_ward(request, person_id):
        raise PersonNotKnown
    return await _applications(work, person_id)


async def _applications(work: SubsidyWork, person_id: UUID) -> Listed[ApplicationOut]:
    wanted = queries.Wanted(person_id=person_id)
    items, _ = await queries.applications_page(work.connection, Page(LIMIT_MAX), wanted, within=Scope.everywhere())
    work.audit(Look(person_id, fields=("applications",), what="read by themself", purpose=Purpose.OWN_REQUEST.value))
    return Listed(items=[ApplicationOut.of(item, at_home=True) for item in items])

"""One's own awards (本人), and a ward's (监护人) while the register says that the guardianship is valid."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from services.subsidy.adapters import queries
from services.subsidy.adapters.own_data import WARDS
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.errors import PersonNotKnown
from services.subsidy.entrypoints.http.schemas import AwardOut
from shared.kit.audit import Look
from shared.kit.pagination import LIMIT_MAX, Listed, Page
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.values.division import Scope
from shared.values.purpose import Purpose

router = Router(prefix="/api/v1/me", tags=["me"])

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Self = Annotated[Caller, Permit("own:read")]


@router.get("/awards", summary="我的补贴资格")
async def list_own_awards(caller: Self, work: Work) -> Listed[AwardOut]:
    """One's own awards, with the event that stopped them."""
    if caller.person_id is None:
        raise PersonNotKnown
    return await _awards(work, caller.person_id)


@router.get("/wards/{person_id}/awards", summary="被监护人的补贴资格")
async def list_ward_awards(_: Self, person_id: UUID, work: Work, request: Request) -> Listed[AwardOut]:
    """A ward's awards."""
    if not await WARDS.is_ward(request, person_id):
        raise PersonNotKnown
    return await _awards(work, person_id)


async def _awards(work: SubsidyWork, person_id: UUID) -> Listed[AwardOut]:
    items, _ = await queries.awards_page(
        work.connection,
        Page(LIMIT_MAX),
        within=Scope.everywhere(),
        division=None,
        status=None,
        scheme=None,
        person_id=person_id,
        cause_id=None,
    )
    work.audit(Look(person_id, fields=("awards",), what="read by themself", purpose=Purpose.OWN_REQUEST.value))
    return Listed(items=[AwardOut.of(item) for item in items])

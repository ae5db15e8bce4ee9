"""One's own data (本人) and a ward's (监护人): whoever asks sees themself, whatever the divisions, and nobody else."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel, ConfigDict

from services.registry.adapters import queries
from services.registry.adapters.guardians import wards_of
from services.registry.adapters.work import RegistryWork
from services.registry.domain.errors import PersonNotFound
from services.registry.entrypoints.http.schemas import CertificateOut, PersonOut
from shared.kit.audit import Look
from shared.kit.pagination import LIMIT_MAX, Listed, Page
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.values.certificate import StopKind
from shared.values.division import Scope
from shared.values.purpose import Purpose

router = Router(prefix="/api/v1/me", tags=["me"])

Work = Annotated[RegistryWork, Depends(open_work, scope="function")]
Self = Annotated[Caller, Permit("own:read")]


class OwnStopOut(BaseModel):
    """A fact that stopped one's entitlement: what, since when; not who in the office recorded it."""

    model_config = ConfigDict(frozen=True)

    stop_id: UUID
    kind: StopKind
    reason: str | None
    event_date: date
    ended_on: date | None
    withdrawn: bool


class OwnOut(BaseModel):
    """What the register holds about a person; a copy in clear is made on request (``POST /me/requests``)."""

    model_config = ConfigDict(frozen=True)

    person: PersonOut
    certificates: list[CertificateOut]
    stops: list[OwnStopOut]


@router.get("", summary="我的信息")
async def read_own(caller: Self, work: Work) -> OwnOut:
    """Oneself: person, certificates, stops."""
    if caller.person_id is None:
        raise PersonNotFound
    return await _own(work, caller.person_id)


@router.get("/wards", summary="我的被监护人")
async def list_wards(caller: Self, work: Work) -> Listed[OwnOut]:
    """Those for whom the token claims, and the register knows, that the caller is a guardian today."""
    wards = await wards_of(work.connection, caller.subject, sorted(caller.ward_ids), today=work.today())
    if not wards:
        work.audit(Look(None, ("wards",), "own", count=0))
    return Listed(items=[await _own(work, ward) for ward in wards])


@router.get("/wards/{person_id}", summary="被监护人信息")
async def read_ward(caller: Self, person_id: UUID, work: Work) -> OwnOut:
    """One ward, while the guardianship is valid."""
    claimed = [person_id] if person_id in caller.ward_ids else []
    if not await wards_of(work.connection, caller.subject, claimed, today=work.today()):
        raise PersonNotFound
    return await _own(work, person_id)


async def _own(work: RegistryWork, person_id: UUID) -> OwnOut:
    everywhere = Scope.everywhere()
    found = await queries.person_by_id(work.connection, person_id, work.secrets, within=everywhere)
    if found is None:
        raise PersonNotFound
    certificates, _ = await queries.certificates_page(
        work.connection, Page(LIMIT_MAX), within=everywhere, division=None, status=None, person_id=person_id
    )
    stops = await queries.stops_of_person(work.connection, person_id, within=everywhere)
    work.audit(
        Look(
            person_id,
            fields=("person", "certificates", "stops"),
            what="read by themself",
            division=found["division"],
            purpose=Purpose.OWN_REQUEST.value,
        )
    )
    return OwnOut(
        person=PersonOut.model_validate(found),
        certificates=[CertificateOut.of(one, today=work.today()) for one in certificates],
        stops=[OwnStopOut.model_validate(stop) for stop in stops],
    )

"""Guardians of a person: recorded, listed masked, ended."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.registry.adapters.guardians import Guardian, masked_guardian
from services.registry.adapters.work import RegistryWork
from services.registry.domain.errors import GuardianDatesAreWrong, GuardianNotFound, PersonNotFound
from services.registry.entrypoints.http.schemas import CitizenId, Name, PhoneNumber
from shared.kit.audit import Change, Code, Look
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import RequestModel, Router, open_work

router = Router(prefix="/api/v1/persons/{person_id}/guardians", tags=["guardians"])

Work = Annotated[RegistryWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("person:read")]
Writer = Annotated[Caller, Permit("person:write")]


class GuardianIn(RequestModel):
    """Somebody who acts for the person from a day on."""

    name: Name
    citizen_id_no: CitizenId
    phone: PhoneNumber | None = None
    relation: Annotated[str, StringConstraints(pattern=r"^(PARENT|SPOUSE|CHILD|SIBLING|RELATIVE|ORGANISATION|OTHER)$")]
    account: Annotated[
        str | None, Field(max_length=128, pattern=r"^[\x21-\x7e]+$", description="监护人在统一身份认证平台的账号")
    ] = None
    valid_from: date
    valid_to: date | None = None


class EndingIn(RequestModel):
    """The last day of a guardianship."""

    valid_to: date


class GuardianOut(BaseModel):
    """A guardian, masked."""

    model_config = ConfigDict(frozen=True)

    guardian_id: UUID
    person_id: UUID
    name_masked: str
    citizen_id_masked: str
    phone_masked: str | None
    relation: str
    has_account: bool
    valid_from: date
    valid_to: date | None


@router.get("", summary="监护人列表")
async def list_guardians(caller: Reader, person_id: UUID, work: Work) -> Listed[GuardianOut]:
    """Every guardian there ever was, masked."""
    found = await work.guardians.of_person(person_id, within=caller.scope)
    if found is None:
        raise PersonNotFound
    work.audit(Look(person_id, ("guardians",), "read.masked"))
    return Listed(items=[GuardianOut.model_validate(masked_guardian(one)) for one in found])


@router.post("", status_code=201, dependencies=[Idempotent()], summary="登记监护人")
async def add_guardian(caller: Writer, person_id: UUID, body: GuardianIn, work: Work) -> GuardianOut:
    """Record a guardian with the days the guardianship is valid."""
    if await work.persons.get(person_id, within=caller.scope) is None:
        raise PersonNotFound
    if body.valid_to is not None and body.valid_to < body.valid_from:
        raise GuardianDatesAreWrong(valid_from=body.valid_from.isoformat(), valid_to=body.valid_to.isoformat())
    one = Guardian(
        guardian_id=work.new_id(),
        person_id=person_id,
        name=body.name,
        citizen_id_no=body.citizen_id_no,
        phone=body.phone,
        relation=body.relation,
        subject=body.account,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
    )
    await work.guardians.add(one)
    after = {"guardian_id": one.guardian_id, "name": one.name, "relation": Code(one.relation)}
    work.audit(Change(person_id, "guardian.recorded", after=after))
    return GuardianOut.model_validate(masked_guardian(one))


@router.post("/{guardian_id}/ending", dependencies=[Idempotent()], summary="终止监护")
async def end_guardian(caller: Writer, person_id: UUID, guardian_id: UUID, body: EndingIn, work: Work) -> GuardianOut:
    """The guardianship ends; from the day after, the guardian sees nothing."""
    one = await work.guardians.end(guardian_id, person_id=person_id, on=body.valid_to, within=caller.scope)
    if one is None:
        raise GuardianNotFound
    after = {"guardian_id": guardian_id, "valid_to": body.valid_to}
    work.audit(Change(person_id, "guardian.ended", after=after))
    return GuardianOut.model_validate(masked_guardian(one))

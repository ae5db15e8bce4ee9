"""For other services of the house: identity numbers in, person ids out, in bulk."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.registry.adapters.links import linked
from services.registry.adapters.work import RegistryWork
from shared.kit.audit import looks
from shared.kit.idempotency import Idempotent
from shared.kit.limits import Budget
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import RequestModel, Router, open_work
from shared.values.identity_number import IdentityNumber
from shared.values.invalid import InvalidValue

NUMBERS_MAX: Final = 5_000

router = Router(prefix="/api/v1", tags=["person links"])


class LinksIn(RequestModel):
    """Numbers as a list from another bureau has them. They are read, and never kept or repeated."""

    citizen_id_numbers: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=32)]],
        Field(min_length=1, max_length=NUMBERS_MAX, repr=False),
    ]


class LinkOut(BaseModel):
    """The answer to one number: a person, nobody within the caller's divisions, or what is wrong with it."""

    model_config = ConfigDict(frozen=True)

    person_id: UUID | None
    fault: str | None = Field(default=None, description="号码有误时的原因代码")


class LinksOut(BaseModel):
    """One answer for each number, in the order of the request."""

    model_config = ConfigDict(frozen=True)

    items: list[LinkOut]
    found: int


@router.post(
    "/person-links",
    dependencies=[Budget("person.link", client="600/minute"), Idempotent()],
    summary="公民身份号码换人员编号",
)
async def link(
    caller: Annotated[Caller, Permit("person:link")],
    body: LinksIn,
    work: Annotated[RegistryWork, Depends(open_work, scope="function")],
) -> LinksOut:
    """Find persons by number, up to 5,000 at once; every person found is in the audit trail."""
    numbers, faults = _read(body.citizen_id_numbers, work)
    found = await linked(work.connection, numbers, work.secrets, within=caller.scope)
    persons = {each.person_id: each.division for each in found if each is not None}
    work.audit(*looks(persons.items(), ("citizen_id_no",), what="linked"))
    items = [
        LinkOut(person_id=None if each is None else each.person_id, fault=fault)
        for each, fault in zip(found, faults, strict=True)
    ]
    return LinksOut(items=items, found=len(persons))


def _read(texts: list[str], work: RegistryWork) -> tuple[list[IdentityNumber | None], list[str | None]]:
    numbers: list[IdentityNumber | None] = []
    faults: list[str | None] = []
    for text in texts:
        try:
            numbers.append(IdentityNumber.parse(text, today=work.today()))
            faults.append(None)
        except InvalidValue as refusal:
            numbers.append(None)
            faults.append(refusal.code)
    return numbers, faults

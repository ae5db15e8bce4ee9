"""Everything this service holds about one person: shown for a purpose, copied on request; what was paid is kept."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from fastapi import Request
from sqlalchemy import select

from services.subsidy.adapters.payees import ACCOUNT, NAME, Payees
from services.subsidy.adapters.tables import answers, award, blobs, holder_person, payee, requests
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.errors import AwardNotFound, PayeeNotFound
from shared.kit.clients import ServiceClient, ServiceIsUnavailable
from shared.kit.disclosure import Disclosing, Revealed
from shared.kit.outbound import http_client
from shared.kit.permissions import Caller
from shared.kit.person_requests import DataMustBeKept, Holding, Sheets, request_columns
from shared.kit.problems import Problem
from shared.kit.rotation import Sealed, house_columns
from shared.kit.scoping import inside
from shared.values.division import Scope

SEALED: Final = (
    Sealed(
        payee,
        {"name_cipher": NAME, "account_cipher": ACCOUNT},
        indexes={"account_cipher": ("account_index", ACCOUNT)},
    ),
    request_columns(requests),
    *house_columns(answers, blobs),
)
"""Every encrypted column of this service."""

_OK: Final = 200


def disclosing(payees: Payees) -> Disclosing:
    """The payee of an award in clear."""

    async def reveal(work: SubsidyWork, award_id: UUID, fields: frozenset[str], *, within: Scope) -> Revealed:
        found = await payees.get(work.connection, award_id, within=within)
        if found is None:
            raise AwardNotFound
        if found.name is None or found.account is None:
            raise PayeeNotFound
        clear = {"payee_name": found.name.clear, "account": found.account.clear}
        return Revealed(
            found.person_id, found.division, {name: value for name, value in clear.items() if name in fields}
        )

    return Disclosing("/api/v1/awards/{subject_id}/disclosure", frozenset({"payee_name", "account"}), reveal)


def holding(payees: Payees) -> Holding:
    """What this service does about a person's requests: it copies; money that was paid is nobody's to forget."""

    async def collect(work: SubsidyWork, person_id: UUID) -> Sheets:
        awards = await work.connection.execute(
            select(award).where(award.c.person_id == person_id).order_by(award.c.granted_at)
        )
        return {
            "补贴资格": [
                {
                    name: getattr(row, name)
                    for name in ("scheme", "status", "application_date", "start_month", "effective_month", "cause_kind")
                }
                for row in awards
            ],
            "收款人": [
                {
                    "payee_name": one.name and one.name.clear,
                    "account": one.account and one.account.clear,
                    "bank": one.bank,
                }
                for one in await payees.of_person(work.connection, person_id)
            ],
        }

    return Holding(service="subsidy", division_of=_division_of, acts_for=_acts_for, collect=collect, erase=_erase)


async def _division_of(work: SubsidyWork, person_id: UUID, within: Scope) -> str | None:
    division: str | None = await work.connection.scalar(
        select(holder_person.c.division).where(
            holder_person.c.person_id == person_id, inside(holder_person.c.division, within)
        )
    )
    return division


async def _acts_for(request: Request, _work: Any, person_id: UUID) -> bool:
    """The person; for a ward the register is asked, in the guardian's own name: it alone knows guardianships."""
    caller: Caller = request.state.caller
    if caller.person_id == person_id:
        return True
    return person_id in caller.ward_ids and await is_ward(request, person_id)


async def is_ward(request: Request, person_id: UUID) -> bool:
    """Whether the register says that the caller is a guardian of the person today. Raises Problem 503."""
    token = request.headers["authorization"].partition(" ")[2]
    async with http_client(request.app.state.settings.publisher_urls["registry"]) as client:
        try:
            answer = await ServiceClient("registry", client).get(f"/api/v1/me/wards/{person_id}", bearer=token)
        except ServiceIsUnavailable as error:
            raise Problem("service_unavailable", headers={"Retry-After": "5"}, service="registry") from error
    return answer.status_code == _OK


async def _erase(work: SubsidyWork, person_id: UUID) -> None:
    """Accounting records of public money are kept; a person without any award has nothing here to erase."""
    held = await work.connection.scalar(select(award.c.award_id).where(award.c.person_id == person_id).limit(1))
    if held is not None:
        raise DataMustBeKept(rule="SUB-55", basis="会计档案管理办法", until="会计档案保管期满")

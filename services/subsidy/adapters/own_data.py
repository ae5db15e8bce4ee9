"""Everything this service holds about one person: shown for a purpose, copied on request; what was paid is kept."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import select

from services.subsidy.adapters.payees import ACCOUNT, NAME, Payees
from services.subsidy.adapters.tables import answers, award, blobs, holder_person, jobs, payee, requests
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.errors import AwardNotFound, PayeeNotFound
from shared.kit.consumption_routes import DRIFT
from shared.kit.crypto import Keys
from shared.kit.disclosure import Disclosing, Revealed
from shared.kit.person_requests import DataMustBeKept, Holding, Sheets, request_columns
from shared.kit.rotation import READER_COLUMNS, Sealed, house_columns
from shared.kit.scoping import inside
from shared.kit.trust import Trust
from shared.kit.wards import Wards
from shared.values.division import Scope

SEALED: Final = (
    Sealed(
        payee,
        {"name_cipher": NAME, "account_cipher": ACCOUNT},
        indexes={"account_cipher": ("account_index", ACCOUNT)},
    ),
    request_columns(requests),
    *house_columns(answers, blobs),
    *READER_COLUMNS,
)
"""Every encrypted column of this service."""
WARDS: Final = Wards("registry")
"""Guardianships are the register's."""


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


def holding(keys: Keys) -> Holding:
    """What this service does about a person's requests: it copies; money that was paid is nobody's to forget."""
    payees = Payees(keys)

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

    return Holding(service="subsidy", division_of=_division_of, acts_for=WARDS.acts_for, collect=collect, erase=_erase)


async def _division_of(work: SubsidyWork, person_id: UUID, within: Scope) -> str | None:
    division: str | None = await work.connection.scalar(
        select(holder_person.c.division).where(
            holder_person.c.person_id == person_id, inside(holder_person.c.division, within)
        )
    )
    return division


async def _erase(work: SubsidyWork, person_id: UUID) -> None:
    """Accounting records of public money are kept; a person without any award has nothing here to erase."""
    held = await work.connection.scalar(select(award.c.award_id).where(award.c.person_id == person_id).limit(1))
    if held is not None:
        raise DataMustBeKept(rule="SUB-55", basis="会计档案管理办法", until="会计档案保管期满")


TRUST: Final = Trust(jobs=jobs, answers=answers, blobs=blobs, sealed=SEALED, matters=(DRIFT,), holding=holding)

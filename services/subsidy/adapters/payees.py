"""To whom an award is paid: name and account encrypted, bound to the award, found by account through a blind index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.tables import award, payee
from shared.kit.crypto import BlindIndex, Cipher, Keys
from shared.kit.scoping import inside
from shared.values.division import Scope
from shared.values.personal import BankAccount, PersonName

NAME, ACCOUNT = b"payee.name", b"payee.account"
NOT_YET: Final = 0
"""The version of a payee that was not recorded yet: what a first `If-Match` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """``shared_by``: how many awards are paid to the account, this one included (DX-24)."""

    award_id: UUID
    person_id: UUID
    division: str
    version: int
    name: PersonName | None
    account: BankAccount | None
    bank: str | None
    shared_by: int = 0


class Payees:
    """Reads and writes payees with the keys of this service."""

    def __init__(self, keys: Keys) -> None:
        self._cipher = Cipher(keys)
        self._accounts = BlindIndex(keys, ACCOUNT)

    async def get(
        self, connection: AsyncConnection, award_id: UUID, *, within: Scope, lock: bool = False
    ) -> Payee | None:
        """The payee of an award, of version `NOT_YET` when none was recorded; None when there is no such award."""
        query = (
            select(award.c.award_id, award.c.person_id, award.c.division, *_COLUMNS)
            .outerjoin(payee, payee.c.award_id == award.c.award_id)
            .where(award.c.award_id == award_id, inside(award.c.division, within))
        )
        if lock:  # two first writers would both see nothing: they queue at the award
            query = query.with_for_update(of=award)
        row = (await connection.execute(query)).one_or_none()
        return None if row is None else await self._opened(connection, row)

    async def of_person(self, connection: AsyncConnection, person_id: UUID) -> list[Payee]:
        """The payees of all awards of a person."""
        rows = await connection.execute(
            select(award.c.award_id, award.c.person_id, award.c.division, *_COLUMNS)
            .join(payee, payee.c.award_id == award.c.award_id)
            .where(award.c.person_id == person_id)
            .order_by(award.c.award_id)
        )
        return [await self._opened(connection, row) for row in rows.all()]

    async def put(
        self, connection: AsyncConnection, before: Payee, *, name: PersonName, account: BankAccount, bank: str, by: str
    ) -> int:
        """Store the payee of a locked award; its new version."""
        row = before.award_id.bytes
        values: dict[str, Any] = {
            "version": before.version + 1,
            "name_cipher": self._cipher.encrypt(name.clear.encode(), context=NAME, row=row),
            "account_cipher": self._cipher.encrypt(account.clear.encode(), context=ACCOUNT, row=row),
            "account_index": self._accounts.of(account.clear),
            "bank": bank,
            "recorded_by": by,
        }
        await connection.execute(
            insert(payee)
            .values(award_id=before.award_id, person_id=before.person_id, **values)
            .on_conflict_do_update(
                index_elements=[payee.c.award_id], set_={**values, "recorded_at": func.clock_timestamp()}
            )
        )
        return before.version + 1

    def opened(self, row: Any) -> tuple[PersonName, BankAccount]:
        """Name and account of a row with ``award_id``, ``name_cipher`` and ``account_cipher``."""
        key = row.award_id.bytes
        return (
            PersonName(self._cipher.decrypt(row.name_cipher, context=NAME, row=key).decode()),
            BankAccount(self._cipher.decrypt(row.account_cipher, context=ACCOUNT, row=key).decode()),
        )

    async def _opened(self, connection: AsyncConnection, row: Any) -> Payee:
        if row.version is None:
            return Payee(
                award_id=row.award_id,
                person_id=row.person_id,
                division=row.division,
                version=NOT_YET,
                name=None,
                account=None,
                bank=None,
            )
        name, account = self.opened(row)
        shared = select(func.count()).where(payee.c.account_index.in_(self._accounts.both(account.clear)))
        return Payee(
            award_id=row.award_id,
            person_id=row.person_id,
            division=row.division,
            version=row.version,
            name=name,
            account=account,
            bank=row.bank,
            shared_by=int(await connection.scalar(shared) or 0),
        )


_COLUMNS: Final = (payee.c.version, payee.c.name_cipher, payee.c.account_cipher, payee.c.bank)

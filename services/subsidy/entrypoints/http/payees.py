"""To whom an award is paid: recorded with the version seen, always shown masked."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.subsidy.adapters.payees import Payee, Payees
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.errors import AwardNotFound
from shared.kit.audit import Change, Look
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.masking import AsText, masked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import RequestModel, Router, open_work
from shared.values.personal import BankAccount, PersonName

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("award:read")]
Writer = Annotated[Caller, Permit("payee:write")]
Seen = Annotated[Precondition, Depends(if_match)]
FIELDS = ("payee_name", "account", "bank")


class PayeeIn(RequestModel):
    """Whom to pay, and where."""

    name: Annotated[PersonName, AsText(PersonName.parse, "收款人姓名", max_length=64, format="person-name")]
    account: Annotated[
        BankAccount, AsText(BankAccount.parse, "银行账号", min_length=8, max_length=48, format="bank-account")
    ]
    bank: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=64)] = Field(
        description="开户银行"
    )


class PayeeOut(BaseModel):
    """A payee, masked. ``shared_by``: how many awards are paid to the same account (DX-24)."""

    model_config = ConfigDict(frozen=True)

    award_id: UUID
    version: int = Field(description="0：尚未登记")
    name_masked: str | None
    account_masked: str | None
    bank: str | None
    shared_by: int

    @classmethod
    def of(cls, payee: Payee) -> PayeeOut:
        """From what is stored."""
        return cls(
            award_id=payee.award_id,
            version=payee.version,
            name_masked=masked(payee.name),
            account_masked=masked(payee.account),
            bank=payee.bank,
            shared_by=payee.shared_by,
        )


def payee_router(payees: Payees) -> Router:
    """Read and record the payee of an award."""
    router = Router(prefix="/api/v1/awards/{award_id}/payee", tags=["payees"])

    @router.get("", summary="收款人")
    async def read_payee(caller: Reader, award_id: UUID, work: Work, response: Response) -> PayeeOut:
        """The payee, masked; version 0 while none was recorded. Its ETag is what a change must present."""
        found = await payees.get(work.connection, award_id, within=caller.scope)
        if found is None:
            raise AwardNotFound
        work.audit(Look(found.person_id, fields=FIELDS, division=found.division))
        tag(response, found.version)
        return PayeeOut.of(found)

    @router.put("", summary="登记收款人")
    async def put_payee(
        *, caller: Writer, award_id: UUID, body: PayeeIn, work: Work, seen: Seen, response: Response
    ) -> PayeeOut:
        """Record or replace the payee."""
        before = await payees.get(work.connection, award_id, within=caller.scope, lock=True)
        if before is None:
            raise AwardNotFound
        seen.check(before.version)
        await payees.put(
            work.connection, before, name=body.name, account=body.account, bank=body.bank, by=caller.subject
        )
        after = await payees.get(work.connection, award_id, within=caller.scope)
        assert after is not None, "it was stored a moment ago"
        work.audit(_change(before, after))
        tag(response, after.version)
        return PayeeOut.of(after)

    return router


def _change(before: Payee, after: Payee) -> Change:
    told = [
        None if payee.name is None else {"payee_name": payee.name, "account": payee.account, "bank": payee.bank}
        for payee in (before, after)
    ]
    return Change(after.person_id, "payee.recorded", before=told[0], after=told[1], division=after.division)

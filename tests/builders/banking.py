"""Payments, sendings and declarations of banks' files, with good defaults."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

from services.subsidy.adapters.bank_declarations import SHIPPED, dump, parse
from services.subsidy.domain.banking.declaration import Declaration
from services.subsidy.domain.banking.writing import Batch, Payment
from shared.values.month import Month

MONTH: Final = Month(2026, 6)
BATCH: Final = Batch("B202606001", date(2026, 6, 10), MONTH, "残疾人两项补贴")


def key(number: int) -> UUID:
    """The instruction key of the so-manieth payment."""
    return UUID(int=0x0197 << 112 | 7 << 76 | 2 << 62 | number)


def a_payment(number: int = 1, **given: Any) -> Payment:
    """A payment of 70 yuan and as many fen as its number."""
    told: dict[str, Any] = {
        "instruction_key": key(number),
        "name": "王小明",
        "account": f"6222021234{number:09d}",
        "bank": "农村商业银行",
        "amount_fen": 7000 + number,
        "month": MONTH,
    }
    return Payment(**told | given)


def shipped(name: str, **given: Any) -> Declaration:
    """A declaration that comes with the product, with other values in its document."""
    (declaration,) = SHIPPED.documents(name) or ()
    return parse(dump(declaration) | given) if given else declaration

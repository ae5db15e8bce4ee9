"""What an applicant writes on the form: who they are, whom to call, where to pay (ARCHITECTURE 2, privacy line)."""

from __future__ import annotations

from dataclasses import dataclass

from shared.values.identity_number import IdentityNumber
from shared.values.personal import BankAccount, PersonName, Phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Who files for the applicant (SUB-21)."""

    name: PersonName
    relation: str
    phone: Phone | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """``payee``: the account holder, the applicant unless said otherwise."""

    name: PersonName
    citizen_id_no: IdentityNumber
    phone: Phone | None
    payee: PersonName
    account: BankAccount
    bank: str
    agent: Agent | None = None

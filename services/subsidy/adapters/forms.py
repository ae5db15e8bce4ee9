"""The forms of applications and what is written about them: encrypted, bound to the application."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.tables_application import application
from services.subsidy.domain.application_errors import FormIsForgotten
from services.subsidy.domain.application_form import Agent, Form
from shared.kit.crypto import BlindIndex, Cipher, Keys
from shared.values.identity_number import IdentityNumber
from shared.values.personal import BankAccount, PersonName, Phone

NUMBER, FORM, REASON, OBJECTION = (
    b"application.number",
    b"application.form",
    b"application.reason",
    b"objection.words",
)


class Forms:
    """Seals and opens with the keys of this service."""

    def __init__(self, keys: Keys) -> None:
        self._cipher = Cipher(keys)
        self._numbers = BlindIndex(keys, NUMBER)

    def sealed(self, form: Form, application_id: UUID) -> dict[str, bytes]:
        """The encrypted columns of a form."""
        agent = form.agent
        told = {
            "name": form.name.clear,
            "phone": form.phone and form.phone.clear,
            "payee": form.payee.clear,
            "account": form.account.clear,
            "bank": form.bank,
            "agent": agent
            and {"name": agent.name.clear, "relation": agent.relation, "phone": agent.phone and agent.phone.clear},
        }
        number = form.citizen_id_no.number
        return {
            "number_cipher": self.words(number, NUMBER, application_id),
            "number_index": self._numbers.of(number),
            "form_cipher": self.words(orjson.dumps(told).decode(), FORM, application_id),
        }

    def opened(self, row: Any) -> Form:
        """The form of a row of ``application``. Raises `FormIsForgotten`."""
        if row.form_cipher is None:
            raise FormIsForgotten
        told = orjson.loads(self.open_words(row.form_cipher, FORM, row.application_id))
        agent = told["agent"]
        return Form(
            name=PersonName(told["name"]),
            citizen_id_no=IdentityNumber(self.open_words(row.number_cipher, NUMBER, row.application_id)),
            phone=_phone(told["phone"]),
            payee=PersonName(told["payee"]),
            account=BankAccount(told["account"]),
            bank=told["bank"],
            agent=agent
            and Agent(name=PersonName(agent["name"]), relation=agent["relation"], phone=_phone(agent["phone"])),
        )

    async def get(self, connection: AsyncConnection, application_id: UUID) -> Form:
        """The form of an application somebody has looked up before."""
        column = application.c
        row = await connection.execute(
            select(column.application_id, column.number_cipher, column.form_cipher).where(
                column.application_id == application_id
            )
        )
        return self.opened(row.one())

    async def known_as(self, connection: AsyncConnection, number: IdentityNumber) -> UUID | None:
        """Whose earlier applications bear the number; None: it was never seen here."""
        found: UUID | None = await connection.scalar(
            select(application.c.person_id)
            .where(application.c.number_index.in_(self._numbers.both(number.number)))
            .order_by(application.c.recorded_at.desc())
            .limit(1)
        )
        return found

    def words(self, text: str, context: bytes, row: UUID) -> bytes:
        """A text, encrypted."""
        return self._cipher.encrypt(text.encode(), context=context, row=row.bytes)

    def open_words(self, sealed: bytes, context: bytes, row: UUID) -> str:
        """The reverse."""
        return self._cipher.decrypt(bytes(sealed), context=context, row=row.bytes).decode()


def _phone(text: str | None) -> Phone | None:
    return None if text is None else Phone(text)

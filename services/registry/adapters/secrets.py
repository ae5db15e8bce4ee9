"""What must not lie about in clear: encrypted columns bound to their row, and blind indexes to find them by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.registry.domain.person_identity import as_written
from services.registry.use_cases.ports import Identity
from shared.kit.crypto import BlindIndex, BlindTerms, Cipher, Keys
from shared.values.certificate_number import CertificateNumber
from shared.values.identity_number import IdentityNumber
from shared.values.personal import AddressDetail, Personal, PersonName, Phone

CITIZEN_ID, NAME, PHONE, ADDRESS, NUMBER, NOTE, GUARDIAN_CITIZEN_ID = (
    b"person.citizen_id",
    b"person.name",
    b"person.phone",
    b"person.address",
    b"certificate.number",
    b"stop.note",
    b"guardian.citizen_id",
)


CITIZEN_ID_RAW, OTHER_NAME, PERMIT, BOOK_NO, HOUSEHOLD_ADDRESS, DIAGNOSIS = (
    b"person.citizen_id_raw",
    b"person_name.name",
    b"person_place.permit",
    b"household.book_no",
    b"household.address",
    b"client.diagnosis",
)
REPORT_CITIZEN_ID, REPORT_NAME, REPORT_BORN_ON, SURVEY_ANSWERS = (
    b"outside_report.citizen_id",
    b"outside_report.name",
    b"outside_report.born_on",
    b"survey_visit.answers",
)


class Secrets:
    """The registry's personal values at rest."""

    def __init__(self, keys: Keys) -> None:
        self.cipher = Cipher(keys)
        self.citizen_ids = BlindIndex(keys, CITIZEN_ID)
        self.numbers = BlindIndex(keys, NUMBER)
        self.guardians = BlindIndex(keys, GUARDIAN_CITIZEN_ID)
        self.books = BlindIndex(keys, BOOK_NO)
        self.reported = BlindIndex(keys, REPORT_CITIZEN_ID)
        self.terms = BlindTerms(keys, b"person.name")

    def sealed_identity(self, person_id: UUID, identity: Identity) -> dict[str, Any]:
        """The encrypted columns of a person."""
        row = person_id.bytes
        number = identity.citizen_id_no.number
        return {
            "citizen_id_cipher": self.cipher.encrypt(number.encode(), context=CITIZEN_ID, row=row),
            "citizen_id_index": self.citizen_ids.of(number),
            "citizen_id_raw_cipher": self.seal_text(as_written(identity.citizen_id_no), CITIZEN_ID_RAW, row),
            "name_cipher": self.seal(identity.name, NAME, row),
            **self.sealed_contact(person_id, identity.phone, identity.address),
        }

    def sealed_contact(self, person_id: UUID, phone: Phone | None, address: AddressDetail | None) -> dict[str, Any]:
        """The encrypted columns of where to reach a person."""
        row = person_id.bytes
        return {"phone_cipher": self.seal(phone, PHONE, row), "address_cipher": self.seal(address, ADDRESS, row)}

    def open_identity(self, row: Any) -> Identity:
        """The reverse."""
        key = row.person_id.bytes
        return Identity(
            citizen_id_no=IdentityNumber(self.open(row.citizen_id_cipher, CITIZEN_ID, key)),
            name=PersonName(self.open(row.name_cipher, NAME, key)),
            phone=None if row.phone_cipher is None else Phone(self.open(row.phone_cipher, PHONE, key)),
            address=None if row.address_cipher is None else AddressDetail(self.open(row.address_cipher, ADDRESS, key)),
        )

    def sealed_number(self, certificate_id: UUID, number: CertificateNumber) -> dict[str, Any]:
        """The encrypted columns of a certificate."""
        return {
            "number_cipher": self.cipher.encrypt(number.number.encode(), context=NUMBER, row=certificate_id.bytes),
            "number_index": self.numbers.of(number.number),
        }

    def open_number(self, certificate_id: UUID, sealed: bytes) -> CertificateNumber:
        """The reverse."""
        return CertificateNumber(self.open(sealed, NUMBER, certificate_id.bytes))

    def seal(self, value: Personal | None, context: bytes, row: bytes) -> bytes | None:
        """One value of one row, encrypted; None stays None."""
        return None if value is None else self.cipher.encrypt(value.clear.encode(), context=context, row=row)

    def seal_text(self, text: str | None, context: bytes, row: bytes) -> bytes | None:
        """One text of one row, encrypted; None stays None."""
        return None if text is None else self.cipher.encrypt(text.encode(), context=context, row=row)

    def open_text(self, sealed: bytes | None, context: bytes, row: bytes) -> str | None:
        """The reverse."""
        return None if sealed is None else self.open(sealed, context, row)

    def seal_many(self, values: Sequence[Personal | None], context: bytes, rows: Sequence[bytes]) -> list[bytes | None]:
        """One column of many rows; None stays None."""
        clear = [b"" if value is None else value.clear.encode() for value in values]
        sealed = self.cipher.encrypt_many(clear, context=context, rows=rows)
        return [None if value is None else one for value, one in zip(values, sealed, strict=True)]

    def open(self, sealed: bytes, context: bytes, row: bytes) -> str:
        """The reverse of `seal`, in the clear."""
        return self.cipher.decrypt(sealed, context=context, row=row).decode()

"""What must not lie about in clear: encrypted columns bound to their row, and blind indexes to find them by."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.registry.use_cases.ports import Identity
from shared.kit.crypto import BlindIndex, Cipher, Keys
from shared.values.certificate_number import CertificateNumber
from shared.values.identity_number import IdentityNumber

CITIZEN_ID, NAME, PHONE, NUMBER, NOTE = (
    b"person.citizen_id",
    b"person.name",
    b"person.phone",
    b"certificate.number",
    b"stop.note",
)


class Secrets:
    """The registry's personal values at rest."""

    def __init__(self, keys: Keys) -> None:
        self.cipher = Cipher(keys)
        self.citizen_ids = BlindIndex(keys, CITIZEN_ID)
        self.numbers = BlindIndex(keys, NUMBER)

    def sealed_identity(self, person_id: UUID, identity: Identity) -> dict[str, Any]:
        """The encrypted columns of a person."""
        row = person_id.bytes
        number = identity.citizen_id_no.number
        return {
            "citizen_id_cipher": self.cipher.encrypt(number.encode(), context=CITIZEN_ID, row=row),
            "citizen_id_index": self.citizen_ids.of(number),
            "name_cipher": self.cipher.encrypt(identity.name.encode(), context=NAME, row=row),
            "phone_cipher": None
            if identity.phone is None
            else self.cipher.encrypt(identity.phone.encode(), context=PHONE, row=row),
        }

    def open_identity(self, row: Any) -> Identity:
        """The reverse."""
        key = row.person_id.bytes
        return Identity(
            citizen_id_no=IdentityNumber(self._open(row.citizen_id_cipher, CITIZEN_ID, key)),
            name=self._open(row.name_cipher, NAME, key),
            phone=None if row.phone_cipher is None else self._open(row.phone_cipher, PHONE, key),
        )

    def sealed_number(self, certificate_id: UUID, number: CertificateNumber) -> dict[str, Any]:
        """The encrypted columns of a certificate."""
        return {
            "number_cipher": self.cipher.encrypt(number.number.encode(), context=NUMBER, row=certificate_id.bytes),
            "number_index": self.numbers.of(number.number),
        }

    def open_number(self, certificate_id: UUID, sealed: bytes) -> CertificateNumber:
        """The reverse."""
        return CertificateNumber(self._open(sealed, NUMBER, certificate_id.bytes))

    def _open(self, sealed: bytes, context: bytes, row: bytes) -> str:
        return self.cipher.decrypt(sealed, context=context, row=row).decode()

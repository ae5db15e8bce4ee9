"""Words that people write about work items, and may name anybody: encrypted in their columns."""

from __future__ import annotations

from uuid import UUID

from shared.kit.crypto import Cipher, Keys


class Words:
    """Seals and opens them, bound to what they are (``context``) and to the row they are about."""

    def __init__(self, keys: Keys) -> None:
        self._cipher = Cipher(keys)

    def sealed(self, words: str, context: bytes, row: UUID) -> bytes:
        """Encrypted, for the column."""
        return self._cipher.encrypt(words.encode(), context=context, row=row.bytes)

    def opened(self, sealed: bytes | None, context: bytes, row: UUID) -> str | None:
        """The words; None where there are none, or they are forgotten."""
        if sealed is None:
            return None
        return self._cipher.decrypt(bytes(sealed), context=context, row=row.bytes).decode()

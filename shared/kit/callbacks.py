"""Telling another system what it asked to be told: signed, to one address, with a key by which it knows repeats."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

import httpx
from pydantic import SecretStr

from shared.kit.outbound import http_client

SIGNATURE_HEADER: Final = "X-Signature-256"
TIMEOUT_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Callback:
    """Where a system is told, and what signs it (HMAC-SHA256)."""

    url: str
    secret: SecretStr


class NotTaken(Exception):
    """The system answered otherwise than 2xx (``refused``), or cannot be asked; what was not taken is told again."""

    def __init__(self, reason: str, *, refused: bool) -> None:
        super().__init__(reason)
        self.refused = refused


class CallbackClient:
    """One address. Only its own origin is asked, whatever an answer says."""

    def __init__(
        self,
        callback: Callback,
        client: httpx.AsyncClient | None = None,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._callback = callback
        self._client = client or http_client(callback.url, timeout_seconds=timeout_seconds)

    async def tell(self, body: bytes, *, key: str) -> None:
        """A JSON document. A repeat carries the same ``Idempotency-Key``. Raises `NotTaken`."""
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            SIGNATURE_HEADER: signature(body, self._callback),
        }
        try:
            answer = await self._client.post(self._callback.url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise NotTaken(type(error).__name__, refused=False) from error
        if not answer.is_success:
            raise NotTaken(str(answer.status_code), refused=True)


def signature(body: bytes, callback: Callback) -> str:
    """What the other system checks: HMAC-SHA256 of the body, in hexadecimal."""
    return hmac.new(callback.secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()

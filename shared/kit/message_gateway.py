"""Messages through a gateway that is asked over HTTP (an SMS platform), and the choice between it and the spool.

``POST <url>`` with ``{"messages": [{"id", "medium", "to", "text"}]}`` and the HMAC-SHA256 of the body in
``X-Signature-256``; the answer is 200 and ``{"receipts": [{"id", "taken", "evidence"}]}``. An id is
delivered once.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Self
from uuid import UUID

import httpx
import orjson
import structlog
from pydantic import BaseModel, Field, SecretStr, ValidationError, model_validator

from shared.kit.crypto import Keys
from shared.kit.messages import FileSpool, Medium, Message, Messenger, Receipt, line_of
from shared.kit.outbound import Origin, http_client
from shared.kit.settings import ServiceSettings

SIGNATURE_HEADER: Final = "X-Signature-256"
TIMEOUT_SECONDS: Final = 10.0

log = structlog.get_logger()


class _Told(BaseModel):
    id: UUID
    taken: bool
    evidence: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class _Answer(BaseModel):
    receipts: list[_Told]


class HttpGateway:
    """Carries messages by asking one URL, and no other whatever an answer says."""

    def __init__(self, url: str, secret: SecretStr, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._url = url
        self._secret = secret
        self._client = http_client(url, timeout_seconds=timeout_seconds)

    async def send(self, messages: Sequence[Message]) -> Mapping[UUID, Receipt]:
        """What the gateway says of each. No answer, or none that can be read: all of them wait."""
        if not messages:
            return {}
        body = orjson.dumps({"messages": [line_of(each) for each in messages]})
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: signature(body, self._secret)}
        try:
            answer = await self._client.post(self._url, content=body, headers=headers)
            answer.raise_for_status()
            told = _Answer.model_validate_json(answer.content).receipts
        except (httpx.HTTPError, ValidationError) as error:
            # Only the kind of the error: what it says may quote a message.
            log.warning("messages.postponed", reason=type(error).__name__, messages=len(messages))
            return {}
        asked = {each.message_id for each in messages}
        return {each.id: Receipt(each.taken, each.evidence) for each in told if each.id in asked}


def signature(body: bytes, secret: SecretStr) -> str:
    """What the gateway checks: HMAC-SHA256 of the body, in hexadecimal."""
    return hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()


class ByMedium:
    """Each message to whoever carries its medium."""

    def __init__(self, carriers: Mapping[Medium, Messenger]) -> None:
        self._carriers = carriers

    async def send(self, messages: Sequence[Message]) -> Mapping[UUID, Receipt]:
        """The receipts of all of them."""
        shares: dict[Messenger, list[Message]] = {}
        for each in messages:
            shares.setdefault(self._carriers[each.medium], []).append(each)
        receipts = await asyncio.gather(*(carrier.send(share) for carrier, share in shares.items()))
        return {key: receipt for each in receipts for key, receipt in each.items()}


class MessageSettings(ServiceSettings):
    """What a service needs that tells people something."""

    message_dir: Path | None = None
    """Where messages wait for a gateway; by default beside the files."""
    message_gateway_url: str | None = None
    """Who carries messages (an SMS platform); without it all of them are spooled."""
    message_gateway_secret: SecretStr | None = None
    """Signs what the gateway is asked (HMAC-SHA256)."""
    message_gateway_media: tuple[Medium, ...] = (Medium.SMS,)
    """What the gateway carries; the rest is spooled."""

    @model_validator(mode="after")
    def _gateway_is_whole(self) -> Self:  # noqa: N804 - a validator of the instance
        if (self.message_gateway_url is None) != (self.message_gateway_secret is None):
            message = "message_gateway_url and message_gateway_secret are given together"
            raise ValueError(message)
        if self.message_gateway_url is not None:
            Origin.of(self.message_gateway_url)
        return self

    def spool_dir(self) -> Path:
        """Where messages wait for a gateway."""
        return self.message_dir or self.blob_dir.with_name(f"{self.blob_dir.name}-messages")

    def messenger(self, keys: Keys) -> Messenger:
        """Whoever carries this service's messages."""
        spool = FileSpool(self.spool_dir(), keys)
        if self.message_gateway_url is None or self.message_gateway_secret is None:
            return spool
        gateway = HttpGateway(self.message_gateway_url, self.message_gateway_secret)
        return ByMedium({medium: gateway if medium in self.message_gateway_media else spool for medium in Medium})

"""Telling a portal how its cases stand: signed, in order, each step until it was taken."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import httpx
import orjson
from pydantic import SecretStr

from services.registry.adapters.portals import StepToTell
from shared.kit.outbound import http_client

SIGNATURE_HEADER: Final = "X-Signature-256"
TIMEOUT_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Callback:
    """Where a portal is told of steps, and what signs it (HMAC-SHA256)."""

    url: str
    secret: SecretStr


def callbacks_of(setting: SecretStr) -> dict[str, Callback]:
    """Client id of a portal -> where it is told; JSON ``{"portal": {"url": "https://…", "secret": "…"}}``."""
    told = json.loads(setting.get_secret_value())
    return {portal: Callback(url=each["url"], secret=SecretStr(each["secret"])) for portal, each in told.items()}


class PortalDidNotTake(Exception):
    """The portal cannot be asked, or answered otherwise than 2xx; what was not taken is told again."""


class PortalCallback:
    """One portal. Only its own origin is asked, whatever an answer says."""

    def __init__(self, callback: Callback, client: httpx.AsyncClient | None = None) -> None:
        self._callback = callback
        self._client = client or http_client(callback.url, timeout_seconds=TIMEOUT_SECONDS)

    async def tell(self, step: StepToTell) -> None:
        """One step. A repeat carries the same ``Idempotency-Key``. Raises `PortalDidNotTake`."""
        body = orjson.dumps(
            {
                "case_no": step.case_no,
                "application_id": step.application_id,
                "ordinal": step.ordinal,
                "state": step.state,
                "entered_on": step.entered_on,
                "due_on": step.due_on,
            }
        )
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": f"{step.intake_id}/{step.ordinal}",
            SIGNATURE_HEADER: signature(body, self._callback),
        }
        try:
            answer = await self._client.post(self._callback.url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise PortalDidNotTake(type(error).__name__) from error
        if not answer.is_success:
            raise PortalDidNotTake(str(answer.status_code))

    async def tell_in_order(self, steps: Sequence[StepToTell]) -> list[StepToTell]:
        """The steps that were taken, up to the first that was not."""
        taken: list[StepToTell] = []
        for step in steps:
            try:
                await self.tell(step)
            except PortalDidNotTake:
                break
            taken.append(step)
        return taken


def signature(body: bytes, callback: Callback) -> str:
    """What the portal checks: HMAC-SHA256 of the body, in hexadecimal."""
    return hmac.new(callback.secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()

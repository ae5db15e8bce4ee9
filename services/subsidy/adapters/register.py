"""Asking the register: who bears a number, and how a certificate stands now. Nothing is decided by the answers.

Whoever asks about one holds a transaction open: the database ends one that stands still for a second, so a question
takes less.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID, uuid4

import httpx

from shared.kit.clients import MachineToken, ServiceClient, ServiceIsUnavailable
from shared.kit.outbound import http_client
from shared.kit.settings import ServiceSettings
from shared.values.identity_number import IdentityNumber

REGISTER: Final = "registry"
ASK_SECONDS_MAX: Final = 0.8
ASK_MANY_SECONDS_MAX: Final = 30.0
_OK: Final = 200


async def linked(settings: ServiceSettings, number: IdentityNumber) -> UUID | None:
    """The person a number belongs to, wherever they live; asked with our own right, since any township takes in.

    Raises `ServiceIsUnavailable`.
    """
    (found,) = await _linked(settings, [number], seconds_max=ASK_SECONDS_MAX, attempts_max=1)
    return found


async def many_linked(settings: ServiceSettings, numbers: Sequence[IdentityNumber]) -> list[UUID | None]:
    """The persons some numbers of a list belong to, in their order; while no transaction waits.

    Raises `ServiceIsUnavailable`.
    """
    return await _linked(settings, numbers, seconds_max=ASK_MANY_SECONDS_MAX, attempts_max=3)


async def _linked(
    settings: ServiceSettings, numbers: Sequence[IdentityNumber], *, seconds_max: float, attempts_max: int
) -> list[UUID | None]:
    body = {"citizen_id_numbers": [number.number for number in numbers]}
    try:
        async with (
            asyncio.timeout(seconds_max),
            http_client(settings.publisher_urls[REGISTER]) as register,
            http_client(settings.token_url) as issuer,
        ):
            token = _our_token(settings, issuer)
            client = ServiceClient(REGISTER, register, token=token, attempts_max=attempts_max)
            answer = await client.post("/api/v1/person-links", json=body, idempotency_key=str(uuid4()))
    except TimeoutError as error:
        raise ServiceIsUnavailable(REGISTER, "TimeoutError") from error
    if answer.status_code != _OK:
        raise ServiceIsUnavailable(REGISTER, f"answered {answer.status_code}")
    found = (each["person_id"] for each in answer.json()["items"])
    return [None if each is None else UUID(each) for each in found]


def _our_token(settings: ServiceSettings, issuer: httpx.AsyncClient) -> MachineToken:
    secret = settings.client_secret.get_secret_value()
    return MachineToken(issuer, url=settings.token_url, client_id=settings.client_id, client_secret=secret)


async def certificate_now(settings: ServiceSettings, certificate_id: UUID, *, bearer: str) -> dict[str, Any] | None:
    """A certificate as the register shows it to the reader; None when it does not answer in time, or shows nothing."""
    try:
        async with asyncio.timeout(ASK_SECONDS_MAX), http_client(settings.publisher_urls[REGISTER]) as register:
            client = ServiceClient(REGISTER, register, attempts_max=1)
            answer = await client.get(f"/api/v1/certificates/{certificate_id}", bearer=bearer)
    except (ServiceIsUnavailable, TimeoutError):
        return None
    told: dict[str, Any] | None = answer.json() if answer.status_code == _OK else None
    return told

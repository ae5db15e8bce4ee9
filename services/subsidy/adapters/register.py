"""Asking the register: who bears a number, and how a certificate stands now. Nothing is decided by the answers."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID, uuid4

import httpx

from services.subsidy.domain.application_errors import ApplicantIsNotLinked
from shared.kit.clients import MachineToken, ServiceClient, ServiceIsUnavailable
from shared.kit.outbound import http_client
from shared.kit.problems import Problem
from shared.kit.settings import ServiceSettings
from shared.values.identity_number import IdentityNumber

REGISTER: Final = "registry"
LINK_TIMEOUT_SECONDS: Final = 3.0
CHECK_TIMEOUT_SECONDS: Final = 1.0
_OK: Final = 200


async def link(settings: ServiceSettings, number: IdentityNumber) -> UUID:
    """The person a number belongs to, wherever they live; asked with our own right, since any township takes in.

    Raises `ApplicantIsNotLinked`, Problem 503 `service_unavailable`.
    """
    try:
        found = await _linked(settings, [number])
    except ServiceIsUnavailable as error:
        raise Problem("service_unavailable", headers={"Retry-After": "5"}, service=REGISTER) from error
    if found[0] is None:
        raise ApplicantIsNotLinked
    return found[0]


async def _linked(settings: ServiceSettings, numbers: list[IdentityNumber]) -> list[UUID | None]:
    async with (
        http_client(settings.publisher_urls[REGISTER], timeout_seconds=LINK_TIMEOUT_SECONDS) as register,
        http_client(settings.token_url, timeout_seconds=LINK_TIMEOUT_SECONDS) as issuer,
    ):
        token = MachineToken(
            issuer,
            url=settings.token_url,
            client_id=settings.client_id,
            client_secret=settings.client_secret.get_secret_value(),
        )
        answer = await ServiceClient(REGISTER, register, token=token).post(
            "/api/v1/person-links",
            json={"citizen_id_numbers": [number.number for number in numbers]},
            idempotency_key=str(uuid4()),
        )
    if answer.status_code != _OK:
        raise ServiceIsUnavailable(REGISTER, f"answered {answer.status_code}")
    return [None if item["person_id"] is None else UUID(item["person_id"]) for item in answer.json()["items"]]


async def certificate_now(settings: ServiceSettings, certificate_id: UUID, *, bearer: str) -> dict[str, Any] | None:
    """A certificate as the register shows it to the reader; None when it does not answer in time, or shows nothing."""
    try:
        async with http_client(settings.publisher_urls[REGISTER], timeout_seconds=CHECK_TIMEOUT_SECONDS) as register:
            client = ServiceClient(REGISTER, register, attempts_max=1)
            answer = await client.get(f"/api/v1/certificates/{certificate_id}", bearer=bearer)
    except (ServiceIsUnavailable, httpx.HTTPError):
        return None
    told: dict[str, Any] | None = answer.json() if answer.status_code == _OK else None
    return told

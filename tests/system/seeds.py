"""Something to ask about: the same two people in every service, each through the door it has for them."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid4

import httpx

from shared.contracts.event import Envelope
from shared.kit.audit import Auditor
from shared.kit.clock import Clock
from shared.kit.database import new_engine
from shared.kit.work import Works
from shared.values.award import Scheme
from shared.values.identity_number import check_character
from tests.builders.publishers import Registry, Subsidy, deliver
from tests.builders.served import Served
from tests.builders.settings import make_of

VILLAGE: Final = "341502001001"
NUMBERS: Final = tuple(base + check_character(base) for base in ("99010219900307001", "99010219900307002"))

_BEGUN: Final[dict[str, dict[str, dict[str, str]]]] = {
    "subsidy": {"/api/v1/awards": {"scheme": "nursing_subsidy"}},
    "rehab": {"/api/v1/cases": {}},
}
"""What a service begins for a person it has heard of."""


def seeded(api: Served, headers: dict[str, str]) -> UUID:
    """Put them there; the first of them is who the caller is."""
    with httpx.Client(base_url=api.url, headers=headers, trust_env=False, timeout=60) as client:
        if api.service == "registry":
            first, _ = [_registered(client, number) for number in NUMBERS]
            return first
        first, second = asyncio.run(_heard(api))
        for person_id in (first, second):
            for path, about in _BEGUN.get(api.service, {}).items():
                _posted(client, path, {"person_id": str(person_id), **about})
        return first


def _registered(client: httpx.Client, number: str) -> UUID:
    person = _posted(
        client,
        "/api/v1/persons",
        {"name": "王小明", "citizen_id_no": number, "division": VILLAGE, "phone": "14312341234"},
    )
    certificate = {"category": 4, "grade": 2, "issued_on": "2024-01-01"}
    _posted(client, f"/api/v1/persons/{person['person_id']}/certificates", certificate)
    return UUID(person["person_id"])


def _posted(client: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(path, json=body, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def _heard(api: Served) -> list[UUID]:
    """A reader hears of them as it does of everything: by events."""
    registry, subsidy = Registry(), Subsidy()
    people = [registry.register(VILLAGE, on=date(2024, 1, 1)) for _ in range(2)]
    for person_id in people:
        registry.issue(person_id, on=date(2024, 1, 1), until=date(2034, 1, 1))
        subsidy.grant(person_id, VILLAGE, Scheme.NURSING, month="2024-02")
    told: dict[str, Sequence[Envelope]] = {"registry": registry.journal.entries, "subsidy": subsidy.journal.entries}
    settings = api.app.state.settings
    engine = new_engine(settings.database_url.get_secret_value(), pool_size=2, application_name="seeds")
    works = Works(
        engine, clock=Clock(movable=True), make=make_of(api.service), auditor=Auditor(engine, settings.key_ring())
    )
    for subscription in importlib.import_module(f"services.{api.service}.entrypoints.consumers").SUBSCRIPTIONS:
        await deliver(works, subscription, told.get(subscription.publisher, []))
    await engine.dispose()
    return people

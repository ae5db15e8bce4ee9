"""Aid programmes in force, and persons who qualify for them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.builders.callers import Caller
from tests.builders.care import ok

PROGRAMMES, PLACES, DELIVERIES, SETTLEMENTS = (
    f"/api/v1/{name}" for name in ("programmes", "places", "deliveries", "settlements")
)


def a_document(**changed: Any) -> dict[str, Any]:
    """Hearing aids: two places, one in four years, a number each, in the county 341502."""
    told = {
        "division": "341502",
        "code": "HEARING",
        "title": "助听器适配",
        "basis": "县残联〔2026〕1号",
        "funding": "LOTTERY",
        "purchase": "TENDER",
        "contract": "ZB-2026-01",
        "begins_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "quota": 2,
        "budget_fen": 600_000,
        "qualifies": {"categories": [4]},
        "items": [
            {
                "code": "HEARING_AID",
                "name": "助听器",
                "most_fen": 300_000,
                "every": "LIFE",
                "life_months": 48,
                "serial": True,
                "measured": True,
            }
        ],
    }
    return told | changed


async def in_force(maker: Caller, checker: Caller, document: dict[str, Any]) -> str:
    """A programme that two persons put in force."""
    drafted = ok(await maker.post(PROGRAMMES, {"document": document}))
    return await approved(maker, checker, drafted["programme_id"])


async def approved(maker: Caller, checker: Caller, programme_id: str, *, step: str = "entry-into-force") -> str:
    """A step of its life that takes two persons."""
    kind = {"entry-into-force": "aid_programme.in_force", "withdrawal": "aid_programme.withdrawal"}[step]
    asked = {"kind": kind, "subject_id": programme_id, "note": "请复核"}
    proposal = ok(await maker.post("/api/v1/approvals", asked))
    path = f"/api/v1/approvals/{proposal['approval_id']}/approval"
    ok(await checker.post(path, {"digest": proposal["digest"]}))
    ok(await maker.post(f"{PROGRAMMES}/{programme_id}/{step}", {"approval_id": proposal["approval_id"]}))
    return programme_id


async def enrolled(by: Caller, programme_id: str, *persons: UUID, **more: Any) -> dict[str, Any]:
    """What came of enrolling persons."""
    body = {"person_ids": [str(person) for person in persons]} | more
    return ok(await by.post(f"{PROGRAMMES}/{programme_id}/enrolments", body))


def a_gift(serial: str | None = "SN-1", **changed: Any) -> dict[str, Any]:
    """A hearing aid for 3,000 yuan."""
    told = {"item_code": "HEARING_AID", "delivered_on": "2026-06-15", "amount_fen": 300_000, "mode": "CENTRE"}
    return told | ({} if serial is None else {"serial": serial}) | changed

"""A county with an institution, an item of the catalogue and its time limits, and a case led as far as a test wants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx

from tests.builders.callers import Caller, Desk

CASES, INSTITUTIONS, CATALOGUE, LIMITS = (
    f"/api/v1/{name}" for name in ("cases", "institutions", "catalogue-items", "case-limits")
)
TODAY: Final = "2026-06-15"
CONSENT: Final = {"by": "SELF", "on": "2026-06-01"}
CHECKED: Final = {"suitable": True, "category": 4, "age_band": "ADULT"}


def ok(answer: httpx.Response) -> dict[str, Any]:
    """What a request that must succeed answered."""
    assert answer.status_code < 300, f"{answer.status_code} {answer.text}"
    told: dict[str, Any] = answer.json()
    return told


@dataclass
class County:
    """Who works there, and with what."""

    office: Caller
    prefecture: Caller
    province: Caller
    therapist: Caller
    item_id: str = ""
    institution_id: str = ""
    staff_id: str = ""

    async def designate(self, *, capacity: int = 5, account: str = "therapist-1", **agreed: Any) -> tuple[str, str]:
        """An institution from its application to its first therapist; its id and theirs."""
        asked = {"division": "341502001", "name": "康复中心", "account": account}
        one = ok(await self.office.post(INSTITUTIONS, asked))
        path = f"{INSTITUTIONS}/{one['institution_id']}"
        ok(await self.prefecture.post(f"{path}/confirmation", None, seen='"1"'))
        agreement = {
            "agreement_no": "协-1",
            "begins_on": "2026-01-01",
            "ends_on": "2026-12-31",
            "categories": [4, 6],
            "capacity": capacity,
        }
        ok(await self.office.post(f"{path}/agreements", agreement | agreed))
        person = {
            "staff_no": "T-1",
            "qualification": "THERAPIST",
            "qualified_from": "2020-01-01",
            "qualified_until": "2026-12-31",
        }
        told = ok(await self.office.post(f"{path}/staff", person))
        return one["institution_id"], told["staff"][0]["staff_id"]

    async def offer(self, **item: Any) -> str:
        """An item of the catalogue."""
        told = {
            "division": "34",
            "item_code": "MOTOR",
            "name": "运动功能训练",
            "kind": "TRAINING",
            "categories": [4, 6],
            "age_bands": ["ADULT"],
            "modes": ["CENTRE", "HOME", "REMOTE"],
            "payers": ["FEDERATION"],
            "cycle": "SESSION",
            "price_fen": 10_000,
            "valid_from": "2026-01-01",
            "basis": "皖残联发〔2025〕1号",
        }
        return str(ok(await self.province.post(CATALOGUE, told | item))["item_id"])

    # ------------------------------------------------------------------------ a case

    async def step(self, case_id: str, step: str, body: Any = None, *, by: Caller | None = None) -> httpx.Response:
        """A step at the version that stands."""
        caller = by or self.office
        version = (await self.office.get(f"{CASES}/{case_id}")).headers["etag"]
        return await caller.post(f"{CASES}/{case_id}/{step}", body, seen=version)

    async def opened(self, person_id: UUID, **body: Any) -> str:
        """A case with consent."""
        told = {"person_id": str(person_id), "opened_on": "2026-06-01", "consent": CONSENT}
        return str(ok(await self.office.post(CASES, told | body))["case_id"])

    async def registered(self, person_id: UUID, **body: Any) -> str:
        """… that passed the initial check."""
        case_id = await self.opened(person_id, **body)
        ok(await self.step(case_id, "check", CHECKED))
        return case_id

    async def referred(self, person_id: UUID, **body: Any) -> str:
        """… that was referred."""
        case_id = await self.registered(person_id, **body)
        ok(await self.step(case_id, "referral", {"institution_id": self.institution_id}))
        return case_id

    async def assessed(self, person_id: UUID, **body: Any) -> str:
        """… that was accepted and assessed."""
        case_id = await self.referred(person_id, **body)
        ok(await self.step(case_id, "acceptance", by=self.therapist))
        ok(await self.step(case_id, "assessments", self.assessment("BASELINE", 40), by=self.therapist))
        return case_id

    async def planned(self, person_id: UUID, **body: Any) -> str:
        """… with a signed plan."""
        case_id = await self.assessed(person_id, **body)
        ok(await self.step(case_id, "plans", self.plan(), by=self.therapist))
        return case_id

    def assessment(self, kind: str, score: int, **changed: Any) -> dict[str, Any]:
        """With the Barthel index, today."""
        told = {"kind": kind, "instrument": "BARTHEL", "score": score, "staff_id": self.staff_id, "assessed_on": TODAY}
        return told | changed

    def plan(self, *, item: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
        """Ten sessions until the end of September, two visits after the closing."""
        told = {
            "item_id": self.item_id,
            "staff_id": self.staff_id,
            "begins_on": "2026-06-01",
            "ends_on": "2026-09-30",
            "sessions": 10,
            "mode": "CENTRE",
            "payer": "FEDERATION",
            "amount_fen": 100_000,
            "instrument": "BARTHEL",
            "target": 60,
        }
        return {
            "begins_on": "2026-06-01",
            "ends_on": "2026-09-30",
            "assess_on": "2026-07-31",
            "signed_by": "SELF",
            "signed_on": TODAY,
            "follow_up_days": [30, 90],
            "items": [told | (item or {})],
        } | changed

    def session(
        self, begins: str = "09:00", ends: str = "10:00", *, day: str = TODAY, **changed: Any
    ) -> dict[str, Any]:
        """At the centre."""
        told = {
            "item_no": 1,
            "staff_id": self.staff_id,
            "mode": "CENTRE",
            "begins_at": f"{day}T{begins}:00+08:00",
            "ends_at": f"{day}T{ends}:00+08:00",
        }
        return told | changed

    async def log(self, case_id: str, body: dict[str, Any]) -> httpx.Response:
        """Log a session."""
        return await self.therapist.post(f"{CASES}/{case_id}/sessions", body)


async def a_county(desk: Desk, **institution: Any) -> County:
    """A county of the prefecture 3415, today is 15 June 2026."""
    county = County(
        office=desk.caller("county_reviewer", "341502"),
        prefecture=desk.caller("county_reviewer", "3415", sub="prefecture-1"),
        province=desk.caller("county_reviewer", "34", sub="province-1"),
        therapist=desk.caller("institution", "341502", sub="therapist-1"),
    )
    for stage, days in (("CHECK", 5), ("REFERRAL", 5), ("ANSWER", 5), ("PAUSE", 90)):
        limit = {"division": "34", "programme": "GENERAL", "stage": stage, "valid_from": "2016-01-01", "days": days}
        ok(await county.province.post(LIMITS, limit | {"basis": "转介管理办法"}))
    county.item_id = await county.offer()
    county.institution_id, county.staff_id = await county.designate(**institution)
    return county

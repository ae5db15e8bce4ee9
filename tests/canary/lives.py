"""Canaries in everything people write about persons' lives: names, households, diagnoses, news, cases of portals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from tests.canary.canaries import Canaries

REGISTRY: Final = "registry"
DIVISION: Final = "341502001"

LIVES_NOT_PERSONAL: Final[Mapping[str, str]] = {
    "registry POST /api/v1/division-changes *": "places, their names, the number of a decision",
    "registry POST /api/v1/foreign-id-exports system": "the code of a system",
    "registry POST /api/v1/households kind": "one of two words",
    "registry POST /api/v1/portal-cases acceptance": "a code of the directory",
    "registry POST /api/v1/portal-cases applicant.division": "a code of the directory",
    "registry POST /api/v1/portal-cases case_no": "the number of a case; numbers of persons are refused",
    "registry POST /api/v1/portal-cases to": "a code of the directory",
    "registry POST /api/v1/portal-counts *": "a code of the directory",
    "registry POST /api/v1/reports source_ref": "the number of a notification; numbers of persons are refused",
    "registry POST /api/v1/reports to_division": "a code of the directory",
    "registry POST /api/v1/survey-forms *": "the questions of a form",
}
LIVES_UNWRITTEN: Final = frozenset(
    {
        "registry person.citizen_id_raw_cipher",
        "registry outside_report.born_on_cipher",
        "registry survey_visit.answers_cipher",
    }
)
"""A number of fifteen digits, a day, codes: too short, or too common, for a canary."""


async def enter_lives(house: Any, bird: Canaries, person_id: str) -> None:
    """Every field, through the API. ``house``: see `test_canary.House`."""
    path = f"/api/v1/persons/{person_id}"

    async def post(where: str, body: Any, **more: Any) -> Any:
        return await house.done(REGISTRY, "POST", where, "county_reviewer", body, **more)

    await post(f"{path}/names", {"kind": "FORMER", "name": bird.words(6)}, version="*")
    home = {"division": DIVISION, "book_no": bird.account(), "address": bird.words()}
    household = await post("/api/v1/households", home)
    member = {"person_id": person_id, "relation": "HEAD", "since": "2024-01-01"}
    await post(f"/api/v1/households/{household['household_id']}/members", member, version="*")
    lives = {"division": DIVISION, "since": "2024-01-01", "permit_no": bird.account()}
    await house.done(REGISTRY, "PUT", f"{path}/residence", "county_reviewer", lives, version="*")
    ground = {"ground": "SEVERE_MENTAL", "diagnosed_on": "2025-01-01", "risk_level": 3, "guardian_applied": True}
    await post(f"{path}/clients", {**ground, "diagnosis": bird.words(16)})
    news = {"kind": "DEATH", "source": "POLICE", "event_date": "2026-01-05", "division": DIVISION}
    await post("/api/v1/reports", {**news, "citizen_id_no": bird.number(), "name": bird.words(6)})
    await post("/api/v1/persons/search", {"name": bird.words(6), "phone": bird.phone()})
    number = bird.number()
    await post("/api/v1/persons/search", {"citizen_id_no": number, "certificate_no": f"{number}42"})
    await _other_systems(house, bird)
    for where, rows in _files(bird).items():
        content = "\n".join(",".join(row) for row in rows).encode()
        file = (f"{bird.words()}.csv", content, "text/csv")
        job = await house.done(REGISTRY, "POST", where, "county_reviewer", files={"file": file})
        await house.job(REGISTRY, job["job_id"], "county_reviewer")


async def _other_systems(house: Any, bird: Canaries) -> None:
    """What machines bring: numbers to be linked, and cases."""
    machine = {"scopes": ("person:link", "portal:write")}
    numbers = {"citizen_id_numbers": [bird.number(), bird.number()]}
    await house.done(REGISTRY, "POST", "/api/v1/person-links", "", numbers, **machine)
    case = {
        "case_no": f"CASE-{uuid4().hex[:8]}",
        "received_on": "2026-01-05",
        "applicant": {
            "name": bird.words(6),
            "citizen_id_no": bird.number(),
            "division": DIVISION,
            "phone": bird.phone(),
        },
        "matter": "NEW",
        "acceptance": DIVISION,
        "categories": [4],
        "residence_permit": bird.words(),
    }
    await house.done(REGISTRY, "POST", "/api/v1/portal-cases", "", case, **machine)


def _files(bird: Canaries) -> dict[str, list[tuple[str, ...]]]:
    who = ("公民身份号码", "姓名", "所在地区划代码", "信息来源")
    said = (bird.number(), bird.words(6), DIVISION, "公安")
    return {
        "/api/v1/death-imports": [(*who, "死亡日期"), (*said, "2026-01-05"), (*said, bird.words())],
        "/api/v1/move-imports": [
            (*who, "迁移日期", "迁入地区划代码"),
            (*said, "2026-01-05", "341503001"),
            (*said, bird.words(), bird.words()),
        ],
        "/api/v1/survey-imports": [("公民身份号码", "调查日期", "调查结果"), (bird.number(), bird.words(), "查无此人")],
        "/api/v1/foreign-id-imports": [
            ("公民身份号码", "系统代码", "系统内编号"),
            (bird.number(), "BASE", bird.words()),
        ],
    }

"""Canaries in everything people write about a case: who applies, why it is refused, who objects, what is disputed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from shared.kit.clock import SHANGHAI
from tests.canary.canaries import Canaries

REGISTRY: Final = "registry"
DIVISION: Final = "341502001"
REVIEWER: Final = "county_reviewer"
ADMINISTRATOR: Final = "system_administrator"
ASSESSED_ON: Final = "2026-01-05"
_PAPERS: Final = ("IDENTITY_CARD", "HOUSEHOLD_BOOK", "PHOTOGRAPHS", "APPLICATION_FORM", "ASSESSMENT_FORM", "OLD_CARD")
_PNG: Final = b"\x89PNG\r\n\x1a\n"

CASES_NOT_PERSONAL: Final[Mapping[str, str]] = {
    "registry POST /api/v1/applications acceptance": "a code of the directory",
    "registry POST /api/v1/applications applicant.division": "a code of the directory",
    "registry POST /api/v1/applications to": "a code of the directory",
    "registry * /api/v1/assessment-institutions*": "a hospital, its place, its account",
    "registry POST /api/v1/campaigns *": "the name of a campaign",
    "registry POST /api/v1/certificate-sweeps *": "a code of the directory",
    "registry POST /api/v1/local-rules *": "a parameter, its value, the document that decided it",
    "registry PUT /api/v1/working-years/{year} *": "the document that decided it",
}


CASES_UNWRITTEN: Final = frozenset({"registry application.number_cipher"})
"""The number of a card, which is printed when the notice has run for its working days."""


async def enter_cases(house: Any, bird: Canaries, person_id: str) -> None:
    """Every field, through the API. ``person_id``: somebody who holds a certificate. ``house``: `test_canary.House`."""
    following = datetime.now(SHANGHAI).year + 1
    days = {"days": [{"day": f"{following}-01-01", "works": False}], "basis": "国办发明电"}
    await house.done(REGISTRY, "PUT", f"/api/v1/working-years/{following}", ADMINISTRATOR, days)
    institution = {
        "division": DIVISION,
        "name": "六安市人民医院",
        "categories": [4],
        "modes": ["AT_INSTITUTION"],
        "designated_from": "2018-01-01",
    }
    made = await house.done(REGISTRY, "POST", "/api/v1/assessment-institutions", REVIEWER, institution)
    await _objected(house, bird, made["institution_id"])
    await _disputed(house, bird, made["institution_id"])
    await _refused(house, bird, person_id)
    await _cancelled(house, bird)
    await _for_others(house, bird)


async def _step(house: Any, case: dict[str, Any], verb: str, body: Any = None) -> dict[str, Any]:
    path = f"/api/v1/applications/{case['application_id']}/{verb}"
    told: dict[str, Any] = await house.done(REGISTRY, "POST", path, REVIEWER, body, version="*")
    return told


async def _submitted(house: Any, body: dict[str, Any]) -> dict[str, Any]:
    asked = {"acceptance": DIVISION, "papers": [{"paper": paper} for paper in _PAPERS], **body}
    told: dict[str, Any] = await house.done(REGISTRY, "POST", "/api/v1/applications", REVIEWER, asked)
    return told


async def _assessed(house: Any, bird: Canaries, institution_id: str, findings: list[Any]) -> dict[str, Any]:
    """A case of somebody nobody knew before, up to what two physicians signed."""
    applicant = {"name": bird.words(6), "citizen_id_no": bird.number(), "division": DIVISION, "phone": bird.phone()}
    permit = bird.account()
    case = await _submitted(
        house, {"applicant": applicant, "matter": "NEW", "categories": [4], "residence_permit": permit}
    )
    await _step(house, case, "acceptance", {})
    await _step(house, case, "assignment", {"institution_id": institution_id})
    return await _step(house, case, "conclusion", _conclusion(bird, findings))


def _conclusion(bird: Canaries, findings: list[Any]) -> dict[str, Any]:
    physicians = [{"licence": bird.account(), "name": bird.words(6)} for _ in range(2)]
    return {"assessed_on": ASSESSED_ON, "findings": findings, "physicians": physicians}


async def _objected(house: Any, bird: Canaries, institution_id: str) -> None:
    case = await _assessed(house, bird, institution_id, [{"category": 4, "grade": 2}])
    await _step(house, case, "notice")
    objection = await _step(house, case, "objections", {"words": bird.words(16)})
    decision = {"upheld": True, "reassess": False, "words": bird.words(16)}
    await _step(house, case, f"objections/{objection['objection_id']}/decision", decision)


async def _disputed(house: Any, bird: Canaries, institution_id: str) -> None:
    case = await _assessed(house, bird, institution_id, [])
    await _step(house, case, "declination", {"words": bird.words(16)})
    await _step(house, case, "dispute", {"words": bird.words(16)})
    found = {**_conclusion(bird, []), "institution_id": institution_id}
    await _step(house, case, "dispute-decision", found)
    await _step(house, case, "escalation", {"words": bird.words(16)})


async def _refused(house: Any, bird: Canaries, person_id: str) -> None:
    wanted = {"person_id": person_id, "matter": "EXCHANGE"}
    case = await _submitted(house, wanted)
    scan = (f"{bird.words()}.png", _PNG + bird.words().encode(), "image/png")
    path = f"/api/v1/applications/{case['application_id']}/papers/IDENTITY_CARD/scan"
    await house.done(REGISTRY, "PUT", path, REVIEWER, version="*", files={"file": scan})
    await _step(house, case, "rejection", {"reason": "FALSE_INFORMATION", "words": bird.words(16)})
    case = await _submitted(house, wanted)
    await _step(house, case, "acceptance", {})
    await _step(house, case, "assessment-waiver")
    await _step(house, case, "refusal", {"words": bird.words(16)})


async def _cancelled(house: Any, bird: Canaries) -> None:
    person = {"name": bird.words(6), "citizen_id_no": bird.number(), "division": DIVISION}
    known = await house.done(REGISTRY, "POST", "/api/v1/persons", REVIEWER, person)
    path, issued = f"/api/v1/persons/{known['person_id']}", {"category": 4, "grade": 2, "issued_on": "2024-01-01"}
    card = await house.done(REGISTRY, "POST", f"{path}/certificates", REVIEWER, issued)
    reason = {"reason": "VOLUNTARY", "proof": {"kind": "WRITTEN_WISH", "reference": bird.words()}}
    ended = f"/api/v1/certificates/{card['certificate_id']}/cancellation"
    await house.done(REGISTRY, "POST", ended, REVIEWER, reason, version="*")


async def _for_others(house: Any, bird: Canaries) -> None:
    await house.done(REGISTRY, "POST", "/api/v1/verifications", REVIEWER, {"items": [bird.number(), bird.number()]})
    rows = [("公民身份号码", "残疾类别", "残疾等级", "发证日期"), (bird.number(), "4", "2", bird.words())]
    content = "\n".join(",".join(row) for row in rows).encode()
    file = (f"{bird.words()}.csv", content, "text/csv")
    job = await house.done(REGISTRY, "POST", "/api/v1/certificate-imports", REVIEWER, files={"file": file})
    await house.job(REGISTRY, job["job_id"], REVIEWER)

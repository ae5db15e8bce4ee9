"""跨省通办 (CERT-30, 31): a county of another province takes in, assigns and posts; the home county decides.

Each sees the one case and nothing else of the other; clocks run, and are late, where the turn is.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import pytest

from tests.builders.callers import Caller
from tests.integration.applications.conftest import LIMB_2, PAPERS, VILLAGE, Case, Offices, a_number

RESIDENCE: Final = "320106"
RESIDENCE_VILLAGE: Final = "320106001001"
THIRD: Final = "330106"
IDENTITY: Final = {"name": "王小明", "citizen_id_no": a_number(), "division": VILLAGE}


@pytest.fixture
def away(offices: Offices) -> Caller:
    """A county of another province."""
    return offices.desk.caller("county_reviewer", RESIDENCE)


@pytest.fixture
def third(offices: Offices) -> Caller:
    """A county that has nothing to do with it."""
    return offices.desk.caller("county_reviewer", THIRD)


async def taken_in(offices: Offices, away: Caller, matter: str = "NEW", **more: Any) -> Case:
    """A case of somebody from here who lives there."""
    papers = [{"paper": paper} for paper in (*PAPERS, "OLD_CARD", "WRITTEN_WISH", "RESIDENCE_PERMIT")]
    asked: dict[str, Any] = {"applicant": IDENTITY, "acceptance": RESIDENCE_VILLAGE, "papers": papers, **more}
    return await offices.submit(None, matter, by=away, **asked)


async def test_the_residence_county_leads_to_review_and_the_home_county_decides(
    offices: Offices, away: Caller, third: Caller
) -> None:
    await offices.person()
    case = await taken_in(offices, away)
    await case.step("acceptance", {})
    hospital = await away.post(
        "/api/v1/assessment-institutions",
        {
            "division": RESIDENCE,
            "name": "南京市鼓楼医院",
            "categories": [4],
            "modes": ["AT_INSTITUTION"],
            "designated_from": "2018-01-01",
        },
    )
    await case.step("assignment", {"institution_id": hospital.json()["institution_id"]})
    await case.step("conclusion", LIMB_2)
    await case.step("notice")
    (notice,) = (await away.get("/api/v1/public-notices")).json()["items"]
    assert notice["division"] == RESIDENCE_VILLAGE, "posted where the holder lives"
    assert (await offices.county.get("/api/v1/public-notices")).json()["items"] == []
    offices.today_is(date(2026, 6, 24))
    await case.step("notice-ending")
    assert (await case.ask("approval")).status_code == 403, "the residence county has done its part"
    for verb in ("approval", "production", "handover"):
        await case.step(verb, by=offices.county)
    seen = [(await caller.get(case.path)).status_code for caller in (away, offices.county, third)]
    assert seen == [200, 200, 404]
    assert (await third.get("/api/v1/applications")).json()["items"] == []
    (card,) = (await offices.county.get("/api/v1/certificates")).json()["items"]
    shown = [
        (await away.get(path)).status_code
        for path in (f"/api/v1/persons/{card['person_id']}", f"/api/v1/certificates/{card['certificate_id']}")
    ]
    assert shown == [404, 404], "who took the case in sees the case, not the person of another county"


async def test_each_county_answers_for_its_own_clock(offices: Offices, away: Caller) -> None:
    await offices.completed(await offices.person())
    case = await taken_in(offices, away, "CANCELLATION", cancellation="VOLUNTARY", event_date="2026-06-24")
    offices.today_is(date(2026, 7, 8))
    await case.step("acceptance", {})
    await case.step("assessment-waiver")
    period = {"since": "2026-06-01", "until": "2026-12-31"}
    late = {
        (one["county"], one["state"]): one["left_late"]
        for one in (await offices.rows_of(away, "/api/v1/application-counters", **period))
    }
    assert late[(RESIDENCE, "SUBMITTED")] == 1
    offices.today_is(date(2026, 8, 10))
    (waits,) = [
        one
        for one in await offices.rows_of(offices.county, "/api/v1/application-counters", **period)
        if (one["state"], one["matter"]) == ("UNDER_REVIEW", "CANCELLATION")
    ]
    assert (waits["county"], waits["waiting"], waits["waiting_late"]) == ("341502", 1, 1)
    assert not [
        one
        for one in await offices.rows_of(away, "/api/v1/application-counters", **period)
        if one["county"] != RESIDENCE
    ], "nobody sees another county's counters"


async def test_the_applicant_rates_the_county_that_took_the_case_in(offices: Offices, away: Caller) -> None:
    await offices.completed(await offices.person())
    case = await taken_in(offices, away, "CANCELLATION", cancellation="VOLUNTARY", event_date="2026-06-24")
    early = await case.ask("rating", {"stars": 4})
    assert (early.status_code, early.json()["code"]) == (409, "rating_is_not_due")
    await case.step("acceptance", {})
    await case.step("assessment-waiver")
    for verb in ("approval", "completion"):
        await case.step(verb, by=offices.county)
    await case.step("rating", {"stars": 4})
    (rated,) = await offices.rows_of(away, "/api/v1/application-ratings")
    assert (rated["county"], rated["rated"], rated["average"]) == (RESIDENCE, 1, 4.0)
    assert await offices.rows_of(offices.county, "/api/v1/application-ratings") == []

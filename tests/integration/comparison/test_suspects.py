"""From the list of a bureau to the closed case: distribution, verification with papers, decision (DX-01, SUB-70)."""

from __future__ import annotations

import asyncio
import io
import uuid
from datetime import date
from typing import Any, Final
from uuid import UUID

import pytest
from python_calamine import CalamineWorkbook

from services.subsidy.adapters.own_data import holding
from services.subsidy.domain.comparison.lists import ListKind
from services.subsidy.entrypoints.comparison_jobs import count_suspects
from services.subsidy.metrics import SUSPECTS_HOLDING, SUSPECTS_OVERDUE
from shared.kit.crypto import KeyRing
from tests.builders.databases import DATA_KEYS
from tests.builders.subsidy_applications import CALENDAR
from tests.integration.comparison.conftest import COUNTY, TODAY, TOWN, County

SUSPECTS: Final = "/api/v1/suspects"
PDF: Final = b"%PDF-1.4\n"


async def dead(county: County) -> tuple[dict[str, Any], UUID]:
    """The suspect of a nursing award that ran on after a death, and its person."""
    person = await county.holder()
    await county.told(ListKind.DEATH_POLICE, person, "2026-04-20")
    ended = await county.job(await county.call("POST", "/api/v1/comparisons", {"division": COUNTY}))
    assert ended["state"] == "SUCCEEDED", ended
    assert ended["result"]["checks"]["DX-10"] == {"found": 1, "opened": 1, "reopened": 0}
    return await one_of(county, "DX-10"), person


async def one_of(county: County, check: str) -> dict[str, Any]:
    (found,) = (await county.call("GET", f"{SUSPECTS}?check={check}")).json()["items"]
    return dict(found)


async def paper(county: County, one: dict[str, Any], *, content: bytes = PDF, key: str = "") -> str:
    paper_id = key or str(uuid.uuid4())
    path = f"{SUSPECTS}/{one['suspect_id']}/papers/{paper_id}?kind=VISIT_RECORD"
    answer = await county.call("PUT", path, role="township_clerk", files={"file": ("核查.pdf", content)})
    assert answer.status_code == 200, answer.text
    return paper_id


async def step(county: County, one: dict[str, Any], name: str, *, status: int = 200, **more: Any) -> dict[str, Any]:
    """A step in the version that was seen; its answer."""
    verifies = name in {"verify", "ask_more", "confirm", "report"}
    path = f"{SUSPECTS}/{one['suspect_id']}/{'verification' if verifies else 'decision'}-steps"
    role = "township_clerk" if verifies else "county_determiner"
    answer = await county.call("POST", path, {"step": name} | more, role=role, version=one["version"])
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_death_is_handed_down_verified_acted_upon_reported_and_closed(county: County) -> None:
    """DX-01; SUB-80: what became of a lead is told step by step."""
    one, person = await dead(county)
    assert (one["state"], one["due_on"]) == ("NEW", str(CALENDAR.after(TODAY, 2)))
    # The township sees nothing before it is handed down.
    seen = await county.call("GET", SUSPECTS, role="township_clerk", divisions=[TOWN])
    assert seen.json()["items"] == []
    handed = await county.call("POST", "/api/v1/suspect-distributions", {"division": COUNTY})
    assert handed.json() == {"distributed": 3}
    one = await one_of(county, "DX-10")
    assert (one["state"], one["division"], one["due_on"]) == ("DISTRIBUTED", TOWN, str(CALENDAR.after(TODAY, 5)))
    one = await step(county, one, "verify")
    refused = await step(county, one, "confirm", status=422)
    assert refused["code"] == "suspect_needs_evidence"
    scan = await paper(county, one)
    one = await step(county, one, "confirm", paper_ids=[scan], words="家属确认于四月去世")
    assert one["holds_payment"]
    # A stop is reported once it has happened.
    early = await step(county, one, "act", status=409, action="STOP", paper_ids=[scan])
    assert (early["code"], "nursing_subsidy" in early["detail"]) == ("suspect_award_still_runs", True)
    await county.sql("UPDATE award SET status = 'SUSPENDED' WHERE person_id = :person", person=person)
    wrong = await step(county, one, "act", status=422, action="REMIND", paper_ids=[scan])
    assert wrong["code"] == "action_does_not_answer"
    one = await step(county, one, "act", action="STOP", paper_ids=[scan])
    one = await step(county, one, "report", paper_ids=[scan])
    one = await step(county, one, "close")
    assert (one["state"], one["due_on"], one["holds_payment"]) == ("CLOSED", None, False)
    names = ["find", "distribute", "verify", "confirm", "act", "report", "close"]
    assert [each["step"] for each in one["steps"]] == names
    assert [each["words"] for each in one["steps"] if each["words"]] == ["家属确认于四月去世"]
    late = await step(county, one, "verify", status=409)
    assert (late["code"], "REOPEN" not in late["detail"]) == ("suspect_step_not_allowed", True)


async def test_a_step_is_explained_in_the_readers_language(county: County) -> None:
    one, _ = await dead(county)
    body = {"step": "close"}
    path = f"{SUSPECTS}/{one['suspect_id']}/decision-steps"
    zh = await county.call("POST", path, body, version=one["version"])
    en = await county.call("POST", path, body, version=one["version"], language="en")
    assert (zh.status_code, zh.json()["title"]) == (409, "疑点当前状态不能进行该操作")
    assert "distribute" in en.json()["detail"]
    missing = await step(county, one, "distribute", status=422)
    assert missing["errors"][0]["pointer"].endswith("/division")
    aside = await step(county, one, "distribute", status=422, division="341503")
    assert aside["code"] == "suspect_goes_down_only"


async def test_of_two_clerks_at_once_one_takes_the_step_and_the_other_is_told(county: County) -> None:
    one, _ = await dead(county)
    path = f"{SUSPECTS}/{one['suspect_id']}/decision-steps"
    body = {"step": "distribute", "division": TOWN}
    answers = await asyncio.gather(
        *(county.call("POST", path, body, who=f"clerk {number}", version=one["version"]) for number in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    steps = await county.rows("SELECT 1 FROM suspect_step WHERE suspect_id = :one", one=UUID(one["suspect_id"]))
    assert len(steps) == 2


async def test_a_comparison_beside_clerks_loses_neither(county: County) -> None:
    one, person = await dead(county)
    await county.told(ListKind.CREMATION, person, "2026-04-22")
    path = f"{SUSPECTS}/{one['suspect_id']}/decision-steps"
    body = {"step": "distribute", "division": TOWN}
    answer, _ = await asyncio.gather(
        county.call("POST", path, body, version=one["version"]), county.compare(division=COUNTY)
    )
    now = await one_of(county, "DX-10")
    assert len(now["evidence"]["said"]) == 2
    assert now["state"] == ("DISTRIBUTED" if answer.status_code == 200 else "NEW")
    assert answer.status_code in {200, 412}


async def test_papers_lie_with_one_suspect_and_are_shown_for_a_purpose(county: County) -> None:
    one, person = await dead(county)
    other = await one_of(county, "DX-11")
    scan = await paper(county, one)
    assert await paper(county, one, key=scan) == scan
    path = f"{SUSPECTS}/{one['suspect_id']}/papers/{scan}"
    again = await county.call("PUT", f"{path}?kind=VISIT_RECORD", files={"file": ("a.pdf", PDF + b"other")})
    assert (again.status_code, again.json()["code"]) == (409, "suspect_paper_is_another")
    text_file = await county.call("PUT", f"{path}?kind=OTHER", files={"file": ("a.txt", b"a")})
    assert text_file.status_code == 415
    shown = await county.call("GET", f"{path}?purpose=CASE_HANDLING")
    assert shown.content == PDF
    entries = await county.rows("SELECT 1 FROM audit WHERE what = 'revealed' AND person_id = :person", person=person)
    assert len(entries) == 1
    await county.sql("UPDATE suspect SET state = 'IN_VERIFICATION'")
    strange = await step(county, other, "confirm", status=422, paper_ids=[scan])
    assert (strange["code"], scan in strange["detail"]) == ("suspect_paper_not_found", True)


@pytest.mark.parametrize("path", ["", "/papers/01970000-0000-7000-8000-00000000ffff?purpose=CASE_HANDLING"])
async def test_another_countys_suspect_is_not_there(county: County, path: str) -> None:
    one, _ = await dead(county)
    answer = await county.call("GET", f"{SUSPECTS}/{one['suspect_id']}{path}", divisions=["341503"])
    assert (answer.status_code, answer.json()["code"]) == (404, "suspect_not_found")


async def test_what_nobody_passes_on_in_its_working_days_is_overdue_and_counted(county: County) -> None:
    one, _ = await dead(county)
    assert not one["overdue"]
    county.clock.show(date.fromisoformat(one["due_on"]))
    assert (await county.call("GET", f"{SUSPECTS}?overdue=true")).json()["items"] == []
    county.clock.show(date(2026, 6, 24))
    late = (await county.call("GET", f"{SUSPECTS}?overdue=true&holds=true")).json()["items"]
    assert {each["check"] for each in late} == {"DX-10", "DX-11"}
    await count_suspects(county.works)
    assert SUSPECTS_OVERDUE._value.get() == 3
    assert SUSPECTS_HOLDING._value.get() == 2


async def test_a_township_takes_its_work_list_along_as_a_workbook(county: County) -> None:
    _, person = await dead(county)
    await county.call("POST", "/api/v1/suspect-distributions", {"division": COUNTY})
    asked = await county.call(
        "POST", "/api/v1/suspect-exports", {"check": "DX-11"}, role="township_clerk", divisions=[TOWN]
    )
    ended = await county.job(asked)
    assert ended["state"] == "SUCCEEDED", ended
    file = await county.call("GET", ended["result_url"], role="township_clerk", divisions=[TOWN])
    rows = CalamineWorkbook.from_filelike(io.BytesIO(file.content)).get_sheet_by_index(0).to_python()
    told = dict(zip(rows[0], rows[1], strict=True))
    assert len(rows) == 2
    assert (told["人员编号"], told["疑点"], told["来源名单"]) == (
        str(person),
        "死亡仍发生活补贴",
        "公安户籍注销（死亡）",
    )
    assert (told["暂停发放"], told["涉及月数"], told["涉及金额（元）"]) == ("是", 2, "80.00")


async def test_the_persons_own_copy_holds_what_lists_and_clerks_said(county: County) -> None:
    _, person = await dead(county)
    await county.call("POST", "/api/v1/suspect-distributions", {"division": COUNTY})
    await step(county, await one_of(county, "DX-10"), "verify", words="已联系家属")
    await county.sql("DELETE FROM payee")
    async with county.works.begin() as work:
        sheets = await holding(KeyRing.parse(DATA_KEYS)).collect(work, person)
    assert [each["kind"] for each in sheets["外部名单"]] == ["DEATH_POLICE"]
    assert "已联系家属" in {each["words"] for each in sheets["疑点核查"]}

"""Declarations of banks' files over HTTP: drafted, tried out, put in force by two persons (SUB-55, SUB-59)."""

from __future__ import annotations

import base64
from typing import Any, Final

import pytest

from services.subsidy.adapters.bank_declarations import dump
from tests.builders.banking import shipped
from tests.integration.subsidy_applications.conftest import Office

ALL: Final = "/api/v1/bank-declarations"
CHECKER: Final = "who-checks"
ROLE: Final = "county_determiner"
PAYMENTS: Final = [
    {"name": "王小明", "account": "62220001", "bank": "甲银行", "amount_fen": 7001},
    {"name": "=1+1", "account": "62220002", "bank": "甲银行", "amount_fen": 7002},
    {"name": "𠮷野", "account": "62220003", "bank": "乙银行", "amount_fen": 7003},
]
TRIAL: Final = {"batch": "T1", "month": "2026-06", "purpose": "两项补贴试发", "payments": PAYMENTS}


def a_document(name: str = "bank-csv", **given: Any) -> dict[str, Any]:
    return dump(shipped(name)) | {"division": "341502"} | given


async def drafted(office: Office, **given: Any) -> dict[str, Any]:
    told = await office.call("POST", ALL, ROLE, {"document": a_document(**given)})
    assert told.status_code == 201, told.text
    stored: dict[str, Any] = told.json()
    return stored


async def approved(office: Office, step: str, declaration_id: str, *, maker: str = ROLE) -> str:
    asked = {"kind": f"bank_declaration.{step}", "subject_id": declaration_id, "note": "请复核"}
    proposed = await office.call("POST", "/api/v1/approvals", ROLE, asked, who=maker)
    assert proposed.status_code == 201, proposed.text
    approval = proposed.json()
    seen = {"digest": approval["digest"]}
    path = f"/api/v1/approvals/{approval['approval_id']}/approval"
    told = await office.call("POST", path, ROLE, seen, who=CHECKER)
    assert told.status_code == 200, told.text
    return str(approval["approval_id"])


async def stepped(office: Office, declaration_id: str, step: str, kind: str) -> dict[str, Any]:
    body = {"approval_id": await approved(office, kind, declaration_id)}
    told = await office.call("POST", f"{ALL}/{declaration_id}/{step}", ROLE, body)
    assert told.status_code == 200, told.text
    stored: dict[str, Any] = told.json()
    return stored


async def test_a_declaration_counts_when_a_second_person_approved_it_and_until_two_withdraw_it(office: Office) -> None:
    draft = await drafted(office)
    assert (draft["status"], draft["version"], draft["in_force_at"]) == ("DRAFT", 1, None)
    one = draft["declaration_id"]
    alone = await office.call("POST", f"{ALL}/{one}/entry-into-force", ROLE, {"approval_id": one})
    assert (alone.status_code, alone.json()["code"]) == (409, "approval_needed")

    in_force = await stepped(office, one, "entry-into-force", "in_force")
    assert (in_force["status"], in_force["approved_by"]) == ("IN_FORCE", CHECKER)
    document = {"document": a_document(title="另一名称")}
    changed = await office.call("PUT", f"{ALL}/{one}", ROLE, document, version=f'"{in_force["version"]}"')
    assert (changed.status_code, changed.json()["code"]) == (409, "declaration_step_not_allowed")

    withdrawn = await stepped(office, one, "withdrawal", "withdrawal")
    assert withdrawn["status"] == "WITHDRAWN"
    trail = await office.rows("SELECT what FROM audit WHERE what LIKE 'bank_declaration.%' ORDER BY audit_id")
    assert [row.what.removeprefix("bank_declaration.") for row in trail] == ["drafted", "put_in_force", "withdrawn"]


async def test_of_one_division_and_code_one_declaration_counts_at_a_time(office: Office) -> None:
    first, second = await drafted(office), await drafted(office)
    await stepped(office, first["declaration_id"], "entry-into-force", "in_force")
    body = {"approval_id": await approved(office, "in_force", second["declaration_id"])}
    told = await office.call("POST", f"{ALL}/{second['declaration_id']}/entry-into-force", ROLE, body)
    assert (told.status_code, told.json()["code"]) == (409, "declaration_in_force")
    other = await drafted(office, code="other")
    assert (await stepped(office, other["declaration_id"], "entry-into-force", "in_force"))["status"] == "IN_FORCE"


async def test_a_draft_changes_at_the_version_seen_and_can_be_given_up(office: Office) -> None:
    one = (await drafted(office))["declaration_id"]
    document = {"document": a_document(lines_max=7)}
    stale = await office.call("PUT", f"{ALL}/{one}", ROLE, document, version='"9"')
    assert stale.status_code == 412
    changed = await office.call("PUT", f"{ALL}/{one}", ROLE, document, version='"1"')
    assert (changed.status_code, changed.json()["document"]["lines_max"]) == (200, 7)
    gone = await office.call("POST", f"{ALL}/{one}/discarding", ROLE, version='"2"')
    assert (gone.status_code, gone.json()["status"]) == (200, "DISCARDED")


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"lines_max": 0}, "/document/lines_max"),
        ({"file_name": "{batch}.csv"}, "/document/file_name"),
        ({"answer": {"format": "CSV", "columns": [{"holds": "AMOUNT"}]}}, "/document/answer/columns"),
    ],
)
async def test_a_declaration_nobody_could_work_with_is_refused_and_says_where(
    office: Office, given: dict[str, Any], pointer: str
) -> None:
    told = await office.call("POST", ALL, ROLE, {"document": a_document() | given})
    assert (told.status_code, told.json()["code"]) == (422, "body_invalid")
    assert pointer in [each["pointer"] for each in told.json()["errors"]]


async def test_a_field_nobody_declared_is_refused_and_not_passed_over(office: Office) -> None:
    told = await office.call("POST", ALL, ROLE, {"document": a_document() | {"colour": "red"}})
    assert (told.status_code, told.json()["errors"][0]["pointer"]) == (422, "#/document/colour")


async def test_a_county_drafts_nothing_for_others(office: Office) -> None:
    for division in ("341503", "34", "*"):
        told = await office.call("POST", ALL, ROLE, {"document": a_document(division=division)})
        assert (told.status_code, told.json()["code"]) == (403, "division_outside_scope")


async def test_a_shipped_declaration_is_drafted_for_a_division(office: Office) -> None:
    listed = (await office.call("GET", "/api/v1/shipped-bank-declarations", ROLE)).json()["items"]
    for each in listed:
        path = f"/api/v1/shipped-bank-declarations/{each['name']}/drafts"
        told = await office.call("POST", path, ROLE, {"division": "341502"})
        assert (told.status_code, [item["title"] for item in told.json()["items"]]) == (201, each["titles"])
        elsewhere = await office.call("POST", path, ROLE, {"division": "*"})
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "division_outside_scope")
    mine = {"division": "341502"}
    unknown = await office.call("POST", "/api/v1/shipped-bank-declarations/none/drafts", ROLE, mine)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "declaration_not_found")
    of_the_county = await office.call("GET", f"{ALL}?division=341502001&status=DRAFT", ROLE)
    assert len(of_the_county.json()["items"]) == len(listed)


async def test_the_dictionary_tells_what_a_code_means_and_what_to_do(office: Office) -> None:
    one = (await drafted(office))["declaration_id"]
    told = (await office.call("GET", f"{ALL}/{one}/return-codes", "bank_operator")).json()["items"]
    closed = next(each for each in told if each["code"] == "1002")
    assert (closed["reason"], closed["outcome"], closed["next"]) == ("ACCOUNT_CLOSED", "RETURNED", "HOLD")
    assert (closed["zh"], closed["advice_zh"]) == ("账户已销户", "请本人提供新的账户，更正后重新发放")
    assert {each["next"] for each in told if each["outcome"] == "UNKNOWN"} == {"WAIT"}


async def test_a_trial_makes_the_files_names_what_stands_in_none_and_keeps_nothing(office: Office) -> None:
    one = (await drafted(office))["declaration_id"]
    told = await office.call("POST", f"{ALL}/{one}/trial-files", ROLE, TRIAL)
    assert told.status_code == 200, told.text
    made = told.json()
    assert [(each["bank"], each["part"], each["count"], each["total_fen"]) for each in made["files"]] == [
        ("乙银行", 1, 1, 7003),
        ("甲银行", 2, 1, 7001),
    ]
    assert [(each["number"], each["holds"], each["misfit"]) for each in made["not_written"]] == [(2, "NAME", "FORMULA")]
    assert "王小明,62220001,甲银行,70.01" in base64.b64decode(made["files"][1]["content"]).decode("utf-8-sig")
    assert await office.rows("SELECT FROM blob") == []
    assert "王小明" not in str(await office.rows("SELECT a::text FROM audit a"))


async def test_the_answer_to_a_trial_is_read_line_by_line(office: Office) -> None:
    one = (await drafted(office))["declaration_id"]
    files = (await office.call("POST", f"{ALL}/{one}/trial-files", ROLE, TRIAL)).json()["files"]
    sent = base64.b64decode(files[1]["content"]).decode("utf-8-sig").splitlines()[1].split(",")
    lines = ["指令编号,金额（元）,结果,原因,日期", f"{sent[1]},70.01,1003,户名不符,2026-06-11", f"{'0' * 32},1.00,S,,"]
    content = base64.b64encode("\r\n".join(lines).encode("utf-8-sig")).decode()
    told = await office.call("POST", f"{ALL}/{one}/trial-answers", ROLE, TRIAL | {"part": 2, "content": content})
    assert told.status_code == 200, told.text
    answer = told.json()
    assert answer["counts"] == {"ANSWERED": 1, "LINE_UNKNOWN": 1}
    first = answer["lines"][0]
    assert (first["number"], first["outcome"], first["reason"]["next"]) == (1, "RETURNED", "HOLD")
    assert (answer["faults"], answer["unanswered"]) == ([], [])


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"part": 9, "content": ""}, 422, "trial_part_not_found"),
        ({"content": "AAAAA"}, 422, "body_invalid"),
        ({"content": "中"}, 422, "body_invalid"),
        ({"content": "", "month": "2026-13"}, 422, "body_invalid"),
    ],
)
async def test_a_trial_answer_that_cannot_be_read_says_why(
    office: Office, given: dict[str, Any], status: int, code: str
) -> None:
    one = (await drafted(office))["declaration_id"]
    told = await office.call("POST", f"{ALL}/{one}/trial-answers", ROLE, TRIAL | given)
    assert (told.status_code, told.json()["code"]) == (status, code)


async def test_a_purpose_without_room_in_the_header_is_named(office: Office) -> None:
    document = dump(shipped("rural-bank-fixed")) | {"division": "341502"}
    document["file"] = document["file"] | {"header": [{"holds": "PURPOSE", "width": 4}]}
    told = await office.call("POST", ALL, ROLE, {"document": document})
    one = told.json()["declaration_id"]
    tried = await office.call("POST", f"{ALL}/{one}/trial-files", ROLE, TRIAL)
    assert (tried.status_code, tried.json()["code"]) == (422, "trial_does_not_fit")
    assert "PURPOSE" in tried.json()["detail"]


async def test_who_only_reads_drafts_and_tries_nothing(office: Office) -> None:
    one = (await drafted(office))["declaration_id"]
    for role in ("finance", "bank_operator", "auditor"):
        assert (await office.call("GET", f"{ALL}/{one}", role)).status_code == 200
        assert (await office.call("POST", f"{ALL}/{one}/trial-files", role, TRIAL)).status_code == 403
    assert (await office.call("GET", f"{ALL}/{one}", "township_clerk")).status_code == 403

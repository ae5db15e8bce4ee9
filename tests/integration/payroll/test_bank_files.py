"""A dispatch becomes files, the bank's file becomes turns of lines; nobody is told twice (SUB-55, SUB-58, SUB-59)."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from services.subsidy.adapters.bank_declarations import DECLARATIONS, SHIPPED
from services.subsidy.adapters.payees import ACCOUNT, NAME
from services.subsidy.adapters.payroll import files
from shared.kit.crypto import BlindIndex, Cipher, KeyRing
from tests.builders.databases import DATA_KEYS
from tests.builders.payroll import RUNS, Office, result
from tests.unit.kit.a_service import bearer


async def declared(office: Office, name: str = "bank-csv", **change: Any) -> str:
    """A shipped declaration in force for everybody; its id."""
    shipped = SHIPPED.documents(name)
    assert shipped is not None
    async with office.works.begin() as work:
        stored = await DECLARATIONS.draft(work.connection, work.new_id(), replace(shipped[0], **change), by="a")
        await DECLARATIONS.put_in_force(work.connection, stored, approved_by="b")
    return str(stored.document_id)


async def accounts(office: Office, name: str = "王小明", *, bank: str = "徽商银行") -> None:
    """Every payee with a name and an account of their own."""
    keys = KeyRing.parse(DATA_KEYS)
    cipher, index = Cipher(keys), BlindIndex(keys, ACCOUNT)
    async with office.works.begin() as work:
        ids = [row.award_id for row in await work.connection.execute(text("SELECT award_id FROM payee"))]
        rows = [
            {
                "award": award_id,
                "name": cipher.encrypt(name.encode(), context=NAME, row=award_id.bytes),
                "account": cipher.encrypt(f"6217{place:012d}".encode(), context=ACCOUNT, row=award_id.bytes),
                "index": index.of(f"6217{place:012d}"),
                "bank": bank,
            }
            for place, award_id in enumerate(ids)
        ]
        await work.connection.execute(
            text(
                "UPDATE payee SET name_cipher = :name, account_cipher = :account, account_index = :index, bank = :bank "
                "WHERE award_id = :award"
            ),
            rows,
        )


async def write(office: Office, run_id: str, declaration: str, no: int = 1) -> dict[str, Any]:
    asked = await ask_to_write(office, run_id, declaration, no)
    assert asked.status_code == 202, asked.text
    assert await office.runner.run_one()
    ended = await office.get(f"/api/v1/jobs/{asked.json()['job_id']}")
    assert ended["state"] == "SUCCEEDED", ended
    told: dict[str, Any] = ended["result"]
    return told


async def ask_to_write(office: Office, run_id: str, declaration: str, no: int = 1) -> httpx.Response:
    path = f"{RUNS}/{run_id}/dispatches/{no}/bank-files"
    return await office.call("POST", path, {"declaration_id": declaration})


async def fetched(office: Office, run_id: str, file_id: str) -> bytes:
    path = f"{RUNS}/{run_id}/bank-files/{file_id}/content"
    answer = await office.call("GET", path, who="bank", role="bank_operator")
    assert answer.status_code == 200, answer.text
    return answer.content


def answered(instructions: list[dict[str, Any]], said: Mapping[str, tuple[str, str]] | None = None) -> bytes:
    """A bank's file as the shipped CSV declaration has it; ``said``: another code and amount by key."""
    lines = ["指令编号,金额（元）,结果,原因,日期"]
    total = 0
    for each in instructions:
        key = str(each["instruction_key"]).replace("-", "")
        code, amount = (said or {}).get(key, ("S", f"{each['amount_fen'] / 100:.2f}"))
        lines.append(f"{key},{amount},{code},,2026-06-12")
        total += round(float(amount) * 100)
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


async def upload(
    office: Office, run_id: str, declaration: str, content: bytes, *, file_id: str = "", name: str = "回盘.csv"
) -> httpx.Response:
    query = f"?declaration_id={declaration}" + (f"&file_id={file_id}" if file_id else "")
    headers = bearer(sub="bank", roles=["bank_operator"], divisions=["*"]) | {"Idempotency-Key": str(uuid.uuid4())}
    return await office.client.post(
        f"{RUNS}/{run_id}/bank-answers{query}", files={"file": (name, content)}, headers=headers
    )


async def taken(office: Office, run_id: str, declaration: str, content: bytes, **more: Any) -> dict[str, Any]:
    asked = await upload(office, run_id, declaration, content, **more)
    assert asked.status_code == 202, asked.text
    await office.runner.run_one()
    ended = await office.get(f"/api/v1/jobs/{asked.json()['job_id']}")
    assert ended["state"] == "SUCCEEDED", ended
    told: dict[str, Any] = ended["result"]
    return told


def key_of(instruction: dict[str, Any]) -> str:
    return str(instruction["instruction_key"]).replace("-", "")


async def test_a_dispatch_becomes_files_whose_totals_are_those_of_the_ledger(office: Office) -> None:
    await accounts(office)
    run_id, declaration = await office.sent(), await declared(office, lines_max=300)
    told = await write(office, run_id, declaration)
    sent = await office.instructions(run_id)
    assert (told["lines"], told["amount_fen"]) == (len(sent), sum(each["amount_fen"] for each in sent))
    found = await office.all_of(f"{RUNS}/{run_id}/bank-files")
    assert len(found) == told["files"] > 1
    assert [each["part"] for each in sorted(found, key=lambda each: each["part"])] == [*range(1, len(found) + 1)]
    keys: list[str] = []
    for each in found:
        content = await fetched(office, run_id, each["file_id"])
        assert hashlib.sha256(content).hexdigest() == each["sha256"]
        keys += [line.split(",")[1] for line in content.decode("utf-8-sig").splitlines()[1:-1]]
    assert sorted(keys) == sorted(key_of(each) for each in sent)
    (dispatch,) = (await office.get(f"{RUNS}/{run_id}/dispatches"))["items"]
    assert (dispatch["waiting"], dispatch["files_fen"]) == (0, dispatch["amount_fen"])
    await office.reconciled(run_id)
    # Once more: everything is in a file already.
    again = await ask_to_write(office, run_id, declaration)
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_write")
    elsewhere = await ask_to_write(office, run_id, declaration, no=2)
    assert elsewhere.json()["code"] == "dispatch_not_found"


async def test_a_declaration_serves_its_banks_and_its_division_alone(office: Office) -> None:
    await accounts(office)
    run_id = await office.sent()
    other = await declared(office, banks=("别的银行",))
    assert (await ask_to_write(office, run_id, other)).json()["code"] == "nothing_to_write"
    away = await declared(office, division="51", code="away")
    refused = await ask_to_write(office, run_id, away)
    assert (refused.status_code, refused.json()["code"]) == (409, "declaration_not_usable")
    unknown = await ask_to_write(office, run_id, str(uuid.uuid4()))
    assert unknown.json()["code"] == "declaration_not_usable"


async def test_a_payment_no_cell_takes_is_in_no_file_and_comes_back_by_name(office: Office) -> None:
    await accounts(office)
    run_id, declaration = await office.sent(), await declared(office)
    first = (await office.instructions(run_id))[0]
    cipher = Cipher(KeyRing.parse(DATA_KEYS))
    award = UUID(first["award_id"])
    formula = cipher.encrypt("=王".encode(), context=NAME, row=award.bytes)
    await office.sql("UPDATE payee SET name_cipher = :name WHERE award_id = :award", name=formula, award=award)
    concerned = [each for each in await office.instructions(run_id) if each["award_id"] == first["award_id"]]
    told = await write(office, run_id, declaration)
    assert told["not_written"] == len(concerned) > 0
    lines = await office.lines(run_id, f"person_id={first['person_id']}&state=RETURNED")
    assert {each["reason"] for each in lines} == {"NOT_WRITTEN_NAME_FORMULA"}
    (dispatch,) = (await office.get(f"{RUNS}/{run_id}/dispatches"))["items"]
    assert (dispatch["waiting"], dispatch["not_written"]) == (0, len(concerned))
    await office.reconciled(run_id)


@pytest.mark.parametrize("behind_their_backs", [True, False])
async def test_what_came_back_is_written_again_only_to_the_account_two_persons_approved(
    office: Office, *, behind_their_backs: bool
) -> None:
    await accounts(office)
    run_id, declaration = await office.sent(), await declared(office)
    first, *others = await office.instructions(run_id)
    await office.answer(run_id, [result(first, "RETURNED"), *map(result, others)])
    body = {name: first[name] for name in ("person_id", "scheme", "month", "seq")}
    body |= {"step": "renew", "reason": "ACCOUNT_CORRECTED", "approval_id": await office.renewal(run_id, first)}
    renewed = await office.call("POST", f"{RUNS}/{run_id}/line-steps", body)
    assert renewed.status_code == 200, renewed.text
    await office.done(run_id, "sending")
    if behind_their_backs:
        await office.sql(
            "UPDATE payee SET version = version + 1, recorded_at = clock_timestamp() WHERE award_id = :award",
            award=UUID(first["award_id"]),
        )
    told = await write(office, run_id, declaration, 2)
    lines = await office.lines(run_id, "state=RETURNED")
    if behind_their_backs:
        assert (told["files"], told["not_written"]) == (0, 1)
        assert [each["reason"] for each in lines] == ["NOT_WRITTEN_ACCOUNT_NOT_APPROVED"]
    else:
        assert (told["files"], told["not_written"], lines) == (1, 0, [])
    await office.reconciled(run_id)


async def test_a_worker_killed_between_two_files_goes_on_behind_the_last(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await accounts(office)
    run_id, declaration = await office.sent(), await declared(office, lines_max=300)
    recorded, calls = files.record, 0

    async def dies(*args: Any, **more: Any) -> UUID:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError("killed")
        return await recorded(*args, **more)

    monkeypatch.setattr(files, "record", dies)
    assert (await ask_to_write(office, run_id, declaration)).status_code == 202
    await office.runner.run_one()
    monkeypatch.setattr(files, "record", recorded)
    (kept,) = await office.all_of(f"{RUNS}/{run_id}/bank-files")
    told = await write(office, run_id, declaration)
    found = await office.all_of(f"{RUNS}/{run_id}/bank-files")
    assert kept in found
    sent = await office.instructions(run_id)
    assert told["lines"] == len(sent) - kept["lines"]
    assert sum(each["lines"] for each in found) == len(sent)
    assert sorted(each["part"] for each in found) == [*range(1, len(found) + 1)]


async def test_the_database_lets_no_instruction_into_two_files(office: Office) -> None:
    await accounts(office)
    run_id, declaration = await office.sent(), await declared(office)
    first, second = await asyncio.gather(*(ask_to_write(office, run_id, declaration) for _ in range(2)))
    assert {first.status_code, second.status_code} == {202}
    await asyncio.gather(*(office.runner.run_one() for _ in range(2)))
    await office.runner.run_one()
    sent = await office.instructions(run_id)
    found = await office.all_of(f"{RUNS}/{run_id}/bank-files")
    assert sum(each["lines"] for each in found) == len(sent)


async def test_an_answer_is_read_line_by_line_and_twice_is_once(office: Office) -> None:
    await accounts(office)
    run_id, declaration = await office.sent(), await declared(office)
    await write(office, run_id, declaration)
    first, second, third, *others = await office.instructions(run_id)
    content = answered(
        [first, second, third, *others[:-1], {"instruction_key": uuid.uuid4(), "amount_fen": 100}],
        {
            key_of(first): ("1003", f"{first['amount_fen'] / 100:.2f}"),
            key_of(second): ("S", "1.00"),
            key_of(third): ("zzzz", f"{third['amount_fen'] / 100:.2f}"),
        },
    )
    told = await taken(office, run_id, declaration, content)
    assert told["faults"] == []
    assert told["readings"] == {
        "ANSWERED": len(others),
        "AMOUNT_DIFFERS": 1,
        "CODE_UNKNOWN": 1,
        "LINE_UNKNOWN": 1,
    }
    assert (told["applied"], told["unanswered"], told["state"]) == (len(others) + 2, 1, "SENT")
    shown = await office.all_of(f"{RUNS}/{run_id}/bank-answers/{told['answer_id']}/lines")
    assert sorted(each["reading"] for each in shown) == ["AMOUNT_DIFFERS", "ANSWERED", "CODE_UNKNOWN", "LINE_UNKNOWN"]
    await office.reconciled(run_id)
    # The same bytes once more are the same job; the same words in other bytes turn nothing.
    same = await upload(office, run_id, declaration, content)
    assert same.status_code == 202
    again = await taken(office, run_id, declaration, content + b"\r\n")
    assert (again["applied"], again["readings"]["REPEATED"]) == (0, len(others) + 2)
    # What was returned is now said to be paid: what stands first stands.
    contrary = await taken(office, run_id, declaration, answered([first]))
    assert (contrary["applied"], contrary["readings"]) == (0, {"CONTRADICTS": 1})
    # The bank explains what differed: the end of the unknown.
    ended = await taken(office, run_id, declaration, answered([second, third, others[-1]]))
    assert (ended["applied"], ended["unanswered"]) == (3, 0)
    await office.reconciled(run_id)


async def test_a_damaged_answer_counts_for_nothing_as_a_whole(office: Office) -> None:
    await accounts(office)
    run_id, declaration = await office.sent(), await declared(office)
    await write(office, run_id, declaration)
    told = await taken(office, run_id, declaration, "别的,标题\r\n1,2\r\n".encode())
    assert (told["faults"], told["applied"]) == (["TITLES_DIFFER"], 0)
    (kept,) = await office.all_of(f"{RUNS}/{run_id}/bank-answers")
    assert kept["faults"] == ["TITLES_DIFFER"]
    wrong = await upload(office, run_id, declaration, b"%PDF-", name="回盘.pdf")
    assert (wrong.status_code, wrong.json()["code"]) == (415, "media_type_not_accepted")


async def test_a_file_nobody_can_prove_is_unknown_until_the_bank_speaks(office: Office) -> None:
    await accounts(office)
    run_id, declaration = await office.sent(), await declared(office)
    await write(office, run_id, declaration)
    (file,) = await office.all_of(f"{RUNS}/{run_id}/bank-files")
    version = (await office.run(run_id))["version"]
    path = f"{RUNS}/{run_id}/bank-files/{file['file_id']}/loss"
    lost = await office.call("POST", path, {}, who="bank", role="bank_operator", version=version)
    assert (lost.status_code, lost.json()["lines"]) == (200, file["lines"])
    assert {each["state"] for each in await office.lines(run_id)} == {"UNKNOWN"}
    sent = await office.instructions(run_id)
    told = await taken(office, run_id, declaration, answered(sent))
    assert (told["applied"], told["state"]) == (len(sent), "SETTLED")
    await office.reconciled(run_id)


async def test_an_answer_by_number_needs_the_file_it_answers(office: Office) -> None:
    await accounts(office)
    run_id, declaration = await office.sent(), await declared(office, "bank-excel")
    refused = await upload(office, run_id, declaration, b"1,2\r\n")
    assert (refused.status_code, refused.json()["code"]) == (422, "answer_needs_its_file")


async def test_answers_over_rest_and_in_a_file_are_one_record(office: Office) -> None:
    await accounts(office)
    run_id, declaration = await office.sent(), await declared(office)
    await write(office, run_id, declaration)
    sent = await office.instructions(run_id)
    await office.answer(run_id, [result(each) for each in sent[:10]])
    told = await taken(office, run_id, declaration, answered(sent))
    assert told["readings"] == {"REPEATED": 10, "ANSWERED": len(sent) - 10}
    assert told["state"] == "SETTLED"

"""What the bank says: late, twice, in part, of nobody, and the other way round (SUB-58, SUB-59)."""

from __future__ import annotations

import uuid
from typing import Any
from uuid import UUID

import httpx

from tests.builders.payroll import RUNS, Office, result


async def test_answers_come_in_part_twice_wrong_and_late_and_each_counts_once(office: Office) -> None:
    run_id = await office.sent()
    told = await office.instructions(run_id)
    first, second, third, *others = told
    # A part of them: the others are still on their way.
    assert (await office.answer(run_id, [result(each) for each in others]))["state"] == "SENT"
    # The same file again changes nothing.
    again = await office.answer(run_id, [result(each) for each in others])
    assert (again["applied"], again["unchanged"]) == (0, len(others))
    # Nobody's instruction, another amount, told twice in one file.
    wrong = [
        result(first | {"instruction_key": uuid.uuid4()}),
        result(first, amount_fen=first["amount_fen"] + 1),
        result(second, "UNKNOWN"),
        result(second),
    ]
    refused = await office.answer(run_id, wrong)
    faults = {each["place"]: each["fault"] for each in refused["refused"]}
    assert faults == {0: "UNKNOWN_INSTRUCTION", 1: "OTHER_AMOUNT", 3: "TOLD_TWICE"}
    assert refused["applied"] == 1
    # What nobody knows is never sent again by itself, and ends with an answer.
    (lost,) = await office.lines(run_id, "state=UNKNOWN")
    assert lost["person_id"] == str(second["person_id"])
    nothing = await office.job(run_id, "sending")
    assert nothing["error"]["code"] == "nothing_is_pending"
    told_late = await office.answer(run_id, [result(second), result(first, "RETURNED"), result(third)])
    assert (told_late["applied"], told_late["state"]) == (3, "PARTIALLY_SETTLED")
    # Paid, said the bank, and brought it back a week later.
    late = await office.answer(run_id, [result(third, "RETURNED", at="2026-06-20T09:00:00+08:00")])
    assert late["applied"] == 1
    # Paid after it came back contradicts the bank itself.
    contrary = await office.answer(run_id, [result(first)])
    assert [each["fault"] for each in contrary["refused"]] == ["CONTRADICTS"]
    await office.reconciled(run_id)


async def test_what_came_back_is_paid_by_another_attempt_or_closed(office: Office) -> None:
    run_id = await office.sent()
    first, second, *others = await office.instructions(run_id)
    back = [result(first, "RETURNED"), result(second, "RETURNED")]
    assert (await office.answer(run_id, [*map(result, others), *back]))["state"] == "PARTIALLY_SETTLED"
    alone = await _asked(office, run_id, first, "renew", "ACCOUNT_CORRECTED")
    assert (alone.status_code, alone.json()["code"]) == (409, "approval_needed")
    of_another = await office.renewal(run_id, second)
    mistaken = await _asked(office, run_id, first, "renew", "ACCOUNT_CORRECTED", approval_id=of_another)
    assert (mistaken.status_code, mistaken.json()["code"]) == (409, "approval_needed")
    agreed = await office.renewal(run_id, first)
    renewed = await _step(office, run_id, first, "renew", "ACCOUNT_CORRECTED", approval_id=agreed)
    assert renewed["state"] == "PENDING"
    closed = await _step(office, run_id, second, "close", "DIED")
    assert closed["state"] == "CLOSED_UNPAID"
    assert (await office.done(run_id, "sending"))["instructions"] == 1
    (anew,) = await office.instructions(run_id, 2)
    assert (anew["attempt"], anew["person_id"]) == (2, first["person_id"])
    assert anew["instruction_key"] != first["instruction_key"]
    # The first attempt is told of again: it is over.
    old = await office.answer(run_id, [result(first, "UNKNOWN")])
    assert [each["fault"] for each in old["refused"]] == ["OLD_ATTEMPT"]
    assert (await office.answer(run_id, [result(anew)]))["state"] == "SETTLED"
    found = await office.reconciled(run_id)
    assert {bucket["state"] for bucket in found["buckets"]} == {"SETTLED", "CLOSED_UNPAID"}
    statement = await office.get(f"/api/v1/persons/{first['person_id']}/payments")
    assert "SETTLED" in {each["state"] for each in statement["items"]}


async def test_an_account_changed_after_two_persons_saw_it_is_not_the_one_they_approved(office: Office) -> None:
    run_id = await office.sent()
    first, *others = await office.instructions(run_id)
    await office.answer(run_id, [result(first, "RETURNED"), *map(result, others)])
    agreed = await office.renewal(run_id, first)
    await office.sql("UPDATE payee SET version = version + 1 WHERE award_id = :award", award=UUID(first["award_id"]))
    changed = await _asked(office, run_id, first, "renew", "ACCOUNT_CORRECTED", approval_id=agreed)
    assert (changed.status_code, changed.json()["code"]) == (409, "approval_content_changed")
    (still,) = await office.lines(run_id, "state=RETURNED")
    assert still["person_id"] == first["person_id"]


async def test_what_did_not_come_back_cannot_be_proposed_to_be_paid_again(office: Office) -> None:
    run_id = await office.sent()
    one = (await office.instructions(run_id))[0]
    subject = f"{run_id}:{one['person_id']}:{one['scheme']}:2026-06:{one['seq']}"
    for about in (subject, "nonsense", f"{subject}:1", subject.replace(run_id, str(uuid.uuid4()))):
        body = {"kind": "payment.renewal", "subject_id": about, "note": "请复核"}
        refused = await office.call("POST", "/api/v1/approvals", body)
        assert (refused.status_code, refused.json()["code"]) == (404, "approval_subject_unknown"), refused.text


async def test_a_line_takes_only_the_steps_its_state_knows(office: Office) -> None:
    run_id = await office.sent()
    one = (await office.instructions(run_id))[0]
    for step in ("clear", "renew", "close", "cancel", "settle"):
        answer = await _asked(office, run_id, one, step, "OTHER")
        assert (answer.status_code, answer.json()["code"]) == (409, "line_step_not_allowed")
    other = await _asked(office, run_id, one | {"seq": 9}, "hold", "OTHER")
    assert (other.status_code, other.json()["code"]) == (404, "line_not_found")


async def _asked(
    office: Office, run_id: str, one: dict[str, Any], step: str, reason: str, **more: str
) -> httpx.Response:
    body = {
        "person_id": str(one["person_id"]),
        "scheme": one["scheme"],
        "month": str(one["month"])[:7],
        "seq": one["seq"],
        "step": step,
        "reason": reason,
        **more,
    }
    return await office.call("POST", f"{RUNS}/{run_id}/line-steps", body)


async def _step(
    office: Office, run_id: str, one: dict[str, Any], step: str, reason: str, **more: str
) -> dict[str, Any]:
    answer = await _asked(office, run_id, one, step, reason, **more)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told

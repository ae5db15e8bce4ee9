"""A run from its opening to the last answer of the bank (RULES 4.8, SUB-55 to SUB-63)."""

from __future__ import annotations

from tests.builders import province
from tests.builders.payroll import RUNS, Office, result


async def test_a_month_is_paid_to_the_last_fen(office: Office) -> None:
    run_id = await office.sent()
    run = await office.run(run_id)
    due = province.due_in_all(1_000)
    assert run["state"] == "SENT"
    assert run["draft"]["amount_fen"] == sum(due.values())
    told = await office.answer(run_id, [result(each) for each in await office.instructions(run_id)])
    assert told["applied"] == run["draft"]["lines"]
    assert told["state"] == "SETTLED"
    found = await office.reconciled(run_id)
    assert {bucket["state"] for bucket in found["buckets"]} == {"SETTLED"}
    assert sum(bucket["amount_fen"] for bucket in found["buckets"]) == sum(due.values())
    steps = [each["step"] for each in (await office.get(f"{RUNS}/{run_id}/steps"))["items"]]
    assert steps == ["create", "draw_up", "lock", "approve", "fund", "send", "answer"]

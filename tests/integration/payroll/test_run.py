"""A run from its opening to the last answer of the bank (RULES 4.8, SUB-55 to SUB-63)."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from sqlalchemy.exc import IntegrityError, InternalError

from services.subsidy.entrypoints import payroll_jobs
from tests.builders import province
from tests.builders.payroll import RUNS, Office, nursed, result


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


async def test_the_same_inputs_give_the_same_digest_and_an_open_run_keeps_others_away(office: Office) -> None:
    run_id = await office.opened()
    await office.done(run_id, "drawing-up")
    first = (await office.run(run_id))["draft"]
    await office.done(run_id, "drawing-up")
    assert (await office.run(run_id))["draft"]["digest"] == first["digest"]
    for division in ("34", "3415", "341502"):
        asked = {"division": division, "month": "2026-06", "schemes": ["living_subsidy"]}
        refused = await office.call("POST", RUNS, asked)
        assert (refused.status_code, refused.json()["code"]) == (409, "run_overlaps")
        assert run_id in refused.json()["detail"]
    # Another month, or a division beside it, is another matter; and what was given up keeps nobody away.
    county = await office.opened("2026-05", division="341502")
    await office.opened("2026-05", division="341503")
    await office.done(county, "abandonment", {"reason": "BY_MISTAKE"})
    again = await office.opened("2026-05", division="341502")
    reopened = await office.ask(county, "reopening", {"reason": "BY_MISTAKE"})
    assert (reopened.status_code, reopened.json()["code"]) == (409, "run_overlaps")
    await office.done(again, "abandonment", {"reason": "OTHER"})
    assert (await office.ask(county, "reopening", {"reason": "BY_MISTAKE"})).json()["state"] == "DRAFT"


async def test_who_locks_sees_what_they_lock_and_answers_for_what_is_red(office: Office) -> None:
    run_id = await office.opened()
    early = await office.ask(run_id, "locking", {"digest": "0" * 64})
    assert (early.status_code, early.json()["code"]) == (409, "run_step_not_allowed")
    assert "draw_up" in early.json()["detail"]
    await office.sql("UPDATE payee SET account_index = '\\x01' WHERE award_id IN (SELECT award_id FROM payee LIMIT 5)")
    await office.sql("DELETE FROM payee WHERE person_id = :person", person=nursed())
    await office.done(run_id, "drawing-up")
    digest = (await office.run(run_id))["draft"]["digest"]
    closed = await office.ask(run_id, "locking", {"digest": digest})
    assert (closed.status_code, closed.json()["code"]) == (409, "gate_is_closed")
    red = {each["name"]: each for each in (await office.get(f"{RUNS}/{run_id}/checks"))["items"]}
    assert red["NO_PAYEE"]["shown"] == [nursed()]
    assert red["SHARED_ACCOUNT"]["found"] > 0
    # What a check says of persons is a look at each of them.
    query = "SELECT detail FROM audit WHERE kind = 'LOOK' AND fields = 'check' ORDER BY audit_id DESC LIMIT 1"
    looked = orjson.loads(await office.sql(query))["persons"]
    assert {nursed(), *red["SHARED_ACCOUNT"]["shown"]} <= set(looked)
    green = await office.call("POST", f"{RUNS}/{run_id}/checks/MISSING_RATE/waiver", {"reason": "OTHER"})
    assert (green.status_code, green.json()["code"]) == (409, "check_not_red")
    await office.waived(run_id)
    await office.stops(nursed(1), "2026-05-20")
    await office.done(run_id, "drawing-up")
    assert (await office.ask(run_id, "locking", {"digest": digest})).json()["code"] == "gate_is_closed"
    await office.waived(run_id)
    old = await office.job(run_id, "locking", {"digest": digest})
    assert old["error"]["code"] == "draft_is_old"
    told = await office.lock(run_id)
    assert told["held"] == 1
    (held,) = await office.lines(run_id, "state=HELD")
    assert (held["person_id"], held["reason"]) == (nursed(), "NO_PAYEE")


async def test_two_persons_approve_what_was_frozen_and_a_third_checks_it_for_finance(office: Office) -> None:
    run_id = await office.drawn_up()
    none = await office.call(
        "POST", "/api/v1/approvals", {"kind": "payroll.approval", "subject_id": run_id, "note": "请复核"}
    )
    assert none.status_code == 404, "what is not locked is not frozen"
    await office.lock(run_id)
    approval = await office.proposed(run_id)
    draft = (await office.run(run_id))["draft"]
    assert approval["content"]["digest"] == draft["digest"]
    assert {each["check"] for each in approval["content"]["waivers"]} == {
        each["name"] for each in (await office.get(f"{RUNS}/{run_id}/checks"))["items"]
    }
    approving = f"/api/v1/approvals/{approval['approval_id']}/approval"
    own = await office.call("POST", approving, {"digest": approval["digest"]}, who="maker")
    assert own.status_code == 403
    unapproved = await office.ask(run_id, "approval", {"approval_id": approval["approval_id"]})
    assert unapproved.json()["code"] == "approval_needed"
    assert (await office.call("POST", approving, {"digest": approval["digest"]}, who="checker")).status_code == 200
    assert (await office.ask(run_id, "approval", {"approval_id": approval["approval_id"]})).status_code == 200
    totals = {"budget_code": "2081107", "lines": draft["lines"], "amount_fen": draft["amount_fen"]}
    wrong = await office.ask(run_id, "funding", totals | {"amount_fen": 1}, who="treasurer", role="finance")
    assert (wrong.status_code, wrong.json()["code"]) == (409, "totals_differ")
    for one_of_two in ("maker", "checker"):
        same = await office.ask(run_id, "funding", totals, who=one_of_two, role="finance")
        assert (same.status_code, same.json()["code"]) == (403, "approver_cannot_fund")
    assert (await office.ask(run_id, "funding", totals, who="treasurer", role="finance")).status_code == 200
    unsent = await office.get(f"{RUNS}/{run_id}")
    assert unsent["allowed"] == ["reject", "send", "abort"]


async def test_what_is_given_up_leaves_nothing_behind(office: Office) -> None:
    run_id = await office.drawn_up()
    await office.lock(run_id)
    await office.approved(run_id)
    digest = (await office.run(run_id))["draft"]["digest"]
    await office.done(run_id, "rejection", {"reason": "WRONG_TOTALS"})
    rejected = await office.run(run_id)
    assert (rejected["state"], rejected["draft"]) == ("DRAFT", None)
    assert await office.sql("SELECT count(*) FROM line") == 0
    assert (
        await office.sql("SELECT count(*) FROM (SELECT FROM ledger_leg GROUP BY account HAVING sum(amount_fen) <> 0)")
        == 0
    )
    await office.done(run_id, "drawing-up")
    assert (await office.run(run_id))["draft"]["digest"] == digest
    await office.waived(run_id)
    await office.lock(run_id)
    await office.done(run_id, "abandonment", {"reason": "BUDGET_NOT_READY"})
    assert (await office.run(run_id))["allowed"] == ["reopen"]
    assert await office.sql("SELECT count(*) FROM line") == 0
    reasons = [each["reason"] for each in (await office.get(f"{RUNS}/{run_id}/steps"))["items"] if each["reason"]]
    assert reasons == ["WRONG_TOTALS", "BUDGET_NOT_READY"]


async def test_two_clerks_and_a_double_click_lock_once(office: Office) -> None:
    run_id = await office.drawn_up()
    run = await office.run(run_id)
    body, path = {"digest": run["draft"]["digest"]}, f"{RUNS}/{run_id}/locking"
    clicked = [await office.call("POST", path, body, version=run["version"], key="click") for _ in range(2)]
    assert clicked[0].json()["job_id"] == clicked[1].json()["job_id"]
    other = await office.call("POST", path, body, version=run["version"], who="another")
    assert other.status_code == 202
    await asyncio.gather(office.runner.run_one(), office.runner.run_one())
    ended = [await office.get(f"/api/v1/jobs/{each.json()['job_id']}") for each in (clicked[0], other)]
    assert sorted(each["state"] for each in ended) == ["FAILED", "SUCCEEDED"]
    (failed,) = [each for each in ended if each["state"] == "FAILED"]
    assert failed["error"]["code"] == "run_step_not_allowed"
    late = await office.call("POST", path, body, version=run["version"])
    assert (late.status_code, late.json()["code"]) == (412, "version_stale")
    assert await office.sql("SELECT count(*) FROM line") == run["draft"]["lines"]
    await office.reconciled(run_id)


@pytest.mark.parametrize("step", ["locking", "sending"])
async def test_a_step_that_dies_before_its_commit_has_done_nothing_and_begins_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    run_id = await office.drawn_up()
    body = {"digest": (await office.run(run_id))["draft"]["digest"]}
    if step == "sending":
        await office.lock(run_id)
        await office.approved(run_id)
        body = {}
    before = await office.run(run_id)
    counts = " || '/' || ".join(f"(SELECT count(*) FROM {name})" for name in ("line", "instruction", "ledger_leg"))
    counts = f"SELECT {counts}"
    left = await office.sql(counts)
    asked = await office.ask(run_id, step, body)
    with monkeypatch.context() as killed:
        killed.setattr(payroll_jobs, "_tell", _dies)
        assert await office.runner.run_one()
    assert await office.run(run_id) == before
    assert await office.sql(counts) == left
    await office.sql("UPDATE job SET run_after = now() WHERE state = 'QUEUED'")
    assert await office.runner.run_one()
    ended = await office.get(f"/api/v1/jobs/{asked.json()['job_id']}")
    assert (ended["state"], (await office.run(run_id))["version"]) == ("SUCCEEDED", before["version"] + 1)
    await office.reconciled(run_id)


def _dies(*_: object) -> None:
    message = "the database went away"
    raise ConnectionError(message)


async def test_outside_their_divisions_nobody_opens_sees_or_moves_a_run(office: Office) -> None:
    run_id = await office.opened(division="341502")
    elsewhere = ("341503",)
    asked = {"division": "341502", "month": "2026-06", "schemes": ["living_subsidy"]}
    assert (await office.call("POST", RUNS, asked, divisions=elsewhere)).status_code == 403
    for path in ("", "/steps", "/checks", "/lines", "/differences", "/instructions", "/reconciliation"):
        assert (await office.call("GET", f"{RUNS}/{run_id}{path}", divisions=elsewhere)).status_code == 404
    assert (await office.call("GET", RUNS, divisions=elsewhere)).json()["items"] == []
    moved = await office.call("POST", f"{RUNS}/{run_id}/drawing-up", {}, version=1, divisions=elsewhere)
    assert moved.status_code == 404


MONTHS_REFUSED = (("2026-07", None), ("2026-06", "2026-07"), ("2026-06", "2023-05"), ("2023-05", None))


async def test_a_run_is_for_a_month_that_has_begun_and_looks_back_three_years(office: Office) -> None:
    for month, arrears_from in MONTHS_REFUSED:
        asked = {"division": "34", "month": month, "schemes": ["living_subsidy"], "arrears_from": arrears_from}
        refused = await office.call("POST", RUNS, asked)
        assert (refused.status_code, refused.json()["code"]) == (422, "run_month_not_allowed")


_ADD = (
    "INSERT INTO line (person_id, scheme, month, seq, run_id, award_id, county, amount_fen, settled_before_fen, cause, "
    "rules, locked_at) SELECT person_id, scheme, {month}, {seq}, run_id, award_id, '340102', 1, 0, cause, 0, now() "
    "FROM line LIMIT 1"
)
FORGERIES = (
    "UPDATE line SET amount_fen = amount_fen + 1",
    "DELETE FROM line",
    "UPDATE instruction SET amount_fen = 1",
    "DELETE FROM ledger_leg",
    "UPDATE run_step SET recorded_by = 'nobody'",
    "DELETE FROM payroll_run",
    "UPDATE payroll_run SET amount_fen = amount_fen + 1",
    "UPDATE payroll_run SET division = '3415'",
    # Another county for the same person and month, a number left out, a month nobody opened.
    _ADD.format(month="month", seq=0),
    _ADD.format(month="month", seq=2),
    _ADD.format(month="'1999-01-01'", seq=0),
    "INSERT INTO ledger_leg SELECT entry_id, '0', 's', '2026-06-01', 'TREASURY', 1 FROM ledger_entry LIMIT 1",
)


async def test_the_database_itself_keeps_what_was_paid(office: Office) -> None:
    await office.sent()
    for statement in FORGERIES:
        with pytest.raises((IntegrityError, InternalError)):
            await office.sql(statement)

"""Why was this paid: everything about one line, computed again (RULES 12; ARCHITECTURE 1.1)."""

from __future__ import annotations

from typing import Any

from tests.builders.payroll import Office, nursed, result

_NURSING = "nursing_subsidy"


def _path(person_id: str, month: str = "2026-06", seq: int = 0) -> str:
    return f"/api/v1/persons/{person_id}/payments/{_NURSING}/{month}/{seq}/grounds"


async def _paid(office: Office) -> tuple[str, dict[str, Any]]:
    """A run that left, and the one instruction the bank has answered."""
    run_id = await office.sent()
    told = next(each for each in await office.instructions(run_id) if each["person_id"] == nursed())
    await office.answer(run_id, [result(told)])
    return run_id, told


async def test_a_payment_shows_its_facts_rules_approvals_instruction_and_answer(office: Office) -> None:
    run_id, instruction = await _paid(office)
    found = await office.get(_path(nursed()))
    assert found["agrees"], found["compared"]
    assert {each["name"] for each in found["compared"]} == {"AMOUNT", "RULES", "POLICY", "LINES_OF_RUN"}
    assert (found["line"]["run_id"], found["line"]["state"]) == (run_id, "SETTLED")
    assert found["explanation"]["entitlement"]["payable_fen"] == found["line"]["amount_fen"]
    assert found["explanation"]["arithmetic"]
    assert found["explanation"]["facts"]
    assert [(each["maker"], each["checker"]) for each in found["approvals"]] == [("maker", "checker")]
    assert [each["instruction_key"] for each in found["instructions"]] == [instruction["instruction_key"]]
    assert [each["state"] for each in found["turns"]] == ["SETTLED"]
    assert [each["step"] for each in found["steps"]][-3:] == ["approve", "fund", "send"]


async def test_what_was_learned_later_does_not_change_why_it_was_paid(office: Office) -> None:
    await _paid(office)
    before = await office.get(_path(nursed()))
    await office.stops(nursed(), "2026-05-01")
    after = await office.get(_path(nursed()))
    assert after["agrees"]
    assert after["explanation"] == before["explanation"]


async def test_the_digest_is_still_that_of_the_approved_lines_where_locking_held_some(office: Office) -> None:
    run_id = await office.drawn_up()
    await office.stops(nursed(1), "2026-05-01")
    assert (await office.lock(run_id))["held"] >= 1
    held = await office.get(_path(nursed(1)))
    assert held["line"]["state"] == "HELD"
    assert held["agrees"], held["compared"]


async def test_a_line_that_was_altered_behind_our_back_no_longer_agrees(office: Office) -> None:
    await _paid(office)
    await office.sql("ALTER TABLE line DISABLE TRIGGER USER")
    alter = "UPDATE line SET amount_fen = amount_fen + 1 WHERE person_id = :person AND month = '2026-06-01'"
    await office.sql(alter, person=nursed())
    found = await office.get(_path(nursed()))
    assert not found["agrees"]
    assert {each["name"] for each in found["compared"] if not each["agrees"]} == {"AMOUNT", "LINES_OF_RUN"}
    # Whoever looks at another line of that run is told as well, though theirs is whole.
    other = await office.get(_path(nursed(1)))
    assert {each["name"] for each in other["compared"] if not each["agrees"]} == {"LINES_OF_RUN"}
    page = await office.call("GET", f"{_path(nursed())}/page")
    assert "与发放时不一致：金额、批次名单摘要" in page.text


async def test_the_page_is_chinese_to_print_and_names_nobody(office: Office) -> None:
    await _paid(office)
    page = await office.call("GET", f"{_path(nursed())}/page")
    assert page.status_code == 200
    for heading in ("计算过程", "所依据的情况", "所依据的政策", "重新核算", "复核", "付款指令", "银行答复和办理"):
        assert f"<h2>{heading}</h2>" in page.text
    assert "与发放时一致" in page.text
    assert nursed() not in page.text


async def test_no_such_line_and_somebody_elses_county_are_not_found(office: Office) -> None:
    await _paid(office)
    for path in (_path(nursed(), seq=1), _path(nursed(), month="2026-07")):
        none = await office.call("GET", path)
        assert (none.status_code, none.json()["code"]) == (404, "line_not_found")
    elsewhere = await office.call("GET", _path(nursed()), divisions=("3201",))
    assert elsewhere.status_code == 404
    bank = await office.call("GET", _path(nursed()), role="bank_operator")
    assert bank.status_code == 403, "whoever sees payments alone does not see why"

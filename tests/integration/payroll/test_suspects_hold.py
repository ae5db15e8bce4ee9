"""A suspect that holds money stops the gate and its lines, by name; cleared, nothing is lost (READ-22, RULES 4.8)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from services.subsidy.adapters.payroll import lines
from tests.builders.payroll import RUNS, Office, nursed


async def suspected(office: Office, person: str, check: str = "DX-10", *, judgment: bool = False) -> UUID:
    """A suspect of a check about somebody."""
    found = await office.sql(
        "INSERT INTO suspect (suspect_id, version, check_id, person_id, division, month, facts, evidence, state, "
        "due_on, judgment_seen, reopened) VALUES (uuidv7(), 1, :check, :person, '341502', '2026-06-01', '', "
        """'{"said": [], "drawn": {}}', 'IN_VERIFICATION', '2026-06-30', :judgment, 0) RETURNING suspect_id""",
        check=check,
        person=UUID(person),
        judgment=judgment,
    )
    assert isinstance(found, UUID)
    return found


async def line_of(office: Office, run_id: str, person: str) -> dict[str, Any]:
    (line,) = await office.lines(run_id, f"person_id={person}")
    return line


async def cleared(office: Office, suspect_id: UUID, person: str) -> int:
    """Cleared, as the desk does it: the state, then the lines."""
    async with office.works.begin() as work:
        await work.connection.exec_driver_sql(
            f"UPDATE suspect SET state = 'FALSE_POSITIVE' WHERE suspect_id = '{suspect_id}'"
        )
        return await lines.release(work, UUID(person), by="test")


async def test_an_open_death_is_a_red_check_and_its_line_is_held_by_name_while_it_stays_due(office: Office) -> None:
    person = nursed()
    await suspected(office, person)
    run_id = await office.opened()
    await office.done(run_id, "drawing-up")
    checks = {each["name"]: each for each in (await office.get(f"{RUNS}/{run_id}/checks"))["items"]}
    assert checks["OPEN_SUSPECT"]["found"] == 1
    line = await line_of(office, run_id, person)
    assert (line["state"], line["reason"]) == ("HELD", "SUSPECT")
    assert line["amount_fen"] > 0
    refused = await office.ask(run_id, "locking", {"digest": (await office.run(run_id))["draft"]["digest"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "gate_is_closed")


@pytest.mark.parametrize(
    ("check", "judgment", "held"), [("DX-19", False, False), ("DX-19", True, True), ("DX-17", True, False)]
)
async def test_prison_holds_once_a_judgment_was_seen_and_an_overlap_never(
    office: Office, check: str, *, judgment: bool, held: bool
) -> None:
    person = nursed()
    await suspected(office, person, check, judgment=judgment)
    run_id = await office.opened()
    await office.done(run_id, "drawing-up")
    assert ((await line_of(office, run_id, person))["state"] == "HELD") is held


async def test_what_is_cleared_after_locking_is_paid_in_full_and_the_books_agree(office: Office) -> None:
    person = nursed()
    suspect_id = await suspected(office, person)
    run_id = await office.sent()
    line = await line_of(office, run_id, person)
    assert (line["state"], line["reason"]) == ("HELD", "SUSPECT")
    by_hand = {"person_id": person, "scheme": line["scheme"], "month": "2026-06", "step": "clear", "reason": "OTHER"}
    refused = await office.call("POST", f"{RUNS}/{run_id}/line-steps", by_hand)
    assert (refused.status_code, "SUSPECT" in refused.json()["detail"]) == (409, True)
    assert await cleared(office, suspect_id, person) == 1
    freed = await line_of(office, run_id, person)
    assert (freed["state"], freed["amount_fen"]) == ("PENDING", line["amount_fen"])
    await office.reconciled(run_id)
    again = await office.done(run_id, "sending")
    assert again["instructions"] == 1
    assert (await line_of(office, run_id, person))["state"] == "SENT"
    await office.reconciled(run_id)


async def test_one_of_two_suspicions_cleared_releases_nothing(office: Office) -> None:
    person = nursed()
    first = await suspected(office, person)
    await suspected(office, person, "DX-19", judgment=True)
    run_id = await office.sent()
    assert await cleared(office, first, person) == 0
    assert (await line_of(office, run_id, person))["state"] == "HELD"


async def test_a_suspicion_that_comes_between_draft_and_send_holds_before_a_file_exists(office: Office) -> None:
    person = nursed()
    run_id = await office.drawn_up()
    await office.lock(run_id)
    await office.approved(run_id)
    await suspected(office, person)
    await office.done(run_id, "sending")
    assert (await line_of(office, run_id, person))["state"] == "HELD"
    assert person not in {each["person_id"] for each in await office.instructions(run_id)}
    await office.reconciled(run_id)

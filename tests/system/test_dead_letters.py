"""An event that cannot be applied waits where an operator finds it, and stops nobody else."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy.demo.proofs import cancelling
from tests.system.house import Desk, Holder, House, Json, until

LETTERS = "/api/v1/consumption/dead-letters"


@asynccontextmanager
async def a_table_that_refuses(house: House, holder: Holder) -> AsyncIterator[None]:
    """A fault of the reader: its copy refuses every stop of one person, until somebody mends it."""
    async with house.stack.postgres.admin("subsidy") as admin:
        await admin.execute(
            "ALTER TABLE copy_registry_stop ADD CONSTRAINT ck_planted "
            f"CHECK (person_id <> '{holder.person_id}') NOT VALID"
        )
        try:
            yield
        finally:
            await admin.execute("ALTER TABLE copy_registry_stop DROP CONSTRAINT ck_planted")


async def waiting(desk: Desk, holder: Holder) -> list[Json]:
    return [letter for letter in await desk.listed(LETTERS) if letter["person_id"] == holder.person_id]


@pytest.fixture
def operator(house: House) -> Desk:
    return house.desk("subsidy", "system_administrator", "*")


async def test_a_poisoned_event_waits_its_persons_later_events_wait_behind_it_and_others_go_on(
    house: House, operator: Desk
) -> None:
    poisoned, other = await house.a_holder(), await house.a_holder()
    award, award_of_the_other = await house.an_award(poisoned), await house.an_award(other)
    async with a_table_that_refuses(house, poisoned):
        for holder in (poisoned, other):
            await house.reviewer.change(holder.certificate, "cancellation", cancelling("VOLUNTARY"))
        await house.award_becomes(award_of_the_other, "SUSPENDED")
        await house.reviewer.change(poisoned.certificate, "reinstatement")
        await house.told("subsidy")
        letters = await waiting(operator, poisoned)
        assert [(letter["type"], letter["state"]) for letter in letters] == [
            ("registry.certificate.cancelled.v1", "OPEN"),
            ("registry.certificate.reinstated.v1", "PARKED"),
        ]
        assert "ck_planted" in letters[0]["error"]
        await house.stays(award, "ACTIVE")
        again = await operator.post(f"{LETTERS}/{letters[0]['letter_id']}/retry")
        assert again.json()["applied"] == 0
        assert again.json()["letter"]["attempts"] == 2
    again = await operator.post(f"{LETTERS}/{letters[0]['letter_id']}/retry")
    assert again.json()["applied"] == 2
    assert again.json()["letter"]["state"] == "APPLIED"
    assert await waiting(operator, poisoned) == []
    steps = (await house.determiner.read(f"{award}/steps"))["items"]
    assert [step["status"] for step in steps] == ["ACTIVE", "SUSPENDED", "ACTIVE"]


async def test_a_letter_is_given_up_with_a_reason_and_what_waited_behind_it_is_applied(
    house: House, operator: Desk
) -> None:
    holder = await house.a_holder()
    award = await house.an_award(holder, application_date="2024-05-01")
    async with a_table_that_refuses(house, holder):
        await house.reviewer.change(holder.certificate, "freezing", {"reason": "SUSPECT_FRAUD"})
        await house.told("subsidy")
        (letter,) = await waiting(operator, holder)
    await house.reviewer.change(holder.certificate, "unfreezing")
    await house.told("subsidy")
    path = f"{LETTERS}/{letter['letter_id']}/discard"
    assert (await operator.post(path, {"note": ""})).status_code == 422
    given_up = await operator.post(path, {"note": "核实后不再需要"})
    assert (given_up.json()["applied"], given_up.json()["letter"]["state"]) == (1, "DISCARDED")
    assert (await operator.post(path, {"note": "再来一次"})).status_code == 409
    assert (await house.determiner.read(award))["status"] == "SUSPENDED"


async def test_letters_are_listed_and_retried_on_the_command_line_too(house: House, operator: Desk) -> None:
    holder = await house.a_holder()
    award = await house.an_award(holder)
    async with a_table_that_refuses(house, holder):
        await house.reviewer.change(holder.certificate, "cancellation", cancelling("VOLUNTARY"))
        (letter,) = await until(lambda: waiting(operator, holder), bool)
        listed = await letters_command(house)
        assert f"{letter['letter_id']} OPEN" in listed
    assert "applied 1" in await letters_command(house, "retry", letter["letter_id"])
    await house.award_becomes(award, "SUSPENDED")
    assert letter["letter_id"] not in await letters_command(house)


async def test_who_may_only_look_cannot_retry(house: House) -> None:
    auditor = house.desk("subsidy", "auditor", "*")
    assert (await auditor.get(LETTERS)).status_code == 200
    refused = await auditor.post(f"{LETTERS}/00000000-0000-0000-0000-000000000000/retry")
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")


async def letters_command(house: House, *words: str) -> str:
    """What an operator sees who runs the worker's command line with the service's environment."""
    stack = house.stack
    with tempfile.TemporaryDirectory() as directory:
        seen = Path(directory) / "seen"
        command = stack.forkserver.fork(
            "letters",
            "services.subsidy.worker",
            env=stack.process("subsidy.worker").env,
            log_file=seen,
            argv=("letters", *words),
        )
        assert await command.ended(30)
        assert command.status == 0
        return await asyncio.to_thread(seen.read_text)

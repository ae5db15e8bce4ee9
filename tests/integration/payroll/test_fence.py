"""The payment fence (ARCHITECTURE 1.4): nothing is paid while the register knows more than we do."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from services.subsidy.adapters.payroll import fence
from shared.kit.journal_client import PublisherUnreachable
from tests.builders.payroll import RUNS, Office, nursed, result


async def test_every_step_is_refused_with_the_positions_that_are_missing_until_they_are_applied(office: Office) -> None:
    run_id = await office.opened()
    for position, step in enumerate(("drawing-up", "locking", "sending"), start=1):
        before = await office.run(run_id)
        body = {"digest": before["draft"]["digest"]} if step == "locking" else {}
        office.register.position += 20
        ended = await office.job(run_id, step, body)
        assert ended["state"] == "FAILED"
        assert ended["error"]["code"] == "register_is_ahead"
        for missing in (81 + 20 * position, office.register.position):
            assert str(missing) in ended["error"]["detail"]
        assert await office.run(run_id) == before
        await office.applies(office.register.position)
        await office.done(run_id, step, body)
        if step == "drawing-up":
            await office.waived(run_id)
        if step == "locking":
            await office.approved(run_id)


async def test_another_epoch_and_a_register_that_never_answered_are_refused(office: Office) -> None:
    run_id = await office.opened()
    office.register.silent = True
    assert (await office.job(run_id, "drawing-up"))["error"]["code"] == "register_silent"
    office.register.silent, office.register.epoch = False, 7
    assert (await office.job(run_id, "drawing-up"))["error"]["code"] == "register_started_anew"
    await office.applies(100, epoch=7)
    await office.done(run_id, "drawing-up")


async def test_a_silent_register_is_believed_for_a_day_and_then_takes_two_persons(office: Office) -> None:
    run_id = await office.opened()
    await office.done(run_id, "drawing-up")
    office.register.silent = True
    await office.done(run_id, "drawing-up")
    await office.sql("UPDATE register_proof SET proven_at = now() - interval '25 hours'")
    assert (await office.job(run_id, "drawing-up"))["error"]["code"] == "register_silent"
    approval = {"silence_approval_id": await office.agreed(run_id, "payroll.silent_register")}
    await office.done(run_id, "drawing-up", approval)
    # Used once; and the age of the proof is what the approvers of the run see.
    assert (await office.job(run_id, "drawing-up", approval))["state"] == "FAILED"
    proven = (await office.run(run_id))["draft"]["proven_at"]
    assert await office.sql("SELECT CAST(:at AS timestamptz) < now() - interval '24 hours'", at=proven)


async def test_who_is_stopped_while_a_draft_lies_is_held_at_lock(office: Office) -> None:
    run_id = await office.drawn_up()
    await office.stops(nursed(), "2026-05-20")
    await office.stops(nursed(1), "2026-06-01")  # the month itself stays due: judged again, and not held
    told = await office.lock(run_id)
    assert (told["held"], told["judged_again"]) == (1, 2)
    (held,) = await office.lines(run_id, "state=HELD")
    assert (held["person_id"], held["reason"]) == (nursed(), "NO_LONGER_DUE")


async def test_who_is_stopped_between_lock_and_send_is_in_no_instruction_and_the_rest_are_paid(office: Office) -> None:
    run_id = await office.drawn_up()
    await office.lock(run_id)
    await office.approved(run_id)
    await office.stops(nursed(), "2026-05-20")
    told = await office.done(run_id, "sending")
    lines = (await office.run(run_id))["draft"]["lines"]
    assert (told["held"], told["instructions"]) == (1, lines - 1)
    told_to_bank = await office.instructions(run_id)
    assert nursed() not in {str(each["person_id"]) for each in told_to_bank}
    answered = await office.answer(run_id, [result(each) for each in told_to_bank])
    assert answered["state"] == "PARTIALLY_SETTLED"
    await office.reconciled(run_id)


async def funded(office: Office) -> str:
    """A run that only has to be sent, and a register that has not been asked for it."""
    run_id = await office.drawn_up()
    await office.lock(run_id)
    await office.approved(run_id)
    office.register.asked = 0
    return run_id


async def test_who_is_stopped_while_instructions_are_stored_is_in_none_until_nobody_new_is_stopped(
    office: Office,
) -> None:
    run_id = await funded(office)

    async def stopped(place: int) -> None:
        await office.stops(nursed(place), "2026-05-20")
        office.register.position += 1
        await office.applies(office.register.position)

    office.register.meanwhile = {1: partial(stopped, 0), 2: partial(stopped, 1)}
    told = await office.done(run_id, "sending")
    assert office.register.asked == 4  # at the beginning, after each round that held somebody, and once for nobody
    lines = (await office.run(run_id))["draft"]["lines"]
    assert (told["held"], told["instructions"], told["position"]) == (2, lines - 2, office.register.position)
    paid = await office.instructions(run_id)
    assert len(paid) == lines - 2
    assert not {nursed(0), nursed(1)} & {str(each["person_id"]) for each in paid}
    assert {each["person_id"] for each in await office.lines(run_id, "state=HELD")} == {nursed(0), nursed(1)}
    await office.reconciled(run_id)
    answered = await office.answer(run_id, [result(each) for each in paid])
    assert answered["state"] == "PARTIALLY_SETTLED"
    await office.reconciled(run_id)


async def test_what_the_register_tells_while_instructions_are_stored_is_waited_for_and_else_nothing_leaves(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await funded(office)
    before = await office.run(run_id)
    monkeypatch.setattr(fence, "ON_ITS_WAY", timedelta(seconds=0.3))

    async def ahead() -> None:
        office.register.position += 1

    office.register.meanwhile = {1: ahead}
    ended = await office.job(run_id, "sending")
    assert (ended["state"], ended["error"]["code"]) == ("FAILED", "register_is_ahead")
    assert await office.run(run_id) == before
    assert await office.instructions(run_id) == []
    assert await office.lines(run_id, "state=SENT") == []

    arriving: list[asyncio.Task[None]] = []

    async def on_its_way() -> None:
        async def arrives() -> None:
            await asyncio.sleep(0.1)
            await office.applies(office.register.position)

        office.register.position += 1
        arriving.append(asyncio.create_task(arrives()))

    monkeypatch.setattr(fence, "ON_ITS_WAY", timedelta(seconds=10))
    await office.applies(office.register.position)
    office.register.asked, office.register.meanwhile = 0, {1: on_its_way}
    told = await office.done(run_id, "sending")
    await asyncio.gather(*arriving)
    assert (told["instructions"], told["position"]) == (before["draft"]["lines"], office.register.position)


async def test_a_register_that_falls_silent_while_instructions_are_stored_is_believed_as_it_was(
    office: Office,
) -> None:
    run_id = await funded(office)

    async def silent() -> None:
        raise PublisherUnreachable

    office.register.meanwhile = {1: silent}
    told = await office.done(run_id, "sending")
    assert told["instructions"] == (await office.run(run_id))["draft"]["lines"]


async def test_a_person_whose_events_wait_is_held_and_paid_when_they_are_applied(office: Office) -> None:
    await office.waits(nursed(), state="PARKED")
    run_id = await office.drawn_up()
    checks = {each["name"]: each for each in (await office.get(f"{RUNS}/{run_id}/checks"))["items"]}
    assert checks["EVENTS_WAITING"]["shown"] == [nursed()]
    await office.lock(run_id)
    await office.approved(run_id)
    await office.done(run_id, "sending")
    (held,) = await office.lines(run_id, "state=HELD")
    step = {"person_id": nursed(), "scheme": held["scheme"], "month": held["month"], "step": "clear"}
    step |= {"reason": "LOOKED_INTO"}
    still = await office.call("POST", f"{RUNS}/{run_id}/line-steps", step)
    assert (still.status_code, still.json()["code"]) == (409, "line_still_not_due")
    await office.waits(nursed(), state="APPLIED")
    cleared = await office.call("POST", f"{RUNS}/{run_id}/line-steps", step)
    assert (cleared.status_code, cleared.json()["state"]) == (200, "PENDING")
    told = await office.done(run_id, "sending")
    assert (told["dispatch_no"], told["instructions"]) == (2, 1)
    both = [*await office.instructions(run_id), *await office.instructions(run_id, 2)]
    assert (await office.answer(run_id, [result(each) for each in both]))["state"] == "SETTLED"
    await office.reconciled(run_id)


async def test_a_policy_that_came_since_the_draft_has_everybody_judged_again(office: Office) -> None:
    run_id = await office.drawn_up()
    await office.sql("UPDATE policy_document SET withdrawn_at = clock_timestamp(), status = 'WITHDRAWN'")
    told = await office.lock(run_id)
    assert told["held"] == told["entered"] == (await office.run(run_id))["draft"]["lines"]

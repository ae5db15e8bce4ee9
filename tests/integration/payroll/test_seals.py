"""A settled run is sealed by itself, and its file proves it offline (RULES 12; ARCHITECTURE 4, Money)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy.exc import IntegrityError, InternalError

from services.subsidy.adapters.payroll import sealing
from services.subsidy.domain.payroll.seal import GENESIS
from services.subsidy.domain.payroll.seal_check import SealFinding
from services.subsidy.entrypoints.seal_jobs import seal_what_settled
from services.subsidy.seal_verify import verify_file
from shared.kit import migrations
from tests.builders.payroll import SIGNER, Office, nursed, result

SEALS = "/api/v1/payroll-seals"
KEYS = {SIGNER.key_id: SIGNER.public_key}


async def settled(office: Office, month: str = "2026-06") -> str:
    """A run whose every line the bank has paid."""
    run_id = await office.sent(month)
    told = await office.answer(run_id, [result(each) for each in await office.instructions(run_id)])
    assert told["state"] == "SETTLED"
    return run_id


async def sealed(office: Office) -> bool:
    """The timer ran, and the worker; whether there was a job."""
    await seal_what_settled(office.works)
    return await office.runner.run_one()


async def seals_of(office: Office, run_id: str) -> list[dict[str, Any]]:
    return await office.all_of(SEALS, f"run_id={run_id}")


async def file_of(office: Office, seal_id: str, folder: Path) -> Path:
    answer = await office.call("GET", f"{SEALS}/{seal_id}/content", who="auditor", role="auditor")
    assert answer.status_code == 200, answer.text
    path = folder / f"{seal_id}.txt"
    path.write_bytes(answer.content)
    return path


async def test_a_settled_run_is_sealed_once_and_its_file_proves_it(office: Office, tmp_path: Path) -> None:
    run_id = await office.sent()
    assert not await sealed(office), "what has not settled is not sealed"
    instructions = await office.instructions(run_id)
    await office.answer(run_id, [result(each) for each in instructions])
    assert await sealed(office)
    (seal,) = await seals_of(office, run_id)
    run = await office.run(run_id)
    assert (seal["number"], seal["previous"], seal["division"]) == (1, GENESIS, "34")
    assert (seal["lines"], seal["amount_fen"]) == (run["draft"]["lines"], run["draft"]["amount_fen"])
    assert (seal["approved"], seal["as_approved"]) == (run["draft"]["digest"], True)
    assert await office.get(f"{SEALS}/{seal['seal_id']}") == seal
    report = verify_file(await file_of(office, seal["seal_id"], tmp_path), KEYS)
    assert report.intact, report.findings
    assert (report.lines, report.seal and report.seal.chain) == (len(instructions), seal["chain"])
    assert not await sealed(office), "it is sealed"
    # The chain stands in the audit trail as well, whose heads lie outside.
    told = "SELECT string_agg(CAST(detail AS text), '') FROM audit WHERE what = :what"
    assert seal["chain"] in await office.sql(told, what="payroll.sealed")
    assert run_id in await office.sql(told, what="payroll.seal_fetched")


async def test_the_next_month_is_chained_to_the_one_before(office: Office, tmp_path: Path) -> None:
    for month in ("2026-05", "2026-06"):
        await settled(office, month)
        assert await sealed(office)
    second, first = await office.all_of(SEALS)
    assert (first["number"], second["number"]) == (1, 2)
    assert second["previous"] == first["chain"]
    report = verify_file(await file_of(office, second["seal_id"], tmp_path), KEYS)
    assert report.intact, report.findings
    assert report.seals == 2
    # The lines of one month under the seals of the other.
    one, two = [await file_of(office, each["seal_id"], tmp_path) for each in (first, second)]
    _, *lines = one.read_text().splitlines()
    swapped = tmp_path / "swapped.txt"
    swapped.write_text("\n".join([two.read_text().splitlines()[0], *lines, ""]))
    assert SealFinding.LIST_ALTERED in {each.kind for each in verify_file(swapped, KEYS).findings}


async def test_a_run_that_a_late_return_opened_is_sealed_again_when_it_settles(office: Office, tmp_path: Path) -> None:
    run_id = await settled(office)
    assert await sealed(office)
    told = next(each for each in await office.instructions(run_id) if each["person_id"] == nursed())
    late = await office.answer(run_id, [result(told, "RETURNED")])
    assert late["state"] == "PARTIALLY_SETTLED"
    assert not await sealed(office)
    step = {name: told[name] for name in ("person_id", "scheme", "month", "seq")}
    closed = await office.ask(run_id, "line-steps", step | {"step": "close", "reason": "NOT_REACHED"})
    assert closed.status_code == 200, closed.text
    assert await sealed(office)
    second, first = await seals_of(office, run_id)
    assert first["amount_fen"] - second["amount_fen"] == told["amount_fen"]
    assert second["previous"] == first["chain"]
    reports = [verify_file(await file_of(office, each["seal_id"], tmp_path), KEYS) for each in (first, second)]
    assert all(each.intact for each in reports), "each is true of its time"


async def test_lines_altered_after_the_approval_are_sealed_as_such(office: Office, tmp_path: Path) -> None:
    run_id = await settled(office)
    await office.sql("ALTER TABLE line DISABLE TRIGGER USER")
    alter = "UPDATE line SET cause = 'NEVER_PAID' WHERE person_id = :person AND month = '2026-06-01'"
    await office.sql(alter, person=nursed())
    assert await sealed(office)
    (seal,) = await seals_of(office, run_id)
    assert seal["as_approved"] is False
    report = verify_file(await file_of(office, seal["seal_id"], tmp_path), KEYS)
    assert [each.kind for each in report.findings] == [SealFinding.NOT_AS_APPROVED]


async def test_a_run_that_moves_on_while_it_is_drawn_waits_for_the_next_round(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await settled(office)
    told = (await office.instructions(run_id))[0]
    draw = sealing.draw

    async def late(*args: Any) -> Any:
        drawn = await draw(*args)
        await office.answer(run_id, [result(told, "RETURNED")])
        return drawn

    monkeypatch.setattr(sealing, "draw", late)
    assert await sealed(office)
    assert await seals_of(office, run_id) == []
    assert await office.sql("SELECT count(*) FROM blob") == 0, "its file is a stray, which the sweep takes"


async def test_a_seal_is_written_once_and_lies_in_one_chain(office: Office) -> None:
    await settled(office)
    assert await sealed(office)
    for statement in (
        "UPDATE run_seal SET amount_fen = amount_fen + 1",
        "DELETE FROM run_seal",
        (
            "INSERT INTO run_seal SELECT gen_random_uuid(), division, 2, run_id, run_version + 1, month, schemes, "
            "lines, amount_fen, digest, approved, as_approved, previous, chain, sealed_at, key_id, signature, blob_id "
            "FROM run_seal"
        ),
    ):
        with pytest.raises((IntegrityError, InternalError)):
            await office.sql(statement)


async def test_seals_of_elsewhere_are_not_there_and_their_lines_take_more_than_the_run(office: Office) -> None:
    run_id = await settled(office)
    assert await sealed(office)
    (seal,) = await seals_of(office, run_id)
    path = f"{SEALS}/{seal['seal_id']}"
    for where in (path, f"{path}/content"):
        none = await office.call("GET", where, divisions=("51",))
        assert (none.status_code, none.json()["code"]) == (404, "seal_not_found")
    assert (await office.call("GET", SEALS, divisions=("51",))).json()["items"] == []
    bank = await office.call("GET", path, role="bank_operator")
    assert bank.status_code == 200
    assert (await office.call("GET", f"{path}/content", role="bank_operator")).status_code == 403


async def test_a_run_of_an_earlier_digest_raises_no_alarm_and_is_sealed_without_a_word(office: Office) -> None:
    run_id = await office.opened()
    await office.done(run_id, "drawing-up")
    await office.waived(run_id)
    early = {"digest": (await office.run(run_id))["draft"]["digest"]}
    await office.done(run_id, "locking", early)
    # As the migration finds runs from before: another digest, which entered lines do not have.
    await office.sql("ALTER TABLE payroll_run DISABLE TRIGGER USER")
    await office.sql("UPDATE payroll_run SET digest = :digest, digest_version = 1", digest="e" * 64)
    await office.approved(run_id)
    await office.done(run_id, "sending")
    grounds = f"/api/v1/persons/{nursed()}/payments/nursing_subsidy/2026-06/0/grounds"
    found = await office.get(grounds)
    assert found["agrees"], found["compared"]
    (lines,) = [each for each in found["compared"] if each["name"] == "LINES_OF_RUN"]
    assert (lines["found"], lines["agrees"]) == (None, None)
    page = await office.call("GET", f"{grounds}/page")
    assert "按当时的摘要方法生成" in page.text
    assert "与发放时一致" in page.text
    # One of today is held against its lines.
    await office.sql("UPDATE payroll_run SET digest_version = 2")
    assert not (await office.get(grounds))["agrees"]
    await office.sql("UPDATE payroll_run SET digest_version = 1")
    await office.answer(run_id, [result(each) for each in await office.instructions(run_id)])
    assert await sealed(office)
    (seal,) = await seals_of(office, run_id)
    assert seal["as_approved"] is None


async def test_the_migration_takes_every_digest_there_was_for_an_earlier_one(office: Office) -> None:
    run_id = await office.drawn_up()
    await office.lock(run_id)
    assert (await office.run(run_id))["draft"]["digest_version"] == 2
    with pytest.raises((IntegrityError, InternalError)):
        await office.sql("UPDATE payroll_run SET digest_version = 1")
    config = migrations.config_of("subsidy", office.works.engine.url.render_as_string(hide_password=False))
    await asyncio.to_thread(command.downgrade, config, "0013")
    await asyncio.to_thread(command.upgrade, config, "head")
    assert (await office.run(run_id))["draft"]["digest_version"] == 1
    opened = await office.opened("2026-05")
    assert (await office.run(opened))["draft"] is None


async def test_two_persons_approve_who_is_held_as_well(office: Office) -> None:
    run_id = await office.drawn_up()
    await office.stops(nursed(1), "2026-05-01")
    assert (await office.lock(run_id))["held"] == 1
    approval = await office.proposed(run_id)
    assert approval["content"]["held_when_locked"] == 1
    (held,) = await office.lines(run_id, "state=HELD")
    # Who is held in addition is paid later at worst: nothing of what was approved is paid otherwise.
    step = {"scheme": "nursing_subsidy", "month": "2026-06", "seq": 0, "reason": "LOOKED_INTO"}
    more = await office.ask(run_id, "line-steps", step | {"person_id": nursed(2), "step": "hold"})
    assert more.status_code == 200, more.text
    path = f"/api/v1/approvals/{approval['approval_id']}/approval"
    standing = await office.get(path.removesuffix("/approval"))
    assert standing["content"] == approval["content"]
    # Who is let go is paid, though the two saw them held.
    fact = await office.sql("SELECT fact_id FROM fact WHERE person_id = :person", person=nursed(1))
    await office.takes_back(fact)
    clear = {name: held[name] for name in ("person_id", "scheme", "month", "seq")}
    freed = await office.ask(run_id, "line-steps", clear | {"step": "clear", "reason": "LOOKED_INTO"})
    assert freed.status_code == 200, freed.text
    refused = await office.call("POST", path, {"digest": approval["digest"]}, who="checker")
    assert refused.status_code == 409, refused.text
    assert (await office.call("POST", f"{path.removesuffix('approval')}withdrawal", who="maker")).status_code == 200
    assert (await office.proposed(run_id))["content"]["held_when_locked"] == 0

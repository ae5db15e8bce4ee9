"""Nothing that takes two persons happens with one, over HTTP or in SQL."""

import uuid
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.approval.conftest import House


def _code(response: Any) -> tuple[int, str]:
    return response.status_code, response.json().get("code", "")


async def test_what_one_proposes_and_another_approves_is_done_once(house: House) -> None:
    door = await house.door()
    proposed = (await house.propose(door)).json()
    assert proposed["content"] == {"name": door, "version": 1}
    assert _code(await house.open(door, proposed)) == (409, "approval_needed")
    approved = await house.approve(proposed)
    assert approved.status_code == 200
    assert (approved.json()["maker"], approved.json()["checker"]) == ("maker", "checker")
    assert (await house.open(door, proposed)).status_code == 200
    assert _code(await house.open(door, proposed)) == (409, "approval_needed")


async def test_who_proposed_it_cannot_decide_on_it(house: House) -> None:
    proposed = (await house.propose(await house.door())).json()
    assert _code(await house.approve(proposed, "maker")) == (403, "approval_needs_another_person")
    path = f"/api/v1/approvals/{proposed['approval_id']}/rejection"
    assert _code(await house.post(path, "maker", {"reason": "不要"})) == (403, "approval_needs_another_person")


async def test_changed_content_is_neither_approved_nor_done(house: House) -> None:
    door = await house.door()
    proposed = (await house.propose(door)).json()
    await house.change(door)
    assert _code(await house.approve(proposed)) == (409, "approval_content_changed")
    assert (await house.post(f"/api/v1/approvals/{proposed['approval_id']}/withdrawal", "maker")).status_code == 200
    again = (await house.propose(door)).json()
    assert again["digest"] != proposed["digest"]
    assert (await house.approve(again)).status_code == 200
    await house.change(door)
    assert _code(await house.open(door, again)) == (409, "approval_content_changed")


async def test_a_checker_approves_what_they_saw(house: House) -> None:
    proposed = (await house.propose(await house.door())).json()
    other = {**proposed, "digest": "0" * 64}
    assert _code(await house.approve(other)) == (409, "approval_content_changed")


async def test_an_approval_of_one_thing_is_none_of_another(house: House) -> None:
    one, other = await house.door(), await house.door()
    proposed = (await house.propose(one)).json()
    await house.approve(proposed)
    assert _code(await house.open(other, proposed)) == (409, "approval_needed")


async def test_a_rejected_or_withdrawn_proposal_is_over(house: House) -> None:
    door = await house.door()
    for step, who, body in (("rejection", "checker", {"reason": "理由不足"}), ("withdrawal", "maker", None)):
        proposed = (await house.propose(door)).json()
        assert (await house.post(f"/api/v1/approvals/{proposed['approval_id']}/{step}", who, body)).status_code == 200
        assert _code(await house.approve(proposed)) == (409, "approval_settled")
        assert _code(await house.open(door, proposed)) == (409, "approval_needed")


async def test_a_matter_has_one_live_proposal(house: House) -> None:
    door = await house.door()
    first = (await house.propose(door)).json()
    second = await house.propose(door, "another")
    assert _code(second) == (409, "approval_exists")
    assert first["approval_id"] in second.json()["detail"]


async def test_deciding_needs_the_permission_of_the_matter_and_a_person(house: House) -> None:
    door = await house.door()
    assert _code(await house.propose(door, roles=["stranger"])) == (403, "permission_denied")
    assert _code(await house.propose(door, roles=["reader"])) == (403, "permission_denied")
    machine = {"client_id": "robot", "scope": "approval:decide door:open"}
    assert _code(await house.propose(door, "robot", **machine)) == (403, "approval_people_only")
    proposed = (await house.propose(door)).json()
    assert _code(await house.approve(proposed, roles=["stranger"])) == (403, "permission_denied")


async def test_matters_of_a_place_are_seen_and_decided_there_only(house: House) -> None:
    door = await house.door(division="341502")
    assert _code(await house.propose(door, divisions=["3401"])) == (404, "approval_subject_unknown")
    proposed = (await house.propose(door)).json()
    assert _code(await house.approve(proposed, divisions=["3401"])) == (404, "approval_unknown")
    assert (await house.approve(proposed)).status_code == 200


@pytest.mark.parametrize("subject", ["nothing", "x" * 199])
async def test_what_does_not_exist_cannot_be_proposed(house: House, subject: str) -> None:
    assert _code(await house.propose(subject)) == (404, "approval_subject_unknown")


# --- the database, without any of our code


INSERT = (
    "INSERT INTO approval (approval_id, kind, subject_id, content, digest, maker, note_cipher, expires_at) "
    "VALUES (:id, 'door.opening', :subject, '{\"version\": 1}', '\\x', 'maker', '\\x', now() + interval '7 days')"
)


async def _proposed(engine: AsyncEngine) -> uuid.UUID:
    approval_id = uuid.uuid4()
    async with engine.begin() as connection:
        await connection.execute(text(INSERT), {"id": approval_id, "subject": str(approval_id)})
    return approval_id


async def _run(engine: AsyncEngine, statement: str, approval_id: uuid.UUID) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), {"id": approval_id})


APPROVE = (
    "UPDATE approval SET decision = 'APPROVED', checker = 'checker', decided_at = now(), checked_digest = digest "
    "WHERE approval_id = :id"
)


@pytest.mark.parametrize(
    "statement",
    [
        APPROVE.replace("'checker'", "maker"),
        APPROVE.replace("'checker'", "NULL"),
        APPROVE.replace("= digest", "= '\\x00'"),
        APPROVE.replace("checked_digest = digest", "checked_digest = NULL"),
        APPROVE.replace("WHERE", ", used_at = now() WHERE"),
        "UPDATE approval SET checker = 'checker' WHERE approval_id = :id",
        "UPDATE approval SET decision = 'PERHAPS' WHERE approval_id = :id",
        "UPDATE approval SET used_at = now() WHERE approval_id = :id",
        "UPDATE approval SET content = '{\"version\": 2}' WHERE approval_id = :id",
        "UPDATE approval SET digest = '\\x00' WHERE approval_id = :id",
        "UPDATE approval SET maker = 'somebody' WHERE approval_id = :id",
        "UPDATE approval SET subject_id = 'other' WHERE approval_id = :id",
        "UPDATE approval SET expires_at = expires_at + interval '1 day' WHERE approval_id = :id",
        "DELETE FROM approval WHERE approval_id = :id",
        "TRUNCATE approval",
    ],
)
async def test_an_undecided_approval_cannot_be_bent_in_sql(engine: AsyncEngine, statement: str) -> None:
    approval_id = await _proposed(engine)
    with pytest.raises(DBAPIError):
        await _run(engine, statement, approval_id)
    await _run(engine, APPROVE, approval_id)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE approval SET checker = 'other' WHERE approval_id = :id",
        "UPDATE approval SET decision = 'REJECTED' WHERE approval_id = :id",
        "UPDATE approval SET decision = NULL, checker = NULL, checked_digest = NULL WHERE approval_id = :id",
        "UPDATE approval SET decision = 'WITHDRAWN', checker = NULL WHERE approval_id = :id",
        "UPDATE approval SET content = '{}' WHERE approval_id = :id",
        "DELETE FROM approval WHERE approval_id = :id",
    ],
)
async def test_a_decision_cannot_be_bent_in_sql(engine: AsyncEngine, statement: str) -> None:
    approval_id = await _proposed(engine)
    await _run(engine, APPROVE, approval_id)
    with pytest.raises(DBAPIError):
        await _run(engine, statement, approval_id)


async def test_a_used_approval_cannot_be_used_again_or_taken_back_in_sql(engine: AsyncEngine) -> None:
    approval_id = await _proposed(engine)
    await _run(engine, APPROVE, approval_id)
    await _run(engine, "UPDATE approval SET used_at = now() WHERE approval_id = :id", approval_id)
    for statement in ("used_at = NULL", "used_at = now() + interval '1 s'", "decision = 'WITHDRAWN'"):
        with pytest.raises(DBAPIError):
            await _run(engine, f"UPDATE approval SET {statement} WHERE approval_id = :id", approval_id)


async def test_an_approval_cannot_be_born_decided_in_sql(engine: AsyncEngine) -> None:
    statement = INSERT.replace("expires_at)", "expires_at, decision, checker, checked_digest)").replace(
        "'7 days')", "'7 days', 'APPROVED', 'checker', '\\x')"
    )
    with pytest.raises(DBAPIError):
        async with engine.begin() as connection:
            await connection.execute(text(statement), {"id": uuid.uuid4(), "subject": "x"})


async def test_a_lapsed_proposal_is_neither_approved_nor_used_and_makes_room(house: House, engine: AsyncEngine) -> None:
    door = await house.door()
    approval_id = uuid.uuid4()
    statement = INSERT.replace("now() + interval '7 days'", "now() - interval '1 s'")
    async with engine.begin() as connection:
        await connection.execute(text(statement), {"id": approval_id, "subject": door})
    with pytest.raises(DBAPIError):
        await _run(engine, APPROVE, approval_id)
    assert (await house.propose(door)).status_code == 201

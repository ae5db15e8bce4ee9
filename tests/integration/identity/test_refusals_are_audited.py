"""Forged tokens leave their mark: each is in the audit trail, as a row of its own or counted in one."""

import json
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.kit.app import create_app
from shared.kit.audit import Auditor
from shared.kit.clock import Clock
from shared.kit.ops import Ops
from shared.kit.work import UnitOfWork, Works
from tests.integration.kit_jobs.conftest import a_ring
from tests.unit.identity.test_attacks import a_router, a_verifier_of_three_keys, attacks, signed
from tests.unit.kit.a_service import ROLES, a_client, some_settings


async def test_every_forged_token_is_in_the_audit_trail(engine: AsyncEngine) -> None:
    tokens = attacks().values()
    works = Works(engine, clock=Clock(), make=UnitOfWork, auditor=Auditor(engine, a_ring()))
    app = create_app(
        some_settings(),
        title="Things",
        routers=[a_router([])],
        works=works,
        roles=ROLES,
        ops=Ops("things", "api"),
        asyncapi=dict,
        tokens=a_verifier_of_three_keys()[0],
    )
    async with app.router.lifespan_context(app):
        async with a_client(app) as client:
            for token in tokens:
                answer = await client.get("/things", headers=[(b"authorization", b"Bearer " + token.encode())])
                assert answer.status_code == 401
        rows = await audited(engine)
    # Leaving the application wrote the counts of the minute that had begun.
    rows = await audited(engine) if not any("suppressed" in row["detail"] for row in rows) else rows
    counted = sum(row["detail"].get("suppressed", 0) for row in rows)
    alone = [row for row in rows if "suppressed" not in row["detail"]]
    print(f"token attacks: {len(tokens)} refused, {len(alone)} rows of their own, {counted} counted")
    assert len(alone) + counted == len(tokens)
    assert {(row["method"], row["route"], row["status"]) for row in rows} == {("GET", "/things", 401)}
    assert {row["actor"] for row in rows} == {""}, "a token that proves nothing names nobody"
    assert {row["what"] for row in rows} <= {"token_invalid", "token_missing"}
    assert all(row["detail"].get("reason") for row in alone if row["what"] == "token_invalid")
    told = json.dumps(rows, default=str)
    assert not any(token in told for token in tokens if len(token) > 40), "no token is written down"


async def audited(engine: AsyncEngine) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT * FROM audit ORDER BY audit_id"))
        return [{**row, "detail": _read(row["detail"])} for row in found.mappings()]


def _read(detail: Any) -> dict[str, Any]:
    read = json.loads(detail) if isinstance(detail, str) else detail
    return dict(read or {})


def test_the_genuine_token_is_among_none_of_them() -> None:
    assert signed() not in attacks().values()

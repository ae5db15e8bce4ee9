"""A province of a thousand persons, with payees, followed up to position 100 of the register."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.subsidy.adapters import policies
from services.subsidy.adapters.tables import blobs, jobs
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.entrypoints.payroll_jobs import payroll_handlers
from shared.kit.blobs import Blobs, DirectoryStore
from shared.kit.clock import Clock
from shared.kit.crypto import KeyRing
from shared.kit.jobs import JobRunner
from tests.builders import province
from tests.builders.databases import DATA_KEYS
from tests.builders.payroll import EPOCH, Office, Register
from tests.builders.settings import api_of
from tests.builders.works import works_on
from tests.unit.kit.a_service import a_verifier

PERSONS = 1_000
PREPARED = (
    (
        "INSERT INTO copy_registry_person (person_id, version, division, registered_on) "
        "SELECT person_id, 1, division, '2018-01-01' FROM home WHERE valid_to = 'infinity'"
    ),
    (
        "INSERT INTO payee (award_id, person_id, version, name_cipher, account_cipher, account_index, bank, "
        "recorded_by) SELECT award_id, person_id, 1, '', '', uuid_send(award_id), '徽商银行', 'test' FROM award"
    ),
)


@pytest.fixture
async def office(subsidy_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Office]:
    clock = Clock(movable=True)
    clock.show(date(2026, 6, 15))
    works = works_on(subsidy_engine, SubsidyWork, clock=clock)
    files = Blobs(DirectoryStore(tmp_path), blobs, KeyRing.parse(DATA_KEYS), clock)
    app = api_of("subsidy", tmp_path, works=works)
    app.state.tokens = a_verifier()
    register = Register()
    async with works.begin() as work:
        await province.settle(work.connection, PERSONS)
        for statement in PREPARED:
            await work.connection.execute(text(statement))
        await work.connection.execute(
            text("INSERT INTO consumer_cursor (publisher, epoch, position) VALUES ('registry', :epoch, 100)"),
            {"epoch": EPOCH},
        )
        for document in province.policy():
            stored = await policies.draft(work.connection, work.new_id(), document, by="a")
            await policies.put_in_force(work.connection, stored, approved_by="b")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://subsidy.test") as client:
        runner = JobRunner(works, jobs, payroll_handlers(register), files, worker="test")  # type: ignore[arg-type]
        yield Office(works, client, runner, register)

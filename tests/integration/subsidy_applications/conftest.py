"""The subsidy service as it is served, with policy in force, and persons the register has told it of."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from deploy.local.postgres import PostgresServer
from services.subsidy.adapters.policies import POLICIES
from services.subsidy.adapters.policy_documents import parse
from services.subsidy.adapters.schema import metadata
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.decisions import Card, Home
from shared.kit.clock import Clock
from shared.kit.work import Works
from shared.values.identity_number import check_character
from tests.builders.databases import emptied, empty, migrated
from tests.builders.facts import Thing, learn
from tests.builders.settings import api_of
from tests.builders.subsidy_applications import TODAY
from tests.builders.works import works_on
from tests.unit.kit.a_service import a_verifier, bearer

TOWN: Final = "341502001"
VILLAGE: Final = "341502001001"
AWAY_TOWN: Final = "500101001"
POLICY: Final = {
    "division": "*",
    "title": "国家规定",
    "legal_basis": "国发〔2015〕52号",
    "since": "2016-01",
    "schemes": {
        "living_subsidy": {
            "coverage": {"income": {"classes": ["DIBAO"]}},
            "tariff": {"rows": [{"case": {}, "amount": {"fen": 7000}}]},
            "overlaps": {"TEKUN": "EXCLUDE"},
        },
        "nursing_subsidy": {
            "coverage": {"cards": [{"grades": [1, 2]}], "care_need": True},
            "tariff": {"rows": [{"case": {}, "amount": {"fen": 8000}}]},
            "overlaps": {"TEKUN": "EXCLUDE"},
        },
    },
    "procedure": {"notice_at": "VILLAGE", "notice_days": 5},
}
PAPERS: Final = ["IDENTITY_CARD", "HOUSEHOLD_BOOK", "CERTIFICATE", "BANK_CARD"]
DESKS: Final = {
    "township_clerk": "clerk",
    "county_reviewer": "reviewer",
    "county_determiner": "determiner",
}


def a_number(serial: int) -> str:
    """An identity number of nobody; the place 990102 does not exist."""
    seventeen = f"9901021960{1 + serial % 12:02d}01{serial % 1000:03d}"
    return seventeen + check_character(seventeen)


@dataclass
class Office:
    """The service, and who calls it on which day."""

    app: FastAPI
    works: Works[SubsidyWork]
    client: httpx.AsyncClient
    clock: Clock
    versions: dict[str, int] = field(default_factory=dict)
    serial: int = 0

    async def call(
        self,
        method: str,
        path: str,
        role: str = "township_clerk",
        body: Any = None,
        *,
        who: str = "",
        divisions: Sequence[str] = ("341502",),
        version: str | None = None,
        **claims: Any,
    ) -> httpx.Response:
        headers = bearer(sub=who or DESKS.get(role, role), roles=[role], divisions=list(divisions), **claims)
        headers |= {"Idempotency-Key": str(uuid.uuid4())} | ({"If-Match": version} if version else {})
        return await self.client.request(method, path, json=body, headers=headers)

    async def learn(self, *things: Thing) -> None:
        async with self.works.begin() as work:
            await learn(work.connection, *things, at=work.now())

    async def person(self, *, grade: int = 2, card: bool = True, division: str = VILLAGE) -> uuid.UUID:
        """Somebody with a card of 2020 who lives in the village."""
        person_id = uuid.uuid4()
        home = Home(person_id=person_id, division=division, valid_from=date(2000, 1, 1))
        cards = [
            Card(
                certificate_id=uuid.uuid4(),
                person_id=person_id,
                components=f"4:{grade}",
                issued_on=date(2020, 3, 1),
                expires_on=date(2030, 3, 1),
            )
        ]
        await self.learn(home, *(cards if card else []))
        return person_id

    def a_form(self, person_id: uuid.UUID | None, **given: Any) -> dict[str, Any]:
        self.serial += 1
        body = {
            "scheme": "nursing_subsidy",
            "acceptance": TOWN,
            "name": "欧阳小明",
            "citizen_id_no": a_number(self.serial),
            "phone": "14312341234",
            "account": f"62220212345678{self.serial:05d}",
            "bank": "徽商银行",
            "papers": PAPERS,
        }
        return body | ({} if person_id is None else {"person_id": str(person_id)}) | given

    async def submit(self, person_id: uuid.UUID | None, *, divisions: Sequence[str] = ("341502",), **given: Any) -> str:
        told = await self.call(
            "POST", "/api/v1/applications", body=self.a_form(person_id, **given), divisions=divisions
        )
        assert told.status_code == 201, told.text
        return self.seen(told)

    def seen(self, told: httpx.Response) -> str:
        case = told.json()
        self.versions[case["application_id"]] = case["version"]
        return str(case["application_id"])

    async def step(
        self, case: str, name: str, role: str = "township_clerk", body: Any = None, *, status: int = 200, **more: Any
    ) -> dict[str, Any]:
        """A step at the version seen last; its answer."""
        version = f'"{self.versions[case]}"'
        told = await self.call("POST", f"/api/v1/applications/{case}/{name}", role, body, version=version, **more)
        assert told.status_code == status, told.text
        answer: dict[str, Any] = told.json()
        if "version" in answer:
            self.versions[case] = answer["version"]
        return answer

    async def until_notice(self, case: str) -> None:
        """Along the usual way, each step by whose it is."""
        await self.step(case, "first-check", who="checker")
        await self.step(case, "review", "county_reviewer")
        await self.step(case, "pre-determination", "county_determiner")
        await self.step(case, "notice", "county_determiner")

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.works.engine.connect() as connection:
            return list(await connection.execute(text(statement), values))


@dataclass(frozen=True)
class House:
    """The service, made once: its routes take longer to put together than most tests to run."""

    app: FastAPI
    works: Works[SubsidyWork]
    clock: Clock


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with migrated("subsidy") as server:
        yield server


@pytest.fixture(scope="module")
async def house(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The service on a database of its own."""
    with pytest.MonkeyPatch.context() as busy:
        # A test process shares its processor with others: a transaction of its own may stand still for longer.
        busy.setattr("shared.kit.database.IDLE_IN_TRANSACTION_MS", 30_000)
        async with emptied(server, "subsidy", metadata) as engine:
            clock = Clock(movable=True)
            works = works_on(engine, SubsidyWork, clock=clock)
            app = api_of("subsidy", tmp_path_factory.mktemp("subsidy"), works=works)
            app.state.tokens = a_verifier()
            yield House(app, works, clock)


@pytest.fixture
async def office(house: House) -> AsyncIterator[Office]:
    """The service before its first application."""
    await empty(house.works.engine, metadata)
    house.clock.show(TODAY)
    async with house.works.begin() as work:
        stored = await POLICIES.draft(work.connection, work.new_id(), parse(POLICY), by="a")
        await POLICIES.put_in_force(work.connection, stored, approved_by="b")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(house.app), base_url="http://subsidy.test") as client:
        yield Office(house.app, house.works, client, house.clock)

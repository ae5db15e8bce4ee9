"""Two counties and a prefecture at their desks, on a real PostgreSQL, with a calendar that can be turned."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import text

from services.registry.adapters.work import RegistryWork
from shared.contracts.event import Event, decode
from shared.kit import journal
from shared.kit.work import Works
from shared.values.identity_number import check_character
from tests.builders.callers import Caller, Desk, desk_of

COUNTY, VILLAGE = "341502", "341502001001"
OTHER_COUNTY, OTHER_VILLAGE = "341503", "341503001001"
TODAY: Final = date(2026, 6, 15)
PAPERS: Final = ("IDENTITY_CARD", "HOUSEHOLD_BOOK", "PHOTOGRAPHS", "APPLICATION_FORM", "ASSESSMENT_FORM")
PHYSICIANS: Final = [
    {"licence": "110341500000001", "name": "赵医生"},
    {"licence": "110341500000002", "name": "钱医生"},
]
LIMB_2: Final = {"assessed_on": TODAY.isoformat(), "findings": [{"category": 4, "grade": 2}], "physicians": PHYSICIANS}
CATEGORIES: Final = [1, 2, 3, 4, 5, 6]


@pytest.fixture(autouse=True)
def _a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test process shares its processor with others: a transaction of its own may stand still for longer."""
    monkeypatch.setattr("shared.kit.database.IDLE_IN_TRANSACTION_MS", 30_000)


def a_number(serial: int = 1, born: str = "19800101") -> str:
    """An identity number of a place that does not exist."""
    seventeen = f"990101{born}{serial:03d}"
    return seventeen + check_character(seventeen)


@dataclass
class Case:
    """An application as its clerk sees it."""

    clerk: Caller
    told: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/api/v1/applications/{self.told['application_id']}"

    async def ask(self, verb: str, body: Any = None, *, by: Caller | None = None) -> httpx.Response:
        """A step, whatever comes of it."""
        return await (by or self.clerk).post(f"{self.path}/{verb}", body, seen=f'"{self.told["version"]}"')

    async def step(self, verb: str, body: Any = None, *, by: Caller | None = None) -> dict[str, Any]:
        """A step that is taken."""
        answer = await self.ask(verb, body, by=by)
        assert answer.is_success, answer.text
        self.told = answer.json()
        return self.told


class Offices:
    """Who sits where, and what they do all day."""

    def __init__(self, desk: Desk, works: Works[RegistryWork]) -> None:
        self.works, self.desk = works, desk
        self.county = desk.caller("county_reviewer", COUNTY)
        self.other = desk.caller("county_reviewer", OTHER_COUNTY)
        self.city = desk.caller("county_reviewer", "3415")
        self.province = desk.caller("county_reviewer", "34")
        self.administrator = desk.caller("system_administrator", "*")
        self.institution = desk.caller("institution", COUNTY, sub="hospital-1")
        self.stranger = desk.caller("institution", COUNTY, sub="hospital-2")

    def today_is(self, day: date) -> None:
        """Turn the calendar."""
        self.works.clock.show(day)

    async def person(self, serial: int = 1, *, division: str = VILLAGE, by: Caller | None = None) -> str:
        """Somebody registered."""
        body = {"name": "王小明", "citizen_id_no": a_number(serial), "division": division}
        answer = await (by or self.county).post("/api/v1/persons", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["person_id"])

    async def hospital(self, categories: list[int] | None = None, **more: Any) -> str:
        """An institution designated since 2018."""
        body = {
            "division": COUNTY,
            "name": "六安市人民医院",
            "categories": categories or CATEGORIES,
            "modes": ["AT_INSTITUTION", "TELE", "HOME"],
            "designated_from": "2018-01-01",
            "account": "hospital-1",
        }
        answer = await self.county.post("/api/v1/assessment-institutions", body | more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["institution_id"])

    async def ask(
        self, person_id: str | None, matter: str = "NEW", *, by: Caller | None = None, **more: Any
    ) -> httpx.Response:
        """Submit, whatever comes of it."""
        body: dict[str, Any] = {
            "person_id": person_id,
            "matter": matter,
            "acceptance": VILLAGE,
            "categories": [4] if matter in {"NEW", "CHANGE"} else [],
            "papers": [{"paper": paper} for paper in (*PAPERS, "OLD_CARD", "LOSS_DECLARATION", "WRITTEN_WISH")],
        }
        return await (by or self.county).post("/api/v1/applications", body | more)

    async def submit(self, person_id: str | None, matter: str = "NEW", **more: Any) -> Case:
        """A case that was taken."""
        answer = await self.ask(person_id, matter, **more)
        assert answer.status_code == 201, answer.text
        return Case(more.get("by") or self.county, answer.json())

    async def assessed(self, person_id: str, conclusion: dict[str, Any] = LIMB_2, **more: Any) -> Case:
        """A case whose assessment is concluded."""
        case = await self.submit(person_id, **more)
        await case.step("acceptance", {})
        await case.step("assignment", {"institution_id": await self.hospital()})
        await case.step("conclusion", conclusion)
        return case

    async def completed(self, person_id: str, conclusion: dict[str, Any] = LIMB_2, **more: Any) -> Case:
        """A case from the counter to the card in the holder's hand."""
        case = await self.assessed(person_id, conclusion, **more)
        await case.step("notice")
        self.today_is(date(2026, 6, 24))
        for verb in ("notice-ending", "approval", "production", "handover"):
            await case.step(verb)
        return case

    async def card_of(self, person_id: str) -> dict[str, Any]:
        """The newest certificate of a person."""
        answer = await self.province.get("/api/v1/certificates", person_id=person_id)
        items: list[dict[str, Any]] = answer.json()["items"]
        return max(items, key=lambda item: item["version"])

    async def announced(self) -> list[Event]:
        """Everything the registry told the world."""
        async with self.works.engine.connect() as connection:
            return [decode(entry) for entry in await journal.read(connection, after=0, limit=1_000)]

    async def rows_of(self, caller: Caller, path: str, **asked: Any) -> list[dict[str, Any]]:
        """A list as somebody sees it."""
        answer = await caller.get(path, **asked)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def rows(self, query: str) -> list[Any]:
        """What a query finds."""
        async with self.works.engine.connect() as connection:
            return list((await connection.execute(text(query))).all())


@pytest.fixture
async def offices(registry: Works[RegistryWork], tmp_path: Path) -> AsyncIterator[Offices]:
    async with desk_of("registry", registry, tmp_path) as desk:
        registry.clock.show(TODAY)
        yield Offices(desk, registry)

"""A county that compares: holders with awards, lists of bureaus, clerks over HTTP, the worker that does their jobs."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from deploy.local.postgres import PostgresServer
from services.subsidy.adapters.comparison import comparing, entries
from services.subsidy.adapters.schema import metadata
from services.subsidy.adapters.tables import blobs, imports, jobs
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.comparison.lists import ListKind, ListRow
from services.subsidy.domain.decisions import Card, Determination, Home
from services.subsidy.domain.person_facts import Economy, Fact, FactKind
from services.subsidy.entrypoints.comparison_jobs import COMPARISON_JOB, compare_division
from services.subsidy.entrypoints.list_import import KIND, list_import, may_pass_soon
from services.subsidy.entrypoints.suspect_export import SUSPECT_EXPORT
from shared.kit.blobs import Blobs, DirectoryStore
from shared.kit.clients import ServiceIsUnavailable
from shared.kit.clock import Clock
from shared.kit.crypto import KeyRing
from shared.kit.exports import export_handler
from shared.kit.imports import import_handler
from shared.kit.jobs import JobRunner
from shared.kit.work import Works
from shared.values.award import Scheme
from shared.values.identity_number import IdentityNumber
from shared.values.month import Month
from tests.builders.databases import DATA_KEYS, emptied, empty, migrated
from tests.builders.facts import Line, Thing, learn
from tests.builders.settings import api_of
from tests.builders.works import works_on
from tests.unit.kit.a_service import a_verifier, bearer

TODAY: Final = date(2026, 6, 15)
JUNE: Final = Month(2026, 6)
COUNTY: Final = "341502"
TOWN: Final = "341502001"
VILLAGE: Final = "341502001001"
BOTH: Final = (Scheme.LIVING, Scheme.NURSING)
LEARNED: Final = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass
class County:
    """The service, its people and who works there."""

    works: Works[SubsidyWork]
    clock: Clock
    client: httpx.AsyncClient
    runner: JobRunner[SubsidyWork]
    numbers: dict[str, UUID] = field(default_factory=dict)
    silent: bool = False

    async def learn(self, *things: Thing) -> None:
        """Learned at the beginning of the month."""
        async with self.works.begin() as work:
            await learn(work.connection, *things, at=LEARNED)

    async def holder(
        self,
        *,
        schemes: Sequence[Scheme] = BOTH,
        grade: int = 2,
        issued: date = date(2020, 3, 1),
        expires: date = date(2030, 3, 1),
        poor: bool = True,
        division: str = VILLAGE,
        paid: Sequence[str] = ("2026-04", "2026-05"),
        applied: date = date(2024, 1, 10),
    ) -> UUID:
        """Somebody in order: a valid card, in dibao, who draws what they are owed into an account of their own."""
        person_id = uuid.uuid4()
        card = Card(
            certificate_id=uuid.uuid4(),
            person_id=person_id,
            components=f"4:{grade}",
            issued_on=issued,
            expires_on=expires,
        )
        things: list[Thing] = [Home(person_id=person_id, division=division, valid_from=date(2000, 1, 1)), card]
        if poor:
            things.append(
                Fact(
                    fact_id=uuid.uuid4(),
                    person_id=person_id,
                    kind=FactKind.ECONOMY,
                    value=Economy.DIBAO,
                    valid_from=date(2023, 1, 1),
                )
            )
        awards = {scheme: uuid.uuid4() for scheme in schemes}
        for scheme, award_id in awards.items():
            things.append(
                Determination(
                    award_id=award_id, person_id=person_id, scheme=scheme, division=division, application_date=applied
                )
            )
            things += [
                Line(person_id=person_id, scheme=scheme, month=Month.parse(month), amount_fen=8_000) for month in paid
            ]
        await self.learn(*things)
        for scheme, award_id in awards.items():
            await self.sql(
                "INSERT INTO award (award_id, person_id, certificate_id, version, division, scheme, status, "
                "application_date, start_month, granted_by, trace_id) VALUES (:award, :person, :card, 1, :division, "
                ":scheme, 'ACTIVE', :applied, :start, 'test', 't')",
                award=award_id,
                person=person_id,
                card=card.certificate_id,
                division=division,
                scheme=scheme.value,
                applied=applied,
                start=str(Month.of(applied)),
            )
            await self.sql(
                "INSERT INTO payee (award_id, person_id, version, name_cipher, account_cipher, account_index, bank, "
                "recorded_by) VALUES (:award, :person, 1, '', '', uuid_send(:person), '徽商银行', 'test')",
                award=award_id,
                person=person_id,
            )
        return person_id

    async def told(self, kind: ListKind, person_id: UUID, day: str | None = None, **more: Any) -> None:
        """A list says it of somebody."""
        row = ListRow(number="", dates={}, person_id=person_id, **more)
        async with self.works.begin() as work:
            await entries.keep(work, kind, [(None if day is None else date.fromisoformat(day), row)])

    async def fact(self, person_id: UUID, kind: FactKind, day: str, **more: Any) -> None:
        """Somebody with a duty to recorded it."""
        told = Fact(fact_id=uuid.uuid4(), person_id=person_id, kind=kind, valid_from=date.fromisoformat(day), **more)
        await self.learn(told)

    async def compare(self, month: Month = JUNE, *, division: str | None = None) -> dict[str, comparing.Compared]:
        """Compare, as the job does."""
        async with self.works.begin() as work:
            return await comparing.compare(
                work.connection, month, division=division, today=TODAY, due_on=date(2026, 6, 17), by="test"
            )

    async def found(self) -> set[tuple[str, UUID]]:
        """Whom which checks hit."""
        return {(row.check_id, row.person_id) for row in await self.rows("SELECT check_id, person_id FROM suspect")}

    async def sql(self, statement: str, **bound: Any) -> Any:
        """The first value of a statement, straight into the database."""
        async with self.works.begin() as work:
            found = await work.connection.execute(text(statement), bound)
            return found.scalar() if found.returns_rows else None

    async def rows(self, statement: str, **bound: Any) -> list[Any]:
        """What stands in the database."""
        async with self.works.engine.connect() as connection:
            return list(await connection.execute(text(statement), bound))

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str = "county_determiner",
        who: str = "clerk",
        divisions: Sequence[str] = (COUNTY,),
        version: int | None = None,
        files: Any = None,
        language: str = "zh",
    ) -> httpx.Response:
        """A request of somebody."""
        headers = bearer(sub=who, roles=[role], divisions=list(divisions))
        headers |= {"Idempotency-Key": str(uuid.uuid4()), "Accept-Language": language}
        headers |= {} if version is None else {"If-Match": f'"{version}"'}
        return await self.client.request(method, path, json=body, headers=headers, files=files)

    async def job(self, answer: httpx.Response) -> dict[str, Any]:
        """The job somebody asked for, done."""
        assert answer.status_code == 202, answer.text
        assert await self.runner.run_one()
        ended: dict[str, Any] = (await self.call("GET", f"/api/v1/jobs/{answer.json()['job_id']}")).json()
        return ended

    async def link(self, numbers: Sequence[IdentityNumber]) -> list[UUID | None]:
        """Stands for the register."""
        if self.silent:
            raise ServiceIsUnavailable("registry", "silent")
        return [self.numbers.get(each.number) for each in numbers]


@dataclass(frozen=True)
class Made:
    """The service, made once."""

    works: Works[SubsidyWork]
    clock: Clock
    app: Any
    files: Blobs


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with migrated("subsidy") as server:
        yield server


@pytest.fixture(scope="module")
async def made(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Made]:
    folder: Path = tmp_path_factory.mktemp("comparison")
    with pytest.MonkeyPatch.context() as busy:
        busy.setattr("shared.kit.database.IDLE_IN_TRANSACTION_MS", 30_000)
        async with emptied(server, "subsidy", metadata) as engine:
            clock = Clock(movable=True)
            works = works_on(engine, SubsidyWork, clock=clock)
            app = api_of("subsidy", folder, works=works)
            app.state.tokens = a_verifier()
            yield Made(works, clock, app, Blobs(DirectoryStore(folder), blobs, KeyRing.parse(DATA_KEYS), clock))


@pytest.fixture
async def county(made: Made) -> AsyncIterator[County]:
    """Before its first comparison."""
    await empty(made.works.engine, metadata)
    async with opened(made) as county:
        yield county


class opened:  # noqa: N801 - used as a function
    """A county on the service, in June 2026."""

    def __init__(self, made: Made) -> None:
        self._made = made

    async def __aenter__(self) -> County:
        made = self._made
        made.clock.show(TODAY)
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(made.app), base_url="http://subsidy.test")
        county: County

        async def link(numbers: Sequence[IdentityNumber]) -> list[UUID | None]:
            return await county.link(numbers)

        handlers = {
            KIND: import_handler(list_import(link), imports),
            COMPARISON_JOB: compare_division,
            SUSPECT_EXPORT.kind: export_handler(SUSPECT_EXPORT),
        }
        runner = JobRunner(made.works, jobs, handlers, made.files, worker="test", transient=may_pass_soon)
        county = County(made.works, made.clock, self._client, runner)
        return county

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

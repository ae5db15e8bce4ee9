"""Work lists over everybody, trials of drafts and lists of other bureaus, as they are asked for over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.subsidy.adapters import decisions, engine, policy_documents, trials
from services.subsidy.adapters.policies import POLICIES
from services.subsidy.adapters.tables import blobs, imports, jobs
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.decisions import Determination
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.person_facts import Fact
from services.subsidy.domain.policy_book import PolicyBook
from services.subsidy.entrypoints.fact_import import COLUMNS, FACT_IMPORT, parse_fact
from services.subsidy.entrypoints.jobs import FINDINGS_JOB, TRIAL_JOB, look_over_everybody, try_policy
from shared.kit.blobs import Blobs, DirectoryStore
from shared.kit.clock import Clock
from shared.kit.crypto import KeyRing
from shared.kit.imports import import_handler
from shared.kit.jobs import JobRunner
from shared.kit.spreadsheets import CellFault, Row
from shared.kit.work import Works
from tests.builders import province
from tests.builders.databases import DATA_KEYS
from tests.builders.settings import api_of
from tests.builders.works import works_on
from tests.unit.kit.a_service import a_verifier, bearer

JUNE: Final = "2026-06"
TODAY: Final = date(2026, 6, 15)
HEADER: Final = "人员编号,事项,内容,起始日期,终止日期（不含当日）,每月金额（元）,来源\n"


@dataclass
class Bureau:
    """The service with a province of a thousand persons, and its worker."""

    works: Works[SubsidyWork]
    client: httpx.AsyncClient
    runner: JobRunner[SubsidyWork]

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: str = "",
        role: str = "county_determiner",
        **more: Any,
    ) -> httpx.Response:
        headers = bearer(sub=role, roles=[role], divisions=["*"]) | {"Idempotency-Key": str(uuid.uuid4())}
        headers |= {"If-Match": version} if version else {}
        return await self.client.request(method, path, json=body, headers=headers, **more)

    async def job(self, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """Ask for a job, let it run; as it ended."""
        asked = await self.call("POST", path, body, **more)
        assert asked.status_code == 202, asked.text
        assert await self.runner.run_one()
        ended: dict[str, Any] = (await self.call("GET", f"/api/v1/jobs/{asked.json()['job_id']}")).json()
        return ended

    async def listed(self, query: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.call("GET", f"/api/v1/findings?limit=1000&{query}")).json()["items"]
        return items


@pytest.fixture
async def bureau(subsidy_engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bureau]:
    clock = Clock(movable=True)
    clock.show(TODAY)
    works = works_on(subsidy_engine, SubsidyWork, clock=clock)
    files = Blobs(DirectoryStore(tmp_path), blobs, KeyRing.parse(DATA_KEYS), clock)
    handlers = {
        FINDINGS_JOB: look_over_everybody,
        TRIAL_JOB: try_policy,
        FACT_IMPORT.kind: import_handler(FACT_IMPORT, imports),
    }
    app = api_of("subsidy", tmp_path, works=works)
    app.state.tokens = a_verifier()
    async with works.begin() as work:
        await province.settle(work.connection, province.THOUSAND)
        await work.connection.execute(
            text(
                "INSERT INTO copy_registry_person (person_id, version, division, registered_on) "
                "SELECT person_id, 1, division, '2018-01-01' FROM home WHERE valid_to = 'infinity'"
            )
        )
        for document in province.policy():
            stored = await POLICIES.draft(work.connection, work.new_id(), document, by="a")
            await POLICIES.put_in_force(work.connection, stored, approved_by="b")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://subsidy.test") as client:
        yield Bureau(works, client, JobRunner(works, jobs, handlers, files, worker="test"))


def _planted(kind: str) -> set[tuple[str, str]]:
    """Whom the personas plant."""
    return {
        (str(province.person_of(number)), scheme)
        for number in range(province.THOUSAND)
        for scheme in (province.LIVING, province.NURSING)
        if province.is_planted(province.persona_of(number), kind, scheme)
    }


async def test_both_lists_name_whom_they_should_and_nobody_else(bureau: Bureau) -> None:
    ended = await bureau.job("/api/v1/finding-looks", {"month": JUNE})
    unpaid, missed = await bureau.listed("kind=ELIGIBLE_UNPAID"), await bureau.listed("kind=STOP_MISSED")
    assert {(each["person_id"], each["scheme"]) for each in unpaid} == _planted("ELIGIBLE_UNPAID")
    assert {(each["person_id"], each["scheme"]) for each in missed} == _planted("STOP_MISSED")
    assert {each["amount_fen"] for each in unpaid} == {province.SEVERE, province.LIGHT}
    assert all(each["reasons"] for each in (*unpaid, *missed))
    assert ended["result"] == {"found": len(unpaid) + len(missed), "opened": len(unpaid) + len(missed), "settled": 0}
    again = await bureau.job("/api/v1/finding-looks", {"month": JUNE})
    assert again["result"] == {"found": len(unpaid) + len(missed), "opened": 0, "settled": 0}


async def test_a_finding_follows_its_person_and_the_others_stay(bureau: Bureau) -> None:
    await bureau.job("/api/v1/finding-looks", {"month": JUNE})
    before = {each["finding_id"]: each for each in await bureau.listed("kind=ELIGIBLE_UNPAID")}
    moved = next(iter(before.values()))
    elsewhere = f"{moved['division'][:6]}999"
    async with bureau.works.begin() as work:
        change = text("UPDATE home SET division = :there WHERE person_id = :person AND known_to = 'infinity'")
        await work.connection.execute(change, {"there": elsewhere, "person": moved["person_id"]})
    again = await bureau.job("/api/v1/finding-looks", {"month": JUNE})
    assert (again["result"]["opened"], again["result"]["settled"]) == (0, 0)
    after = {each["finding_id"]: each for each in await bureau.listed("kind=ELIGIBLE_UNPAID")}
    follows = {key for key, each in after.items() if each["division"] == elsewhere}
    assert follows == {key for key, each in before.items() if each["person_id"] == moved["person_id"]}
    assert all(after[key] == each for key, each in before.items() if key not in follows)


async def test_a_finding_tells_since_when_is_settled_by_the_award_and_closed_by_a_person(bureau: Bureau) -> None:
    await bureau.job("/api/v1/finding-looks", {"month": JUNE})
    first, second, *_ = await bureau.listed("kind=ELIGIBLE_UNPAID")
    seen = await bureau.call("GET", f"/api/v1/findings/{first['finding_id']}")
    assert seen.json()["since"] == "2025-07"
    assert "SUB-35/none" in seen.json()["reasons"]
    closing = f"/api/v1/findings/{first['finding_id']}/closing"
    stale = await bureau.call("POST", closing, {"reason": "本人不愿申请"}, version='"7"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_stale")
    closed = await bureau.call("POST", closing, {"reason": "本人不愿申请"}, version=seen.headers["ETag"])
    assert (closed.json()["state"], closed.json()["close_reason"]) == ("CLOSED", "本人不愿申请")
    async with bureau.works.begin() as work:
        kept = await work.connection.scalar(text("SELECT closing_cipher FROM finding WHERE closing_cipher IS NOT NULL"))
    assert "本人不愿申请".encode() not in bytes(kept)
    told = await bureau.call("GET", f"/api/v1/findings/{first['finding_id']}")
    assert told.json()["close_reason"] == "本人不愿申请"
    twice = await bureau.call("POST", closing, {"reason": "再次办结"}, version=closed.headers["ETag"])
    assert twice.status_code == 409
    async with bureau.works.begin() as work:
        award = Determination(
            award_id=uuid.uuid4(),
            person_id=uuid.UUID(second["person_id"]),
            scheme=second["scheme"],
            division=second["division"],
            application_date=date(2026, 6, 2),
        )
        await decisions.determine(work.connection, [award], at=work.now())
    looked = await bureau.job("/api/v1/finding-looks", {"month": JUNE})
    assert (looked["result"]["opened"], looked["result"]["settled"]) == (0, 1)
    assert [each["person_id"] for each in await bureau.listed("state=SETTLED")] == [second["person_id"]]
    july = await bureau.job("/api/v1/finding-looks", {"month": "2026-07"})
    assert july["result"]["opened"] == 1  # what was closed for June is looked at again


async def test_a_look_at_a_county_leaves_the_findings_of_others_alone(bureau: Bureau) -> None:
    everywhere = await bureau.job("/api/v1/finding-looks", {"month": JUNE})
    county = province.COUNTIES[0]
    here = await bureau.job("/api/v1/finding-looks", {"month": JUNE, "division": county})
    assert 0 < here["result"]["found"] < everywhere["result"]["found"]
    assert (here["result"]["opened"], here["result"]["settled"]) == (0, 0)
    assert all(each["division"].startswith(county) for each in await bureau.listed(f"division={county}"))


async def test_a_trial_says_what_the_engine_says_of_everybody(bureau: Bureau) -> None:
    draft = {
        "division": province.COUNTIES[0],
        "title": "提标",
        "legal_basis": "测算",
        "since": JUNE,
        "schemes": {
            province.NURSING: {
                "coverage": {"cards": [{"grades": [1, 2, 3]}]},
                "tariff": {
                    "rows": [
                        {"case": {"grades": [1]}, "amount": {"fen": 5_000}},
                        {"case": {}, "amount": {"fen": 9_000}},
                    ]
                },
            }
        },
    }
    drafted = await bureau.call("POST", "/api/v1/policies", {"document": draft})
    assert drafted.status_code == 201, drafted.text
    stored = drafted.json()
    ended = await bureau.job("/api/v1/policy-trials", {"policies": [stored["policy_id"]], "month": JUNE})
    everybody = Population.of([province.person_of(number) for number in range(province.THOUSAND)])
    async with bureau.works.engine.connect() as connection:
        law = await policy_documents.in_force(connection, None)
        was, becomes = [
            {
                (each.person_id, each.scheme): each.entitled_fen or 0
                for each in await engine.decide(
                    connection, months=[province.MONTH], population=everybody, policy=documents
                )
            }
            for documents in (law, [*law, policy_documents.parse(draft)])
        ]
    apart = [becomes[key] - was[key] for key in becomes]
    report = ended["result"]
    assert report["gained_fen"] == sum(fen for fen in apart if fen > 0) > 0
    assert report["lost_fen"] == -sum(fen for fen in apart if fen < 0) > 0
    assert report["gained"] == sum(becomes[key] > 0 == was[key] for key in becomes) > 0
    file = await bureau.call("GET", f"/api/v1/jobs/{ended['job_id']}/result")
    told = orjson.loads(file.content)
    assert {effect["county"] for effect in told["effects"]} == {province.COUNTIES[0]}
    assert {(effect["category"], effect["grade"]) for effect in told["effects"]} >= {(4, 1), (4, 3), (7, 1)}
    assert all(each["becomes_fen"] > each["was_fen"] for each in told["winners"])
    assert len(told["losers"]) == min(trials.SAMPLE, sum(fen < 0 for fen in apart))


@pytest.mark.parametrize(
    ("says", "changes"),
    [
        ({}, []),
        ({"schemes": {province.NURSING: {"overlaps": {"TEKUN": "EXCLUDE"}}}}, []),
        ({"schemes": {province.NURSING: {"overlaps": {"PRISON": "EXCLUDE"}}}}, [province.NURSING]),
        (
            {"transitions": [{"first_day": "2026-05-15", "last_day": "2026-06-20", "reason": "test"}]},
            [province.LIVING, province.NURSING],
        ),
    ],
)
async def test_a_trial_asks_about_the_schemes_whose_terms_change_and_no_others(
    bureau: Bureau, says: dict[str, Any], changes: list[str]
) -> None:
    draft = {"division": "34", "title": "test", "legal_basis": "test", "since": JUNE, "schemes": {}} | says
    parsed = policy_documents.parse(draft)
    async with bureau.works.engine.connect() as connection:
        law = await policy_documents.in_force(connection, None)
        books = PolicyBook(law), PolicyBook([*law, parsed])
        everyone = Population.everyone()
        assert await engine.changed_schemes(connection, *books, month=province.MONTH, population=everyone) == changes
        if not changes:
            trial = await trials.try_out(connection, [parsed], province.MONTH, division=None)
            assert trial == trials.Trial((), (), ())


async def test_an_award_whose_rate_is_missing_is_no_missed_stop(bureau: Bureau) -> None:
    unpriced = {
        "division": "34",
        "title": "only grade 1 has a rate",
        "legal_basis": "READ-14",
        "since": JUNE,
        "schemes": {province.NURSING: {"tariff": {"rows": [{"case": {"grades": [1]}, "amount": {"fen": 8_000}}]}}},
    }
    before = _planted("STOP_MISSED")
    async with bureau.works.begin() as work:
        stored = await POLICIES.draft(work.connection, work.new_id(), policy_documents.parse(unpriced), by="a")
        await POLICIES.put_in_force(work.connection, stored, approved_by="b")
    await bureau.job("/api/v1/finding-looks", {"month": JUNE})
    found = {(item["person_id"], item["scheme"]) for item in await bureau.listed("kind=STOP_MISSED")}
    assert found == before


async def test_a_list_of_facts_is_tried_dry_applied_once_and_explained_row_by_row(bureau: Bureau) -> None:
    rows = [
        f"{province.person_of(0)},特困人员救助供养,,2026-06-01,,,民政\n",
        f"{province.person_of(1)},特困人员救助供养,,昨天,,,民政\n",
        "没有此人,特困人员救助供养,,2026-06-01,,,民政\n",
        f"{uuid.uuid4()},特困人员救助供养,,2026-06-01,,,民政\n",
        f"{province.person_of(2)},特困人员救助供养,,2026-06-01,,100001,民政\n",
    ]
    dry = await _import(bureau, rows, dry_run=True)
    assert (dry["received"], dry["applied"], dry["rejected"]) == (5, 1, 4)
    real = await _import(bureau, rows, dry_run=False)
    assert (real["received"], real["applied"], real["unchanged"], real["rejected"]) == (5, 1, 0, 4)
    again = await _import(bureau, rows, dry_run=False)
    assert (again["received"], again["applied"], again["unchanged"], again["rejected"]) == (5, 0, 1, 4)
    told = await bureau.call("GET", f"/api/v1/jobs/{again['job_id']}/result")
    header, *lines = CalamineWorkbook.from_filelike(BytesIO(told.content)).get_sheet_by_index(0).to_python()
    assert len(lines) == real["rejected"]
    words = ["".join(map(str, line)) for line in lines]
    assert "2026-05-31" in words[0]  # how a date is written
    assert "36 位编号" in words[1]
    assert "每月金额（元）" in words[3], "and the cell a rule refuses is named as the list names it"
    assert "amount_fen" not in words[3]
    assert "人员编号" in words[2], "nobody known: it is the person's cell that is wrong"
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in line) for line in (*words, str(header)))


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("dibao_class", "1_0"),
        ("dibao_class", "２"),
        ("income_percent", "-5"),
        ("amount", "１００"),
        ("person_id", "甲"),
    ],
)
def test_a_cell_is_read_as_it_is_written_or_not_at_all(field: str, text: str) -> None:
    cells = {"person_id": str(uuid.uuid4()), "kind": "ECONOMY", "valid_from": "2026-06-01", "source": "民政"}
    assert isinstance(parse_fact(Row(number=2, values=cells)), Fact)
    (fault,) = _faults(parse_fact(Row(number=2, values=cells | {field: text})))
    assert fault.column == next(column.title for column in COLUMNS if column.field == field)


def _faults(parsed: Fact | list[CellFault]) -> list[CellFault]:
    assert isinstance(parsed, list)
    return parsed


async def _import(bureau: Bureau, rows: list[str], *, dry_run: bool) -> dict[str, Any]:
    headers = bearer(sub="d", roles=["county_determiner"], divisions=["*"]) | {"Idempotency-Key": str(uuid.uuid4())}
    asked = await bureau.client.post(
        f"/api/v1/fact-imports?dry_run={str(dry_run).lower()}",
        headers=headers,
        files={"file": ("名单.csv", (HEADER + "".join(rows)).encode())},
    )
    assert asked.status_code == 202, asked.text
    assert await bureau.runner.run_one()
    ended = await bureau.call("GET", f"/api/v1/jobs/{asked.json()['job_id']}")
    report: dict[str, Any] = ended.json()["result"]
    return report | {"job_id": asked.json()["job_id"]}

"""An office that pays: the service with a province of a thousand persons, a register that says how far it is."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.subsidy.adapters import explanations, facts
from services.subsidy.adapters.payees import Payees
from services.subsidy.adapters.payroll import integrity
from services.subsidy.adapters.policies import POLICIES
from services.subsidy.adapters.tables import blobs, jobs
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.person_facts import Fact, FactKind, Revision
from services.subsidy.entrypoints.bank_jobs import bank_handlers
from services.subsidy.entrypoints.integrity_jobs import INTEGRITY_EXPORT, audit_integrity
from services.subsidy.entrypoints.payroll_jobs import payroll_handlers
from services.subsidy.entrypoints.seal_jobs import seal_handlers
from shared.kit.blobs import Blobs, DirectoryStore
from shared.kit.clock import Clock
from shared.kit.crypto import KeyRing
from shared.kit.exports import export_handler
from shared.kit.jobs import JobRunner
from shared.kit.journal import Horizon
from shared.kit.journal_client import PublisherUnreachable
from shared.kit.signing import KeyPair, new_key
from shared.kit.work import Works
from shared.values.division import Scope
from tests.builders import province
from tests.builders.databases import DATA_KEYS
from tests.builders.settings import api_of
from tests.builders.works import works_on
from tests.unit.kit.a_service import a_verifier, bearer

EPOCH: Final = 1
SIGNER: Final = KeyPair.parse(new_key("test"))
RUNS: Final = "/api/v1/payroll-runs"
SCHEMES: Final = ["living_subsidy", "nursing_subsidy"]


@dataclass
class Register:
    """What the register would answer about its journal."""

    position: int = 100
    epoch: int = EPOCH
    silent: bool = False
    asked: int = 0
    meanwhile: dict[int, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """What happens while an answer is on its way: by how many were given before."""

    async def horizon(self) -> Horizon:
        """As `JournalClient.horizon`."""
        happens = self.meanwhile.get(self.asked)
        self.asked += 1
        if happens is not None:
            await happens()
        if self.silent:
            raise PublisherUnreachable("silent")
        return Horizon(epoch=self.epoch, position=self.position, at=datetime.now(UTC).isoformat())


@dataclass
class Office:
    """People who pay, over HTTP, and the worker that does their jobs."""

    works: Works[SubsidyWork]
    client: httpx.AsyncClient
    runner: JobRunner[SubsidyWork]
    register: Register

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        who: str = "clerk",
        role: str = "county_determiner",
        version: int | None = None,
        key: str = "",
        divisions: tuple[str, ...] = ("*",),
    ) -> httpx.Response:
        """A request of somebody."""
        headers = bearer(sub=who, roles=[role], divisions=list(divisions))
        headers |= {"Idempotency-Key": key or str(uuid.uuid4())}
        headers |= {} if version is None else {"If-Match": f'"{version}"'}
        return await self.client.request(method, path, json=body, headers=headers)

    async def get(self, path: str) -> Any:
        """What is read."""
        answer = await self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def opened(self, month: str = "2026-06", **more: Any) -> str:
        """A new run; its id."""
        asked = {"division": "34", "month": month, "schemes": SCHEMES} | more
        answer = await self.call("POST", RUNS, asked)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["run_id"])

    async def run(self, run_id: str) -> dict[str, Any]:
        """The run as it stands."""
        found: dict[str, Any] = await self.get(f"{RUNS}/{run_id}")
        return found

    async def ask(self, run_id: str, step: str, body: Any = None, **more: Any) -> httpx.Response:
        """Ask for a step in the version that stands."""
        version = (await self.run(run_id))["version"]
        return await self.call("POST", f"{RUNS}/{run_id}/{step}", body or {}, version=version, **more)

    async def job(self, run_id: str, step: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """A step that is a job, done; as the job ended."""
        asked = await self.ask(run_id, step, body, **more)
        assert asked.status_code == 202, asked.text
        assert await self.runner.run_one()
        ended: dict[str, Any] = await self.get(f"/api/v1/jobs/{asked.json()['job_id']}")
        return ended

    async def done(self, run_id: str, step: str, body: Any = None) -> dict[str, Any]:
        """A step that is a job and succeeds; what it told."""
        ended = await self.job(run_id, step, body)
        assert ended["state"] == "SUCCEEDED", ended
        report: dict[str, Any] = ended["result"]
        return report

    async def drawn_up(self, month: str = "2026-06", **more: Any) -> str:
        """A run that is drawn up and whose checks somebody answers for."""
        run_id = await self.opened(month, **more)
        await self.done(run_id, "drawing-up")
        await self.waived(run_id)
        return run_id

    async def waived(self, run_id: str) -> None:
        """Every red check, waived."""
        for check in (await self.get(f"{RUNS}/{run_id}/checks"))["items"]:
            body = {"reason": "LOOKED_AT_ONE_BY_ONE"}
            answer = await self.call("POST", f"{RUNS}/{run_id}/checks/{check['name']}/waiver", body)
            assert answer.status_code == 200, answer.text

    async def lock(self, run_id: str) -> dict[str, Any]:
        """Lock what was drawn up."""
        return await self.done(run_id, "locking", {"digest": (await self.run(run_id))["draft"]["digest"]})

    async def proposed(self, run_id: str, kind: str = "payroll.approval") -> dict[str, Any]:
        """One person asks for the eyes of another."""
        body = {"kind": kind, "subject_id": run_id, "note": "请复核"}
        made = await self.call("POST", "/api/v1/approvals", body, who="maker")
        assert made.status_code == 201, made.text
        approval: dict[str, Any] = made.json()
        return approval

    async def agreed(self, run_id: str, kind: str = "payroll.approval") -> str:
        """Two persons agree; the id of their approval."""
        made = await self.proposed(run_id, kind)
        approval_id = str(made["approval_id"])
        body = {"digest": made["digest"]}
        given = await self.call("POST", f"/api/v1/approvals/{approval_id}/approval", body, who="checker")
        assert given.status_code == 200, given.text
        return approval_id

    async def renewal(self, run_id: str, line: dict[str, Any]) -> str:
        """Two persons agree to pay a line again, to the account on record now; the id of their approval."""
        place = (str(line["person_id"]), line["scheme"], str(line["month"])[:7], str(line["seq"]))
        return await self.agreed(":".join((run_id, *place)), "payment.renewal")

    async def approved(self, run_id: str) -> None:
        """Two persons approve, finance checks."""
        answer = await self.ask(run_id, "approval", {"approval_id": await self.agreed(run_id)})
        assert answer.status_code == 200, answer.text
        draft = (await self.run(run_id))["draft"]
        body = {"budget_code": "2081107", "lines": draft["lines"], "amount_fen": draft["amount_fen"]}
        funded = await self.ask(run_id, "funding", body, who="treasurer", role="finance")
        assert funded.status_code == 200, funded.text

    async def sent(self, month: str = "2026-06", **more: Any) -> str:
        """A run whose instructions are stored."""
        run_id = await self.drawn_up(month, **more)
        await self.lock(run_id)
        await self.approved(run_id)
        await self.done(run_id, "sending")
        return run_id

    async def lines(self, run_id: str, query: str = "") -> list[dict[str, Any]]:
        """All lines of a run."""
        return await self.all_of(f"{RUNS}/{run_id}/lines", query)

    async def all_of(self, path: str, query: str = "") -> list[dict[str, Any]]:
        """Every page of a list."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self.get(f"{path}?limit=1000&{query}{cursor}")
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    async def instructions(self, run_id: str, dispatch_no: int = 1) -> list[dict[str, Any]]:
        """What the bank was told."""
        return await self.all_of(f"{RUNS}/{run_id}/instructions", f"dispatch_no={dispatch_no}")

    async def answer(self, run_id: str, results: list[dict[str, Any]]) -> dict[str, Any]:
        """The bank answers, a thousand at a time; what the last call told, counts summed."""
        summed: dict[str, Any] = {"received": 0, "applied": 0, "unchanged": 0, "refused": []}
        for first in range(0, len(results), 1000):
            body = {"results": results[first : first + 1000]}
            answer = await self.call("POST", f"{RUNS}/{run_id}/answers", body, who="bank", role="bank_operator")
            assert answer.status_code == 200, answer.text
            told = answer.json()
            for name in ("received", "applied", "unchanged", "refused"):
                summed[name] += told[name]
            summed["state"] = told["state"]
        return summed

    async def stops(self, person_id: str, day: str, *, at: datetime | None = None) -> UUID:
        """The person gives the subsidies up from a day (SUB-43); the register goes on. The fact, to withdraw it."""
        fact = Fact(
            fact_id=uuid.uuid4(),
            person_id=UUID(person_id),
            kind=FactKind.OWN_WISH,
            valid_from=date.fromisoformat(day),
        )
        async with self.works.begin() as work:
            told = Revision(fact=fact, revision=1, division="341502")
            await facts.put(work.connection, [told], at=at or work.now(), by="test", trace_id="t")
        return fact.fact_id

    async def takes_back(self, fact_id: UUID) -> None:
        """The fact was wrong."""
        async with self.works.begin() as work:
            known = (await facts.get(work.connection, [fact_id], within=Scope.everywhere()))[fact_id]
            told = replace(known, revision=known.revision + 1, withdrawn=True)
            await facts.put(work.connection, [told], at=work.now(), by="test", trace_id="t")

    async def waits(self, person_id: str, *, state: str = "OPEN") -> None:
        """An event of the person could not be applied; or (another state) now it was."""
        async with self.works.begin() as work:
            await work.connection.execute(
                text(
                    "INSERT INTO dead_letter (letter_id, publisher, person_id, state, attempts, body) "
                    "VALUES (:person, 'registry', :person, :state, 1, '{}') "
                    "ON CONFLICT (letter_id) DO UPDATE SET state = excluded.state"
                ),
                {"person": UUID(person_id), "state": state},
            )

    async def applies(self, position: int, *, epoch: int = EPOCH) -> None:
        """The register went on, and what it told is applied here up to a position."""
        async with self.works.begin() as work:
            await work.connection.execute(
                text("UPDATE consumer_cursor SET epoch = :epoch, position = :position"),
                {"epoch": epoch, "position": position},
            )

    async def sql(self, statement: str, **bound: Any) -> Any:
        """The first value of a statement; straight into the database."""
        async with self.works.begin() as work:
            found = await work.connection.execute(text(statement), bound)
            return found.scalar() if found.returns_rows else None

    async def reconciled(self, run_id: str) -> dict[str, Any]:
        """Every record of the run agrees with the others."""
        found: dict[str, Any] = await self.get(f"{RUNS}/{run_id}/reconciliation")
        assert found["agrees"], found["hops"]
        return found


PREPARED: Final = (
    (
        "INSERT INTO copy_registry_person (person_id, version, division, registered_on) "
        "SELECT person_id, 1, division, '2018-01-01' FROM home WHERE valid_to = 'infinity'"
    ),
    (
        "INSERT INTO payee (award_id, person_id, version, name_cipher, account_cipher, account_index, bank, "
        "recorded_by) SELECT award_id, person_id, 1, '', '', uuid_send(award_id), '徽商银行', 'test' FROM award"
    ),
    f"INSERT INTO consumer_cursor (publisher, epoch, position) VALUES ('registry', {EPOCH}, 100)",
)


async def settle(engine: AsyncEngine) -> None:
    """A thousand persons with payees and a policy, and the register followed up to position 100."""
    works = works_on(engine, SubsidyWork)
    async with works.begin() as work:
        await province.settle(work.connection, province.THOUSAND)
        for statement in PREPARED:
            await work.connection.execute(text(statement))
        for document in province.policy():
            stored = await POLICIES.draft(work.connection, work.new_id(), document, by="a")
            await POLICIES.put_in_force(work.connection, stored, approved_by="b")


@asynccontextmanager
async def opened(engine: AsyncEngine, folder: Path) -> AsyncIterator[Office]:
    """An office in June 2026 on a settled database."""
    explanations.warm()  # as the processes do: no transaction stands still meanwhile
    clock = Clock(movable=True)
    clock.show(date(2026, 6, 15))
    works = works_on(engine, SubsidyWork, clock=clock)
    keys = KeyRing.parse(DATA_KEYS)
    files = Blobs(DirectoryStore(folder), blobs, keys, clock)
    app = api_of("subsidy", folder, works=works)
    app.state.tokens = a_verifier()
    register = Register()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://subsidy.test") as client:
        handlers = payroll_handlers(register) | bank_handlers(Payees(keys)) | seal_handlers(SIGNER)  # type: ignore[arg-type]
        handlers |= {integrity.AUDIT: audit_integrity, INTEGRITY_EXPORT.kind: export_handler(INTEGRITY_EXPORT)}
        runner = JobRunner(works, jobs, handlers, files, worker="test")
        yield Office(works, client, runner, register)


async def keep_only(engine: AsyncEngine, persons: Sequence[str]) -> None:
    """Nobody but these has anything."""
    async with engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM payee")
        for table in ("home", "determination", "held_card", "level", "spell", "award"):
            gone = text(f"DELETE FROM {table} WHERE person_id <> ALL(:only)")
            await connection.execute(gone, {"only": [UUID(each) for each in persons]})
        await connection.execute(text(PREPARED[1]))


def nursed(place: int = 0) -> str:
    """Somebody with the nursing subsidy alone, and nothing else to stop it."""
    numbers = next(numbers for persona, numbers in province.slots() if persona.name == "severe, not poor")
    return str(province.person_of(numbers[place]))


def result(instruction: dict[str, Any], outcome: str = "SETTLED", **more: Any) -> dict[str, Any]:
    """An answer of the bank to an instruction."""
    return {
        "instruction_key": str(instruction["instruction_key"]),
        "outcome": outcome,
        "amount_fen": instruction["amount_fen"],
        "code": "" if outcome == "SETTLED" else "R01",
        "at": "2026-06-12T10:00:00+08:00",
    } | more

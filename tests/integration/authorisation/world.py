"""Four services as they are served, on one PostgreSQL, and the same things in two counties and a neighbouring township.

What can be made through the API is; the rest (letters, differences, ended jobs) is put where its code puts it.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from sqlalchemy import text
from uuid_utils.compat import uuid7

from deploy.local.issuer import ALGORITHM, AUDIENCE, Issuer, Person
from deploy.local.postgres import PostgresServer
from services.subsidy.adapters.bank_declarations import dump
from shared.kit import journal
from shared.kit.audit import Change
from shared.kit.blobs import JSON
from shared.kit.crypto import KeyRing
from shared.kit.issuer_keys import IssuerKeys
from shared.kit.jobs import Jobs, JobState
from shared.kit.permissions import Caller
from shared.kit.service import Parts, open_parts
from shared.kit.signing import new_key
from shared.kit.tokens import TokenVerifier
from shared.kit.work import UnitOfWork, Works
from shared.values.division import Scope
from shared.values.identity_number import check_character
from tests.builders.banking import shipped
from tests.builders.databases import DATA_KEYS
from tests.builders.publishers import deliver
from tests.builders.settings import settings_of
from tests.integration.authorisation.duties import CLERK, DETERMINER, PERSON, REVIEWER, SECURITY, STATISTICIAN
from tests.integration.authorisation.world_certificates import open_cases
from tests.integration.authorisation.world_rehab import serve_cases

SERVICES: Final = ("registry", "subsidy", "rehab", "indicators")
ERASES: Final = frozenset({"registry", "subsidy"})
"""What the others hold is of nobody once the register has erased who it was."""
HERE, BESIDE, THERE = "here", "beside", "there"
DIVISIONS: Final = {HERE: "341502001001", BESIDE: "341502002001", THERE: "341503001001"}
"""Beside lies in the same county as here, there in the next."""
MAKER: Final = "who-proposed"
_OF_PLACES: Final = frozenset(
    {
        "division",
        "county",
        "township",
        "name_of_a_profile",
        "policy_id",
        "a_check",
        "declaration_id",
        "name_of_a_declaration",
    }
    | {"institution_id", "item_id", "a_staff_id"}
)
"""Names of the world that tell nothing of persons."""
ACCOUNT: Final = "62220212345678901"

Ids = dict[str, str]


def guardian_of(place: str) -> str:
    """The account of the guardian of the person there."""
    return f"guardian-{place}"


@dataclass
class World:
    """The services, who gives their tokens, and what lies where."""

    issuer: Issuer
    apps: dict[str, FastAPI] = field(default_factory=dict)
    parts: dict[str, Parts[Any]] = field(default_factory=dict)
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    ids: dict[str, dict[str, Ids]] = field(default_factory=dict)
    """Service -> place (or "house") -> name -> id."""

    def named(self, service: str, name: str, place: str = HERE) -> str:
        """An id: ``there:name`` elsewhere, ``=text`` is the text itself; what lies nowhere is the house's."""
        if name.startswith("="):
            return name[1:]
        elsewhere, _, bare = name.rpartition(":")
        known = self.ids[service]
        return known[elsewhere or place].get(bare) or known["house"][bare]

    def telling(self, service: str, place: str) -> frozenset[bytes]:
        """What an answer that is about this place would hold."""
        return frozenset(value.encode() for name, value in self.ids[service][place].items() if name not in _OF_PLACES)

    def token(self, role: str, *divisions: str, subject: str = "", **about: Any) -> str:
        """Of somebody with one role."""
        person = Person(subject or f"the-{role}", role, tuple(role.split()), divisions, **about)
        return self.issuer.person_token(person)

    async def call(
        self,
        service: str,
        method: str,
        path: str,
        token: str,
        body: Any = None,
        *,
        status: int = 200,
        version: str | None = None,
    ) -> Any:
        """Something that must succeed; its answer."""
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
        headers |= {"If-Match": version} if version else {}
        answer = await self.clients[service].request(method, path, json=body, headers=headers)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()


@asynccontextmanager
async def opened(server: PostgresServer, folder: Path) -> AsyncIterator[World]:
    """The four services and everything a row asks for."""
    key = RSAKey.generate_key(2048, {"kid": "the-issuer", "use": "sig", "alg": ALGORITHM})
    world = World(Issuer(port=1, key=key, clients={}, environment="test"))
    async with AsyncExitStack() as stack:
        for service in SERVICES:
            await _serve(world, service, server, folder, stack)
        await _register(world)
        await open_cases(world)
        for reader in ("subsidy", "rehab"):
            await _hear(world, reader, "registry")
        await _grant(world)
        await serve_cases(world)
        await _decide(world)
        await _apply(world)
        await _find(world)
        await _pay(world)
        for publisher in ("registry", "subsidy", "rehab"):
            await _hear(world, "indicators", publisher)
        await _tell(world)
        for service in SERVICES:
            await _keep_house(world, service)
        yield world


async def _serve(world: World, service: str, server: PostgresServer, folder: Path, stack: AsyncExitStack) -> None:
    """The service's own application on its own database, its tokens checked by its own verifier."""
    url = server.url(service)
    settings = settings_of(
        service,
        folder,
        database_url=url,
        database_direct_url=url,
        database_pool_size=1,  # whoever needed a second beside its own would be refused
        token_issuer=world.issuer.url,
        token_jwks_url=world.issuer.jwks_url,
        audit_signing_key=new_key("a1"),
        audit_dir=folder / "audit",
        budgets={"*": {}, "refused": {}},
        log_level="ERROR",
        publisher_urls={name: f"http://{name}.test" for name in SERVICES if name != service},
    )
    tables = importlib.import_module(f"services.{service}.adapters.tables")
    parts = open_parts(settings, role="api", blob_tables=tables.blobs, make_work=_making(service))
    parts.ops.checks = ()  # whether it is ready is tested elsewhere
    app = importlib.import_module(f"services.{service}.main").app_of(settings, parts)
    issuer_client = await stack.enter_async_context(
        httpx.AsyncClient(transport=httpx.ASGITransport(world.issuer.app()), base_url=world.issuer.url)
    )
    keys = IssuerKeys(world.issuer.jwks_url, issuer_client)
    app.state.tokens = TokenVerifier(
        keys, issuer=world.issuer.url, audience=AUDIENCE, algorithms=(ALGORITHM,), remember_seconds=3600
    )
    stack.push_async_callback(parts.works.engine.dispose)
    world.apps[service], world.parts[service] = app, parts
    world.clients[service] = await stack.enter_async_context(
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{service}.test")
    )
    world.ids[service] = {place: {"division": division} for place, division in DIVISIONS.items()} | {"house": {}}


def _making(service: str) -> Any:
    work = importlib.import_module(f"services.{service}.adapters.work")
    return getattr(work, "work_with", None) or (lambda _: getattr(work, f"{service.capitalize()}Work"))


# ---------------------------------------------------------------------------- what lies where


def a_number(serial: int) -> str:
    """An identity number of nobody."""
    base = f"990102{1960 + serial}0101{serial:03d}"
    return base + check_character(base)


async def _register(world: World) -> None:
    """In each place a person with a certificate that was frozen once, and a guardian."""
    reviewer = world.token(REVIEWER, "*")
    for serial, (place, division) in enumerate(DIVISIONS.items(), 1):
        ids = world.ids["registry"][place]
        ids["citizen_id_no"] = a_number(serial)
        body = {"name": "王小明", "citizen_id_no": ids["citizen_id_no"], "division": division}
        person = await world.call("registry", "POST", "/api/v1/persons", reviewer, body, status=201)
        ids["person_id"] = person["person_id"]
        path = f"/api/v1/persons/{person['person_id']}"
        card = {"category": 4, "grade": 2, "issued_on": "2024-01-01"}
        certificate = await world.call("registry", "POST", f"{path}/certificates", reviewer, card, status=201)
        ids["certificate_id"] = certificate["certificate_id"]
        step = f"/api/v1/certificates/{certificate['certificate_id']}"
        frozen = await world.call(
            "registry", "POST", f"{step}/freezing", reviewer, {"reason": "SUSPECT_FRAUD"}, version="*"
        )
        ids["stop_id"] = frozen["stop_id"]
        await world.call("registry", "POST", f"{step}/unfreezing", reviewer, version="*")
        guardian = {
            "name": "监护人甲",
            "citizen_id_no": a_number(50 + serial),
            "relation": "PARENT",
            "account": guardian_of(place),
            "valid_from": "2020-01-01",
        }
        told = await world.call("registry", "POST", f"{path}/guardians", reviewer, guardian, status=201)
        ids["guardian_id"] = told["guardian_id"]
        for service in SERVICES[1:]:
            world.ids[service][place]["person_id"] = ids["person_id"]


async def _hear(world: World, reader: str, publisher: str) -> None:
    """The reader absorbs all the publisher has said."""
    async with world.parts[publisher].works.engine.connect() as connection:
        entries = await journal.read(connection, after=0, limit=1000)
    consumers = importlib.import_module(f"services.{reader}.entrypoints.consumers")
    (subscription,) = [each for each in consumers.SUBSCRIPTIONS if each.publisher == publisher]
    await deliver(world.parts[reader].works, subscription, entries)


async def _grant(world: World) -> None:
    """An award with a payee for each person."""
    determiner = world.token(DETERMINER, "*")
    for serial, place in enumerate(DIVISIONS):
        ids = world.ids["subsidy"][place]
        body = {"person_id": ids["person_id"], "scheme": "nursing_subsidy"}
        award = await world.call("subsidy", "POST", "/api/v1/awards", determiner, body, status=201)
        ids |= {"award_id": award["award_id"], "account": f"{ACCOUNT}{serial:02d}"}
        payee = {"name": "收款人甲", "account": ids["account"], "bank": "徽商银行"}
        await world.call(
            "subsidy", "PUT", f"/api/v1/awards/{award['award_id']}/payee", determiner, payee, version='"0"'
        )


async def _tell(world: World) -> None:
    """A value each township reports, one it gave up, and its figures of a month that is over, frozen."""
    statistician = world.token(STATISTICIAN, "*", subject=MAKER)
    for place in DIVISIONS:
        ids = world.ids["indicators"][place]
        ids["township"] = ids["division"][:9]
        told = {
            "indicator": "device_rate",
            "division": ids["township"],
            "period": "2025",
            "document_no": "残联〔2026〕1号",
        }
        for name in ("report_id", "discarded_report_id"):
            body = told | {"numerator": 1, "denominator": 2}
            report = await world.call("indicators", "POST", "/api/v1/reported-values", statistician, body, status=201)
            ids[name] = report["report_id"]
        path = f"/api/v1/reported-values/{ids['discarded_report_id']}/discarding"
        await world.call("indicators", "POST", path, statistician, {})
        asked = {"division": ids["township"], "period": "2025"}
        frozen = await world.call("indicators", "POST", "/api/v1/snapshots", statistician, asked, status=201)
        ids["snapshot_id"] = frozen["snapshot_id"]


async def _decide(world: World) -> None:
    """A fact about each person, a policy drafted in each county."""
    determiner = world.token(DETERMINER, "*", subject=MAKER)
    for place in DIVISIONS:
        ids = world.ids["subsidy"][place]
        ids |= {"county": ids["division"][:6], "name_of_a_profile": "scheme-special-aid"}
        told = {"person_id": ids["person_id"], "kind": "ECONOMY", "value": "DIBAO", "valid_from": "2020-01-01"}
        fact = await world.call("subsidy", "POST", "/api/v1/facts", determiner, told, status=201)
        document = {"division": ids["county"], "title": "试行办法", "legal_basis": "县文件", "since": "2029-01"}
        asked = {"document": document}
        policy = await world.call("subsidy", "POST", "/api/v1/policies", determiner, asked, status=201)
        bank = {"document": dump(shipped("bank-csv", division=ids["county"]))}
        declared = await world.call("subsidy", "POST", "/api/v1/bank-declarations", determiner, bank, status=201)
        ids |= {"fact_id": fact["fact_id"], "policy_id": policy["policy_id"]}
        ids |= {"declaration_id": declared["declaration_id"], "name_of_a_declaration": "bank-csv"}


async def _apply(world: World) -> None:
    """An application for the other subsidy for each person, on a day whose year has a calendar."""
    clerk = world.token(CLERK, "*")
    world.parts["subsidy"].works.clock.show(date(2026, 6, 15))
    for serial, place in enumerate(DIVISIONS):
        ids = world.ids["subsidy"][place]
        ids["applicant_no"] = a_number(80 + serial)
        body = {
            "scheme": "living_subsidy",
            "acceptance": ids["division"],
            "person_id": ids["person_id"],
            "name": "王小明",
            "citizen_id_no": ids["applicant_no"],
            "account": ids["account"],
            "bank": "徽商银行",
        }
        case = await world.call("subsidy", "POST", "/api/v1/applications", clerk, body, status=201)
        ids["application_id"] = case["application_id"]


async def _find(world: World) -> None:
    """Each person is on a work list."""
    found = (
        "INSERT INTO finding (finding_id, version, kind, person_id, scheme, division, month, since, amount_fen, rules, "
        "state, found_at) VALUES (:finding_id, 1, 'ELIGIBLE_UNPAID', :person_id, 'living_subsidy', :division, "
        "'2026-06-01', '2026-06-01', 8000, 0, 'OPEN', now())"
    )
    reminded = (
        "INSERT INTO proactive_reminder (reminder_id, version, person_id, cause, cause_id, cause_on, schemes, "
        "amount_fen, division, division_found, found_on, state) VALUES (:reminder_id, 1, :person_id, 'NEW_CARD', "
        ":reminder_id, '2026-06-01', '{living_subsidy}', 8000, :division, :division, '2026-06-02', 'OPEN')"
    )
    suspected = (
        "INSERT INTO suspect (suspect_id, version, check_id, person_id, division, month, facts, evidence, state, "
        "due_on, judgment_seen, reopened) VALUES (:suspect_id, 1, 'DX-17', :person_id, :division, '2026-06-01', '', "
        """'{"said": [], "drawn": {}}', 'DISTRIBUTED', '2026-06-30', false, 0)"""
    )
    for place in DIVISIONS:
        ids = world.ids["subsidy"][place]
        ids |= {"finding_id": str(uuid7()), "reminder_id": str(uuid7()), "suspect_id": str(uuid7())}
        async with world.parts["subsidy"].works.begin() as work:
            values = {name: ids[name] for name in ("finding_id", "person_id", "division")}
            await work.connection.execute(text(found), values)
            values = {name: ids[name] for name in ("reminder_id", "person_id", "division")}
            await work.connection.execute(text(reminded), values)
            values = {name: ids[name] for name in ("suspect_id", "person_id", "division")}
            await work.connection.execute(text(suspected), values)


async def _pay(world: World) -> None:
    """A run is open in each county, and an earlier one was sealed; its payments were judged again."""
    opened = (
        "INSERT INTO payroll_run (run_id, version, division, month, schemes, arrears_from, state, created_by) "
        "VALUES (:run_id, 1, :county, '2026-06-01', '{nursing_subsidy}', '2026-06-01', 'DRAFT', 'test')"
    )
    sealed = (
        "INSERT INTO run_seal (seal_id, division, number, run_id, run_version, month, schemes, lines, amount_fen, "
        "digest, approved, previous, chain, sealed_at, key_id, signature, blob_id) VALUES (:seal_id, :county, 1, "
        ":run_id, 1, '2026-06-01', '{nursing_subsidy}', 0, 0, '', '', '', '', '', '', '', :seal_id)"
    )
    judged = (
        "INSERT INTO integrity_audit (audit_id, division, first_month, last_month, known_at, policy_digest, judged, "
        "paid_fen, unpriced, found, at_stake_fen, made_by) VALUES (:audit_id, :county, '2026-06-01', '2026-06-01', "
        "now(), '', 1, 7000, 0, 1, 7000, 'test')"
    )
    caught = (
        "INSERT INTO integrity_finding (audit_id, person_id, scheme, month, standing, rule, since, county, lines, "
        "paid_fen, due_fen, rules, locked_at) VALUES (:audit_id, :person_id, 'nursing_subsidy', '2026-06-01', 'NEW', "
        "'DEAD', '2026-06-01', :county, 1, 7000, 0, 0, now())"
    )
    runs: dict[str, tuple[str, ...]] = {}
    made = ("run_id", "seal_id", "audit_id")
    for place in DIVISIONS:
        ids = world.ids["subsidy"][place]
        known = ids["county"] in runs
        ids |= {"a_check": "MISSING_RATE"}
        ids |= dict(zip(made, runs.setdefault(ids["county"], tuple(str(uuid7()) for _ in made)), strict=True))
        if not known:
            async with world.parts["subsidy"].works.begin() as work:
                for statement in (opened, sealed, judged, caught):
                    names = [name for name in (*made, "county", "person_id") if f":{name}" in statement]
                    await work.connection.execute(text(statement), {name: ids[name] for name in names})


# ---------------------------------------------------------------------------- what every service has


async def _keep_house(world: World, service: str) -> None:
    house, has = world.ids[service]["house"], {str(path) for path in world.apps[service].openapi()["paths"]}
    for place in DIVISIONS:
        ids = world.ids[service][place]
        await _remember(world, service, ids)
        if "/api/v1/journal" in has and service != "indicators":
            ids["event_id"] = await _first_event(world, service, ids["person_id"])
        if "/api/v1/jobs" in has:
            ids["job_id"] = await _ended_job(world, service, "some.import", ids["division"])
            ids["export_id"] = await _ended_job(world, service, "audit.export", ids["division"])
        if "/api/v1/consumption/drift" in has:
            await _misread(world, service, ids)
        if "/api/v1/person-requests" in has:
            await _file(world, service, ids)
    if "/api/v1/approvals" in has:
        subject = "/".join(_active_key())
        house["settled_rotation_id"], house["rotation_id"] = await _proposed_twice(
            world, service, "keys.rotation", subject, SECURITY
        )


def _active_key() -> tuple[str, str]:
    ring = KeyRing.parse(SecretStr(DATA_KEYS))
    return ring.active, ring.algorithm.name


async def _remember(world: World, service: str, ids: Mapping[str, str]) -> None:
    """A change of this person in the trail."""
    async with _begun(world, service, ids["division"]) as work:
        work.audit(Change(UUID(ids["person_id"]), "thing.recorded", division=ids["division"]))


async def _first_event(world: World, service: str, person_id: str) -> str:
    query = "SELECT event_id FROM journal WHERE aggregate_id = :person ORDER BY position LIMIT 1"
    async with world.parts[service].works.engine.connect() as connection:
        return str(await connection.scalar(text(query), {"person": person_id}))


async def _ended_job(world: World, service: str, kind: str, division: str) -> str:
    """A job somebody else asked for in this division, cancelled when it had a file already."""
    tables, blobs = importlib.import_module(f"services.{service}.adapters.tables"), world.parts[service].blobs

    async def content() -> AsyncIterator[bytes]:
        yield b"{}"

    blob = await blobs.put(content(), media_type=JSON, name="result.json", division=division, owner=MAKER)
    async with _begun(world, service, division) as work:
        job = await Jobs(tables.jobs).submit(work, kind, {}, scope=Scope.of(division))
        await blobs.record(work.connection, blob)
        await work.connection.execute(
            text(
                "UPDATE job SET state = :state, cancel_requested = true, finished_at = now(), revision = 2, "
                "result_blob_id = :blob WHERE job_id = :job"
            ),
            {"state": JobState.CANCELLED.value, "blob": blob.id, "job": job.id},
        )
    return str(job.id)


async def _misread(world: World, service: str, ids: Ids) -> None:
    """A message of this division nobody can read, one that was given up, and a row that differs."""
    ids["letter_id"], ids["settled_letter_id"] = str(uuid7()), str(uuid7())
    letter = (
        "INSERT INTO dead_letter (letter_id, publisher, state, error, attempts, body) "
        "VALUES (:id, 'registry', :state, 'EnvelopeUnreadable', 1, "
        "jsonb_build_object('division', CAST(:division AS text)))"
    )
    drift = (
        "INSERT INTO drift (publisher, relation, id, person_id, kind, our_version, their_version) "
        "VALUES ('registry', 'registry.person', :person, :person, 'ALTERED', 1, 1)"
    )
    async with world.parts[service].works.begin() as work:
        for letter_id, state in ((ids["letter_id"], "OPEN"), (ids["settled_letter_id"], "DISCARDED")):
            values = {"id": letter_id, "state": state, "division": ids["division"]}
            await work.connection.execute(text(letter), values)
        await work.connection.execute(text(drift), {"person": ids["person_id"]})


async def _file(world: World, service: str, ids: Ids) -> None:
    """Requests of the person: one that waits, one withdrawn, and an erasure two people are to decide about."""
    person = world.token(PERSON, subject="the-person-itself", person_id=ids["person_id"])
    officer = world.token(REVIEWER, "*", subject=MAKER)

    async def filed(kind: str) -> str:
        told = await world.call(service, "POST", "/api/v1/me/requests", person, {"kind": kind}, status=201)
        return str(told["request_id"])

    ids["request_id"], ids["closed_request_id"] = await filed("COPY"), await filed("CORRECTION")
    await world.call(service, "POST", f"/api/v1/me/requests/{ids['closed_request_id']}/withdrawal", person)
    if service not in ERASES:
        return
    ids["erasure_id"] = await filed("ERASURE")
    path = f"/api/v1/person-requests/{ids['erasure_id']}/acceptance"
    await world.call(service, "POST", path, officer, version='"1"')
    ids["settled_approval_id"], ids["approval_id"] = await _proposed_twice(
        world, service, "person.erasure", ids["erasure_id"], REVIEWER
    )


async def _proposed_twice(world: World, service: str, kind: str, subject_id: str, role: str) -> tuple[str, str]:
    """A proposal that was withdrawn, and the one that waits."""
    maker, approvals = world.token(role, "*", subject=MAKER), "/api/v1/approvals"
    body, ids = {"kind": kind, "subject_id": subject_id, "note": "请复核"}, list[str]()
    for _ in range(2):
        if ids:
            await world.call(service, "POST", f"{approvals}/{ids[0]}/withdrawal", maker)
        ids.append((await world.call(service, "POST", approvals, maker, body, status=201))["approval_id"])
    return ids[0], ids[1]


@asynccontextmanager
async def _begun(world: World, service: str, *divisions: str) -> AsyncIterator[UnitOfWork]:
    caller = Caller(MAKER, "desk", MAKER, frozenset(), frozenset(), Scope.of(*divisions), machine=False)
    works: Works[UnitOfWork] = world.parts[service].works
    async with works.begin(caller=caller, trace_id="a" * 32) as work:
        yield work

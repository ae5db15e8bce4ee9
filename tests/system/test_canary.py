"""The canary: nothing personal lies about in clear, anywhere the product writes, and the search that says so can see.

Unique values go into every sensitive field through the API of the real stack. Then every file of PostgreSQL (after a
checkpoint) and of its write-ahead log, the broker's store, logs, blobs, journals, metrics are searched for them, in the
spellings data is usually written in. With encryption taken out the same search finds them.
"""

import asyncio
import base64
import json
import secrets
import shutil
import tempfile
import time
import urllib.parse
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local.catalogue import SERVICES
from deploy.local.stack import Stack
from shared.values.identity_number import check_character

SERVICE_NAMES = ("registry", "subsidy")
PROCESSES = tuple(f"{service}.{role}" for service in SERVICE_NAMES for role in ("api", "worker"))
DIVISION = "341502001"


def _digits(count: int) -> str:
    return str(secrets.randbelow(9) + 1) + "".join(str(secrets.randbelow(10)) for _ in range(count - 1))


def _words(count: int) -> str:
    """Rare characters at random: nobody else writes them here."""
    return "".join(chr(0x4E00 + secrets.randbelow(0x51A5)) for _ in range(count))


def _identity_number() -> str:
    seventeen = f"990102{1940 + secrets.randbelow(60)}{1 + secrets.randbelow(12):02d}{1 + secrets.randbelow(28):02d}"
    seventeen += f"{secrets.randbelow(1000):03d}"
    return seventeen + check_character(seventeen)


@dataclass
class Canaries:
    """One unique value for every sensitive field."""

    name: str = field(default_factory=lambda: _words(6))
    citizen_id_no: str = field(default_factory=_identity_number)
    phone: str = field(default_factory=lambda: "143" + _digits(8))
    address: str = field(default_factory=lambda: _words(12))
    guardian_name: str = field(default_factory=lambda: _words(6))
    guardian_number: str = field(default_factory=_identity_number)
    guardian_phone: str = field(default_factory=lambda: "143" + _digits(8))
    payee_name: str = field(default_factory=lambda: _words(6))
    account: str = field(default_factory=lambda: _digits(19))
    statement: str = field(default_factory=lambda: _words(16))
    answer: str = field(default_factory=lambda: _words(16))
    imported_name: str = field(default_factory=lambda: _words(6))
    imported_number: str = field(default_factory=_identity_number)
    imported_phone: str = field(default_factory=lambda: "143" + _digits(8))
    imported_address: str = field(default_factory=lambda: _words(12))
    new_address: str = field(default_factory=lambda: _words(12))
    refused_name: str = field(default_factory=lambda: _words(6))

    @property
    def all(self) -> dict[str, str]:
        return dict(self.__dict__)


def spellings(clear: str) -> dict[str, bytes]:
    """The ways a value is usually written down, without compression."""
    plain = clear.encode()
    told = {
        "utf-8": plain,
        "utf-16-le": clear.encode("utf-16-le"),
        "utf-16-be": clear.encode("utf-16-be"),
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "json": json.dumps(clear)[1:-1].encode(),
        "percent": urllib.parse.quote(clear).encode(),
        "gb18030": clear.encode("gb18030"),
    }
    for shift in range(3):
        # Inside a longer text base64 looks different at each of three offsets; its edges depend on the neighbours.
        encoded = base64.b64encode(b"\0" * shift + plain).decode()
        inner = encoded[(0, 2, 3)[shift] :].rstrip("=")[: -2 or None]
        told[f"base64+{shift}"] = inner.encode()
        told[f"base64url+{shift}"] = inner.translate(str.maketrans("+/", "-_")).encode()
    return told


@dataclass
class Search:
    """What was searched and found."""

    files: int = 0
    size: int = 0
    hits: list[str] = field(default_factory=list)

    def into(self, where: str, content: bytes, needles: Mapping[str, Mapping[str, bytes]]) -> None:
        """Look for every spelling of every canary."""
        self.files += 1
        self.size += len(content)
        if not content.strip(b"\0"):
            return
        for name, spelt in needles.items():
            for spelling, needle in spelt.items():
                if needle in content:
                    self.hits.append(f"{name} ({spelling}) in {where}")

    @property
    def found(self) -> set[str]:
        return {hit.partition(" ")[0] for hit in self.hits}


class House:
    """The stack, as those who work with it see it."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient) -> None:
        self.stack = stack
        self._client = client

    async def call(
        self, service: str, method: str, path: str, role: str = "county_reviewer", body: Any = None, **more: Any
    ) -> httpx.Response:
        version, files, claims = more.pop("version", None), more.pop("files", None), more
        token = self.stack.token(role, subject=claims.pop("who", f"the-{role}"), **claims)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
        headers |= {"If-Match": version} if version else {}
        return await self._client.request(
            method, self.stack.url(service) + path, json=body, files=files, headers=headers
        )

    async def done(self, service: str, method: str, path: str, *arguments: Any, **more: Any) -> Any:
        for _ in range(5):
            answer = await self.call(service, method, path, *arguments, **more)
            if answer.status_code != 503:  # a machine so busy that a transaction stood still for a second
                break
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def job(self, service: str, job_id: str, role: str, **claims: Any) -> dict[str, Any]:
        for _ in range(400):
            told = await self.done(service, "GET", f"/api/v1/jobs/{job_id}", role, **claims)
            if told["state"] in {"SUCCEEDED", "FAILED", "CANCELLED"}:
                return dict(told)
            await asyncio.sleep(0.05)
        raise TimeoutError(job_id)


async def enter(house: House, birds: Canaries) -> None:
    """Every sensitive field, through the API; and what is refused, which must not be kept either."""
    registry, subsidy = SERVICE_NAMES
    body = {
        "name": birds.name,
        "citizen_id_no": birds.citizen_id_no,
        "division": DIVISION,
        "phone": birds.phone,
        "address": birds.address,
    }
    person = await house.done(registry, "POST", "/api/v1/persons", "county_reviewer", body)
    person_id, path = person["person_id"], f"/api/v1/persons/{person['person_id']}"
    issued = {"category": 4, "grade": 2, "issued_on": "2024-01-01"}
    await house.done(registry, "POST", f"{path}/certificates", "county_reviewer", issued)
    guardian = {
        "name": birds.guardian_name,
        "citizen_id_no": birds.guardian_number,
        "phone": birds.guardian_phone,
        "relation": "PARENT",
        "valid_from": "2020-01-01",
    }
    await house.done(registry, "POST", f"{path}/guardians", "county_reviewer", guardian)
    await _pay(house, birds, subsidy, person_id)
    await _ask(house, birds, registry, person_id)
    await _import(house, birds, registry)
    await _look(house, birds, registry, path)
    await _be_refused(house, birds, registry, path)


async def _pay(house: House, birds: Canaries, subsidy: str, person_id: str) -> None:
    wanted = {"person_id": person_id, "scheme": "nursing_subsidy"}
    for _ in range(400):
        award = await house.call(subsidy, "POST", "/api/v1/awards", "county_determiner", wanted)
        if award.status_code == 201:
            break
        await asyncio.sleep(0.05)
    path = f"/api/v1/awards/{award.json()['award_id']}"
    payee = {"name": birds.payee_name, "account": birds.account, "bank": "徽商银行"}
    put = await house.done(subsidy, "PUT", f"{path}/payee", "county_determiner", payee, version='"0"')
    assert put["account_masked"] == "*" * 15 + birds.account[-4:]
    shown = {"fields": ["payee_name", "account"], "purpose": "PAYMENT"}
    told = await house.done(subsidy, "POST", f"{path}/disclosure", "finance", shown)
    assert told["fields"] == {"payee_name": birds.payee_name, "account": birds.account}


async def _ask(house: House, birds: Canaries, registry: str, person_id: str) -> None:
    me = {"who": "me", "person_id": person_id, "divisions": ()}
    correction = {"kind": "CORRECTION", "statement": birds.statement}
    asked = await house.done(registry, "POST", "/api/v1/me/requests", "person", correction, **me)
    path = f"/api/v1/person-requests/{asked['request_id']}"
    answer = {"answer": birds.answer}
    await house.done(registry, "POST", f"{path}/refusal", "county_reviewer", answer, version='"1"')
    copy = await house.done(registry, "POST", "/api/v1/me/requests", "person", {"kind": "COPY"}, **me)
    path = f"/api/v1/person-requests/{copy['request_id']}"
    accepted = await house.done(registry, "POST", f"{path}/acceptance", "county_reviewer", version='"1"')
    assert (await house.job(registry, accepted["job_id"], "county_reviewer"))["state"] == "SUCCEEDED"
    own = f"/api/v1/me/requests/{copy['request_id']}/copy?format=json"
    assert birds.name in (await house.call(registry, "GET", own, "person", **me)).text


async def _import(house: House, birds: Canaries, registry: str) -> None:
    line = (birds.imported_name, birds.imported_number, DIVISION, birds.imported_phone, birds.imported_address)
    bad = (birds.refused_name, birds.imported_number[:-1] + "Y", DIVISION, "1", birds.imported_address)
    rows = [("姓名", "公民身份号码", "户籍地区划代码", "联系电话", "详细地址"), line, bad]
    content = "\n".join(",".join(row) for row in rows).encode()
    file = {"file": ("名单.csv", content, "text/csv")}
    job = await house.done(registry, "POST", "/api/v1/person-imports", "county_reviewer", files=file)
    ended = await house.job(registry, job["job_id"], "county_reviewer")
    assert (ended["result"]["applied"], ended["result"]["rejected"]) == (1, 1)


async def _look(house: House, birds: Canaries, registry: str, path: str) -> None:
    number = {"citizen_id_no": birds.citizen_id_no}
    await house.done(registry, "POST", "/api/v1/persons/lookup", "county_reviewer", number)
    everything = ["name", "citizen_id_no", "phone", "address", "certificate_no"]
    shown = {"fields": everything, "purpose": "CASE_HANDLING"}
    await house.done(registry, "POST", f"{path}/disclosure", "county_reviewer", shown)
    seen = await house.call(registry, "GET", path)
    contact = {"phone": birds.phone, "address": birds.new_address}
    tag = seen.headers["etag"]
    await house.done(registry, "PUT", f"{path}/contact", "county_reviewer", contact, version=tag)


async def _be_refused(house: House, birds: Canaries, registry: str, path: str) -> None:
    """What somebody typed into the wrong place is not kept, not logged and not told back."""
    taken = {"name": birds.refused_name, "citizen_id_no": birds.citizen_id_no, "division": DIVISION}
    wrong = [
        ("/api/v1/persons", taken),
        ("/api/v1/persons", {**taken, "phone": birds.refused_name}),
        ("/api/v1/persons", {**taken, "nickname": birds.refused_name}),
        ("/api/v1/persons", [birds.refused_name]),
        (f"{path}/disclosure", {"fields": [birds.refused_name], "purpose": birds.refused_name}),
        (f"{path}/certificates", {"category": birds.refused_name, "grade": birds.account}),
    ]
    for where, body in wrong:
        refused = await house.call(registry, "POST", where, "county_reviewer", body)
        assert 400 <= refused.status_code < 500
        assert not any(clear in refused.text for clear in birds.all.values())
    strange = await house.call(registry, "GET", f"/api/v1/persons?name={urllib.parse.quote(birds.refused_name)}")
    assert strange.status_code == 400
    await house.call(registry, "GET", f"/api/v1/persons/{birds.citizen_id_no}")


async def search(house: House, birds: Canaries) -> Search:
    """Everywhere the product writes, and what it tells about itself."""
    needles = {name: spellings(clear) for name, clear in birds.all.items()}
    found, stack = Search(), house.stack
    await asyncio.sleep(1.5)  # the audit trail is sealed and anchored within a second
    async with stack.postgres.admin() as admin:
        await admin.execute("CHECKPOINT")
        await admin.execute("SELECT pg_switch_wal()")
        await admin.execute("CHECKPOINT")
    for path in sorted(stack.var_dir.rglob("*")):
        if path.is_file() and "secrets" not in path.parts:
            try:
                content = path.read_bytes()
            except FileNotFoundError:  # a server removed it meanwhile
                continue
            found.into(str(path.relative_to(stack.var_dir)), content, needles)
    async with httpx.AsyncClient() as client:
        for process in PROCESSES:
            service, role = process.split(".")
            metrics = await client.get(stack.ops_url(service, role) + "/metrics")
            found.into(f"metrics of {process}", metrics.content, needles)
    for service in SERVICE_NAMES:
        events = await house.call(service, "GET", "/api/v1/journal?after=0&limit=1000", "system_administrator")
        assert events.status_code == 200, events.text
        found.into(f"journal of {service}", events.content, needles)
    return found


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach."""
    directory = Path(tempfile.mkdtemp(prefix="liangfu-canary-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
async def house(home: Path) -> AsyncIterator[House]:
    services = [service for service in SERVICES if service.name in SERVICE_NAMES]
    # Requests of tests come faster than people type.
    env = {"BUDGETS": "{}"}
    stack = Stack(home / "var", environment="test", services=services, extra_env=env)
    async with stack, httpx.AsyncClient(timeout=30) as client:
        yield House(stack, client)


async def test_nothing_personal_lies_about_in_clear_and_without_encryption_the_search_sees_it(house: House) -> None:
    hidden = Canaries()
    await enter(house, hidden)
    started = time.perf_counter()
    found = await search(house, hidden)
    seconds = time.perf_counter() - started
    print(
        f"\nencrypted: {found.files} files, {found.size / 1e6:.0f} MB, {len(hidden.all)} values × "
        f"{len(spellings('x' * 8))} spellings searched in {seconds:.0f} s: {len(found.hits)} hits"
    )
    assert found.hits == []

    for process in PROCESSES:
        service, role = process.split(".")
        entry = {"ENTRY_MODULE": f"services.{service}.{'main' if role == 'api' else 'worker'}"}
        await house.stack.spawn(process, module="tests.system.in_clear", extra_env=entry)
    open_ = Canaries()
    await enter(house, open_)
    seen = await search(house, open_)
    print(f"in clear: {seen.files} files, {seen.size / 1e6:.0f} MB: {len(seen.hits)} hits, {len(seen.found)} values")
    # What was refused is kept nowhere but in the uploaded file; everything else shows.
    assert seen.found == set(open_.all)
    assert any("pg_wal" in hit for hit in seen.hits)
    assert any("blobs" in hit for hit in seen.hits)
    assert any("/base/" in hit for hit in seen.hits)
    # Encryption or not: logs, metrics, events and the broker never hold a personal value.
    public = ("log/", "nats/", "metrics", "journal", "audit")
    assert [hit for hit in seen.hits if hit.partition(" in ")[2].startswith(public)] == []


def test_the_search_sees_every_spelling() -> None:
    """A value at any place of a base64 text, in hexadecimal, in UTF-16, percent-encoded or escaped."""
    for clear in ("鵰龘靐欧阳", "6222021234567890123", "99010220100520006X"):
        needles = {"it": spellings(clear)}
        written = [
            clear.encode(),
            clear.encode().hex().encode(),
            clear.encode("utf-16-le"),
            json.dumps({"x": clear}).encode(),
            urllib.parse.quote(clear).encode(),
            *(base64.b64encode(b"x" * shift + clear.encode() + b"yyyyy") for shift in range(6)),
            *(base64.urlsafe_b64encode(b"x" * shift + clear.encode() + b"yyyyy") for shift in range(6)),
        ]
        for content in written:
            found = Search()
            found.into("somewhere", content, needles)
            assert found.hits, content
    nothing = Search()
    nothing.into("elsewhere", b"1234567890 nothing here", {"it": spellings("6222021234567890123")})
    assert nothing.hits == []

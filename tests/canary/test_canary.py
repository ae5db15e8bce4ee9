"""The canary: nothing personal lies about in clear, anywhere the product writes, and the search that says so can see.

Unique values go into every field of every service in which people write what they like, through the API of the real
stack. Then every file of PostgreSQL (after a checkpoint) and of its write-ahead log, its tables as it tells them (large
values are compressed on disk), the broker's store, logs, files, temporary files, journals and metrics are searched for
them, in the spellings values are usually written in. With encryption taken out the same search finds every one of them.
"""

import asyncio
import base64
import contextlib
import importlib
import io
import json
import shutil
import tempfile
import time
import urllib.parse
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
import xlsxwriter

from deploy.local.catalogue import SERVICES
from deploy.local.stack import Stack
from services.subsidy.domain.person_facts import FactKind, Source
from shared.kit.bus import Bus
from shared.kit.rotation import Sealed
from tests.canary.canaries import Canaries, Search, spellings
from tests.canary.cases import CASES_NOT_PERSONAL, CASES_UNWRITTEN, enter_cases
from tests.canary.lives import LIVES_NOT_PERSONAL, LIVES_UNWRITTEN, enter_lives
from tests.canary.openapi_words import Field, bodies, operation_of, parameters, written

NAMES: Final = tuple(service.name for service in SERVICES)
REGISTRY, SUBSIDY, REHAB, INDICATORS = NAMES
PROCESSES: Final = tuple(name for service in SERVICES for name, _ in service.processes())
READERS: Final = tuple(service.name for service in SERVICES if service.reads)
HOLDERS: Final = {REGISTRY: "county_reviewer", SUBSIDY: "county_determiner", REHAB: "county_reviewer"}
"""Services that hold something about persons, and who works on persons' requests there."""
DIVISION: Final = "341502001"
OPERATOR: Final = "system_administrator"
WAIT_SECONDS_MAX: Final = 60.0
SEALED_WITHIN_SECONDS: Final = 1.5

NOT_PERSONAL: Final = {
    "* division": "a code of the directory",
    "* POST /api/v1/audit/exports actor": "a colleague's account, as in the trail",
    "* POST /api/v1/audit/exports route": "the template of a route",
    "* POST /api/v1/approvals kind": "one of the service's matters; refused otherwise",
    "* POST /api/v1/approvals subject_id": "the id of something that exists; refused otherwise",
    "* POST /api/v1/approvals/{approval_id}/approval digest": "64 hexadecimal digits",
    "* POST /api/v1/journal/states relation": "a relation that is published",
    "* POST /api/v1/person-requests received_from": "the name of a service",
    "* POST /api/v1/person-requests/{request_id}/forwarding service": "the name of a service",
    "*/disclosure fields[[][]]": "one of the fields that can be disclosed; refused otherwise",
    "*/disclosure case_ref": "the number of a case; numbers of persons are refused",
    "indicators * division": "a code of a division; refused otherwise",
    "indicators * period": "a month, quarter, half-year or year; refused otherwise",
    "indicators * correction": "the number of an official paper, by a pattern",
    "indicators * document_no": "the number of an official paper, by a pattern",
    "indicators * indicator": "the code of an indicator; refused otherwise",
    "registry * components": "categories and grades",
    "registry * relation": "one of seven words",
    "rehab * basis": "the name or number of a public document",
    "rehab * division": "a code of a division; refused otherwise",
    "rehab * document.*": "the text of a programme, which is published",
    "rehab * item_code": "a code",
    "rehab * needs[[][]].item_code": "a code",
    "rehab POST /api/v1/places/{place_id}/deliveries serial": "the number on a device, by a pattern",
    "rehab POST /api/v1/places/{place_id}/stages stage": "one of the stages of its programme; refused otherwise",
    "rehab POST /api/v1/catalogue-items name": "the name of a service",
    "rehab POST /api/v1/institutions account": "an account at the issuer of tokens",
    "rehab POST /api/v1/institutions name": "the name of an institution, which is public",
    "rehab POST /api/v1/institutions/{institution_id}/agreements agreement_no": "the number of an agreement",
    "rehab POST /api/v1/institutions/{institution_id}/staff staff_no": "twelve characters at most",
    "registry POST /api/v1/persons/{person_id}/guardians account": "an account at the issuer of tokens",
    "subsidy * arrears_from": "a month; refused otherwise",
    "subsidy * bank": "the name of a bank",
    "subsidy * document.*": "the text of a regulation, which is published",
    "subsidy * schemes[]": "the code of a scheme; refused otherwise",
    "subsidy * first_month": "a month; refused otherwise",
    "subsidy * month": "a month; refused otherwise",
    "subsidy * scheme": "the code of a scheme; refused otherwise",
    "subsidy * value": "one of the values of a kind of fact; refused otherwise",
    "subsidy POST /api/v1/integrity-audits *": "a code of a division and months; refused otherwise",
    "subsidy POST /api/v1/integrity-exports division": "a code of a division; refused otherwise",
    "subsidy POST /api/v1/applications acceptance": "a code of the directory",
    "subsidy POST /api/v1/bank-declarations/{declaration_id}/trial-answers content": "a file as base64",
    "subsidy POST /api/v1/payroll-runs/{run_id}/answers results[[][]].code": "a bank's code, too short for an account",
    "subsidy POST /api/v1/payroll-runs/{run_id}/bank-answers file": "kept as it came, encrypted as every file is",
    "subsidy POST /api/v1/payroll-runs/{run_id}/funding budget_code": "a budget line, at most 12 digits",
    "subsidy POST /api/v1/payroll-runs/{run_id}/locking digest": "64 hexadecimal digits",
    "subsidy POST /api/v1/shipped-bank-declarations/{name}/drafts division": "a code of a division; refused otherwise",
    "subsidy PUT /api/v1/working-years/{year} basis": "the number of a public notice",
    **LIVES_NOT_PERSONAL,
    **CASES_NOT_PERSONAL,
}
"""Fields that take text and can hold nothing about anybody, and why."""
ONLY_ASKED: Final = (
    *(f"registry POST /api/v1/{path} *" for path in ("persons/search", "person-links", "verifications")),
    "subsidy POST /api/v1/bank-declarations/{declaration_id}/trial-*",
)
"""Requests that only look for somebody, or try out what would be written."""
PARAMETERS: Final = frozenset(
    {
        *("Idempotency-Key", "If-Match", "last-event-id", "cursor", "division", "kind", "name", "publisher"),
        *("relation", "relations", "fields", "buckets", "actor", "route", "indicator", "month", "from", "to"),
        *("period", "ranked_by", "aspect", "status", "form"),
        *("first", "last", "scheme", "unchecked"),
        *("case_no", "code", "item_code", "need", "portal", "state", "on_conflict"),
        *("variant", "check", "overdue", "holds", "rule", "standing"),
    }
)
"""What may stand in an address or a header: codes, names of our own things, places in lists."""
UNWRITTEN: Final = LIVES_UNWRITTEN | CASES_UNWRITTEN | {"rehab blob.name", "subsidy reminder_telling.recipient_cipher"}
"""Encrypted columns in which no canary is left: no note is taken, no file is sent there, a recipient is forgotten."""


class House:
    """The stack as those who work with it see it; remembers which canary went into which field."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient) -> None:
        self.stack = stack
        self.documents: dict[str, dict[str, Any]] = {}
        self._client = client
        self._entered: dict[str, set[Field]] = defaultdict(set)
        self._canaries = Canaries()

    async def learn(self) -> None:
        """What the services say of themselves."""
        for service in NAMES:
            self.documents[service] = (await self._client.get(self.stack.url(service) + "/openapi.json")).json()

    def begin(self) -> Canaries:
        """New values from here on."""
        self._canaries = Canaries()
        self._entered.clear()
        return self._canaries

    @property
    def entered(self) -> dict[str, set[Field]]:
        """Value -> the fields it went into."""
        return dict(self._entered)

    async def call(
        self, service: str, method: str, path: str, role: str = "county_reviewer", body: Any = None, **more: Any
    ) -> httpx.Response:
        version, files, claims = more.pop("version", None), more.pop("files", None), more
        token = self.stack.token(role, subject=claims.pop("who", f"the-{role}"), **claims)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
        headers |= {"If-Match": version} if version else {}
        url = self.stack.url(service) + path
        answer = await self._client.request(method, url, json=body, files=files, headers=headers)
        if answer.is_success:
            self._remember(service, operation_of(self.documents[service], method, path.partition("?")[0]), body, files)
        return answer

    def _remember(self, service: str, operation: str, body: Any, files: Any) -> None:
        texts = [*written(body)]
        for name, (file_name, content, _) in (files or {}).items():
            texts += [(name, file_name), (name, content.decode(errors="replace"))]
        for path, text in texts:
            for value in self._canaries.values:
                if value in text:
                    self._entered[value].add(Field(service, operation, path))

    async def done(self, service: str, method: str, path: str, *arguments: Any, **more: Any) -> Any:
        for _ in range(5):
            answer = await self.call(service, method, path, *arguments, **more)
            if answer.status_code != 503:  # a machine so busy that a transaction stood still for a second
                break
        assert answer.is_success, f"{service} {method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def job(self, service: str, job_id: str, role: str, **claims: Any) -> dict[str, Any]:
        async def ended() -> dict[str, Any] | None:
            told: dict[str, Any] = await self.done(service, "GET", f"/api/v1/jobs/{job_id}", role, **claims)
            return told if told["state"] in {"SUCCEEDED", "FAILED", "CANCELLED"} else None

        told: dict[str, Any] = await _until(ended)
        return told


async def _until(look: Any) -> Any:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not (seen := await look()):
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.05)
    return seen


# ---------------------------------------------------------------------------- everything people can write


async def enter(house: House, bird: Canaries) -> list[str]:
    """Every field, through the API; returns what was refused, which must not be kept anywhere."""
    person = {
        "name": bird.words(6),
        "citizen_id_no": bird.number(),
        "division": DIVISION,
        "phone": bird.phone(),
        "address": bird.words(),
    }
    person_id = (await house.done(REGISTRY, "POST", "/api/v1/persons", "county_reviewer", person))["person_id"]
    path = f"/api/v1/persons/{person_id}"
    issued = {"category": 4, "grade": 2, "issued_on": "2024-01-01"}
    await house.done(REGISTRY, "POST", f"{path}/certificates", "county_reviewer", issued)
    await _register_a_guardian(house, bird, path)
    await enter_lives(house, bird, person_id)
    await enter_cases(house, bird, person_id)
    await _look(house, bird, path, person)
    await _apply(house, bird, person_id)
    await _close(house, bird, person_id)
    await _remind(house, bird, person_id)
    await _pay(house, bird, person_id)
    await _suspect(house, bird, person_id, person["citizen_id_no"])
    await _reported(house, bird)
    for service, officer in HOLDERS.items():
        await _ask(house, bird, service, officer, person_id)
    for service in NAMES:
        await _decide_by_two(house, bird, service)
    await _give_up(house, bird)
    await _import_persons(house, bird)
    await _import_awards(house, bird, person_id)
    await _import_facts(house, bird, person_id)
    return await _be_refused(house, bird, path, person)


async def _register_a_guardian(house: House, bird: Canaries, path: str) -> None:
    guardian = {
        "name": bird.words(6),
        "citizen_id_no": bird.number(),
        "phone": bird.phone(),
        "relation": "PARENT",
        "valid_from": "2020-01-01",
    }
    await house.done(REGISTRY, "POST", f"{path}/guardians", "county_reviewer", guardian)


async def _look(house: House, bird: Canaries, path: str, person: dict[str, str]) -> None:
    number = {"citizen_id_no": person["citizen_id_no"]}
    await house.done(REGISTRY, "POST", "/api/v1/persons/lookup", "county_reviewer", number)
    everything = ["name", "citizen_id_no", "phone", "address", "certificate_no"]
    shown = {"fields": everything, "purpose": "CASE_HANDLING"}
    told = await house.done(REGISTRY, "POST", f"{path}/disclosure", "county_reviewer", shown)
    assert told["fields"]["name"] == person["name"]
    seen = await house.call(REGISTRY, "GET", path)
    contact = {"phone": bird.phone(), "address": bird.words()}
    tag = seen.headers["etag"]
    await house.done(REGISTRY, "PUT", f"{path}/contact", "county_reviewer", contact, version=tag)


async def _apply(house: House, bird: Canaries, person_id: str) -> None:
    """An application somebody files for the person, refused and refused again; one that is posted and objected to."""
    await _let_policy_count(house)
    form = {
        "person_id": person_id,
        "citizen_id_no": bird.number(),
        "acceptance": DIVISION,
        "name": bird.words(6),
        "phone": bird.phone(),
        "payee": bird.words(6),
        "account": bird.account(),
        "bank": "徽商银行",
        "papers": ["IDENTITY_CARD", "HOUSEHOLD_BOOK", "CERTIFICATE", "BANK_CARD", "AGENT_AUTHORITY"],
        "agent": {"capacity": "AGENT", "name": bird.words(6), "relation": bird.words(6), "phone": bird.phone()},
    }
    refused, posted = [
        await _filed(house, form | {"scheme": scheme}) for scheme in ("living_subsidy", "nursing_subsidy")
    ]

    async def step(case: dict[str, Any], name: str, role: str, body: Any = None, who: str = "clerk") -> None:
        path, version = f"/api/v1/applications/{case['application_id']}/{name}", f'"{case["version"]}"'
        case |= await house.done(SUBSIDY, "POST", path, role, body, version=version, who=who)

    clerk, reviewer, determiner = "township_clerk", "county_reviewer", "county_determiner"
    why = {"reason": "INCOME_OUT_OF_SCOPE", "words": bird.words(16)}
    await step(refused, "refusal", clerk, why)
    await step(refused, "review-request", clerk)
    decision = {"granted": False, "words": bird.words(16)}
    await step(refused, "review-decision", determiner, decision, "determiner")
    once_more = await _filed(house, form | {"scheme": "living_subsidy"})
    await step(once_more, "first-check", clerk)
    await step(once_more, "review-refusal", reviewer, why | {"words": bird.words(16)}, "reviewer")
    await step(posted, "first-check", clerk)
    await step(posted, "review", reviewer, None, "reviewer")
    await step(posted, "pre-determination", determiner, None, "determiner")
    await step(posted, "notice", determiner, None, "determiner")
    objection = {"words": bird.words(16)}
    path = f"/api/v1/applications/{posted['application_id']}/objections"
    await house.done(SUBSIDY, "POST", path, clerk, objection)
    told = await house.done(SUBSIDY, "GET", path, clerk)
    assert [each["words"] for each in told["items"]] == [objection["words"]]
    posted = await house.done(SUBSIDY, "GET", f"/api/v1/applications/{posted['application_id']}", clerk)
    await step(posted, "determination-refusal", determiner, why | {"words": bird.words(16)}, "determiner")


async def _close(house: House, bird: Canaries, person_id: str) -> None:
    """What is found about the person, closed with words."""
    role = "county_determiner"
    job = await house.done(SUBSIDY, "POST", "/api/v1/finding-looks", role, {"division": DIVISION[:6]})
    assert (await house.job(SUBSIDY, job["job_id"], role))["state"] == "SUCCEEDED"
    path = "/api/v1/findings"
    for one in (await house.done(SUBSIDY, "GET", f"{path}?person_id={person_id}&state=OPEN", role))["items"]:
        why = {"reason": bird.words(16)}
        version = f'"{one["version"]}"'
        told = await house.done(SUBSIDY, "POST", f"{path}/{one['finding_id']}/closing", role, why, version=version)
        assert told["close_reason"] == why["reason"]


async def _remind(house: House, bird: Canaries, person_id: str) -> None:
    """Newly in dibao: a letter that waits or is spooled, a visit, and why the case was closed."""
    role, path = "county_determiner", "/api/v1/reminders"
    entered = {"person_id": person_id, "kind": "ECONOMY", "value": "DIBAO", "valid_from": time.strftime("%Y-%m-%d")}
    await house.done(SUBSIDY, "POST", "/api/v1/facts", role, entered)
    job = await house.done(SUBSIDY, "POST", "/api/v1/reminder-looks", role, {"division": DIVISION[:6]})
    assert (await house.job(SUBSIDY, job["job_id"], role))["state"] == "SUCCEEDED"
    (one,) = (await house.done(SUBSIDY, "GET", f"{path}?person_id={person_id}", role))["items"]
    letter = {"reminder_id": one["reminder_id"], "medium": "LETTER", "recipient": bird.words(16)}
    told = await house.done(SUBSIDY, "POST", "/api/v1/reminder-sendings", role, {"items": [letter]})
    assert told == {"waiting": 1, "left_out": []}
    visit = {"medium": "VISIT", "told_on": one["found_on"], "evidence": bird.words(16)}
    path = f"{path}/{one['reminder_id']}"
    told = await house.done(SUBSIDY, "POST", f"{path}/telling", role, visit, version="*")
    assert visit["evidence"] in {each["evidence"] for each in told["tellings"]}
    why = {"reason": bird.words(16)}
    told = await house.done(SUBSIDY, "POST", f"{path}/closing", role, why, version="*")
    assert told["close_reason"] == why["reason"]


async def _suspect(house: House, bird: Canaries, person_id: str, number: str) -> None:
    """A list names the person; what it comes to is looked into, with words and a scan."""
    role, path = "county_determiner", "/api/v1/suspects"
    told, wrong = (bird.words(6), number, "2026-01-05"), (bird.words(6), bird.number(), bird.words())
    rows = "\n".join(",".join(row) for row in (("姓名", "身份证号", "死亡日期"), told, wrong))
    file = (f"{bird.words()}.csv", rows.encode(), "text/csv")
    lists = "/api/v1/list-imports?variant=DEATH_POLICE"
    job = await house.done(SUBSIDY, "POST", lists, role, files={"file": file})
    ended = await house.job(SUBSIDY, job["job_id"], role)
    assert (ended["result"]["applied"], ended["result"]["rejected"]) == (1, 1), ended
    job = await house.done(SUBSIDY, "POST", "/api/v1/comparisons", role, {"division": DIVISION[:6]})
    assert (await house.job(SUBSIDY, job["job_id"], role))["state"] == "SUCCEEDED"
    await house.done(SUBSIDY, "POST", "/api/v1/suspect-distributions", role, {"division": DIVISION[:6]})
    found = (await house.done(SUBSIDY, "GET", f"{path}?person_id={person_id}&state=DISTRIBUTED", role))["items"]
    path = f"{path}/{found[0]['suspect_id']}"
    scan = (f"{bird.words()}.pdf", f"%PDF-1.4 {bird.words()}".encode(), "application/pdf")
    await house.done(SUBSIDY, "PUT", f"{path}/papers/{uuid4()}?kind=VISIT_RECORD", role, files={"file": scan})
    handed = {"step": "distribute", "division": found[0]["division"], "words": bird.words(16)}
    await house.done(SUBSIDY, "POST", f"{path}/decision-steps", role, handed, version="*")
    step = {"step": "verify", "words": bird.words(16)}
    seen = await house.done(SUBSIDY, "POST", f"{path}/verification-steps", role, step, version="*")
    assert seen["steps"][-1]["words"] == step["words"]


async def _reported(house: House, bird: Canaries) -> None:
    """A file of numbers in whose cells somebody has written about people."""
    rows = [("指标", "区划代码", "统计期", "数值", "依据文号"), ("stations", DIVISION[:6], "2025", "3", bird.words())]
    file = (f"{bird.words()}.csv", "\n".join(",".join(row) for row in rows).encode(), "text/csv")
    path = "/api/v1/reported-value-imports"
    job = await house.done(INDICATORS, "POST", path, "statistician", files={"file": file})
    ended = await house.job(INDICATORS, job["job_id"], "statistician")
    assert (ended["result"]["applied"], ended["result"]["rejected"]) == (0, 1), ended


async def _filed(house: House, form: dict[str, Any]) -> dict[str, Any]:
    async def once() -> Any:  # the service may not have heard of the person and the certificate yet
        answer = await house.call(SUBSIDY, "POST", "/api/v1/applications", "township_clerk", form, who="window")
        return answer.json() if answer.status_code == 201 else None

    told: dict[str, Any] = await _until(once)
    return told


async def _let_policy_count(house: House) -> None:
    """A rate for everybody with a certificate, put in force by two; the holidays of the next year."""
    if (await house.done(SUBSIDY, "GET", "/api/v1/policies", "county_determiner"))["items"]:
        return
    everybody = {"coverage": {}, "tariff": {"rows": [{"case": {}, "amount": {"fen": 8_000}}]}}
    document = {
        "division": DIVISION[:6],
        "title": "县规定",
        "legal_basis": "县文",
        "since": "2016-01",
        "schemes": {"nursing_subsidy": everybody},
    }
    role = "county_determiner"
    drafted = await house.done(SUBSIDY, "POST", "/api/v1/policies", role, {"document": document}, who="drafter")
    subject = {"kind": "policy.in_force", "subject_id": drafted["policy_id"], "note": "请复核"}
    made = await house.done(SUBSIDY, "POST", "/api/v1/approvals", role, subject, who="drafter")
    path = f"/api/v1/approvals/{made['approval_id']}/approval"
    await house.done(SUBSIDY, "POST", path, role, {"digest": made["digest"]}, who="approver")
    path = f"/api/v1/policies/{drafted['policy_id']}/entry-into-force"
    await house.done(SUBSIDY, "POST", path, role, {"approval_id": made["approval_id"]}, who="drafter")
    year = {"days": [], "basis": "国务院办公厅通知"}
    await house.done(SUBSIDY, "PUT", f"/api/v1/working-years/{time.gmtime().tm_year + 1}", OPERATOR, year)


async def _pay(house: House, bird: Canaries, person_id: str) -> None:
    wanted = {"person_id": person_id, "scheme": "nursing_subsidy"}

    async def granted() -> Any:
        award = await house.call(SUBSIDY, "POST", "/api/v1/awards", "county_determiner", wanted)
        return award.json() if award.status_code == 201 else None

    path = f"/api/v1/awards/{(await _until(granted))['award_id']}"
    payee = {"name": bird.words(6), "account": bird.account(), "bank": "徽商银行"}
    put = await house.done(SUBSIDY, "PUT", f"{path}/payee", "county_determiner", payee, version='"0"')
    assert put["account_masked"] == "*" * 15 + payee["account"][-4:]
    shown = {"fields": ["payee_name", "account"], "purpose": "PAYMENT"}
    told = await house.done(SUBSIDY, "POST", f"{path}/disclosure", "finance", shown)
    assert told["fields"] == {"payee_name": payee["name"], "account": payee["account"]}
    await _try_bank_files(house, bird)


async def _try_bank_files(house: House, bird: Canaries) -> None:
    """What a tester gives is written, read and forgotten."""
    role, beside = "county_determiner", "/api/v1/shipped-bank-declarations/bank-csv/drafts"
    (drafted,) = (await house.done(SUBSIDY, "POST", beside, role, {"division": DIVISION[:6]}))["items"]
    path = f"/api/v1/bank-declarations/{drafted['declaration_id']}"

    def trial() -> dict[str, Any]:
        person = {"name": bird.words(6), "account": bird.account(), "citizen_id_no": bird.number()}
        payment = person | {"bank": bird.words(6), "amount_fen": 7000}
        return {"batch": bird.account(), "month": "2026-06", "purpose": bird.words(6), "payments": [payment]}

    made = await house.done(SUBSIDY, "POST", f"{path}/trial-files", role, trial())
    assert [file["count"] for file in made["files"]] == [1]
    await house.done(SUBSIDY, "POST", f"{path}/trial-answers", role, trial() | {"content": ""})


async def _ask(house: House, bird: Canaries, service: str, officer: str, person_id: str) -> None:
    """A request of the person that is refused, one on paper that is done, and a copy of everything."""
    me: dict[str, Any] = {"who": "me", "person_id": person_id, "divisions": ()}

    async def filed(path: str, role: str, body: dict[str, Any], **claims: Any) -> Any:
        async def once() -> Any:  # the service may not have heard of the person yet
            answer = await house.call(service, "POST", path, role, body, **claims)
            return answer.json() if answer.status_code == 201 else None

        return await _until(once)

    async def step(request_id: str, step: str, body: Any, version: int) -> Any:
        path = f"/api/v1/person-requests/{request_id}/{step}"
        return await house.done(service, "POST", path, officer, body, version=f'"{version}"')

    correction = {"kind": "CORRECTION", "statement": bird.words(16)}
    own = await filed("/api/v1/me/requests", "person", correction, **me)
    await step(own["request_id"], "refusal", {"answer": bird.words(16)}, 1)
    on_paper = {"kind": "CORRECTION", "statement": bird.words(16), "person_id": person_id}
    taken_in = await filed("/api/v1/person-requests", officer, on_paper)
    await step(taken_in["request_id"], "acceptance", None, 1)
    await step(taken_in["request_id"], "completion", {"answer": bird.words(16)}, 2)
    copy = await filed("/api/v1/me/requests", "person", {"kind": "COPY"}, **me)
    accepted = await step(copy["request_id"], "acceptance", None, 1)
    assert (await house.job(service, accepted["job_id"], officer))["state"] == "SUCCEEDED"
    fetched = f"/api/v1/me/requests/{copy['request_id']}/copy?format=xlsx"
    assert (await house.call(service, "GET", fetched, "person", **me)).is_success


async def _decide_by_two(house: House, bird: Canaries, service: str) -> None:
    """What two persons write about what they decide: once against, once for it, and withdrawn for the next time."""
    role = "security_administrator"
    keys = await house.done(service, "GET", "/api/v1/keys", role)
    subject = {"kind": "keys.rotation", "subject_id": f"{keys['active']}/{keys['algorithm']}"}

    async def decided(step: str, **body: Any) -> str:
        made = await house.done(
            service, "POST", "/api/v1/approvals", role, {**subject, "note": bird.words(16)}, who="maker"
        )
        path = f"/api/v1/approvals/{made['approval_id']}"
        body |= {"digest": made["digest"]} if step == "approval" else {}
        told = await house.done(service, "POST", f"{path}/{step}", role, body, who="checker")
        assert told["reason"] == body["reason"]
        return path

    await decided("rejection", reason=bird.words(16))
    approved = await decided("approval", reason=bird.words(16))
    await house.done(service, "POST", f"{approved}/withdrawal", role, who="maker")


async def _give_up(house: House, bird: Canaries) -> None:
    """A message that is no event waits at every reader until somebody gives it up, and says why."""
    bus = await Bus.connect(house.stack.nats.admin_url, name="canary")
    await bus.put("registry.person.registered.v1.341502", b"no event", message_id=str(uuid4()))
    await bus.close()
    letters = "/api/v1/consumption/dead-letters"
    for service in READERS:

        async def arrived(service: str = service) -> Any:
            return (await house.done(service, "GET", letters, OPERATOR))["items"]

        for letter in await _until(arrived):
            reason = {"note": bird.words(16)}
            told = await house.done(service, "POST", f"{letters}/{letter['letter_id']}/discard", OPERATOR, reason)
            assert told["letter"]["note"] == reason["note"]


async def _import_persons(house: House, bird: Canaries) -> None:
    line = (bird.words(6), bird.number(), DIVISION, bird.phone(), bird.words())
    bad = (bird.words(6), bird.number()[:-1] + "Y", DIVISION, "1", bird.words())
    rows = [("姓名", "公民身份号码", "户籍地区划代码", "联系电话", "详细地址"), line, bad]
    for file in (
        (f"{bird.words()}.csv", "\n".join(",".join(row) for row in rows).encode(), "text/csv"),
        (f"{bird.words()}.xlsx", _workbook(rows), _XLSX),
    ):
        role = "county_reviewer"
        job = await house.done(REGISTRY, "POST", "/api/v1/person-imports", role, files={"file": file})
        ended = await house.job(REGISTRY, job["job_id"], role)
        assert (ended["result"]["received"], ended["result"]["rejected"]) == (2, 1), ended


async def _import_awards(house: House, bird: Canaries, person_id: str) -> None:
    rows = [("人员编号", "补贴种类", "申请日期"), (person_id, bird.words(), "2026-01-01"), (bird.words(), "?", "?")]
    file = (f"{bird.words()}.csv", "\n".join(",".join(row) for row in rows).encode(), "text/csv")
    job = await house.done(SUBSIDY, "POST", "/api/v1/award-imports", "county_determiner", files={"file": file})
    assert (await house.job(SUBSIDY, job["job_id"], "county_determiner"))["result"]["rejected"] == 2


async def _import_facts(house: House, bird: Canaries, person_id: str) -> None:
    head = ("人员编号", "事项", "内容", "起始日期", "限定补贴种类", "来源")
    stop, source = FactKind.OWN_WISH.value, Source.CIVIL_AFFAIRS.value
    wrong = [(person_id, stop, "", "2026-01-01", bird.words(), source), *((bird.words(),) * 6 for _ in range(2))]
    file = (f"{bird.words()}.csv", "\n".join(",".join(row) for row in (head, *wrong)).encode(), "text/csv")
    job = await house.done(SUBSIDY, "POST", "/api/v1/fact-imports", "county_determiner", files={"file": file})
    assert (await house.job(SUBSIDY, job["job_id"], "county_determiner"))["result"]["rejected"] == len(wrong)


_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _workbook(rows: Sequence[tuple[str, ...]]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return file.getvalue()


async def _be_refused(house: House, bird: Canaries, path: str, person: dict[str, str]) -> list[str]:
    """What somebody typed into the wrong place is not kept, not logged and not told back."""
    typed, number = bird.words(), bird.number()
    taken = {"name": typed, "citizen_id_no": person["citizen_id_no"], "division": DIVISION}
    for where, body in [
        ("/api/v1/persons", taken),
        ("/api/v1/persons", {**taken, "phone": typed}),
        ("/api/v1/persons", {**taken, "nickname": typed}),
        ("/api/v1/persons", {**taken, typed: number}),
        ("/api/v1/persons", [typed]),
        (f"{path}/disclosure", {"fields": [typed], "purpose": typed}),
        (f"{path}/disclosure", {"fields": ["name"], "purpose": "CASE_HANDLING", "case_ref": number}),
        (f"{path}/certificates", {"category": typed, "grade": number}),
        ("/api/v1/approvals", {"kind": typed, "subject_id": number, "note": typed}),
    ]:
        refused = await house.call(REGISTRY, "POST", where, "county_reviewer", body)
        assert refused.is_client_error, refused.text
        names = body if isinstance(body, dict) else {}  # which field is unknown is told, what was in it is not
        assert not any(value in refused.text for value in bird.values if value not in names)
    for address in (f"/api/v1/persons?name={urllib.parse.quote(typed)}", f"/api/v1/persons/{number}", f"/{number}"):
        assert (await house.call(REGISTRY, "GET", address)).is_client_error
    return [typed, number]


# ---------------------------------------------------------------------------- everywhere the product writes


async def search(house: House, bird: Canaries, seen: "Spy") -> Search:
    """Everything on disk, everything the databases tell, and what the product says about itself."""
    found, stack = Search(bird), house.stack
    await asyncio.sleep(SEALED_WITHIN_SECONDS)  # the trail is sealed and anchored
    await _flush(stack)
    for path in sorted(stack.var_dir.rglob("*")):
        with contextlib.suppress(FileNotFoundError):  # a server removed it meanwhile
            if path.is_file() and "secrets" not in path.parts:
                found.into(str(path.relative_to(stack.var_dir)), path.read_bytes())
    for name, content in seen.files.items():
        found.into(f"temporary/{name}", content)
    for service in NAMES:
        async for table, content in _tables(stack, service):
            found.into(f"sql/{service}/{table}", content)
        events = await house.call(service, "GET", "/api/v1/journal?after=0&limit=1000", OPERATOR)
        assert events.is_success, events.text
        found.into(f"journal/{service}", events.content)
    async with httpx.AsyncClient(trust_env=False) as client:
        for process in PROCESSES:
            metrics = await client.get(stack.ops_url(*process.split(".")) + "/metrics")
            found.into(f"metrics/{process}", metrics.content)
    return found


async def _flush(stack: Stack) -> None:
    """What is in memory goes to disk, where the log is not compressed."""
    async with stack.postgres.admin() as admin:
        assert await (await admin.execute("SHOW wal_compression")).fetchone() == ("off",)
        await admin.execute("CHECKPOINT")
        await admin.execute("SELECT pg_switch_wal()")
        await admin.execute("CHECKPOINT")


async def _tables(stack: Stack, service: str) -> AsyncIterator[tuple[str, bytes]]:
    """Every table as the server tells it: large values are compressed on disk, here they are not."""
    async with stack.postgres.admin(service) as admin:
        names = await admin.execute(
            "SELECT quote_ident(nspname) || '.' || quote_ident(relname) FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE relkind IN ('r', 'm') AND nspname <> 'information_schema'"
        )
        for (name,) in await names.fetchall():
            async with admin.cursor().copy(f"COPY (SELECT * FROM {name}) TO STDOUT") as copy:
                yield name.removeprefix("public."), b"".join([bytes(part) async for part in copy])


class Spy:
    """Reads what appears in the folder of temporary files before it is gone again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.files: dict[str, bytes] = {}

    async def run(self) -> None:
        while True:
            for path in self.directory.rglob("*"):
                with contextlib.suppress(OSError):
                    if path.is_file():
                        self.files[f"{path.name}/{path.stat().st_size}"] = path.read_bytes()
            await asyncio.sleep(0.01)


# ---------------------------------------------------------------------------- the story


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach."""
    directory = Path(tempfile.mkdtemp(prefix="liangfu-canary-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
async def spy(home: Path) -> AsyncIterator[Spy]:
    spy = Spy(home / "temporary")
    spy.directory.mkdir()
    watching = asyncio.create_task(spy.run())
    yield spy
    watching.cancel()


@pytest.fixture
async def house(home: Path, spy: Spy) -> AsyncIterator[House]:
    stack = Stack(home / "var", environment="test", extra_env={"TMPDIR": str(spy.directory)})
    async with stack, httpx.AsyncClient(timeout=60, trust_env=False) as client:
        house = House(stack, client)
        await house.learn()
        yield house


async def test_nothing_personal_lies_about_in_clear_and_without_encryption_the_search_sees_it(
    house: House, spy: Spy
) -> None:
    hidden = house.begin()
    await enter(house, hidden)
    must_cover_every_field(house)
    found = await _searched("encrypted", house, hidden, spy)
    assert found.told({value: map(str, fields) for value, fields in house.entered.items()}) == []

    await _take_encryption_out(house.stack)
    open_ = house.begin()
    refused = await enter(house, open_)
    seen = await _searched("in clear", house, open_, spy)
    places = {value: seen.places_of(value) for value in open_.values}
    asked = {value for value, fields in house.entered.items() if all(map(_only_asks, fields))}
    missed = {value: fields for value, fields in house.entered.items() if not places[value]}
    assert [str(field) for value in missed.keys() - asked for field in missed[value]] == []
    every_place = set().union(*places.values())
    for kind in ("postgres/pg_wal/*", "postgres/base/*", "blobs/*", "sql/*"):
        assert any(fnmatchcase(where, kind) for where in every_place), kind
    must_show_in_every_encrypted_column(await _shown(house.stack, open_))
    # Encryption or not: what was refused or only asked for is kept nowhere; logs, broker, metrics, events hold nothing.
    assert {value: places[value] for value in (*refused, *asked) if places[value]} == {}
    assert [
        where for where in seen.finds if where.startswith(("log/", "nats/", "metrics/", "journal/", "audit/"))
    ] == []


async def _searched(how: str, house: House, bird: Canaries, spy: Spy) -> Search:
    started = time.perf_counter()
    found = await search(house, bird, spy)
    seconds = time.perf_counter() - started
    fields = set().union(*house.entered.values())
    print(
        f"\n{how}: {len(bird.values)} values in {len(fields)} fields × {len(spellings('x'))} spellings; "
        f"{found.things} things of {found.size / 1e6:.0f} MB searched in {seconds:.0f} s: finds in {len(found.finds)}"
    )
    return found


async def _take_encryption_out(stack: Stack) -> None:
    for process in PROCESSES:
        service, role = process.split(".")
        entry = {"ENTRY_MODULE": f"services.{service}.{'main' if role == 'api' else 'worker'}"}
        await stack.spawn(process, module="tests.canary.in_clear", extra_env=entry)


def _only_asks(field: Field) -> bool:
    return any(fnmatchcase(str(field), pattern) for pattern in ONLY_ASKED)


def must_cover_every_field(house: House) -> None:
    """A field that is new is either sensitive, and has a canary, or is told here to be not."""
    fields = {field for service in NAMES for field in bodies(service, house.documents[service])}
    entered = set().union(*house.entered.values())
    excused = {field for field in fields for pattern in NOT_PERSONAL if fnmatchcase(str(field), pattern)}
    assert sorted(map(str, fields - entered - excused)) == []
    idle = [pattern for pattern in NOT_PERSONAL if not any(fnmatchcase(str(each), pattern) for each in fields)]
    assert idle == []
    asked = {field.path for service in NAMES for field in parameters(service, house.documents[service])}
    assert asked <= PARAMETERS


async def _shown(stack: Stack, bird: Canaries) -> dict[str, bool]:
    """Whether any canary of these shows in an encrypted column."""
    spelt = [value.encode() for value in bird.values]
    shown: dict[str, bool] = {}
    for service in NAMES:
        sealed: tuple[Sealed, ...] = importlib.import_module(f"services.{service}.main").TRUST.sealed
        async with stack.postgres.admin(service) as admin:
            for each in sealed:
                for column in each.columns:
                    rows = await admin.execute(f"SELECT {column} FROM {each.table.name} WHERE {column} IS NOT NULL")
                    content = b"\n".join([bytes(value) for (value,) in await rows.fetchall()])
                    shown[f"{service} {each.table.name}.{column}"] = any(value in content for value in spelt)
    return shown


def must_show_in_every_encrypted_column(shown: dict[str, bool]) -> None:
    """Every encrypted column is reached by a canary: what is declared to be sensitive is tried."""
    assert {name for name, is_shown in shown.items() if not is_shown} == UNWRITTEN


def test_the_search_sees_every_spelling() -> None:
    """A value at any place of a base64 text, in hexadecimal, in UTF-16, percent-encoded, escaped or in an archive."""
    for make in (Canaries.words, Canaries.account, Canaries.number, Canaries.phone):
        bird = Canaries()
        clear = make(bird)
        written_down = [
            clear.encode(),
            b"9" + clear.encode() + b"42",
            clear.encode().hex().encode(),
            clear.encode("utf-16-le"),
            clear.encode("gb18030"),
            json.dumps({"x": clear}).encode(),
            urllib.parse.quote(clear).encode(),
            b"\0head" + _workbook([(clear,)]) + b"tail",
            *(base64.b64encode(b"x" * shift + clear.encode() + b"yyyyy") for shift in range(6)),
            *(base64.urlsafe_b64encode(b"x" * shift + clear.encode() + b"yyyyy") for shift in range(6)),
        ]
        for content in written_down:
            found = Search(bird)
            found.into("there", content)
            assert found.places_of(clear), content
    nothing = Search(Canaries())
    nothing.into("elsewhere", b"1234567890 nothing here " + _workbook([("nothing",)]))
    assert nothing.finds == {}


def test_a_field_nobody_thought_of_fails() -> None:
    document = {
        "paths": {
            "/api/v1/things": {
                "post": {
                    "requestBody": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
                    },
                    "parameters": [{"name": "who", "in": "query", "schema": {"type": "string"}}],
                }
            }
        },
        "components": {
            "schemas": {
                "Thing": {
                    "type": "object",
                    "properties": {
                        "nickname": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                        "parts": {
                            "type": "array",
                            "items": {"type": "object", "properties": {"of": {"type": "string"}}},
                        },
                        "kind": {"type": "string", "enum": ["A"]},
                        "day": {"type": "string", "format": "date"},
                    },
                }
            }
        },
    }
    assert {field.path for field in bodies("things", document)} == {"nickname", "parts[].of"}
    assert {field.path for field in parameters("things", document)} == {"who"}
    assert dict(written({"nickname": "x", "parts": [{"of": "y"}], "n": 1})) == {"nickname": "x", "parts[].of": "y"}
    assert operation_of(document, "POST", "/api/v1/things") == "POST /api/v1/things"

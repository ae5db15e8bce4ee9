"""To whom an award is paid, and who may see it: the office masked, the person their own awards, nobody the account."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from deploy.local.postgres import PostgresServer
from services.subsidy.adapters.tables import blobs
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.main import app_of
from services.subsidy.settings import SubsidySettings
from shared.kit import wards
from shared.kit.service import open_parts
from tests.integration.privacy.conftest import COUNTY, OTHER, Office, settings_of
from tests.unit.kit.a_service import a_verifier

ACCOUNT, NAME = "6222021234567890123", "欧阳金丝雀"
PAYEE = {"name": NAME, "account": ACCOUNT, "bank": "徽商银行"}
Subsidy = Office


@pytest.fixture
async def subsidy(server: PostgresServer, tmp_path: Path, keys: dict[str, Any]) -> AsyncIterator[Subsidy]:
    told = settings_of(server, tmp_path, keys).model_dump(include=set(SubsidySettings.model_fields))
    url = server.url("subsidy")
    told |= {"service": "subsidy", "database_url": url, "database_direct_url": url}
    settings = SubsidySettings(**told | {"publisher_urls": {"registry": "http://registry.test"}})
    parts = open_parts(settings, role="api", blob_tables=blobs, make_work=lambda _: SubsidyWork)
    app = app_of(settings, parts)
    app.state.tokens = a_verifier()
    async with parts.works.engine.begin() as connection:
        await connection.execute(
            text("TRUNCATE award, award_step, payee, copy_registry_person, idempotency_key CASCADE")
        )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://subsidy.test") as client:
        yield Office(app, parts, client)  # type: ignore[arg-type]  # the same calls at another service
    await parts.works.engine.dispose()


async def _award(subsidy: Subsidy, person_id: UUID | None = None, scheme: str = "nursing_subsidy") -> tuple[str, str]:
    award_id, person = uuid4(), person_id or uuid4()
    async with subsidy.parts.works.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO award (award_id, person_id, certificate_id, version, division, scheme, status, "
                "application_date, start_month, granted_by, trace_id) VALUES (:award, :person, :person, 1, "
                "'341502001', :scheme, 'ACTIVE', '2026-01-05', '2026-02', 'x', 'x')"
            ),
            {"award": award_id, "person": person, "scheme": scheme},
        )
    return f"/api/v1/awards/{award_id}", str(person)


async def _put(subsidy: Subsidy, award: str, version: str = '"0"', **changes: Any) -> httpx.Response:
    return await subsidy.call("PUT", f"{award}/payee", "county_determiner", {**PAYEE, **changes}, version=version)


async def test_a_payee_is_recorded_with_the_version_seen_and_shown_masked(subsidy: Subsidy) -> None:
    award, _ = await _award(subsidy)
    before = await subsidy.call("GET", f"{award}/payee", "bank_operator")
    assert (before.headers["etag"], before.json()["account_masked"]) == ('"0"', None)
    put = await _put(subsidy, award)
    assert (put.status_code, put.headers["etag"]) == (200, '"1"')
    assert put.json()["account_masked"] == "*" * 15 + "0123"
    assert put.json()["name_masked"] == "欧**"
    assert (await _put(subsidy, award)).status_code == 412
    assert (await subsidy.call("PUT", f"{award}/payee", "county_determiner", PAYEE)).status_code == 428
    assert (await _put(subsidy, award, '"1"', account="6222 0212 3456 7890 999")).headers["etag"] == '"2"'
    told = "".join(answer.text for answer in subsidy.seen)
    assert not any(clear in told for clear in (ACCOUNT, NAME))


async def test_one_account_of_several_awards_is_seen_without_being_shown(subsidy: Subsidy) -> None:
    (one, _), (other, _), (third, _) = await _award(subsidy), await _award(subsidy), await _award(subsidy)
    await _put(subsidy, one)
    assert (await _put(subsidy, other)).json()["shared_by"] == 2
    assert (await _put(subsidy, third, account="6222021234567890124")).json()["shared_by"] == 1


async def test_an_account_in_clear_takes_permission_and_purpose_and_is_remembered(subsidy: Subsidy) -> None:
    award, person_id = await _award(subsidy)
    body = {"fields": ["account"], "purpose": "PAYMENT"}
    assert (await subsidy.call("POST", f"{award}/disclosure", "finance", body)).status_code == 404
    await _put(subsidy, award)
    told = await subsidy.call("POST", f"{award}/disclosure", "finance", body)
    assert told.json()["fields"] == {"account": ACCOUNT}
    assert (await subsidy.call("POST", f"{award}/disclosure", "bank_operator", body)).status_code == 403
    assert (await subsidy.call("POST", f"{award}/disclosure", "finance", {"fields": ["account"]})).status_code == 422
    assert (await subsidy.call("POST", f"{award}/disclosure", "finance", body, divisions=[OTHER])).status_code == 404
    [row] = await subsidy.rows(
        "SELECT actor, purpose FROM audit WHERE person_id = :id AND what = 'disclosed'", id=person_id
    )
    assert tuple(row) == ("the-finance", "PAYMENT")


@pytest.mark.parametrize("role", ["county_reviewer", "finance", "bank_operator", "auditor"])
async def test_who_only_looks_records_no_payee(subsidy: Subsidy, role: str) -> None:
    award, _ = await _award(subsidy)
    assert (await subsidy.call("PUT", f"{award}/payee", role, PAYEE, version='"0"')).status_code == 403


async def test_another_division_has_no_such_award(subsidy: Subsidy) -> None:
    award, _ = await _award(subsidy)
    assert (await subsidy.call("GET", f"{award}/payee", "finance", divisions=[OTHER])).status_code == 404
    refused = await subsidy.call("PUT", f"{award}/payee", "county_determiner", PAYEE, version='"0"', divisions=[OTHER])
    assert refused.status_code == 404


async def test_a_person_sees_their_own_awards_and_no_others(subsidy: Subsidy) -> None:
    _, mine = await _award(subsidy)
    await _award(subsidy)
    own = await subsidy.call("GET", "/api/v1/me/awards", "person", divisions=[], person_id=mine)
    assert [award["person_id"] for award in own.json()["items"]] == [mine]
    assert (await subsidy.call("GET", "/api/v1/me/awards", "person", divisions=["*"])).status_code == 404
    assert (await subsidy.call("GET", "/api/v1/awards", "person", divisions=["*"], person_id=mine)).status_code == 403


@pytest.mark.parametrize(("answer", "status"), [(200, 200), (404, 404), (403, 404), (500, 404)])
async def test_a_guardian_sees_a_wards_awards_while_the_register_says_so(
    subsidy: Subsidy, monkeypatch: pytest.MonkeyPatch, answer: int, status: int
) -> None:
    asked: list[httpx.Request] = []

    def register(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(answer, json={})

    def client(url: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=url, transport=httpx.MockTransport(register))

    monkeypatch.setattr(wards, "http_client", client)
    _, ward = await _award(subsidy)
    path = f"/api/v1/me/wards/{ward}/awards"
    seen = await subsidy.call("GET", path, "guardian", who="iam-77", divisions=[], ward_ids=[ward])
    assert seen.status_code == status
    assert asked[0].url.path == f"/api/v1/me/wards/{ward}"
    assert asked[0].headers["authorization"].startswith("Bearer "), "asked in the guardian's own name"
    assert (await subsidy.call("GET", path, "guardian", who="iam-77", divisions=[])).status_code == 404
    assert len(asked) == 1, "what the token does not claim is not even asked"


async def test_what_was_granted_is_copied_and_never_erased(subsidy: Subsidy) -> None:
    award, person_id = await _award(subsidy)
    await _put(subsidy, award)
    async with subsidy.parts.works.begin() as work:
        await work.connection.execute(
            text(
                "INSERT INTO copy_registry_person (person_id, version, division, registered_on) "
                "VALUES (:id, 1, :division, '2026-01-01')"
            ),
            {"id": person_id, "division": f"{COUNTY}001"},
        )
    body = {"kind": "ERASURE", "person_id": person_id}
    filed = await subsidy.call("POST", "/api/v1/person-requests", "county_determiner", body)
    assert filed.status_code == 201, filed.text

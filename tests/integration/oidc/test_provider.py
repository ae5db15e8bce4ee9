"""Tokens of a real, independent OpenID provider, from its own grants to our answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest

from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router
from tests.integration.oidc.conftest import Provider, a_key, pause
from tests.unit.kit.a_service import a_client, an_api, some_settings

CLAIMS = {"roles": "realm_access.roles", "divisions": "division"}
KEYCLOAK = {**CLAIMS, "machine": "preferred_username"}


def a_router() -> Router:
    router = Router(prefix="/api/v1")

    @router.get("/me")
    async def me(caller: Annotated[Caller, Permit("thing:read")]) -> dict[str, Any]:
        return {
            "subject": caller.subject,
            "client": caller.client_id,
            "name": caller.name,
            "machine": caller.machine,
            "roles": sorted(caller.roles),
            "divisions": sorted(caller.scope.prefixes),
        }

    @router.post("/things")
    async def write(caller: Annotated[Caller, Permit("thing:write")]) -> str:
        return caller.subject

    return router


@asynccontextmanager
async def an_api_of(provider: Provider, **changes: Any) -> AsyncIterator[httpx.AsyncClient]:
    settings = some_settings(
        token_issuer=provider.issuer,
        token_jwks_url=f"{provider.issuer}/jwks",
        token_url=f"{provider.issuer}/token",
        **{"token_claims": CLAIMS, **changes},
    )
    app = an_api(a_router(), settings=settings, tokens=None)
    async with app.router.lifespan_context(app), a_client(app) as client:
        yield client


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def asked(api: httpx.AsyncClient, token: str) -> tuple[int, str]:
    answer = await api.get("/api/v1/me", headers=bearing(token))
    return answer.status_code, answer.json().get("code", "")


GOOD = (200, "")
REFUSED = (401, "token_invalid")


@pytest.fixture
async def provider(installed: Path, tmp_path: Path) -> AsyncIterator[Provider]:
    provider = Provider(installed, tmp_path, "provider")
    yield provider
    await provider.stop()


async def test_a_machine_may_do_what_its_scopes_say(provider: Provider) -> None:
    await provider.start([a_key("a")])
    async with an_api_of(provider) as api:
        token = await provider.machine_token(scope="thing:read")
        me = (await api.get("/api/v1/me", headers=bearing(token))).json()
        assert (me["machine"], me["client"], me["divisions"]) == (True, "subsidy", ["*"])
        assert (await api.post("/api/v1/things", headers=bearing(token))).status_code == 403
        wider = await provider.machine_token(scope="thing:read thing:write")
        assert (await api.post("/api/v1/things", headers=bearing(wider))).status_code == 200


async def test_a_person_signs_in_and_is_known_with_roles_and_divisions(provider: Provider) -> None:
    await provider.start([a_key("a")])
    tokens = await provider.person_tokens("li")
    async with an_api_of(provider) as api:
        me = (await api.get("/api/v1/me", headers=bearing(tokens["access_token"]))).json()
        assert me == {
            "subject": "li",
            "client": "console",
            "name": "李静",
            "machine": False,
            "roles": ["clerk"],
            "divisions": ["341502", "341503"],
        }
        assert await asked(api, tokens["id_token"]) == REFUSED, "an ID token is for the client, not for us"


async def test_a_token_for_another_resource_or_for_nobody_in_particular_is_refused(provider: Provider) -> None:
    await provider.start([a_key("a")])
    async with an_api_of(provider) as api:
        assert await asked(api, await provider.machine_token(resource="urn:another:api")) == REFUSED
        opaque = (await provider.person_tokens("li", resource=None))["access_token"]
        assert await asked(api, opaque) == REFUSED


@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "EdDSA", "Ed25519"])
async def test_the_issuer_chooses_among_the_allowed_algorithms(provider: Provider, algorithm: str) -> None:
    await provider.start([a_key("a", algorithm)], algorithm=algorithm)
    token = await provider.machine_token()
    async with an_api_of(provider) as api:
        assert await asked(api, token) == GOOD
    async with an_api_of(provider, token_algorithms=("RS256",)) as api:
        assert await asked(api, token) == REFUSED


async def test_a_new_key_is_taken_up_and_an_old_one_given_up_without_a_restart_of_ours(provider: Provider) -> None:
    old, new = a_key("old"), a_key("new")
    await provider.start([old])
    async with an_api_of(provider, token_keys_seconds=2.0) as api:
        by_old = await provider.machine_token()
        assert await asked(api, by_old) == GOOD
        await provider.restart([new, old])
        by_new = await provider.machine_token()
        await pause(2.1)
        assert await asked(api, by_new) == GOOD, "keys are read again when they are old"
        assert await asked(api, by_old) == GOOD, "the issuer still publishes the old key"
        await provider.restart([new])
        await pause(2.1)
        assert await asked(api, by_old) == REFUSED, "withdrawn: nothing it signed counts, remembered or not"
        assert await asked(api, by_new) == GOOD


async def test_a_new_key_under_an_old_name_replaces_it(provider: Provider) -> None:
    await provider.start([a_key("same")])
    async with an_api_of(provider, token_keys_seconds=1.0) as api:
        before = await provider.machine_token()
        assert await asked(api, before) == GOOD
        await provider.restart([a_key("same")])
        after = await provider.machine_token()
        await pause(1.1)
        assert await asked(api, after) == GOOD
        assert await asked(api, before) == REFUSED


async def test_an_issuer_that_is_away_stops_nobody_for_the_stated_time_and_everybody_after_it(
    provider: Provider,
) -> None:
    key = a_key("a")
    await provider.start([key])
    token = await provider.machine_token()
    async with an_api_of(provider, token_keys_seconds=0.5, token_keys_stale_seconds=3.0) as api:
        assert await asked(api, token) == GOOD
        await provider.stop()
        await pause(1.0)
        assert await asked(api, token) == GOOD
        await pause(2.5)
        assert await asked(api, token) == (503, "token_keys_unavailable")
        await provider.start([key])
        await pause(0.6)
        assert await asked(api, token) == GOOD


async def test_an_issuer_in_keycloaks_dialect_is_a_matter_of_settings(provider: Provider) -> None:
    await provider.start([a_key("a")], dialect="keycloak")
    machine, tokens = await provider.machine_token(), await provider.person_tokens("li")
    async with an_api_of(provider, token_claims=KEYCLOAK) as api:
        assert await asked(api, machine) == REFUSED, "typ JWT has to be allowed aloud"
    async with an_api_of(provider, token_claims=KEYCLOAK, token_types=("JWT",)) as api:
        me = (await api.get("/api/v1/me", headers=bearing(machine))).json()
        assert (me["machine"], me["subject"], me["client"]) == (True, "subsidy", "subsidy")
        me = (await api.get("/api/v1/me", headers=bearing(tokens["access_token"]))).json()
        assert (me["machine"], me["subject"], me["roles"]) == (False, "li", ["clerk"])
        assert await asked(api, tokens["id_token"]) == REFUSED

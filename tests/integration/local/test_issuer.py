"""The local issuer of tokens."""

import socket
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from deploy.local.issuer import PERSON_GRANT, Client, Issuer, IssuerInProduction, Person
from deploy.local.ports import Ports
from deploy.local.program import NotReady

KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
CLIENTS = {"reader": Client("secret", frozenset({"journal:read", "journal:compare"}))}


def an_issuer(environment: str = "test") -> Issuer:
    return Issuer(port=1, key=KEY, clients=CLIENTS, environment=environment)


def client_of(issuer: Issuer) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(issuer.app()), base_url=issuer.url)


async def ask(**form: str) -> httpx.Response:
    async with client_of(an_issuer()) as client:
        return await client.post("/token", data=form)


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, KEY, algorithms=["RS256"]).claims


async def test_a_token_verifies_with_the_published_keys_alone() -> None:
    issuer = an_issuer()
    async with client_of(issuer) as client:
        configuration = (await client.get("/.well-known/openid-configuration")).json()
        published = (await client.get(configuration["jwks_uri"])).json()
    assert not {"d", "p", "q"} & set(published["keys"][0]), "the private part stays here"
    token = issuer.person_token(Person("li", "李", ("registrar",), ("3415",)))
    decoded = jwt.decode(token, KeySet.import_key_set(published), algorithms=["RS256"])
    assert decoded.header["typ"] == "at+jwt"
    assert decoded.claims["iss"] == configuration["issuer"]


def test_a_persons_token_says_who_may_do_what_where_and_until_when() -> None:
    claims = claims_of(an_issuer().person_token(Person("li", "李", ("registrar",), ("3415",)), lifetime_seconds=60))
    assert claims["sub"] == "li"
    assert claims["name"] == "李"
    assert claims["roles"] == ["registrar"]
    assert claims["divisions"] == ["3415"]
    assert claims["aud"] == "liangfu"
    assert claims["sub"] != claims["client_id"], "a person is no machine"
    assert 0 < claims["exp"] - time.time() <= 60


async def test_a_client_gets_a_token_of_its_own_with_all_it_may_do() -> None:
    response = await ask(grant_type="client_credentials", client_id="reader", client_secret="secret")
    assert response.headers["cache-control"] == "no-store"
    claims = claims_of(response.json()["access_token"])
    assert claims["sub"] == claims["client_id"] == "reader"
    assert claims["scope"] == "journal:compare journal:read"


async def test_a_client_may_ask_for_less() -> None:
    response = await ask(
        grant_type="client_credentials", client_id="reader", client_secret="secret", scope="journal:read"
    )
    assert claims_of(response.json()["access_token"])["scope"] == "journal:read"


async def test_a_client_may_not_ask_for_more() -> None:
    response = await ask(
        grant_type="client_credentials", client_id="reader", client_secret="secret", scope="person:write"
    )
    assert (response.status_code, response.json()["error"]) == (400, "invalid_scope")


async def test_a_client_may_authenticate_by_the_basic_scheme() -> None:
    async with client_of(an_issuer()) as client:
        response = await client.post(
            "/token", data={"grant_type": "client_credentials"}, auth=httpx.BasicAuth("reader", "secret")
        )
    assert response.status_code == 200


@pytest.mark.parametrize(("client_id", "secret"), [("reader", "guess"), ("stranger", "secret"), ("reader", "")])
async def test_an_unknown_client_or_a_wrong_secret_gets_nothing(client_id: str, secret: str) -> None:
    response = await ask(grant_type="client_credentials", client_id=client_id, client_secret=secret)
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


async def test_an_unknown_grant_is_refused() -> None:
    response = await ask(grant_type="password", username="li", password="x")
    assert (response.status_code, response.json()["error"]) == (400, "unsupported_grant_type")


async def test_a_developer_gets_a_persons_token_without_a_password() -> None:
    response = await ask(grant_type=PERSON_GRANT, subject="li", roles="registrar officer", divisions="3415 3401")
    claims = claims_of(response.json()["access_token"])
    assert claims["roles"] == ["registrar", "officer"]
    assert claims["divisions"] == ["3415", "3401"]


def test_it_refuses_to_serve_production() -> None:
    with pytest.raises(IssuerInProduction):
        an_issuer("production")


async def test_it_answers_while_its_starter_is_busy(tmp_path: Path) -> None:
    issuer = Issuer(port=Ports(tmp_path / "ports.json").port("issuer"), key=KEY, clients=CLIENTS, environment="test")
    await issuer.start()
    try:
        # A synchronous call: the event loop stands still until the answer is there.
        assert httpx.get(issuer.jwks_url, timeout=2).status_code == 200
    finally:
        await issuer.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(issuer.jwks_url, timeout=2)


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    issuer = Issuer(port=Ports(tmp_path / "ports.json").port("issuer"), key=KEY, clients=CLIENTS, environment="test")
    with socket.create_server(("127.0.0.1", issuer.port)), pytest.raises(NotReady, match=str(issuer.port)):
        await issuer.start()

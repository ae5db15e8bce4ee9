"""A small service to hold the rules against: real keys, real tokens, the real application factory."""

import base64
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI
from joserfc import jwt
from joserfc.jwk import OKPKey
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.kit.app import create_app
from shared.kit.audit import Auditor
from shared.kit.clock import Clock
from shared.kit.health import Check
from shared.kit.ops import Ops
from shared.kit.settings import ServiceSettings
from shared.kit.signing import new_key
from shared.kit.tokens import IssuerKeys, TokenVerifier
from shared.kit.work import UnitOfWork, Works

ISSUER = "https://issuer.test"
AUDIENCE = "liangfu"
ROLES = {"clerk": frozenset({"thing:read", "thing:write"}), "reader": frozenset({"thing:read"})}
AUDIT_KEY = new_key("a1")
KEY = OKPKey.generate_key("Ed25519", {"kid": "k1"})


def a_token(*, key: Any = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A good token of a clerk of county 341502, unless the claims say otherwise (None removes one)."""
    now = int(time.time())
    told = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "u-1",
        "client_id": "desk",
        "name": "李静",
        "roles": ["clerk"],
        "divisions": ["341502"],
        "iat": now,
        "exp": now + 6 * 3600,  # some are made when tests are collected, long before they run
        **claims,
    }
    about = {"alg": "Ed25519", "typ": "at+jwt", "kid": key.kid, **(header or {})}
    claimed = {name: value for name, value in told.items() if value is not None}
    return jwt.encode(about, claimed, key, algorithms=["Ed25519", "RS256", "ES256", "HS256"])


def bearer(**claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {a_token(**claims)}"}


class JwksServer:
    """The issuer's key document; counts how often it is read, and can be down."""

    def __init__(self, *keys: Any) -> None:
        self.keys = list(keys or [KEY])
        self.reads = 0
        self.down = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.reads += 1
        if self.down:
            raise httpx.ConnectError("down", request=request)
        return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})


def a_verifier(issuer: JwksServer | None = None, **options: Any) -> TokenVerifier:
    client = httpx.AsyncClient(transport=httpx.MockTransport(issuer or JwksServer()))
    keys = IssuerKeys(f"{ISSUER}/jwks", client, **options)
    return TokenVerifier(keys, issuer=ISSUER, audience=AUDIENCE)


def some_settings(**changes: Any) -> ServiceSettings:
    def key() -> str:
        return base64.b64encode(os.urandom(32)).decode()

    return ServiceSettings(
        **{
            "environment": "test",
            "service": "things",
            "database_url": "postgresql+psycopg://nobody@127.0.0.1:1/none",
            "database_direct_url": "postgresql+psycopg://nobody@127.0.0.1:1/none",
            "nats_url": "nats://127.0.0.1:1",
            "nats_monitor_url": "http://127.0.0.1:1",
            "token_issuer": ISSUER,
            "token_jwks_url": f"{ISSUER}/jwks",
            "token_url": f"{ISSUER}/token",
            "client_id": "things",
            "client_secret": "s3cret",
            "data_keys": f'{{"active": "k1", "keys": {{"k1": "{key()}"}}, "index_key": "{key()}"}}',
            "audit_signing_key": AUDIT_KEY,
            "audit_dir": Path("/nowhere"),
            "blob_dir": Path("/nowhere"),
            "budgets": {"*": {}, "refused": {}},
            "http_port": 0,
            "ops_port": 0,
            **changes,
        }
    )


def an_api(
    *routers: APIRouter,
    engine: AsyncEngine | None = None,
    checks: Sequence[Check] = (),
    settings: ServiceSettings | None = None,
    auditor: Auditor | None = None,
    **options: Any,
) -> FastAPI:
    engine = engine or create_async_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    return create_app(
        settings or some_settings(),
        title="Things",
        routers=routers,
        works=Works(engine, clock=Clock(), make=UnitOfWork, auditor=auditor),
        roles=ROLES,
        ops=Ops("things", "api", checks, version="1.2.3", schema_head="abc"),
        asyncapi=lambda: {"asyncapi": "3.0.0"},
        **{"tokens": a_verifier(), **options},
    )


@asynccontextmanager
async def a_client(app: FastAPI, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, **options)
    async with httpx.AsyncClient(transport=transport, base_url="http://things.test") as client:
        yield client

"""A service's API in this process, on a given database, and callers whose tokens are taken at their word."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson

from shared.kit.tokens import Claims
from shared.kit.work import Works
from tests.builders.settings import api_of


class TrustingVerifier:
    """Reads claims out of the token itself; what a token must be is tested with the real verifier."""

    async def verify(self, token: str) -> Claims:
        """The claims, unchecked."""
        claims: Claims = orjson.loads(bytes.fromhex(token))
        return claims


class Caller:
    """Somebody with a role in some divisions."""

    def __init__(self, client: httpx.AsyncClient, role: str, divisions: tuple[str, ...], more: dict[str, Any]) -> None:
        claims = {"sub": f"{role}-1", "client_id": "desk", "roles": [role], "divisions": list(divisions), **more}
        self._client = client
        self._headers = {"Authorization": f"Bearer {orjson.dumps(claims).hex()}"}

    async def get(self, path: str, **query: Any) -> httpx.Response:
        """GET."""
        return await self._client.get(path, params=query, headers=self._headers)

    async def put(self, path: str, body: Any, *, seen: str | None = None) -> httpx.Response:
        """PUT, with the ETag that was seen."""
        headers = {} if seen is None else {"If-Match": seen}
        return await self._client.put(path, json=body, headers=self._headers | headers)

    async def post(self, path: str, body: Any, *, key: str | None = None, seen: str | None = None) -> httpx.Response:
        """POST with an idempotency key, and the ETag that was seen."""
        headers = {"Idempotency-Key": key or str(uuid4())} | ({} if seen is None else {"If-Match": seen})
        return await self._client.post(path, json=body, headers=self._headers | headers)

    async def upload(self, path: str, file: Path, **query: Any) -> httpx.Response:
        """POST of a file, as a form sends it."""
        headers = self._headers | {"Idempotency-Key": str(uuid4())}
        files = {"file": (file.name, file.read_bytes())}
        return await self._client.post(path, files=files, headers=headers, params=query)


class Desk:
    """Where callers come to."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    def caller(self, role: str, *divisions: str, **claims: Any) -> Caller:
        """Somebody with a role in some divisions (``*``: everywhere), whose token says ``claims`` as well."""
        return Caller(self._client, role, divisions, claims)


@asynccontextmanager
async def desk_of(service: str, works: Works[Any], folder: Path, **given: Any) -> AsyncIterator[Desk]:
    """The API of a service on the database of ``works``; ``given``: settings of its own."""
    app = api_of(service, folder, works=works, **given)
    app.state.tokens = TrustingVerifier()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://desk") as client:
        yield Desk(client)

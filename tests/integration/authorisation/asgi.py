"""Requests handed straight to an application: thousands of them, without a client in between."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request as the wire would carry it, without what differs from caller to caller."""

    method: str
    url: httpx.URL
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @classmethod
    def of(cls, request: httpx.Request) -> Prepared:
        """From one that httpx has encoded."""
        headers = tuple((name.lower(), value) for name, value in request.headers.raw)
        return cls(request.method, request.url, headers, request.read())


async def send(app: FastAPI, prepared: Prepared, headers: Mapping[str, str]) -> httpx.Response:
    """The application's whole answer."""
    told, answered = [prepared.body], asyncio.Event()
    status, content = 0, bytearray()

    async def receive() -> dict[str, Any]:
        if told:
            return {"type": "http.request", "body": told.pop(), "more_body": False}
        await answered.wait()
        return {"type": "http.disconnect"}

    async def take(message: Mapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            content.extend(message.get("body", b""))
            if not message.get("more_body", False):
                answered.set()

    await app(_scope(prepared, headers.items()), receive, take)
    return httpx.Response(status, content=bytes(content))


def _scope(prepared: Prepared, headers: Iterable[tuple[str, str]]) -> dict[str, Any]:
    url = prepared.url
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": prepared.method,
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "root_path": "",
        "headers": [*prepared.headers, *((name.lower().encode(), value.encode()) for name, value in headers)],
        "client": ("127.0.0.1", 1),
        "server": (url.host, 80),
    }

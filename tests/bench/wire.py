"""Prepared HTTP requests over connections that are kept open: a client that costs next to nothing itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "


@dataclass(frozen=True, slots=True)
class Answer:
    """A body of an answer 200, and the seconds it took."""

    body: bytes
    seconds: float

    def told(self) -> Any:
        """As JSON."""
        return orjson.loads(self.body)


@dataclass(frozen=True, slots=True)
class Wire:
    """Requests to one service as one caller. ``others``: further processes of its API, asked in turn."""

    url: str
    token: str
    others: tuple[str, ...] = ()

    def get(self, path: str) -> bytes:
        """A request without a body."""
        return self._head("GET", path) + _END

    def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        """A request with a body of JSON."""
        content = orjson.dumps(body)
        head = self._head("POST", path)
        return head + b"\r\nContent-Type: application/json\r\nContent-Length: %d" % len(content) + _END + content

    def _head(self, method: str, path: str) -> bytes:
        host = urlsplit(self.url).netloc
        return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {self.token}".encode()

    async def ask(self, request: bytes) -> Answer:
        """One answer."""
        return (await self.each([request]))[0]

    async def each(self, requests: Sequence[bytes], *, connections: int = 1) -> list[Answer]:
        """Every request once, so many at a time. Raises AssertionError for an answer that is not 200."""
        waiting = iter(requests)
        return await self._all(waiting, connections)

    async def during(self, seconds: float, requests: Sequence[bytes], *, connections: int) -> list[float]:
        """Ask one request after the other, again and again, for so long; the seconds each answer took."""
        until = time.perf_counter() + seconds

        def waiting() -> Iterator[bytes]:
            while True:
                for request in requests:
                    if time.perf_counter() > until:
                        return
                    yield request

        return [answer.seconds for answer in await self._all(waiting(), connections)]

    async def _all(self, waiting: Iterator[bytes], connections: int) -> list[Answer]:
        urls = cycle((self.url, *self.others))
        each = await asyncio.gather(*(self._one(waiting, url) for url in islice(urls, connections)))
        return [answer for answers in each for answer in answers]

    async def _one(self, waiting: Iterator[bytes], url: str) -> list[Answer]:
        where = urlsplit(url)
        reader, writer = await asyncio.open_connection(where.hostname, where.port, limit=1 << 20)
        answers = []
        for request in waiting:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(_END)
            length = head.lower().partition(_LENGTH)[2].partition(b"\r\n")[0]
            body = await reader.readexactly(int(length))
            answers.append(Answer(body, time.perf_counter() - began))
            assert head.startswith(b"HTTP/1.1 200"), (head[:200], body[:500])
        writer.close()
        return answers

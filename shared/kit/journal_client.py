"""Reading another service's journal over REST: for whoever was away, starts anew, or compares."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import httpx
import orjson

from shared.contracts.event import Envelope
from shared.contracts.state import State
from shared.kit.clients import MachineToken, ServiceIsUnavailable
from shared.kit.journal import Horizon
from shared.kit.mirror import Bucket, RowDigest
from shared.kit.outbound import http_client
from shared.kit.settings import ServiceSettings

JOURNAL_TIMEOUT_SECONDS: Final = 10.0


class PublisherUnreachable(ConnectionError):
    """The publisher's API did not answer, or answered something unusable. Trying again later is right."""


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Entries after a position, and how far the publisher was when it answered."""

    horizon: Horizon
    envelopes: list[Envelope]


class JournalClient:
    """One publisher's journal API: ``http`` knows its base URL, ``token`` says who asks."""

    def __init__(self, http: httpx.AsyncClient, token: MachineToken) -> None:
        self._http = http
        self._token = token

    async def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {await self._token.get()}"}

    def _accepted(self, answer: httpx.Response) -> None:
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            self._token.forget()  # the issuer changed its keys: the next try brings a new token
        answer.raise_for_status()

    async def page(self, *, after: int, limit: int) -> JournalPage:
        """The entries after a position, in order."""
        answer = await self._get("/api/v1/journal", {"after": after, "limit": limit})
        return JournalPage(
            horizon=Horizon(**answer["horizon"]),
            envelopes=[Envelope.from_cloud_event(event) for event in answer["events"]],
        )

    async def horizon(self) -> Horizon:
        """The newest committed entry (ARCHITECTURE 1.4)."""
        return Horizon(**await self._get("/api/v1/journal/horizon", {}))

    async def states(self, state: type[State], keys: Sequence[UUID]) -> list[State]:
        """Current published rows by key."""
        async with self._lines(
            "POST", "/api/v1/journal/states", json={"relation": state.relation, "keys": [str(key) for key in keys]}
        ) as (_, lines):
            return [state.model_validate(line) async for line in lines]

    @asynccontextmanager
    async def buckets(self, state: type[State]) -> AsyncIterator[tuple[Horizon, AsyncIterator[Bucket]]]:
        """The digest of a relation. The horizon comes first, so that the reader can stop at exactly that position."""
        params = {"relation": state.relation, "fields": ",".join(state.field_names())}
        async with self._lines("GET", "/api/v1/journal/digest", params=params) as (head, lines):
            yield head, (Bucket(**line) async for line in lines)

    @asynccontextmanager
    async def rows(
        self, state: type[State], buckets: Sequence[int]
    ) -> AsyncIterator[tuple[Horizon, AsyncIterator[RowDigest]]]:
        """Row digests of some buckets, horizon first."""
        params = {
            "relation": state.relation,
            "fields": ",".join(state.field_names()),
            "buckets": ",".join(map(str, buckets)),
        }
        async with self._lines("GET", "/api/v1/journal/digest/rows", params=params) as (head, lines):
            yield (
                head,
                (
                    RowDigest(UUID(line["id"]), UUID(line["person_id"]), line["version"], line["digest"])
                    async for line in lines
                ),
            )

    @asynccontextmanager
    async def snapshot(
        self, states: Sequence[type[State]]
    ) -> AsyncIterator[tuple[Horizon, AsyncIterator[tuple[type[State], list[State]]]]]:
        """All rows of some relations from one database snapshot, in chunks of one relation each."""
        params = {"relations": ",".join(state.relation for state in states)}
        async with self._lines("GET", "/api/v1/journal/snapshot", params=params) as (head, lines):
            yield head, _chunks(states, lines)

    async def _get(self, path: str, params: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._http.get(path, params=params, headers=await self._headers())
            self._accepted(answer)
            body = answer.json()
        except (httpx.HTTPError, ServiceIsUnavailable, ValueError) as error:
            raise PublisherUnreachable(f"{type(error).__name__}: {error}") from error
        assert isinstance(body, dict)
        return body

    @asynccontextmanager
    async def _lines(
        self, method: str, path: str, **request: Any
    ) -> AsyncIterator[tuple[Horizon, AsyncIterator[dict[str, Any]]]]:
        try:
            async with self._http.stream(method, path, headers=await self._headers(), **request) as answer:
                self._accepted(answer)
                lines = answer.aiter_lines()
                head = orjson.loads(await anext(lines))
                yield Horizon(**head), _until_end(lines)
        except (httpx.HTTPError, ServiceIsUnavailable, StopAsyncIteration, orjson.JSONDecodeError) as error:
            raise PublisherUnreachable(f"{type(error).__name__}: {error}") from error


async def _until_end(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    """The lines up to the trailer, which tells their number: a stream cut short must not pass for a whole one."""
    seen = 0
    async for line in lines:
        value = orjson.loads(line)
        if value.get("end") is True:
            if value["count"] != seen:
                message = f"{seen} lines instead of {value['count']}"
                raise PublisherUnreachable(message)
            return
        seen += 1
        yield value
    message = "the answer ended before its last line"
    raise PublisherUnreachable(message)


async def _chunks(
    states: Sequence[type[State]], lines: AsyncIterator[dict[str, Any]]
) -> AsyncIterator[tuple[type[State], list[State]]]:
    known = {state.relation: state for state in states}
    async for line in lines:
        state = known[line["relation"]]
        yield state, [state.model_validate(row) for row in line["rows"]]


def journal_clients(settings: ServiceSettings) -> dict[str, JournalClient]:
    """A client for every publisher this service reads, all with its one machine token."""
    token = MachineToken(
        http_client(settings.token_url),
        url=settings.token_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret.get_secret_value(),
    )
    return {
        publisher: JournalClient(http_client(url, timeout_seconds=JOURNAL_TIMEOUT_SECONDS), token)
        for publisher, url in settings.publisher_urls.items()
    }

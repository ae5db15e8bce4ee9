"""The publisher's side over REST: journal, horizon, digests, current rows, snapshot.

Whoever was away reads the journal here; nothing about delivery depends on the broker. Streamed answers are lines of
JSON: the first is the horizon of the one database snapshot everything below was read from, the last tells the count,
so a stream cut short is recognised.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import Query, Request
from fastapi.responses import StreamingResponse
from pydantic import Field
from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts.state import State
from shared.kit import journal, mirror
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem, ProblemText
from shared.kit.routing import RequestModel, Router
from shared.kit.work import Works

PAGE_MAX: Final = 1_000
KEYS_MAX: Final = 1_000
SNAPSHOT_CHUNK: Final = 1_000
NDJSON: Final = "application/x-ndjson"

_RELATION_UNKNOWN: Final = ProblemText(
    404, "数据集不存在", "Unknown relation", "本服务不发布“{relation}”，可用：{allowed}",
    "this service does not publish {relation}; it publishes {allowed}",
)  # fmt: skip
_FIELDS_UNKNOWN: Final = ProblemText(
    400, "字段不存在", "Unknown fields", "“{relation}”没有字段：{unknown}", "{relation} has no fields {unknown}"
)
_BUCKET_INVALID: Final = ProblemText(
    400, "分桶编号无效", "Invalid bucket", "分桶编号应为 0 至 255 的整数，以逗号分隔", "buckets are integers 0 to 255"
)
_EVENT_UNKNOWN: Final = ProblemText(
    404, "事件不存在", "Unknown event", "日志中没有该事件，或不在您的管辖范围内", "no such event within your divisions"
)


@dataclass(frozen=True, slots=True)
class Published:
    """A relation this service publishes and the table whose columns carry the published names."""

    state: type[State]
    table: Table


class StatesRequest(RequestModel):
    """Which current rows to read."""

    relation: str
    keys: Annotated[list[UUID], Field(min_length=1, max_length=KEYS_MAX)]


Line = dict[str, Any]
Lines = Callable[[AsyncConnection], AsyncIterator[Line]]


def publisher_router(published: Sequence[Published]) -> Router:  # noqa: C901, PLR0915 - one function per route, nothing nested deeper
    """The routes of a publisher. Permissions ``journal:read`` (entries) and ``journal:compare`` (whole relations)."""
    router = Router(prefix="/api/v1/journal", tags=["journal"])
    relations = {item.state.relation: item for item in published}

    def relation_of(name: str) -> Published:
        if name not in relations:
            raise Problem("relation_unknown", text=_RELATION_UNKNOWN, relation=name[:64], allowed=sorted(relations))
        return relations[name]

    def fields_of(item: Published, names: str) -> list[str]:
        fields = names.split(",")
        if unknown := sorted(set(fields) - set(item.state.field_names())):
            raise Problem(
                "fields_unknown", text=_FIELDS_UNKNOWN, relation=item.state.relation, unknown=[n[:64] for n in unknown]
            )
        return fields

    @router.get("", summary="读取日志")
    async def read_journal(
        request: Request,
        caller: Annotated[Caller, Permit("journal:read")],
        after: Annotated[int, Query(ge=0, description="position of the last entry already read")] = 0,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
    ) -> Line:
        """Entries after a position in order, those outside the caller's divisions left out; ``next`` goes on."""
        async with _works(request).snapshot() as connection:
            head = await journal.horizon(connection)
            entries = await journal.read(connection, after=after, limit=limit)
        seen = [entry.cloud_event() for entry in entries if caller.scope.covers(entry.division)]
        return {"horizon": asdict(head), "events": seen, "next": entries[-1].position if entries else after}

    @router.get("/horizon", dependencies=[Permit("journal:read")], summary="日志最新位置")
    async def read_horizon(request: Request) -> Line:
        """The newest committed entry: what a payment run must have consumed (ARCHITECTURE 1.4)."""
        async with _works(request).snapshot() as connection:
            return asdict(await journal.horizon(connection))

    @router.get("/events/{event_id}", summary="读取单个事件")
    async def read_event(request: Request, event_id: UUID, caller: Annotated[Caller, Permit("journal:read")]) -> Line:
        """One entry by its id: what a recorded cause points to."""
        async with _works(request).snapshot() as connection:
            entry = await journal.find(connection, event_id)
        if entry is None or not caller.scope.covers(entry.division):
            raise Problem("event_unknown", text=_EVENT_UNKNOWN)
        return entry.cloud_event()

    @router.get("/digest", summary="数据摘要", response_class=StreamingResponse)
    async def read_digest(
        request: Request, caller: Annotated[Caller, Permit("journal:compare")], relation: str, fields: str
    ) -> StreamingResponse:
        """256 bucket hashes over a relation, with the position of their snapshot."""
        item = relation_of(relation)
        names = fields_of(item, fields)

        async def lines(connection: AsyncConnection) -> AsyncIterator[Line]:
            for bucket in await mirror.bucket_digests(connection, item.table.name, item.state, names):
                yield asdict(bucket)

        return _stream(request, caller, lines)

    @router.get("/digest/rows", summary="数据行摘要", response_class=StreamingResponse)
    async def read_row_digests(
        request: Request,
        caller: Annotated[Caller, Permit("journal:compare")],
        relation: str,
        fields: str,
        buckets: str,
    ) -> StreamingResponse:
        """Row hashes of some buckets, with the position of their snapshot."""
        item = relation_of(relation)
        names = fields_of(item, fields)
        wanted = _bucket_numbers(buckets)

        async def lines(connection: AsyncConnection) -> AsyncIterator[Line]:
            for row in await mirror.row_digests(connection, item.table.name, item.state, names, wanted):
                yield asdict(row)

        return _stream(request, caller, lines)

    @router.post("/states", summary="读取当前数据行", response_class=StreamingResponse)
    async def read_states(
        request: Request, caller: Annotated[Caller, Permit("journal:compare")], body: StatesRequest
    ) -> StreamingResponse:
        """Current published rows by key, up to 1,000."""
        item = relation_of(body.relation)

        async def lines(connection: AsyncConnection) -> AsyncIterator[Line]:
            for row in await mirror.rows_of(connection, item.table.name, item.state, body.keys):
                yield row.model_dump(mode="json")

        return _stream(request, caller, lines)

    @router.get("/snapshot", summary="整库快照", response_class=StreamingResponse)
    async def read_snapshot(
        request: Request, caller: Annotated[Caller, Permit("journal:compare")], relations: str
    ) -> StreamingResponse:
        """Every row of some relations from one snapshot: how a reader starts over after a new epoch."""
        items = [relation_of(name) for name in relations.split(",")]

        async def lines(connection: AsyncConnection) -> AsyncIterator[Line]:
            for item in items:
                async for rows in _all_rows(connection, item):
                    yield {"relation": item.state.relation, "rows": rows}

        return _stream(request, caller, lines)

    return router


def _works(request: Request) -> Works[Any]:
    works: Works[Any] = request.app.state.works
    return works


def _bucket_numbers(listed: str) -> list[int]:
    try:
        numbers = [int(part) for part in listed.split(",")]
    except ValueError as error:
        raise Problem("bucket_invalid", text=_BUCKET_INVALID) from error
    if not all(0 <= number < mirror.BUCKETS for number in numbers):
        raise Problem("bucket_invalid", text=_BUCKET_INVALID)
    return numbers


async def _all_rows(connection: AsyncConnection, item: Published) -> AsyncIterator[list[Line]]:
    names = item.state.field_names()
    result = await connection.stream(text(f"SELECT {', '.join(names)} FROM {item.table.name}"))  # noqa: S608
    async for rows in result.partitions(SNAPSHOT_CHUNK):
        yield [dict(zip(names, row, strict=True)) for row in rows]


def _stream(request: Request, caller: Caller, lines: Lines) -> StreamingResponse:
    """Whole relations are for whoever may see everything: a comparison of a part proves nothing."""
    if not caller.scope.is_everywhere:
        raise Problem("division_outside_scope", division="*")
    works = _works(request)

    async def body() -> AsyncIterator[bytes]:
        count = 0
        async with works.snapshot() as connection:
            yield orjson.dumps(asdict(await journal.horizon(connection))) + b"\n"
            async for line in lines(connection):
                count += 1
                yield orjson.dumps(line) + b"\n"
        yield orjson.dumps({"end": True, "count": count}) + b"\n"

    return StreamingResponse(body(), media_type=NDJSON)

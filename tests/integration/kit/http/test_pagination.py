from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import column, insert, literal, select, text, values
from sqlalchemy import types as sqltypes
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.kit.pagination import Page, paginate, window
from tests.integration.kit.http.conftest import THING
from tests.integration.kit.http.things import things_router
from tests.unit.kit.a_service import a_client, an_api, bearer

NAMES = [f"name-{number // 3:03}" for number in range(100)]


@pytest.fixture
async def client(engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE thing DROP CONSTRAINT IF EXISTS uq_thing_name"))
        await connection.execute(insert(THING), [{"name": name} for name in reversed(NAMES)])
    async with a_client(an_api(things_router(), engine=engine)) as client:
        client.headers.update(bearer())
        yield client
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE thing"))
        await connection.execute(
            text("ALTER TABLE thing ADD CONSTRAINT uq_thing_name UNIQUE (name) DEFERRABLE INITIALLY DEFERRED")
        )


async def _walk(client: httpx.AsyncClient, path: str, limit: int) -> list[list[dict[str, object]]]:
    pages, cursor = [], None
    while True:
        told = (await client.get(path, params={"limit": limit} | ({"cursor": cursor} if cursor else {}))).json()
        pages.append(told["items"])
        cursor = told["next"]
        if cursor is None:
            return pages


@pytest.mark.parametrize("limit", [1, 7, 50, 99, 100, 101, 1000])
async def test_the_pages_hold_every_row_once_in_order(client: httpx.AsyncClient, limit: int) -> None:
    pages = await _walk(client, "/api/v1/things", limit)
    rows = [row for page in pages for row in page]
    assert [row["name"] for row in rows] == NAMES
    assert len({row["id"] for row in rows}) == 100
    assert all(len(page) == limit for page in pages[:-1])


async def test_a_list_may_begin_at_its_end(client: httpx.AsyncClient) -> None:
    rows = [row["id"] for page in await _walk(client, "/api/v1/things/newest", 30) for row in page]
    assert rows == sorted(rows, reverse=True)  # type: ignore[type-var]
    assert len(rows) == 100


async def test_rows_that_arrive_or_leave_meanwhile_make_no_row_appear_twice_or_vanish(
    client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    first = (await client.get("/api/v1/things", params={"limit": 50})).json()
    async with engine.begin() as connection:
        await connection.execute(insert(THING), [{"name": "aaa"}, {"name": "bbb"}])
        await connection.execute(THING.delete().where(THING.c.name == "name-000"))
    rest = (await client.get("/api/v1/things", params={"limit": 1000, "cursor": first["next"]})).json()
    assert [row["name"] for row in first["items"] + rest["items"]] == NAMES


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", ""])
async def test_the_limit_is_between_1_and_1000(client: httpx.AsyncClient, limit: str) -> None:
    response = await client.get("/api/v1/things", params={"limit": limit})
    assert (response.status_code, response.json()["errors"][0]["parameter"]) == (422, "limit")


def _forged(*values: object) -> str:
    return urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


@pytest.mark.parametrize("cursor", ["x", "", "....", _forged(), _forged("q", "a", 1), _forged(1), "é", "a" * 3000])
async def test_a_cursor_we_did_not_give_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    response = await client.get("/api/v1/things", params={"cursor": cursor})
    assert response.status_code in {400, 422}
    assert response.json()["code"] in {"cursor_invalid", "body_invalid"}


def test_a_cursor_with_a_value_of_another_type_is_refused() -> None:
    for values_told in (["a", "1"], [1, 1], ["a", 1.5], ["a", None], ["a", True], ["a"], ["a", 1, 2]):
        page = Page(10, _forged("q", *values_told), "q")
        with pytest.raises(Exception, match="cursor_invalid"):
            window(select(THING), [THING.c.name, THING.c.id], page)


async def test_a_cursor_is_good_for_its_own_query_only(client: httpx.AsyncClient) -> None:
    cursor = (await client.get("/api/v1/things", params={"limit": 1})).json()["next"]
    for other in ({"name": "name-00"}, {"name": ""}):
        response = await client.get("/api/v1/things", params={"cursor": cursor, **other})
        assert (response.status_code, response.json()["code"]) == (400, "cursor_invalid")
    assert (await client.get("/api/v1/things", params={"cursor": cursor, "limit": 3})).status_code == 200


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        (sqltypes.Uuid(), UUID(int=1), UUID(int=2)),
        (sqltypes.Date(), date(2026, 1, 1), date(2026, 1, 2)),
        (
            sqltypes.DateTime(timezone=True),
            datetime(2026, 1, 1, 0, 0, 0, 1, UTC),
            datetime(2026, 1, 1, 0, 0, 0, 2, UTC),
        ),
        (sqltypes.Numeric(), Decimal("1.10"), Decimal("1.11")),
        (sqltypes.Boolean(), False, True),
        (sqltypes.Text(), "六", "安"),
    ],
    ids=str,
)
async def test_keys_of_every_type_survive_the_cursor(
    engine: AsyncEngine, kind: sqltypes.TypeEngine[Any], first: Any, second: Any
) -> None:
    low, high = sorted([first, second])
    rows = values(column("key", kind), name="v").data([(literal(value, kind),) for value in (high, low)])
    async with engine.connect() as connection:
        one, cursor = await paginate(connection, select(rows.c.key), [rows.c.key], Page(1))
        two, end = await paginate(connection, select(rows.c.key), [rows.c.key], Page(1, cursor))
    assert [one[0][0], two[0][0]] == [low, high]
    assert end is None


async def test_a_deep_page_reads_only_its_own_rows(engine: AsyncEngine) -> None:
    """The condition is one row comparison, which the index of the keys answers."""
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO thing (name) SELECT 'n' || g FROM generate_series(1, 20000) g"))
        await connection.execute(text("ANALYZE thing"))
    async with engine.connect() as connection:
        _, cursor = await paginate(connection, select(THING.c.id).where(THING.c.id < 19000), [THING.c.id], Page(1000))
        page = window(select(THING.c.id), [THING.c.id], Page(100, cursor))
        compiled = page.compile(connection.sync_engine, compile_kwargs={"literal_binds": True})
        plan = "\n".join((await connection.execute(text(f"EXPLAIN {compiled}"))).scalars())
    assert "Index" in plan
    assert "Index Cond: (ROW(id) > ROW(" in plan or "Index Cond: (id > " in plan

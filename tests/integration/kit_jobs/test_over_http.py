"""Imports and jobs as a client meets them: real HTTP, a real worker beside it, files from strangers."""

import asyncio
import io
import json
import os
import time
import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
import xlsxwriter
from python_calamine import CalamineWorkbook
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.kit import job_routes as routes_module
from shared.kit.app import create_app
from shared.kit.blobs import Blobs, DirectoryStore
from shared.kit.imports import (
    IMPORT_TEXTS,
    Applied,
    Import,
    Parsed,
    import_handler,
    import_routes,
)
from shared.kit.job_routes import JOB_TEXTS, job_routes
from shared.kit.jobs import JobResult, JobRunner, Jobs, RunningJob
from shared.kit.ops import Ops
from shared.kit.problems import ProblemText
from shared.kit.spreadsheets import CellFault, Column, Row
from shared.kit.work import UnitOfWork, Works
from shared.values.refusal import Refusal
from tests.integration.kit_jobs.conftest import IMPORTS, JOBS
from tests.integration.kit_jobs.test_jobs import a_caller
from tests.unit.kit.a_service import a_verifier, bearer, some_settings

COLUMNS = (Column("code", "编码"), Column("age", "年龄", aliases=("岁数",)), Column("note", "备注", required=False))
ROLES = {"clerk": frozenset({"job:read", "job:cancel", "thing:import"}), "reader": frozenset({"job:read"})}


@dataclass(frozen=True)
class Thing:
    code: str
    age: int


def parse(row: Row) -> Thing | list[CellFault]:
    faults = []
    if not row.values["code"]:
        faults.append(CellFault(row.number, "编码", "必填"))
    if not row.values["age"].isdecimal():
        faults.append(CellFault(row.number, "年龄", "应为整数"))
    return faults or Thing(row.values["code"], int(row.values["age"]))


class ThingTable:
    """What a service would do with the rows: one statement for a chunk; codes beginning with X are refused."""

    def __init__(self) -> None:
        self.interruptions: list[int] = []
        self.chunks = 0
        self.pause_seconds = 0.0
        self.lost_rows = 0
        self.callers: set[str] = set()

    async def apply(self, rows: Sequence[Parsed[Thing]], work: UnitOfWork) -> Applied:
        self.chunks += 1
        self.callers.add(work.caller.subject if work.caller else "")
        await asyncio.sleep(self.pause_seconds)
        faults = [CellFault(row.number, "编码", "编码被禁用") for row in rows if row.value.code.startswith("X")]
        good = [row.value for row in rows if not row.value.code.startswith("X")]
        written = await work.connection.execute(
            text(
                "INSERT INTO thing SELECT DISTINCT ON (code) code, age FROM unnest(:codes ::text[], :ages ::int[]) "
                "AS t (code, age) ON CONFLICT (code) DO UPDATE SET age = excluded.age "
                "WHERE thing.age <> excluded.age RETURNING 1"
            ),
            {"codes": [thing.code for thing in good], "ages": [thing.age for thing in good]},
        )
        applied = len(written.all())
        if self.chunks in self.interruptions:
            raise ConnectionResetError
        return Applied(applied, len(good) - applied - self.lost_rows, faults)


class OutOfStock(Refusal):
    code = "out_of_stock"


OUT_OF_STOCK = ProblemText(409, "没有库存", "Out of stock", "仅剩 {left} 件。", "Only {left} left.")


@pytest.fixture
async def things(engine: AsyncEngine) -> ThingTable:
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS thing (code text PRIMARY KEY, age int)"))
        await connection.execute(text("DELETE FROM thing"))
    return ThingTable()


class Service:
    """An API on a real port and the runner of a worker beside it."""

    def __init__(self, client: httpx.AsyncClient, runner: JobRunner[Any], engine: AsyncEngine, ops: Ops) -> None:
        self.client, self.runner, self.engine, self.ops = client, runner, engine, ops

    async def upload(
        self, content: bytes, name: str = "名单.csv", *, key: str | None = "new", query: str = "", **claims: Any
    ) -> httpx.Response:
        headers = bearer(**claims)
        if key is not None:
            headers["Idempotency-Key"] = uuid4().hex if key == "new" else key
        return await self.client.post(
            f"/api/v1/things/imports{query}",
            files={"file": (name, content, "application/octet-stream")},
            headers=headers,
        )

    async def get(self, path: str, **claims: Any) -> httpx.Response:
        return await self.client.get(path, headers=bearer(**claims))

    async def import_now(self, content: bytes, name: str = "名单.csv", *, query: str = "") -> dict[str, Any]:
        accepted = await self.upload(content, name, query=query)
        assert accepted.status_code == 202, accepted.text
        assert await self.runner.run_one()
        return await self.job(accepted)

    async def job(self, accepted: httpx.Response) -> dict[str, Any]:
        answer = await self.get(accepted.headers["location"])
        told: dict[str, Any] = answer.json()
        return told

    async def stored(self) -> list[tuple[str, int]]:
        async with self.engine.connect() as connection:
            rows = await connection.execute(text("SELECT code, age FROM thing ORDER BY code"))
            return [(row.code, row.age) for row in rows]

    async def faults(self, job: dict[str, Any]) -> list[list[Any]]:
        answer = await self.get(job["result_url"])
        assert answer.status_code == 200, answer.text
        return CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()


@pytest.fixture
async def service(
    engine: AsyncEngine, works: Works[UnitOfWork], jobs: Jobs, blobs: Blobs, things: ThingTable
) -> AsyncIterator[Service]:
    spec: Import[Thing, UnitOfWork] = Import("things.import", COLUMNS, parse, things.apply)
    texts = {**JOB_TEXTS, **IMPORT_TEXTS, OutOfStock: OUT_OF_STOCK}

    async def sell(job: RunningJob[UnitOfWork]) -> JobResult:
        raise OutOfStock(left=3)

    async def slow(job: RunningJob[UnitOfWork]) -> JobResult:
        for number in range(1, 6):
            await asyncio.sleep(0.3)
            await job.progress(phase="working", done=number, total=5)
        return JobResult({"worked": 5})

    ops = Ops("things", "api")
    app = create_app(
        some_settings(body_bytes_max=3_000_000),
        title="Things",
        routers=[
            import_routes(
                spec, path="/api/v1/things/imports", permission="thing:import", jobs=jobs, blobs=blobs, texts=texts
            ),
            job_routes(jobs, blobs, texts=texts, result_permissions={"secrets.export": "secret:read"}),
        ],
        works=works,
        roles=ROLES,
        ops=ops,
        asyncapi=lambda: {"asyncapi": "3.0.0"},
        problem_texts=texts,
        tokens=a_verifier(),
    )
    handlers = {spec.kind: import_handler(spec, IMPORTS), "sell": sell, "slow": slow}
    runner = JobRunner(works, JOBS, handlers, blobs, worker="w")
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
        yield Service(client, runner, engine, ops)
    server.should_exit = True
    await serving


@asynccontextmanager
async def working(runner: JobRunner[Any]) -> AsyncIterator[None]:
    task = asyncio.create_task(runner.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def csv_of(*rows: str, header: str = "编码,年龄,备注") -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def xlsx_of(*rows: tuple[Any, ...], header: tuple[str, ...] = ("编码", "年龄")) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate([header, *rows]):
            sheet.write_row(number, 0, row)
    return file.getvalue()


MIXED = csv_of("a,1", "b,two", ",3", "X1,4", ",", "c,5", ",x")


# ---------------------------------------------------------------------------- good and bad rows


async def test_an_import_applies_the_good_rows_and_explains_the_others(service: Service, things: ThingTable) -> None:
    job = await service.import_now(MIXED)
    assert job["state"] == "SUCCEEDED"
    assert job["result"] == {"dry_run": False, "received": 6, "applied": 2, "unchanged": 0, "rejected": 4}
    assert (job["done"], job["total"]) == (6, 6)
    assert await service.stored() == [("a", 1), ("c", 5)]
    assert await service.faults(job) == [
        ["行号", "列", "原因"],
        [3, "年龄", "应为整数"],
        [4, "编码", "必填"],
        [5, "编码", "编码被禁用"],
        [8, "编码", "必填"],
        [8, "年龄", "应为整数"],
    ]
    assert things.callers == {"u-1"}, "the rows are written in the name of who sent them"
    async with service.engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM import_fault"))).scalar_one() == 0


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (xlsx_of(("a", 1), ("b", 2)), "名单.XLSX"),
        (csv_of("a,1", "b,2"), "名单.csv"),
        ("编码,岁数\na,1\nb,2\n".encode("gb18030"), "名单.csv"),
        (b"\xef\xbb\xbf" + csv_of("a,1", "b,2").replace(b"\n", b"\r\n"), "名单.csv"),
    ],
)
async def test_every_usual_form_of_a_spreadsheet_is_taken(service: Service, content: bytes, name: str) -> None:
    job = await service.import_now(content, name)
    assert job["result"] == {"dry_run": False, "received": 2, "applied": 2, "unchanged": 0, "rejected": 0}
    assert job["result_url"] is None
    assert await service.stored() == [("a", 1), ("b", 2)]


async def test_a_dry_run_tells_the_same_and_changes_nothing(service: Service) -> None:
    rehearsal = await service.import_now(MIXED, query="?dry_run=true")
    assert await service.stored() == []
    real = await service.import_now(MIXED)
    assert rehearsal["result"] == {**real["result"], "dry_run": True}
    assert await service.faults(rehearsal) == await service.faults(real)


async def test_importing_again_changes_nothing(service: Service) -> None:
    await service.import_now(csv_of("a,1", "b,2"))
    again = await service.import_now(csv_of("a,1", "b,3"))
    assert again["result"] == {"dry_run": False, "received": 2, "applied": 1, "unchanged": 1, "rejected": 0}


async def test_an_interrupted_import_goes_on_with_the_next_chunk_and_counts_nothing_twice(
    service: Service, things: ThingTable
) -> None:
    things.interruptions = [2, 3]
    rows = [f"n{number},{number}" if number % 100 else f"n{number},?" for number in range(1, 3501)]
    accepted = await service.upload(csv_of(*rows))
    async with working(service.runner):
        for _ in range(400):
            job = await service.job(accepted)
            if job["state"] in {"SUCCEEDED", "FAILED"}:
                break
            await asyncio.sleep(0.05)
    assert job["result"] == {"dry_run": False, "received": 3500, "applied": 3465, "unchanged": 0, "rejected": 35}
    assert things.chunks == 6, "four chunks, two of them twice, the first not again"
    assert len(await service.stored()) == 3465
    assert len(await service.faults(job)) == 36


async def test_a_cancelled_import_keeps_and_tells_what_it_did(service: Service, things: ThingTable) -> None:
    things.pause_seconds = 0.2
    accepted = await service.upload(csv_of(*(f"n{number},1" for number in range(5000))))
    async with working(service.runner):
        while (await service.job(accepted))["done"] < 1000:
            await asyncio.sleep(0.02)
        cancelled = await service.client.post(accepted.headers["location"] + "/cancellation", headers=bearer())
        assert cancelled.status_code == 202
        while (job := await service.job(accepted))["state"] == "RUNNING":
            await asyncio.sleep(0.02)
    assert job["state"] == "CANCELLED"
    assert job["result"]["applied"] == job["result"]["received"] == len(await service.stored()) < 5000


async def test_an_import_whose_rows_do_not_balance_fails_and_leaves_nothing(
    service: Service, things: ThingTable
) -> None:
    things.lost_rows = 1
    job = await service.import_now(csv_of("a,1", "b,2"))
    assert (job["state"], job["error"]["code"]) == ("FAILED", "internal_error")
    assert await service.stored() == []


async def test_the_same_key_and_file_is_the_same_import(service: Service, store: DirectoryStore) -> None:
    first = await service.upload(csv_of("a,1"), key="k")
    again = await service.upload(csv_of("a,1"), key="k")
    assert (again.status_code, again.json()["job_id"]) == (202, first.json()["job_id"])
    other = await service.upload(csv_of("a,2"), key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    dry = await service.upload(csv_of("a,1"), key="k", query="?dry_run=true")
    assert (dry.status_code, dry.json()["code"]) == (422, "idempotency_key_reused")
    none = await service.upload(csv_of("a,1"), key=None)
    assert (none.status_code, none.json()["code"]) == (400, "idempotency_key_missing")
    assert len(list(store.older_than(-60))) == 1, "files of refused and repeated uploads are gone"


async def test_who_may_not_import_stores_nothing(service: Service, store: DirectoryStore) -> None:
    refused = await service.upload(csv_of("a,1"), roles=["reader"])
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert list(store.older_than(-60)) == []


# ---------------------------------------------------------------------------- hostile files


def a_bomb() -> bytes:
    file = io.BytesIO(xlsx_of(("a", 1)))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b"<c/>" * 20_000_000)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"MZ\x90\0\x03", "名单.csv", "media_type_not_true"),
        (xlsx_of(("a", 1)), "名单.csv", "media_type_not_true"),
        (csv_of("a,1"), "名单.xlsx", "media_type_not_true"),
        (b"", "名单.xlsx", "media_type_not_true"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "名单.xls", "suffix_not_accepted"),
        (b"<html>", "名单.html", "suffix_not_accepted"),
        (csv_of("a,1"), "csv", "suffix_not_accepted"),
        (b"a" * 3_000_001, "名单.csv", "body_too_large"),
    ],
)
async def test_what_is_no_spreadsheet_is_refused_at_the_door(
    service: Service, store: DirectoryStore, content: bytes, name: str, code: str
) -> None:
    refused = await service.upload(content, name)
    assert refused.json()["code"] == code
    assert refused.status_code in {413, 415, 422}
    assert list(store.older_than(-60)) == []


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (a_bomb(), "名单.xlsx", "file_is_suspicious"),
        (xlsx_of(("a", 1))[:2000], "名单.xlsx", "file_is_unreadable"),
        (csv_of("a,1", header="姓名,年龄"), "名单.csv", "columns_are_missing"),
        (b"", "名单.csv", "columns_are_missing"),
        ("编码,年龄\n".encode() + b"\xff\xfe\xff", "名单.csv", "file_encoding_is_unknown"),
        (csv_of('"a,1'), "名单.csv", "file_text_is_malformed"),
    ],
)
async def test_a_malicious_or_broken_file_fails_its_job_and_not_the_worker(
    service: Service, content: bytes, name: str, code: str
) -> None:
    job = await service.import_now(content, name)
    assert (job["state"], job["error"]["code"]) == ("FAILED", code)
    assert job["error"]["detail"]
    assert (await service.import_now(csv_of("a,1")))["state"] == "SUCCEEDED"


async def test_a_file_damaged_after_its_upload_is_called_that(
    service: Service, store: DirectoryStore, blobs: Blobs
) -> None:
    accepted = await service.upload(xlsx_of(("a", 1)), "名单.xlsx")
    (blob_id,) = store.older_than(-60)
    path = store._path(blob_id)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    await service.runner.run_one()
    assert (await service.job(accepted))["error"]["code"] == "blob_damaged"


BOUNDARY = "bnd"


def part(name: str, content: str, *, file: str | None = "a.csv") -> str:
    named = f'; filename="{file}"' if file else ""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n{content}\r\n'


END = f"--{BOUNDARY}--\r\n"
GOOD = csv_of("a,1").decode()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (part("file", GOOD) + END, 202, None),
        (part("file", GOOD), 400, "bad_request"),
        (part("file", GOOD)[:-20], 400, "bad_request"),
        ("nonsense", 400, "bad_request"),
        ("", 400, "bad_request"),
        (END, 422, "body_invalid"),
        (part("document", GOOD) + END, 422, "body_invalid"),
        (part("file", GOOD) + part("file", GOOD) + END, 422, "body_invalid"),
        (part("file", GOOD) + part("note", "x", file=None) + END, 422, "body_invalid"),
        (part("file", GOOD, file=None) + END, 422, "body_invalid"),
        ("--bnd\r\n" + "X-Fill: a\r\n" * 5000 + "\r\n", 400, "bad_request"),
    ],
)
async def test_a_form_is_whole_and_holds_one_file_or_is_refused(
    service: Service, store: DirectoryStore, body: str, status: int, code: str | None
) -> None:
    answer = await service.client.post(
        "/api/v1/things/imports",
        content=body.encode(),
        headers={
            **bearer(),
            "Idempotency-Key": "k",
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        },
    )
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert len(list(store.older_than(-60))) == (1 if status == 202 else 0)


async def test_a_body_that_is_no_form_is_refused(service: Service) -> None:
    answer = await service.client.post(
        "/api/v1/things/imports", json={"file": "x"}, headers={**bearer(), "Idempotency-Key": "k"}
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type_unsupported")


async def test_a_sender_who_stops_halfway_leaves_nothing(service: Service, store: DirectoryStore) -> None:
    async def halfway() -> AsyncIterator[bytes]:
        yield part("file", GOOD * 10)[:-5].encode()
        await asyncio.sleep(0.2)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await service.client.post(
            "/api/v1/things/imports",
            content=halfway(),
            headers={
                **bearer(),
                "Idempotency-Key": "k",
                "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            },
        )
    await asyncio.sleep(0.3)
    assert list(store.older_than(-60)) == []
    assert list((store._root / "unfinished").iterdir()) == []


# ---------------------------------------------------------------------------- jobs


async def submit(service: Service, works: Works[UnitOfWork], jobs: Jobs, kind: str) -> str:
    async with works.begin(caller=a_caller("341502", subject="u-1")) as work:
        return f"/api/v1/jobs/{(await jobs.submit(work, kind, {})).id}"


async def test_why_a_job_failed_is_told_in_the_language_of_the_reader(
    service: Service, works: Works[UnitOfWork], jobs: Jobs
) -> None:
    path = await submit(service, works, jobs, "sell")
    await service.runner.run_one()
    error = (await service.get(path)).json()["error"]
    assert (error["status"], error["title"], error["detail"]) == (409, "没有库存", "仅剩 3 件。")
    english = await service.client.get(path, headers={**bearer(), "Accept-Language": "en"})
    assert english.json()["error"]["detail"] == "Only 3 left."


async def test_outside_the_scope_every_address_of_a_job_is_404(service: Service) -> None:
    accepted = await service.upload(MIXED)
    path = accepted.headers["location"]
    await service.runner.run_one()
    stranger = {"sub": "u-2", "divisions": ["341503"]}
    for address in (path, path + "/events", path + "/result"):
        answer = await service.get(address, **stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
    answer = await service.client.post(path + "/cancellation", headers=bearer(**stranger))
    assert answer.status_code == 404
    assert (await service.get("/api/v1/jobs", **stranger)).json()["items"] == []
    assert (await service.get(path, sub="u-2", divisions=["3415"])).status_code == 200


async def test_reading_does_not_let_one_cancel(service: Service) -> None:
    path = (await service.upload(MIXED)).headers["location"]
    assert (await service.get(path, roles=["reader"])).status_code == 200
    answer = await service.client.post(path + "/cancellation", headers=bearer(roles=["reader"]))
    assert answer.status_code == 403
    assert (await service.client.get(path)).status_code == 401


async def test_the_list_goes_page_by_page_and_filters(service: Service) -> None:
    ids = [(await service.upload(csv_of(f"a,{n}"))).json()["job_id"] for n in range(3)]
    page = (await service.get("/api/v1/jobs?limit=2&state=QUEUED")).json()
    assert [job["job_id"] for job in page["items"]] == ids[:0:-1]
    rest = (await service.get(f"/api/v1/jobs?limit=2&state=QUEUED&cursor={page['next']}")).json()
    assert [job["job_id"] for job in rest["items"]] == ids[:1]
    assert rest["next"] is None
    assert (await service.get("/api/v1/jobs?state=FAILED")).json()["items"] == []
    assert (await service.get("/api/v1/jobs?status=FAILED")).json()["code"] == "unknown_parameter"


async def test_a_result_is_a_download_nobody_mistakes_for_a_page(service: Service) -> None:
    job = await service.import_now(MIXED)
    answer = await service.get(job["result_url"])
    assert answer.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''%E5%90%8D%E5%8D%95-%E9%94%99%E8%AF%AF%E6%B8%85%E5%8D%95.xlsx"
    )
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"


async def test_a_job_without_a_result_file_says_so(service: Service) -> None:
    accepted = await service.upload(csv_of("a,1"))
    for state in ("QUEUED", "SUCCEEDED"):
        answer = await service.get(accepted.headers["location"] + "/result")
        assert (answer.status_code, answer.json()["code"]) == (409, "job_has_no_result")
        assert state in answer.json()["detail"]
        await service.runner.run_one()


async def test_a_result_may_need_a_permission_of_its_own(
    service: Service, works: Works[UnitOfWork], jobs: Jobs
) -> None:
    path = await submit(service, works, jobs, "secrets.export")
    answer = await service.get(path + "/result")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


# ---------------------------------------------------------------------------- server-sent events


@dataclass
class Event:
    id: int
    name: str
    job: dict[str, Any]


async def events(service: Service, path: str, last_event_id: int | None = None) -> AsyncIterator[Event | str]:
    headers = bearer() | ({"Last-Event-ID": str(last_event_id)} if last_event_id is not None else {})
    async with service.client.stream("GET", path + "/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line.startswith(":"):
                yield line
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                yield Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))
                fields = {}


async def test_a_watcher_sees_progress_and_then_the_end(service: Service, works: Works[UnitOfWork], jobs: Jobs) -> None:
    path = await submit(service, works, jobs, "slow")
    seen: list[Event] = []
    async with working(service.runner):
        async for event in events(service, path):
            assert isinstance(event, Event)
            seen.append(event)
    assert [event.name for event in seen] == ["progress"] * (len(seen) - 1) + ["done"]
    assert [event.id for event in seen] == sorted({event.id for event in seen})
    counts = [event.job["done"] for event in seen]
    assert counts == sorted(counts)
    assert len(set(counts)) >= 4
    assert seen[-1].job["state"] == "SUCCEEDED"
    assert seen[-1].job["result"] == {"worked": 5}


async def test_a_watcher_who_comes_back_hears_only_what_is_new_and_then_that_there_is_no_more(
    service: Service, works: Works[UnitOfWork], jobs: Jobs
) -> None:
    path = await submit(service, works, jobs, "slow")
    async with working(service.runner):
        first = await anext(aiter(events(service, path)))
        assert isinstance(first, Event)
        rest = [event async for event in events(service, path, first.id) if isinstance(event, Event)]
    assert min(event.id for event in rest) > first.id
    assert rest[-1].name == "done"
    answer = await service.client.get(path + "/events", headers={**bearer(), "Last-Event-ID": str(rest[-1].id)})
    assert answer.status_code == 204, "tells a browser to stop reconnecting"
    late = [event async for event in events(service, path)]
    assert len(late) == 1


async def test_a_quiet_stream_shows_that_it_lives_and_holds_no_connection(
    service: Service,
    works: Works[UnitOfWork],
    jobs: Jobs,
    engine: AsyncEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(routes_module, "HEARTBEAT_SECONDS", 0.5)
    path = await submit(service, works, jobs, "waiting for nobody")
    started = time.monotonic()
    watchers = [aiter(events(service, path)) for _ in range(20)]
    for watcher in watchers:
        assert isinstance(await anext(watcher), Event)
    assert all([isinstance(await anext(watcher), str) for watcher in watchers])
    assert time.monotonic() - started < 10, "twenty watchers on a pool of eight connections"
    for watcher in watchers:
        await watcher.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_a_process_that_stops_lets_its_watchers_go(
    service: Service, works: Works[UnitOfWork], jobs: Jobs
) -> None:
    path = await submit(service, works, jobs, "waiting for nobody")
    watcher = aiter(events(service, path))
    assert isinstance(await anext(watcher), Event)
    service.ops.stopping = True
    assert await asyncio.wait_for(anext(watcher, None), 2) is None


async def test_an_odd_last_event_id_is_as_good_as_none(service: Service) -> None:
    path = (await service.upload(csv_of("a,1"))).headers["location"]
    await service.runner.run_one()
    async with service.client.stream(
        "GET", path + "/events", headers={**bearer(), "Last-Event-ID": "x" * 50 + os.sep}
    ) as answer:
        assert "event: done" in (await answer.aread()).decode()

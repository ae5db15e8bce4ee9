import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from deploy.local.postgres import PostgresServer
from shared.kit.health import Check, NotReady, database_check, examine, schema_check
from shared.kit.ops import PATHS, Ops, serving_ops
from tests.unit.kit.a_service import a_client, an_api, some_settings

ROOT = Path(__file__).parents[4]


async def _good() -> str:
    return "fine"


async def _bad() -> str:
    raise NotReady("3 entries unpublished for 40 s")


async def _broken() -> str:
    raise RuntimeError("password=hunter2")


async def _slow() -> str:
    await asyncio.sleep(10)
    return "never"


async def test_a_process_is_ready_when_every_named_check_passes() -> None:
    answer = await Ops("things", "worker", [Check("a", _good), Check("b", _good)]).answer("/readyz")
    assert answer is not None
    assert (answer.status, b'"status":"ready"' in answer.body) == (200, True)


async def test_one_failing_check_makes_it_unready_and_says_which_and_why() -> None:
    ops = Ops("things", "worker", [Check("a", _good), Check("relay", _bad)])
    async with serving_ops(ops, host="127.0.0.1", port=0) as port, httpx.AsyncClient(trust_env=False) as client:
        response = await client.get(f"http://127.0.0.1:{port}/readyz")
    told = response.json()
    assert (response.status_code, told["status"]) == (503, "not_ready")
    assert [(check["name"], check["ok"]) for check in told["checks"]] == [("a", True), ("relay", False)]
    assert told["checks"][1]["detail"] == "3 entries unpublished for 40 s"
    assert told["checks"][1]["ms"] >= 0


async def test_a_broken_or_slow_check_fails_without_telling_secrets_or_delaying_the_answer() -> None:
    started = time.monotonic()
    broken, slow = await examine([Check("x", _broken), Check("y", _slow, timeout_seconds=0.05)])
    assert time.monotonic() - started < 2
    assert (broken.ok, broken.detail) == (False, "RuntimeError")
    assert (slow.ok, slow.detail) == (False, "no answer within 0.05 s")


async def test_being_alive_asks_nobody() -> None:
    answer = await Ops("things", "api", [Check("x", _slow)]).answer("/livez")
    assert answer is not None
    assert answer.status == 200


async def test_the_database_and_its_schema_are_checked(engine: AsyncEngine) -> None:
    nowhere = create_async_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    checks = [
        database_check(engine),
        schema_check(engine, "abc"),
        schema_check(engine, "def"),
        database_check(nowhere),
        schema_check(nowhere, "abc"),
    ]
    findings = await examine(checks)
    assert [finding.ok for finding in findings] == [True, True, False, False, False]
    assert findings[2].detail == "at abc, needs def"


async def test_what_is_counted_carries_service_and_role() -> None:
    await Ops("others", "api").answer("/metrics")
    answer = await Ops("things", "worker").answer("/metrics")
    assert answer is not None
    samples = [line for line in answer.body.decode().split("\n") if line and not line.startswith("#")]
    assert samples
    assert all('service="things"' in line and 'role="worker"' in line for line in samples)


async def test_the_version_tells_commit_and_schema() -> None:
    answer = await Ops("things", "api", version="1.2.3", commit="c0ffee", schema_head="abc").answer("/version")
    assert answer is not None
    for told in (b'"version":"1.2.3"', b'"commit":"c0ffee"', b'"schema_head":"abc"'):
        assert told in answer.body


async def test_the_ops_port_answers_nothing_else() -> None:
    ops = Ops("things", "worker")
    async with serving_ops(ops, host="127.0.0.1", port=0) as port, httpx.AsyncClient(trust_env=False) as client:
        base = f"http://127.0.0.1:{port}"
        assert (await client.get(f"{base}/docs")).status_code == 404
        assert (await client.post(f"{base}/livez")).status_code == 404
        assert (await client.head(f"{base}/livez")).content == b""


async def test_an_api_answers_the_same_paths_on_its_own_port() -> None:
    async with a_client(an_api(checks=[Check("relay", _bad)])) as client:
        answers = {path: (await client.get(path)).status_code for path in PATHS}
    assert answers == {"/livez": 200, "/readyz": 503, "/metrics": 200, "/version": 200}


async def test_a_taken_port_is_found_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            async with serving_ops(Ops("things", "worker"), host="127.0.0.1", port=taken.getsockname()[1]):
                pass


@dataclass
class _Process:
    process: asyncio.subprocess.Process
    api: str
    ops: str


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _running(server: PostgresServer, *arguments: str) -> AsyncIterator[_Process]:
    settings = some_settings(
        database_url=server.url("kit"), http_port=_free_port(), ops_port=_free_port(), service="things"
    )
    secret = {"database_url", "database_direct_url", "client_secret", "data_keys", "audit_signing_key"}
    told = settings.model_dump(mode="json", exclude_none=True).items()
    environment = {name.upper(): value if isinstance(value, str) else json.dumps(value) for name, value in told}
    environment |= {name.upper(): getattr(settings, name).get_secret_value() for name in secret}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.kit.http.a_process",
        *arguments,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    host = "http://127.0.0.1"
    try:
        yield _Process(process, f"{host}:{settings.http_port}", f"{host}:{settings.ops_port}")
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _until_ready(client: httpx.AsyncClient, running: _Process) -> None:
    for _ in range(200):
        try:
            if (await client.get(f"{running.api}/readyz")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
    pytest.fail("the process never became ready")


async def test_a_process_serves_both_ports_and_finishes_what_is_in_flight_when_it_is_told_to_stop(
    server: PostgresServer,
) -> None:
    async with _running(server) as running, httpx.AsyncClient(trust_env=False, timeout=10) as client:
        await _until_ready(client, running)
        assert (await client.get(f"{running.ops}/readyz")).status_code == 200
        assert (await client.get(f"{running.api}/docs")).status_code == 200
        in_flight = asyncio.create_task(client.get(f"{running.api}/slow"))
        await asyncio.sleep(0.3)
        running.process.send_signal(signal.SIGTERM)
        assert (await in_flight).json() == "finished"
        assert await asyncio.wait_for(running.process.wait(), 10) == 0


async def test_a_process_with_an_undeclared_route_exits_and_names_it(server: PostgresServer) -> None:
    async with _running(server, "undeclared") as running:
        output, _ = await asyncio.wait_for(running.process.communicate(), 30)
    assert running.process.returncode == 3
    assert b"UndeclaredRoute" in output
    assert b"GET /planted" in output

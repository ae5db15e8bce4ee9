"""The stack as a whole, with small services in place of the real ones."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil
import pytest
from joserfc.jws import extract_compact

from deploy.local.catalogue import Service
from deploy.local.claim import Claim, StackIsRunning, stop_running
from deploy.local.forkserver import PROJECT
from deploy.local.program import NotReady, until
from deploy.local.stack import JobFailed, Stack

SMALL = "tests.integration.local.small_service"
FAILING = "tests.integration.local.failing_service"


def small(name: str, *, worker_module: str = SMALL, reads: tuple[str, ...] = ()) -> Service:
    return Service(name, reads=reads, api_module=SMALL, worker_module=worker_module, migrates=False)


def a_stack(var_dir: Path, *services: Service) -> Stack:
    return Stack(
        var_dir,
        environment="test",
        services=services or SERVICES,
        extra_env={"LOG_LEVEL": "DEBUG"},
        libraries=("uuid_utils.compat",),
    )


SERVICES = (small("registry"), small("subsidy", reads=("registry",)))


@pytest.fixture(scope="module")
async def stack(home: Path) -> AsyncIterator[Stack]:
    async with a_stack(home / "var") as stack:
        yield stack


async def environment_of(stack: Stack, service: str, role: str) -> dict[str, str]:
    async with httpx.AsyncClient(base_url=stack.ops_url(service, role)) as client:
        environment: dict[str, str] = (await client.get("/")).json()["environment"]
        return environment


async def test_a_process_is_told_where_everything_is_and_nothing_else(stack: Stack) -> None:
    env = await environment_of(stack, "subsidy", "worker")
    assert env["DATABASE_URL"] == stack.database_url("subsidy")
    assert env["NATS_URL"] == stack.nats.url
    assert json.loads(env["PUBLISHER_URLS"]) == {"registry": stack.url("registry")}
    assert env["LOG_LEVEL"] == "DEBUG"
    assert "HOME" not in env


async def test_services_share_no_secret(stack: Stack) -> None:
    one, other = await environment_of(stack, "registry", "api"), await environment_of(stack, "subsidy", "api")
    for name in ("DATABASE_URL", "CLIENT_SECRET", "DATA_KEYS"):
        assert one[name] != other[name]


async def test_a_killed_process_is_back_within_a_second(stack: Stack) -> None:
    process = stack.process("registry.api")
    before, began = process.pid, time.monotonic()
    process.kill9()
    await process.wait_ready()
    assert process.pid != before
    assert time.monotonic() - began < 1


async def test_killed_servers_come_back(stack: Stack) -> None:
    stack.postgres.kill9()
    stack.nats.kill9()
    assert await until(lambda: stack.postgres.alive and stack.nats.alive, seconds=5)
    await asyncio.gather(stack.postgres.wait_ready(), stack.nats.wait_ready())
    async with stack.postgres.admin("registry") as admin:
        await admin.execute("SELECT 1")


async def test_everything_comes_back_after_the_fork_server_was_killed(stack: Stack) -> None:
    before = stack.process("subsidy.worker").pid
    stack.forkserver.kill9()
    assert await until(lambda: stack.process("subsidy.worker").pid not in {None, before}, seconds=10)
    await asyncio.gather(*(stack.process(name).wait_ready() for name in ("registry.api", "subsidy.worker")))


async def test_a_stopped_process_stays_stopped_until_it_is_wanted_again(stack: Stack) -> None:
    await stack.stop_process("subsidy.worker")
    await asyncio.sleep(0.5)
    assert not stack.process("subsidy.worker").alive
    await stack.spawn("subsidy.worker")
    assert stack.process("subsidy.worker").alive


async def test_a_process_can_be_given_further_settings_which_a_restart_keeps(stack: Stack) -> None:
    process = await stack.spawn("registry.worker", extra_env={"STOP_AT": "commit"})
    process.kill9()
    await process.wait_ready()
    assert (await environment_of(stack, "registry", "worker"))["STOP_AT"] == "commit"
    await stack.spawn("registry.worker")
    assert "STOP_AT" not in await environment_of(stack, "registry", "worker")


async def test_a_frozen_process_does_not_answer_until_it_is_thawed(stack: Stack) -> None:
    process = stack.process("registry.api")
    process.sigstop()
    async with httpx.AsyncClient(base_url=process.ops_url, timeout=0.3) as client:
        with pytest.raises(httpx.TimeoutException):
            await client.get("/readyz")
    process.sigcont()
    await process.wait_ready()


async def test_a_job_that_fails_says_why(stack: Stack) -> None:
    with pytest.raises(JobFailed, match="the settings are wrong"):
        await stack.run(FAILING, service="registry")


async def test_a_second_stack_in_the_same_folder_is_refused(stack: Stack) -> None:
    with pytest.raises(StackIsRunning, match=f"process {os.getpid()}"):
        await a_stack(stack.var_dir).start()
    assert stack.process("registry.api").alive


async def test_memory_is_told_by_process_and_adds_up(stack: Stack) -> None:
    report = stack.memory()
    names = {share.name for share in report.shares}
    assert {"supervisor", "forkserver", "postgres", "nats", "registry.api", "subsidy.worker"} <= names
    assert all(share.pss_bytes > 0 for share in report.shares)
    assert report.total_bytes == sum(share.pss_bytes for share in report.shares)
    postgres = next(share for share in report.shares if share.name == "postgres")
    assert postgres.processes > 1, "its backends count to it"


async def test_the_record_tells_where_things_are_and_no_secret(stack: Stack) -> None:
    assert await until(lambda: len(json.loads((stack.var_dir / "stack.json").read_text())["processes"]) == 7, seconds=5)
    record = (stack.var_dir / "stack.json").read_text()
    assert json.loads(record)["urls"]["registry"] == stack.url("registry")
    secrets = json.loads((stack.var_dir / "secrets" / "local.json").read_text())
    assert not [name for name, secret in secrets.items() if secret in record]


async def test_secrets_are_readable_by_their_owner_only(stack: Stack) -> None:
    assert stat.S_IMODE((stack.var_dir / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((stack.var_dir / "secrets" / "local.json").stat().st_mode) == 0o600


async def test_stopping_leaves_no_process_and_starting_again_finds_data_ports_and_secrets(home: Path) -> None:
    first = a_stack(home / "again")
    await first.start()
    url, database_url = first.url("registry"), first.database_url("registry")
    async with first.postgres.admin("registry") as admin:
        await admin.execute("CREATE TABLE kept (id int)")
    pids = [entry["pid"] for entry in first.description()["processes"]]
    assert len(pids) == 7
    began = time.monotonic()
    await first.stop()
    assert time.monotonic() - began < 10
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    assert Claim(home / "again").holder() is None
    async with a_stack(home / "again") as second:
        assert (second.url("registry"), second.database_url("registry")) == (url, database_url)
        async with second.postgres.admin("registry") as admin:
            await admin.execute("SELECT id FROM kept")


async def test_a_service_that_cannot_start_fails_the_start_with_its_log_and_leaves_nothing_behind(home: Path) -> None:
    broken = a_stack(home / "broken", small("registry", worker_module=FAILING))
    with pytest.raises(Exception, match="the settings are wrong"):
        await broken.start()
    assert not broken.postgres.alive
    assert not broken.nats.alive
    assert not broken.forkserver.alive
    assert Claim(home / "broken").holder() is None


STARTER = """
import asyncio, sys
from pathlib import Path
from tests.integration.local.test_stack import a_stack
async def main():
    stack = a_stack(Path(sys.argv[1]))
    await stack.start()
    print(*(entry["pid"] for entry in stack.description()["processes"]), flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_a_killed_supervisor_takes_everything_along_and_the_next_start_works(home: Path) -> None:
    argv = [sys.executable, "-c", STARTER, str(home / "killed")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=PROJECT, env=os.environ | {"PYTHONPATH": "."}) as starter:
        assert starter.stdout is not None
        line = await asyncio.to_thread(starter.stdout.readline)
        starter.send_signal(signal.SIGKILL)
    pids = [int(pid) for pid in line.split()]
    assert len(pids) == 7
    assert await until(lambda: not any(_runs(pid) for pid in pids), seconds=5)
    async with a_stack(home / "killed") as stack:
        assert stack.process("registry.api").alive


TERMINAL = """
import asyncio, sys
from pathlib import Path
from deploy.local.__main__ import up
from tests.integration.local.test_stack import a_stack
asyncio.run(up(a_stack(Path(sys.argv[1]))))
"""


def in_a_terminal(var_dir: Path) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-c", TERMINAL, str(var_dir)]
    env = os.environ | {"PYTHONPATH": ".", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=PROJECT, env=env)


async def test_in_a_terminal_it_shows_urls_and_a_token_and_ends_on_an_interrupt(home: Path) -> None:
    with in_a_terminal(home / "terminal") as terminal:
        assert terminal.stdout is not None
        shown = ""
        while "export TOKEN=" not in shown:
            line = await asyncio.to_thread(terminal.stdout.readline)
            assert line, shown
            shown += line
        pids = [entry["pid"] for entry in json.loads((home / "terminal" / "stack.json").read_text())["processes"]]
        terminal.send_signal(signal.SIGINT)
        rest = await asyncio.to_thread(terminal.stdout.read)
        assert await asyncio.to_thread(terminal.wait, 10) == 0
    assert "/docs" in shown
    assert "registry.worker" in shown
    assert "stopped in" in rest
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


async def test_it_can_be_ended_while_it_is_starting_and_from_elsewhere(home: Path) -> None:
    with in_a_terminal(home / "early") as terminal:
        assert await until(lambda: Claim(home / "early").holder() == terminal.pid, seconds=10)
        assert await asyncio.to_thread(stop_running, home / "early")
        assert await asyncio.to_thread(terminal.wait, 10) == 0
    assert Claim(home / "early").holder() is None


def test_the_token_of_a_person_is_no_machines(stack: Stack) -> None:
    claims = json.loads(extract_compact(stack.token("auditor").encode()).payload)
    assert claims["sub"] != claims["client_id"]
    machine = json.loads(extract_compact(stack.token(scopes=["journal:read"], subject="reader").encode()).payload)
    assert machine["sub"] == machine["client_id"] == "reader"


def test_there_is_nothing_to_stop_where_nothing_runs(home: Path) -> None:
    assert stop_running(home / "nowhere") is False


def test_a_stack_that_does_not_end_is_reported(home: Path) -> None:
    deaf = "import signal, sys, time\nfrom pathlib import Path\nfrom deploy.local.claim import Claim\n"
    deaf += "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    deaf += "claim = Claim(Path(sys.argv[1]))\nclaim.take()\nprint('taken', flush=True)\ntime.sleep(60)\n"
    argv = [sys.executable, "-c", deaf, str(home / "deaf")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=PROJECT, env=os.environ | {"PYTHONPATH": "."}) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(NotReady, match=f"process {process.pid}"):
            stop_running(home / "deaf", seconds=0.3)
        process.kill()


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

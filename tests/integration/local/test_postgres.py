"""PostgreSQL of the embedded stack: durable, closed between services, restorable."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from deploy.local.forkserver import PROJECT
from deploy.local.ports import Ports
from deploy.local.postgres import HOST, PostgresServer
from deploy.local.program import until
from tests.integration.local.conftest import PASSWORDS


@asynccontextmanager
async def connected(
    server: PostgresServer, database: str, *, role: str = "", password: str = ""
) -> AsyncIterator[psycopg.AsyncConnection]:
    role = role or database
    connection = await psycopg.AsyncConnection.connect(
        host=HOST,
        port=server.port,
        dbname=database,
        user=role,
        password=password or PASSWORDS[role],
        autocommit=True,
        connect_timeout=5,
    )
    async with connection:
        yield connection


async def notes(server: PostgresServer) -> list[str]:
    async with connected(server, "registry") as registry:
        cursor = await registry.execute("SELECT text FROM note ORDER BY text")
        return [text for (text,) in await cursor.fetchall()]


@pytest.fixture(autouse=True)
async def note_table(postgres: PostgresServer) -> None:
    async with connected(postgres, "registry") as registry:
        await registry.execute("DROP TABLE IF EXISTS note")
        await registry.execute("CREATE TABLE note (text text)")
        await registry.execute("INSERT INTO note VALUES ('first')")


async def test_what_was_committed_survives_a_kill(postgres: PostgresServer) -> None:
    postgres.kill9()
    assert not postgres.alive
    await postgres.start()
    assert await notes(postgres) == ["first"]


async def test_what_was_committed_survives_a_restart(postgres: PostgresServer) -> None:
    await postgres.restart()
    assert await notes(postgres) == ["first"]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("wal_level", "replica"),
        ("listen_addresses", "127.0.0.1"),
        ("server_encoding", "UTF8"),
    ],
)
async def test_the_server_is_durable_and_listens_on_this_machine_only(
    postgres: PostgresServer, setting: str, value: str
) -> None:
    async with connected(postgres, "registry") as registry:
        cursor = await registry.execute("SELECT current_setting(%s)", (setting,))
        assert await cursor.fetchone() == (value,)


@pytest.mark.parametrize("database", ["subsidy", "postgres", "template1"])
async def test_a_service_cannot_connect_to_a_database_that_is_not_its_own(
    postgres: PostgresServer, database: str
) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
        async with connected(postgres, database, role="registry"):
            pass


async def test_the_database_itself_refuses_other_services_too(postgres: PostgresServer) -> None:
    async with postgres.admin() as admin:
        cursor = await admin.execute(
            """SELECT role, database, has_database_privilege(role, database, 'CONNECT')
               FROM unnest(ARRAY['registry', 'subsidy']) role, unnest(ARRAY['registry', 'subsidy']) database"""
        )
        allowed = {(role, database) for role, database, may in await cursor.fetchall() if may}
    assert allowed == {("registry", "registry"), ("subsidy", "subsidy")}


async def test_a_service_is_no_superuser_and_makes_neither_roles_nor_databases(postgres: PostgresServer) -> None:
    async with connected(postgres, "registry") as registry:
        for statement in ("CREATE ROLE spy LOGIN", "CREATE DATABASE hoard", "COPY note TO PROGRAM 'cat'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await registry.execute(statement)


async def test_a_wrong_password_is_refused(postgres: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        async with connected(postgres, "registry", password="guess"):
            pass


async def test_values_never_reach_the_log(postgres: PostgresServer) -> None:
    async with connected(postgres, "registry") as registry:
        with pytest.raises(psycopg.errors.UndefinedColumn):
            await registry.execute("SELECT * FROM note WHERE nothing = '341502199001011234'")
    assert "341502199001011234" not in postgres.program.log_file.read_text()


async def test_restoring_puts_back_the_moment_of_the_back_up(postgres: PostgresServer, home: Path) -> None:
    await postgres.dump_database("registry", home / "registry.dump")
    async with connected(postgres, "registry") as registry:
        await registry.execute("INSERT INTO note VALUES ('second')")
    await postgres.restore_database("registry", home / "registry.dump")
    assert await notes(postgres) == ["first"]


async def test_what_must_follow_a_restore_is_there_before_anybody_can_look(
    postgres: PostgresServer, home: Path
) -> None:
    await postgres.dump_database("registry", home / "registry.dump")
    seen: list[list[str]] = []

    async def after_restore(url: str) -> None:
        seen.append(await notes(postgres))
        async with await psycopg.AsyncConnection.connect(url.replace("+psycopg", "")) as restored:
            await restored.execute("INSERT INTO note VALUES ('new epoch')")

    async with connected(postgres, "registry") as registry:
        await registry.execute("INSERT INTO note VALUES ('second')")
    await postgres.restore_database("registry", home / "registry.dump", after_restore=after_restore)
    assert seen == [["first", "second"]], "the old database serves until the exchange"
    assert await notes(postgres) == ["first", "new epoch"]


async def test_a_restore_that_fails_leaves_the_database_as_it_was(postgres: PostgresServer, home: Path) -> None:
    await postgres.dump_database("registry", home / "registry.dump")

    async def after_restore(_url: str) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await postgres.restore_database("registry", home / "registry.dump", after_restore=after_restore)
    assert await notes(postgres) == ["first"]
    async with postgres.admin() as admin:
        cursor = await admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'registry_%'")
        assert await cursor.fetchall() == []


async def test_a_restored_database_is_as_closed_as_before(postgres: PostgresServer, home: Path) -> None:
    await postgres.dump_database("registry", home / "registry.dump")
    await postgres.restore_database("registry", home / "registry.dump")
    async with postgres.admin() as admin:
        cursor = await admin.execute("SELECT has_database_privilege('subsidy', 'registry', 'CONNECT')")
        assert await cursor.fetchone() == (False,)
    async with connected(postgres, "registry") as registry:
        await registry.execute("INSERT INTO note VALUES ('mine')")


STARTER = """
import asyncio, sys, time
from pathlib import Path
from deploy.local.postgres import PostgresServer
server = PostgresServer(Path(sys.argv[1]), port=int(sys.argv[2]), password="p", owners={}, log_file=Path(sys.argv[3]))
asyncio.run(server.start())
print(server.pid, flush=True)
time.sleep(60)
"""


async def test_the_server_ends_when_its_starter_is_killed(home: Path) -> None:
    port = Ports(home / "other-ports.json").port("postgres")
    argv = [sys.executable, "-c", STARTER, str(home / "other"), str(port), str(home / "other.log")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=PROJECT, env=os.environ | {"PYTHONPATH": "."}) as starter:
        assert starter.stdout is not None
        line = await asyncio.to_thread(starter.stdout.readline)
        pid = int(line)
        starter.send_signal(signal.SIGKILL)
    assert await until(lambda: not _runs(pid), seconds=5)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

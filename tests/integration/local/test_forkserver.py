"""Forked service processes: as separate as if they had been started one by one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

import httpx
import psutil
import pytest

from deploy.local.forkserver import Forked, ForkServer, ForkServerIsDown
from deploy.local.ports import Ports
from deploy.local.program import until, until_answered

SMALL = "tests.integration.local.small_service"
FAILING = "tests.integration.local.failing_service"


@pytest.fixture
async def server(home: Path) -> AsyncIterator[ForkServer]:
    server = ForkServer(home / "log" / "forkserver.log", preload=("uuid_utils.compat", SMALL, "no.such.module"))
    server.launch()
    yield server
    await server.stop()


class Nest:
    """Starts small services and asks them about themselves."""

    def __init__(self, server: ForkServer, home: Path) -> None:
        self._server = server
        self._home = home
        self._ports = Ports(home / "fork-ports.json")

    def fork(self, name: str, module: str = SMALL) -> Forked:
        env = {"OPS_PORT": str(self._ports.port(name)), "COLOUR": "green"}
        return self._server.fork(
            name, module, env=env, log_file=self._home / "log" / f"{name}.log", argv=["one", "two"]
        )

    async def ask(self, child: Forked) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self._ports.port(child.name)}") as client:
            assert await until_answered(client, "/", alive=lambda: child.alive, seconds=10)
            answer: dict[str, Any] = (await client.get("/")).json()
            return answer


@pytest.fixture
def nest(server: ForkServer, home: Path) -> Nest:
    return Nest(server, home)


async def test_a_child_sees_exactly_the_environment_it_was_given(nest: Nest) -> None:
    answer = await nest.ask(nest.fork("a"))
    assert set(answer["environment"]) == {"OPS_PORT", "COLOUR"}
    assert answer["argv"] == [SMALL, "one", "two"]


async def test_a_child_has_a_session_of_its_own(nest: Nest) -> None:
    answer = await nest.ask(nest.fork("a"))
    assert answer["session"] == answer["pid"]


async def test_a_child_inherits_no_descriptor(nest: Nest) -> None:
    answer = await nest.ask(nest.fork("a"))
    # Standard streams, its listening socket, the connection of this question, the folder it lists.
    assert answer["descriptors"] == [0, 1, 2, 3, 4, 5]


async def test_two_children_draw_different_random_numbers(nest: Nest) -> None:
    first, second = nest.fork("a"), nest.fork("b")
    answers = await asyncio.gather(nest.ask(first), nest.ask(second))
    assert not set(answers[0]["ids"]) & set(answers[1]["ids"])


async def test_killing_a_child_is_noticed_and_hits_no_other(nest: Nest) -> None:
    first, second = nest.fork("a"), nest.fork("b")
    await asyncio.gather(nest.ask(first), nest.ask(second))
    first.signal(SIGKILL)
    assert await first.ended(2)
    assert first.status == -SIGKILL
    assert second.alive


async def test_a_child_that_is_asked_to_end_ends(nest: Nest) -> None:
    child = nest.fork("a")
    await nest.ask(child)
    await child.end(seconds=2)
    assert child.status == -SIGTERM


async def test_a_frozen_child_can_still_be_ended(nest: Nest) -> None:
    child = nest.fork("a")
    await nest.ask(child)
    child.freeze()
    await child.end(seconds=2)
    assert not child.alive


async def test_what_a_child_says_is_in_its_log(nest: Nest) -> None:
    child = nest.fork("a")
    await nest.ask(child)
    assert "small service started" in child.log_file.read_text()


async def test_a_child_that_cannot_start_leaves_its_reason_in_the_log(nest: Nest) -> None:
    child = nest.fork("failing", FAILING)
    assert await child.ended(10)
    assert child.status == 1
    assert "LookupError: the settings are wrong" in child.log_file.read_text()


async def test_children_die_with_the_fork_server(server: ForkServer, nest: Nest) -> None:
    child = nest.fork("a")
    pid = (await nest.ask(child))["pid"]
    server.kill9()
    assert await child.ended(2)
    assert await until(lambda: _is_gone(pid), seconds=2)
    with pytest.raises(ForkServerIsDown):
        nest.fork("b")


async def test_a_restarted_fork_server_forks_again(server: ForkServer, nest: Nest) -> None:
    await nest.ask(nest.fork("a"))
    server.kill9()
    server.launch()
    assert (await nest.ask(nest.fork("a")))["argv"][0] == SMALL


def _is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True

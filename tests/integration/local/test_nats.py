"""NATS of the embedded stack: syncs every write, survives kills, can be wiped."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import nats
import nats.js.errors
import pytest

from deploy.local.nats import NatsServer
from deploy.local.ports import Ports


def a_server(home: Path, *, includes: tuple[Path, ...] = ()) -> NatsServer:
    ports = Ports(home / "nats-ports.json")
    return NatsServer(
        home / "nats" / "store",
        port=ports.port("nats"),
        monitor_port=ports.port("monitor"),
        log_file=home / "log" / "nats.log",
        includes=includes,
    )


@pytest.fixture
async def server(home: Path) -> AsyncIterator[NatsServer]:
    server = a_server(home)
    await server.start()
    yield server
    await server.stop()


async def publish(server: NatsServer) -> None:
    client = await nats.connect(server.url)
    stream = client.jetstream()
    await stream.add_stream(name="NOTES", subjects=["note.>"])
    await stream.publish("note.first", b"first")
    await client.close()


async def stored(server: NatsServer) -> int:
    client = await nats.connect(server.url)
    try:
        return (await client.jetstream().stream_info("NOTES")).state.messages
    finally:
        await client.close()


async def test_every_write_is_synced_before_it_is_acknowledged(server: NatsServer) -> None:
    async with httpx.AsyncClient(base_url=server.monitor_url) as client:
        config = (await client.get("/jsz", params={"config": "true"})).json()["config"]
    assert config["sync_always"] is True


async def test_an_acknowledged_message_survives_a_kill(server: NatsServer) -> None:
    await publish(server)
    server.kill9()
    assert not server.alive
    await server.start()
    assert await stored(server) == 1


async def test_wiping_loses_streams_and_messages(server: NatsServer) -> None:
    await publish(server)
    await server.wipe()
    with pytest.raises(nats.js.errors.NotFoundError):
        await stored(server)


async def test_further_configuration_is_taken_in(server: NatsServer, home: Path) -> None:
    users = home / "users.conf"
    users.write_text('authorization { user: "service", password: "secret" }\n')
    await server.stop()
    closed = a_server(home, includes=(users,))
    await closed.start()
    try:
        async with httpx.AsyncClient(base_url=closed.monitor_url) as client:
            assert (await client.get("/varz")).json()["auth_required"] is True
    finally:
        await closed.stop()

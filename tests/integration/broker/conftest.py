"""A real broker with every user of the product, and connections that remember what they were forbidden."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from nats.aio.client import Client

from deploy.local.catalogue import SERVICES
from deploy.local.nats import ADMIN, NatsServer
from deploy.local.ports import Ports
from deploy.nats.permissions import MONITOR, OF_MONITOR, OF_OPERATOR, OPERATOR, User, inbox, of_service
from deploy.nats.streams import reshape_streams
from shared.kit.bus import BrokerClient, Bus
from shared.kit.nkeys import Nkey

NAMES = tuple(service.name for service in SERVICES)


@dataclass
class Connection:
    """A connection of one user."""

    client: Client
    forbidden: list[str] = field(default_factory=list)

    async def refused(self, act: str, subjects: Iterable[str]) -> set[str]:
        """Publish to each subject or listen on it, once; those the broker minded (it names them in small letters)."""
        known = {subject.lower(): subject for subject in subjects}
        for subject in known.values():
            if act == "publish":
                await self.client.publish(subject, b"")
            else:
                await (await self.client.subscribe(subject)).unsubscribe()
        # What was forbidden is told beside the answers, perhaps a moment later.
        count = -1
        while count != len(self.forbidden):
            count = len(self.forbidden)
            await self.client.flush()
            await asyncio.sleep(0.2)
        return {known[reason.rpartition('to "')[2].rstrip('"')] for reason in self.forbidden}


class Broker:
    """The server and the keys of its users."""

    def __init__(self, home: Path) -> None:
        ports = Ports(home / "ports.json")
        self.keys = {name: Nkey.generate() for name in (*NAMES, MONITOR, OPERATOR)}
        self.server = NatsServer(
            home / "nats" / "store",
            port=ports.port("nats"),
            monitor_port=ports.port("monitor"),
            log_file=home / "log" / "nats.log",
            users=[
                *(User(service.name, of_service(service), nkey=self.keys[service.name].public) for service in SERVICES),
                User(MONITOR, OF_MONITOR, nkey=self.keys[MONITOR].public),
                User(OPERATOR, OF_OPERATOR, nkey=self.keys[OPERATOR].public),
                User(ADMIN, None, password="secret-of-the-stack"),
            ],
        )

    @asynccontextmanager
    async def connection(self, name: str) -> AsyncIterator[Connection]:
        """A connection of this user."""
        client = BrokerClient(self.keys[name])
        connection = Connection(client)

        async def note(error: Exception) -> None:
            connection.forbidden.append(str(error))

        await client.connect(
            self.server.url, signature_cb=self.keys[name].sign, inbox_prefix=inbox(name), error_cb=note
        )
        try:
            yield connection
        finally:
            await client.close()

    @asynccontextmanager
    async def bus(self, name: str) -> AsyncIterator[Bus]:
        """The product's own connection as this service."""
        bus = await Bus.connect(self.server.url, name=name, nkey_seed=self.keys[name].seed, inbox=inbox(name))
        try:
            yield bus
        finally:
            await bus.close()

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[Bus]:
        """The stack itself."""
        bus = await Bus.connect(self.server.admin_url, name="tests")
        try:
            yield bus
        finally:
            await bus.close()


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="liangfu-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
async def broker(home: Path) -> AsyncIterator[Broker]:
    broker = Broker(home)
    await broker.server.start()
    await reshape_streams(broker.server.admin_url, NAMES)
    yield broker
    await broker.server.stop()

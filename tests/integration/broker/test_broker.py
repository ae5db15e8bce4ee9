"""What the rights of the broker are worth: the product works with them, and nobody gets round them."""

import asyncio
import gc
from contextlib import suppress
from pathlib import Path

import nats
import nats.errors
import pytest

from deploy.local.nats import NatsServer
from deploy.local.ports import Ports
from deploy.nats import permissions
from shared.kit.bus import Bus, BusUnavailable
from shared.kit.nkeys import Nkey
from tests.integration.broker.conftest import NAMES, Broker


async def messages(broker: Broker, stream: str) -> int:
    async with broker.admin() as admin:
        return int((await admin._api(f"STREAM.INFO.{stream}"))["state"]["messages"])


async def say(bus: Bus, subject: str, *, reply: str = "", body: bytes = b"{}") -> None:
    await bus._client.publish(subject, body, reply=reply)
    await bus._client.flush()
    await asyncio.sleep(0.1)


async def test_a_reader_follows_its_publisher_with_its_own_rights_alone(broker: Broker) -> None:
    async with broker.bus("subsidy") as reader, broker.bus("registry") as publisher:
        deliveries = await reader.subscribe("REGISTRY", "subsidy-registry")
        before = await reader.pending("REGISTRY", "subsidy-registry")
        await say(publisher, "registry.thing.done.v1.341502", body=b"told")
        arrived = await deliveries.receive(limit=10, timeout_seconds=2)
        assert [delivery.body for delivery in arrived] == [b"told"]
        await deliveries.acknowledge(arrived)
        await reader._client.flush()
        await asyncio.sleep(0.2)
        told = await reader._api("CONSUMER.INFO.REGISTRY.subsidy-registry")
        await deliveries.close()
    assert before == 0
    assert told["num_ack_pending"] == 0


@pytest.mark.parametrize("name", NAMES)
async def test_a_service_creates_its_own_stream_when_it_is_missing(broker: Broker, name: str) -> None:
    async with broker.admin() as admin:
        await admin._api(f"STREAM.DELETE.{name.upper()}")
    async with broker.bus(name) as bus:
        await bus.ensure_stream(name.upper())
        assert await bus.last(name.upper()) is None


async def test_a_service_cannot_change_a_stream_not_even_its_own(broker: Broker) -> None:
    """A stream could be told to repeat what it gets in another service's name, or to catch others' answers."""
    async with broker.admin() as admin:
        before = (await admin._api("STREAM.INFO.REGISTRY"))["config"]
    async with broker.bus("registry") as bus:
        for change in ({"republish": {"src": "registry.>", "dest": "subsidy.>"}}, {"subjects": ["_INBOX.>"]}):
            with pytest.raises(BusUnavailable):
                await asyncio.wait_for(bus._api("STREAM.UPDATE.REGISTRY", before | change), 7)
    async with broker.admin() as admin:
        assert (await admin._api("STREAM.INFO.REGISTRY"))["config"] == before


async def test_a_stream_that_differs_does_not_stop_the_service(broker: Broker) -> None:
    async with broker.admin() as admin:
        config = (await admin._api("STREAM.INFO.REHAB"))["config"]
        await admin._api("STREAM.UPDATE.REHAB", config | {"max_bytes": 1_000_000})
    async with broker.bus("rehab") as bus:
        await bus.ensure_stream("REHAB")
    async with broker.admin() as admin:
        assert (await admin._api("STREAM.INFO.REHAB"))["config"]["max_bytes"] == 1_000_000
        await admin.ensure_stream("REHAB", reshape=True)
        assert (await admin._api("STREAM.INFO.REHAB"))["config"]["max_bytes"] == config["max_bytes"]


@pytest.mark.parametrize("verb", ["STREAM.PURGE.SUBSIDY", "STREAM.DELETE.SUBSIDY", "STREAM.MSG.DELETE.SUBSIDY"])
async def test_the_broker_cannot_be_made_to_destroy_by_its_own_answers(broker: Broker, verb: str) -> None:
    """Answers of the broker carry its own rights; one that arrives as a question must not be obeyed."""
    async with broker.bus("subsidy") as victim:
        await victim.ensure_stream("SUBSIDY")
        await say(victim, "subsidy.thing.done.v1.341502")
    before = await messages(broker, "SUBSIDY")
    async with broker.bus("registry") as bus:
        await bus.ensure_stream("REGISTRY")
        await say(bus, "registry.thing.done.v1.341502", reply=f"$JS.API.{verb}")
        await say(bus, "$JS.API.STREAM.INFO.REGISTRY", reply=f"$JS.API.{verb}", body=b"")
    assert await messages(broker, "SUBSIDY") == before > 0


async def test_nobody_comes_in_without_a_key_of_the_house(broker: Broker) -> None:
    with pytest.raises(nats.errors.Error, match=r"(?i)authorization"):
        await nats.connect(broker.server.url, allow_reconnect=False)
    with pytest.raises(BusUnavailable):
        await asyncio.wait_for(Bus.connect(broker.server.url, name="x", user="admin", password="guess"), 5)
    with pytest.raises(BusUnavailable):
        await asyncio.wait_for(Bus.connect(broker.server.url, name="x", nkey_seed=Nkey.generate().seed), 5)
    await _close_abandoned(broker)


async def _close_abandoned(broker: Broker) -> None:
    """The library lets go of refused connections without closing them."""
    for writer in [thing for thing in gc.get_objects() if isinstance(thing, asyncio.StreamWriter)]:
        if (writer.get_extra_info("peername") or ("", 0))[1] == broker.server.port:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def test_the_stack_itself_may_delete(broker: Broker) -> None:
    async with broker.admin() as admin:
        await admin.ensure_stream("STRANGER")
        assert (await admin._api("STREAM.DELETE.STRANGER"))["success"] is True


def test_the_file_for_production_is_what_the_rules_say() -> None:
    file = Path(permissions.__file__).with_name("users.conf")
    assert file.read_text() == permissions.production_file(), "run python -m deploy.nats.permissions > users.conf"


def test_the_configuration_with_the_password_is_read_by_its_owner_only(broker: Broker) -> None:
    assert (broker.server.store_dir.with_name("nats-server.conf").stat().st_mode & 0o777) == 0o600


def test_without_users_the_door_of_a_test_server_stays_open(home: Path) -> None:
    server = NatsServer(
        home / "open" / "store",
        port=Ports(home / "ports.json").port("open"),
        monitor_port=Ports(home / "ports.json").port("open-monitor"),
        log_file=home / "log" / "open.log",
    )
    assert "accounts" not in server.configuration()
    assert server.admin_url == server.url

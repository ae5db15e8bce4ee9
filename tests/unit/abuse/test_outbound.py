"""Where a process may ask: the origins it was told, at the addresses it first found, and nowhere an answer points."""

import asyncio
import re
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from shared.kit.bus import BrokerNotDurable, BusUnavailable, require_durable_broker
from shared.kit.clients import ServiceClient, ServiceIsUnavailable
from shared.kit.outbound import Kind, Origin, OutboundRefused, OutboundTransport, http_client, kind_of


class Names:
    """A name server whose answers change: one list after the other, the last for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> list[str]:
        self.asked += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not found:
            raise socket.gaierror
        return found


class Network:
    """What answers at each address; `down` addresses take no connection."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response] | None = None) -> None:
        self.down: set[str] = set()
        self.reached: list[httpx.Request] = []
        self._answer = answer or (lambda _: httpx.Response(200, text="ok"))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host in self.down:
            raise httpx.ConnectError("refused", request=request)
        self.reached.append(request)
        return self._answer(request)

    @property
    def hosts(self) -> list[str]:
        return [request.url.host for request in self.reached]


def a_client(names: Names, network: Network, *origins: str, follow: bool = False) -> httpx.AsyncClient:
    allowed = [Origin.of(origin) for origin in origins or ("http://other.test",)]
    transport = OutboundTransport(allowed, httpx.MockTransport(network), resolver=names)
    return httpx.AsyncClient(
        transport=transport, base_url=origins[0] if origins else "http://other.test", follow_redirects=follow
    )


async def refusal(client: httpx.AsyncClient, url: str = "/") -> str:
    with pytest.raises(OutboundRefused) as refused:
        await client.get(url)
    return refused.value.reason


async def test_an_allowed_origin_is_asked_by_its_name_at_its_address() -> None:
    network = Network()
    answer = await a_client(Names(["10.0.0.7"]), network).get("/things", params={"a": "1"})
    assert answer.text == "ok"
    [request] = network.reached
    assert str(request.url) == "http://10.0.0.7/things?a=1"
    assert request.headers["host"] == "other.test"
    assert request.extensions["sni_hostname"] == "other.test", "certificates are checked against the name"


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.test/",
        "https://other.test/",
        "http://other.test:8080/",
        "http://other.test.evil.test/",
        "http://evil.test#other.test",
        "http://other.test@evil.test/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data",
    ],
)
async def test_no_other_origin_is_asked(url: str) -> None:
    names, network = Names(["10.0.0.7"]), Network()
    assert await refusal(a_client(names, network), url) == "origin"
    assert (names.asked, network.reached) == (0, [])


@pytest.mark.parametrize("url", ["ftp://other.test/", "file://other.test/etc/passwd", "gopher://other.test/"])
async def test_no_other_protocol_is_spoken(url: str) -> None:
    assert await refusal(a_client(Names(["10.0.0.7"]), Network()), url) == "scheme"


@pytest.mark.parametrize("host", ["http://OTHER.test/", "http://other.test./", "http://other.test:80/"])
async def test_the_same_origin_spelt_otherwise_is_the_same(host: str) -> None:
    assert (await a_client(Names(["10.0.0.7"]), Network()).get(host)).status_code == 200


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("follow", [False, True])
async def test_a_redirect_is_followed_by_nobody(status: int, follow: bool) -> None:  # noqa: FBT001
    network = Network(lambda _: httpx.Response(status, headers={"Location": "http://169.254.169.254/"}))
    assert await refusal(a_client(Names(["10.0.0.7"]), network, follow=follow)) == "redirect"
    assert len(network.reached) == 1


async def test_an_unchanged_document_is_no_redirect() -> None:
    network = Network(lambda _: httpx.Response(304))
    assert (await a_client(Names(["10.0.0.7"]), network).get("/")).status_code == 304


@pytest.mark.parametrize("second", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "93.184.216.35"])
async def test_a_name_that_is_bound_anew_changes_nothing_while_its_address_answers(second: str) -> None:
    names, network = Names(["93.184.216.34"], [second]), Network()
    client = a_client(names, network)
    for _ in range(5):
        await client.get("/")
    assert names.asked == 1
    assert set(network.hosts) == {"93.184.216.34"}


@pytest.mark.parametrize("second", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "::"])
async def test_a_name_that_turns_to_another_kind_of_address_is_refused_even_when_the_first_is_gone(second: str) -> None:
    names, network = Names(["93.184.216.34"], [second]), Network()
    client = a_client(names, network)
    await client.get("/")
    network.down.add("93.184.216.34")
    assert await refusal(client) == "address"
    assert second not in network.hosts


async def test_a_service_that_moved_is_found_again() -> None:
    names, network = Names(["10.0.0.7"], ["10.0.0.8"]), Network()
    client = a_client(names, network)
    await client.get("/")
    network.down.add("10.0.0.7")
    await client.get("/")
    assert network.hosts == ["10.0.0.7", "10.0.0.8"]
    assert names.asked == 2


async def test_the_next_address_is_tried_when_one_takes_no_connection() -> None:
    names, network = Names(["10.0.0.7", "10.0.0.8"]), Network()
    network.down.add("10.0.0.7")
    await a_client(names, network).get("/")
    assert network.hosts == ["10.0.0.8"]


@pytest.mark.parametrize(
    "addresses",
    [
        ["169.254.169.254"],
        ["fe80::1%eth0"],
        ["224.0.0.1"],
        ["::"],
        ["240.0.0.1"],
        ["93.184.216.34", "127.0.0.1"],
        ["10.0.0.1", "93.184.216.34"],
    ],
)
async def test_addresses_no_service_has_are_refused(addresses: list[str]) -> None:
    network = Network()
    assert await refusal(a_client(Names(addresses), network)) == "address"
    assert not network.reached


async def test_a_name_nobody_knows_is_a_lost_connection_not_a_crash() -> None:
    with pytest.raises(httpx.ConnectError):
        await a_client(Names([]), Network()).get("/")


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", Kind.LOOPBACK),
        ("::1", Kind.LOOPBACK),
        ("::ffff:127.0.0.1", Kind.LOOPBACK),
        ("10.1.2.3", Kind.PRIVATE),
        ("172.16.0.1", Kind.PRIVATE),
        ("192.168.1.1", Kind.PRIVATE),
        ("100.64.0.1", Kind.PRIVATE),
        ("fd00::1", Kind.PRIVATE),
        ("8.8.8.8", Kind.PUBLIC),
        ("2606:4700::1111", Kind.PUBLIC),
        ("169.254.0.1", Kind.FORBIDDEN),
        ("fe80::1%eth0", Kind.FORBIDDEN),
        ("255.255.255.255", Kind.FORBIDDEN),
    ],
)
def test_addresses_are_of_a_kind(address: str, kind: Kind) -> None:
    assert kind_of(address) is kind


async def test_a_client_of_another_service_says_unavailable_when_it_is_sent_elsewhere() -> None:
    network = Network(lambda _: httpx.Response(302, headers={"Location": "http://evil.test"}))
    client = ServiceClient("other", a_client(Names(["10.0.0.7"]), network), attempts_max=1)
    with pytest.raises(ServiceIsUnavailable, match="OutboundRefused"):
        await client.get("/things")


@pytest.mark.parametrize("url", ["", "relative", "ftp://other.test", "http://"])
def test_a_client_is_made_for_an_origin_or_not_at_all(url: str) -> None:
    with pytest.raises(ValueError, match="absolute"):
        http_client(url)


async def test_a_real_server_that_redirects_is_not_followed_and_the_brokers_monitor_is_asked_the_same_way() -> None:
    async def redirecting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(redirecting, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, http_client(url) as client:
        assert await refusal(client) == "redirect"
        with pytest.raises((BrokerNotDurable, BusUnavailable)):
            await require_durable_broker(url)


def test_no_code_of_the_product_opens_a_door_of_its_own() -> None:
    own_door = re.compile(
        r"httpx\.(AsyncClient|Client|get|post|request|stream)\(|urllib\.request|^\s*(import|from) requests\b|aiohttp",
        re.MULTILINE,
    )
    root = Path(__file__).parents[3]
    found = [
        str(file.relative_to(root))
        for folder in ("shared", "services")
        for file in (root / folder).rglob("*.py")
        if own_door.search(file.read_text()) and file.name != "outbound.py"
    ]
    assert not found

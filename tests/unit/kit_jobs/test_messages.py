"""Messages to people: one suite for the spool and for a gateway over HTTP, and what a gateway alone can do wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from shared.kit.crypto import KeyRing
from shared.kit.message_gateway import SIGNATURE_HEADER, ByMedium, HttpGateway, MessageSettings, signature
from shared.kit.messages import FileSpool, Medium, Message, Messenger
from tests.builders.databases import DATA_KEYS
from tests.builders.settings import settings_of

KEYS = KeyRing.parse(DATA_KEYS)
SECRET = SecretStr("共同的密钥")


def a_message(medium: Medium = Medium.SMS) -> Message:
    return Message(uuid4(), medium, "14312341234", "您可能符合补贴条件，请及时申请。")


@dataclass
class Gateway:
    """A real HTTP server that takes every message, unless a test says what it answers."""

    url: str = ""
    asked: list[tuple[bytes, str]] = field(default_factory=list)
    answer: Callable[[dict[str, Any]], tuple[int, bytes]] | None = None

    def taken(self) -> list[Message]:
        lines = [line for body, _ in self.asked for line in json.loads(body)["messages"]]
        return [Message(UUID(each["id"]), Medium(each["medium"]), each["to"], each["text"]) for each in lines]

    def reply(self, body: bytes) -> tuple[int, bytes]:
        told = json.loads(body)
        if self.answer is not None:
            return self.answer(told)
        receipts = [{"id": each["id"], "taken": True, "evidence": f"sms:{each['id'][:8]}"} for each in told["messages"]]
        return 200, json.dumps({"receipts": receipts}).encode()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    served = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            served.asked.append((body, self.headers[SIGNATURE_HEADER]))
            status, content = served.reply(body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}/messages"
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Carrier:
    """Somebody who carries messages, what arrived there, and the same one out of order."""

    messenger: Messenger
    arrived: Callable[[], Sequence[Message]]
    broken: Messenger


@pytest.fixture(params=["spool", "gateway"])
def carrier(request: pytest.FixtureRequest, tmp_path: Path, gateway: Gateway) -> Carrier:
    if request.param == "gateway":
        closed = HttpGateway("http://127.0.0.1:9/messages", SECRET)
        return Carrier(HttpGateway(gateway.url, SECRET), gateway.taken, closed)
    spool, in_the_way = FileSpool(tmp_path / "spool", KEYS), tmp_path / "file"
    in_the_way.write_text("not a directory")

    def arrived() -> list[Message]:
        return [each for file in sorted((tmp_path / "spool").iterdir()) for each in spool.read(file.name)]

    return Carrier(spool, arrived, FileSpool(in_the_way, KEYS))


async def test_every_message_that_is_taken_has_evidence_of_its_own_delivery(carrier: Carrier) -> None:
    messages = [a_message(), a_message(Medium.LETTER)]
    receipts = await carrier.messenger.send(messages)
    assert receipts.keys() == {each.message_id for each in messages}
    assert all(each.taken and each.evidence for each in receipts.values())
    assert list(carrier.arrived()) == messages


async def test_what_is_sent_again_keeps_its_id_by_which_it_is_delivered_once(carrier: Carrier) -> None:
    message = a_message()
    await carrier.messenger.send([message])
    await carrier.messenger.send([message])
    assert {each.message_id for each in carrier.arrived()} == {message.message_id}


async def test_what_nobody_takes_has_no_receipt_and_waits(carrier: Carrier) -> None:
    assert await carrier.broken.send([a_message()]) == {}


async def test_nothing_to_send_asks_nobody(carrier: Carrier) -> None:
    assert await carrier.messenger.send([]) == {}
    assert await carrier.broken.send([]) == {}


def test_neither_recipient_nor_text_is_shown() -> None:
    assert "14312341234" not in repr(a_message())
    assert "补贴" not in repr(a_message())


async def test_the_gateway_can_tell_who_asks(gateway: Gateway) -> None:
    await HttpGateway(gateway.url, SECRET).send([a_message()])
    ((body, signed),) = gateway.asked
    assert signed == signature(body, SECRET) != signature(body, SecretStr("另一把"))


async def test_what_the_gateway_refuses_is_refused_with_its_words(gateway: Gateway) -> None:
    message = a_message()
    told = {"receipts": [{"id": str(message.message_id), "taken": False, "evidence": "空号"}]}
    gateway.answer = lambda _: (200, json.dumps(told).encode())
    receipt = (await HttpGateway(gateway.url, SECRET).send([message]))[message.message_id]
    assert (receipt.taken, receipt.evidence) == (False, "空号")


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (503, b""),
        (400, b"{}"),
        (302, b""),
        (200, b"ok"),
        (200, b'{"receipts": [{"id": "1", "taken": true, "evidence": "x"}]}'),
        (200, b'{"receipts": [{"id": "019a0000-0000-7000-8000-000000000000", "taken": true, "evidence": "x"}]}'),
        (200, b'{"receipts": []}'),
    ],
    ids=["overloaded", "refused", "sent elsewhere", "no JSON", "no id", "an id nobody asked for", "silent"],
)
async def test_an_answer_that_proves_nothing_leaves_the_message_waiting(
    gateway: Gateway, status: int, content: bytes
) -> None:
    gateway.answer = lambda _: (status, content)
    assert await HttpGateway(gateway.url, SECRET).send([a_message()]) == {}


async def test_each_medium_goes_to_whoever_carries_it_and_one_who_is_away_stops_only_their_own(
    gateway: Gateway, tmp_path: Path
) -> None:
    sms, letter = a_message(), a_message(Medium.LETTER)
    spool = FileSpool(tmp_path / "spool", KEYS)
    both = ByMedium({Medium.SMS: HttpGateway(gateway.url, SECRET), Medium.LETTER: spool})
    assert (await both.send([sms, letter])).keys() == {sms.message_id, letter.message_id}
    assert gateway.taken() == [sms]
    gateway.answer = lambda _: (503, b"")
    assert (await both.send([sms, letter])).keys() == {letter.message_id}


def test_messages_are_spooled_unless_a_gateway_is_named_whole(tmp_path: Path) -> None:
    spooled = settings_of("registry", tmp_path)
    assert isinstance(spooled, MessageSettings)
    assert isinstance(spooled.messenger(KEYS), FileSpool)
    url = "https://sms.example.gov.cn/messages"
    named = settings_of("registry", tmp_path, message_gateway_url=url, message_gateway_secret="x")
    assert isinstance(named, MessageSettings)
    assert isinstance(named.messenger(KEYS), ByMedium)
    for half in ({"message_gateway_url": url}, {"message_gateway_secret": "x"}):
        with pytest.raises(ValueError, match="together"):
            settings_of("registry", tmp_path, **half)
    with pytest.raises(ValueError, match="absolute"):
        settings_of("registry", tmp_path, message_gateway_url="sms", message_gateway_secret="x")

"""NATS JetStream, and the only import of it.

The broker is a fast path, never the truth: whatever it loses, repeats or reorders is mended from the journal.
Streams and durables are created whenever they are found missing.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, Self
from uuid import uuid4

import httpx
import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import AuthorizationError, NoRespondersError
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from pydantic import ValidationError

from shared.contracts.event import Envelope, EnvelopeUnreadable, EventTypeUnknown, decode
from shared.kit.nkeys import Nkey
from shared.kit.outbound import http_client

_log: Final = structlog.get_logger(__name__)

BATCH_MAX: Final = 1_000
SINGLES_MAX: Final = 4
REQUEST_TIMEOUT_SECONDS: Final = 5.0
LOOK_BACK: Final = 100
STREAM_DAYS: Final = 7
STREAM_BYTES_MAX: Final = 8 * 1024**3
DUPLICATE_WINDOW_SECONDS: Final = 5
"""Long enough for a dead relay's successor to repeat its last batch. The broker keeps 200 bytes in memory for every
message of this time (with 30 seconds its collector ran half of the time at 4,000 events a second); a repeat that comes
later is dropped by the consumers' cursors."""
ACK_WAIT_SECONDS: Final = 10
PULL_BATCH: Final = 1_000
ARRIVING_MAX: Final = 32
"""Messages read in one piece, a millisecond's work."""
PULL_EXPIRES_SECONDS: Final = 5.0
ACK_PENDING_MAX: Final = 8_000
CONNECT_SECONDS: Final = 2.0
DEFAULT_INBOX: Final = "_INBOX"
GATHER_SECONDS: Final = 0.01
_SECOND_NS: Final = 1_000_000_000
_ACK_WORDS: Final = 9
_NOT_FOUND: Final = frozenset({10014, 10059})
_PLAIN_HEADERS: Final = b"NATS/1.0\r\n"


class BusUnavailable(Exception):
    """The broker did not answer, or answered that it cannot serve now. Trying again is right."""


class StreamMissing(BusUnavailable):
    """The stream or durable is not there (a wiped or new broker): create it and go on."""


class BatchRefused(Exception):
    """The broker refused a whole atomic batch (one duplicate id, abandoned batches, size): publish singly."""


class BrokerNotDurable(Exception):
    """``sync_interval: always`` is off or unreadable: acknowledged messages could be lost in a power cut."""


@dataclass(slots=True)
class Delivery:
    """One message as it arrived: the raw body and where to acknowledge it."""

    body: bytes
    reply: str
    subject: str
    _read: Envelope | None = field(default=None, init=False, repr=False, compare=False)

    def envelope(self) -> Envelope:
        """What the body says, read once. Raises `EnvelopeUnreadable`."""
        if self._read is None:
            self._read = Envelope.from_json(self.body)
        return self._read


@dataclass(frozen=True, slots=True)
class Stored:
    """One message as the stream keeps it."""

    sequence: int
    body: bytes


class Message(Protocol):
    """An event ready to be published; its id is what the broker knows a repeat by."""

    @property
    def event_id(self) -> object:
        """Unique among all events."""

    @property
    def subject(self) -> str:
        """Where it is published."""

    def to_json(self) -> bytes:
        """The bytes that go on the wire."""


class BrokerClient(Client):
    """A client with an nkey of ours (the library's own way needs a package that comes without a wheel), and in a hurry.

    The library looks at each word of each header with Python's own speed, and writes message by message.
    """

    def __init__(self, nkey: Nkey | None) -> None:
        super().__init__()
        self._public_nkey = None if nkey is None else nkey.public

    async def send(self, commands: Iterable[bytes]) -> None:
        """Hand the broker commands of its protocol in one piece. Raises `ConnectionError` without a connection."""
        if not self.is_connected:
            message = "not connected"
            raise ConnectionError(message)
        await self._send_command(b"".join(commands))
        await self._flush_pending()

    async def _process_headers(self, headers: bytes) -> dict[str, str] | None:
        """Of what comes in only the broker's own status lines matter to us."""
        if not headers or headers.startswith(_PLAIN_HEADERS):
            return None
        return await super()._process_headers(headers)


async def _note(error: Exception) -> None:
    """Connection errors show as metrics and readiness; what the broker forbids us is a fault somebody has to see."""
    if "permissions violation" in str(error).lower() or isinstance(error, AuthorizationError):
        _log.error("bus.forbidden", reason=str(error)[:300])


class Bus:
    """A connection to the broker that reconnects for ever."""

    def __init__(self, client: BrokerClient, *, replicas: int = 1) -> None:
        self._client = client
        self._replicas = replicas

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        name: str,
        user: str | None = None,
        password: str | None = None,
        nkey_seed: str | None = None,
        inbox: str = DEFAULT_INBOX,
        replicas: int = 1,
    ) -> Self:
        """Connect, waiting at most two seconds for the first answer; `BusUnavailable` when there is none.

        ``nkey_seed`` goes before user and password. ``inbox``: the prefix of subjects answers arrive on, the only
        ones a service may listen to. ``replicas`` of streams that have to be created.
        """
        nkey = None if nkey_seed is None else Nkey(nkey_seed)
        client = BrokerClient(nkey)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):  # the library itself would try for ever
                await client.connect(
                    url,
                    name=name,
                    user=user,
                    password=password,
                    signature_cb=None if nkey is None else nkey.sign,
                    inbox_prefix=inbox,
                    connect_timeout=2,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.2,  # type: ignore[arg-type]  # annotated as int, given to sleep
                    ping_interval=5,
                    max_outstanding_pings=2,
                    allow_reconnect=True,
                    error_cb=_note,
                    pending_size=64 * 1024 * 1024,
                )
        except (NatsError, OSError, TimeoutError) as error:
            await Bus(client).close()
            raise BusUnavailable(f"{type(error).__name__} {error}".strip()) from error
        return cls(client, replicas=replicas)

    @property
    def connected(self) -> bool:
        """Whether the connection stands right now."""
        return self._client.is_connected

    async def close(self) -> None:
        """Close without waiting for a broker that may be gone."""
        with contextlib.suppress(NatsError, OSError, TimeoutError):
            await asyncio.wait_for(self._client.close(), 2)

    async def ensure_stream(self, stream: str, *, kept_days: int = STREAM_DAYS, reshape: bool = False) -> None:
        """Create the stream of a publisher when it is missing.

        ``reshape`` also brings an existing one to these settings. That is the operator's: whoever may change a
        stream could let it copy what others publish, or say things in their name.
        """
        config = {
            "name": stream,
            "subjects": [f"{stream.lower()}.>"],
            "retention": "limits",
            "storage": "file",
            "max_age": kept_days * 24 * 3600 * _SECOND_NS,
            "max_bytes": STREAM_BYTES_MAX,
            "discard": "old",
            "num_replicas": self._replicas,
            "duplicate_window": DUPLICATE_WINDOW_SECONDS * _SECOND_NS,
            "allow_atomic": True,
        }
        answer = await self._api(f"STREAM.INFO.{stream}")
        if "error" not in answer:
            current = answer["config"]
            # More replicas than we ask for are the operator's choice.
            config["num_replicas"] = max(self._replicas, current["num_replicas"])
            differing = sorted(key for key, value in config.items() if current.get(key) != value)
            if differing and not reshape:
                _log.warning("bus.stream_differs", stream=stream, settings=differing)
            if not differing or not reshape:
                return
            answer = await self._api(f"STREAM.UPDATE.{stream}", config)
        else:
            answer = await self._api(f"STREAM.CREATE.{stream}", config)
        if "error" in answer:
            raise BusUnavailable(str(answer["error"]))

    async def last(self, stream: str) -> Envelope | None:
        """The newest readable event of a stream, None when it is empty or missing.

        Deleted and foreign messages at the end are passed over, a hundred at most.
        """
        answer = await self._api(f"STREAM.INFO.{stream}")
        if "error" in answer:
            return None
        newest, oldest = answer["state"]["last_seq"], max(answer["state"]["first_seq"], 1)
        for sequence in range(newest, max(oldest, newest - LOOK_BACK) - 1, -1):
            found = await self._api(f"STREAM.MSG.GET.{stream}", {"seq": sequence})
            with contextlib.suppress(EnvelopeUnreadable, KeyError):
                envelope = Envelope.from_json(base64.b64decode(found["message"]["data"]))
                if envelope.service == stream.lower():
                    return envelope
        return None

    async def put(self, subject: str, body: bytes, *, message_id: str) -> None:
        """Publish one message that is no event; returns when it is durable."""
        answer = await self._request(subject, body, {"Nats-Msg-Id": message_id})
        if "error" in answer:
            raise BusUnavailable(str(answer["error"]))

    async def newest(self, stream: str, subject: str) -> Stored | None:
        """The newest message on a subject; None when there is none."""
        return await self._stored(stream, {"last_by_subj": subject})

    async def first_from(self, stream: str, subject: str, sequence: int) -> Stored | None:
        """The first message on a subject at or after a place in the stream; None when there is none."""
        return await self._stored(stream, {"seq": max(sequence, 1), "next_by_subj": subject})

    async def _stored(self, stream: str, which: dict[str, Any]) -> Stored | None:
        found = await self._api(f"STREAM.MSG.GET.{stream}", which)
        if "error" in found:
            return None
        return Stored(sequence=found["message"]["seq"], body=base64.b64decode(found["message"]["data"]))

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish in order and wait for durable acknowledgement.

        More than four go as one atomic batch (≤ 1,000); a refused batch falls back to single messages with the same
        ids, so a repeat is recognised by the broker and again by every consumer's cursor.
        """
        if len(messages) > SINGLES_MAX:
            try:
                await self._publish_batch(messages)
            except BatchRefused:
                pass
            else:
                return
        for message in messages:
            answer = await self._request(message.subject, message.to_json(), {"Nats-Msg-Id": str(message.event_id)})
            if "error" in answer:
                raise BusUnavailable(str(answer["error"]))

    async def _publish_batch(self, messages: Sequence[Message]) -> None:
        """All but the last are sent in one piece; the answer to the last one is the answer to all."""
        batch, count = uuid4().hex, len(messages)
        try:
            await self._client.send(
                _published(message, batch, sequence) for sequence, message in enumerate(messages[:-1], start=1)
            )
        except (NatsError, OSError) as error:
            raise BusUnavailable(str(error)) from error
        last = messages[-1]
        headers = _batch_headers(last, batch, count) | {"Nats-Batch-Commit": "1"}
        answer = await self._request(last.subject, last.to_json(), headers)
        if "error" in answer or answer.get("count") != count:
            raise BatchRefused(str(answer))

    async def subscribe(self, stream: str, durable: str) -> Deliveries:
        """A pull subscription on a durable that starts at what is new: the journal supplies what came before."""
        deliveries = Deliveries(self, stream, durable)
        await deliveries.open()
        return deliveries

    async def ensure_consumer(self, stream: str, durable: str) -> None:
        """Create the durable when it is missing. Raises `StreamMissing` when the stream itself is."""
        answer = await self._api(f"CONSUMER.INFO.{stream}.{durable}")
        if "error" not in answer:
            return
        config = {
            "durable_name": durable,
            "name": durable,
            "ack_policy": "explicit",
            "deliver_policy": "new",
            "ack_wait": ACK_WAIT_SECONDS * _SECOND_NS,
            "max_deliver": -1,
            "max_ack_pending": ACK_PENDING_MAX,
            "replay_policy": "instant",
        }
        answer = await self._api(
            f"CONSUMER.CREATE.{stream}.{durable}", {"stream_name": stream, "config": config, "action": "create"}
        )
        if "error" in answer:
            missing = answer["error"].get("err_code") in _NOT_FOUND
            raise (StreamMissing if missing else BusUnavailable)(str(answer["error"]))

    async def pending(self, stream: str, durable: str) -> int | None:
        """Messages the durable has not delivered yet; None when it is missing."""
        answer = await self._api(f"CONSUMER.INFO.{stream}.{durable}")
        return None if "error" in answer else int(answer["num_pending"])

    async def _api(self, verb: str, body: object = None) -> dict[str, Any]:
        payload = b"" if body is None else orjson.dumps(body)
        return await self._request(f"$JS.API.{verb}", payload, None)

    async def _request(self, subject: str, payload: bytes, headers: dict[str, str] | None) -> dict[str, Any]:
        if not self._client.is_connected:
            # nats-py would keep the request for later and let us wait for the whole time-out.
            raise BusUnavailable(f"not connected, {subject}")
        try:
            reply = await self._client.request(
                subject, payload, timeout=REQUEST_TIMEOUT_SECONDS, headers=dict(headers) if headers else None
            )
        except NoRespondersError as error:
            raise StreamMissing(subject) from error
        except (NatsError, OSError, TimeoutError) as error:
            raise BusUnavailable(f"{type(error).__name__} on {subject}") from error
        answer = orjson.loads(reply.data)
        assert isinstance(answer, dict)
        return answer


class Deliveries:
    """Messages of one durable, as they come.

    nats-py's ``fetch`` waits for a full batch or its time-out; a cancellation must not wait, so pull requests are
    kept open here and whatever has arrived is handed out at once.
    """

    def __init__(self, bus: Bus, stream: str, durable: str) -> None:
        self._bus = bus
        self._client = bus._client  # noqa: SLF001 - two classes, one module, one connection
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._stream, self._durable = stream, durable
        self._inbox = self._client.new_inbox()
        self._arrived: list[Delivery] = []
        self._signal = asyncio.Event()
        self._outstanding = 0
        self._requested_at = 0.0
        self._requested_on = 0
        self._missing = False
        self._more_coming = False

    async def open(self) -> None:
        """Make sure the durable exists and listen."""
        await self._bus.ensure_consumer(self._stream, self._durable)
        self._subscription = await self._client.subscribe(self._inbox, cb=self._arrive)

    async def close(self) -> None:
        """Stop listening; what was not acknowledged is delivered again."""
        with contextlib.suppress(NatsError, OSError):
            await self._subscription.unsubscribe()

    async def _arrive(self, message: Msg) -> None:
        status = (message.headers or {}).get("Status") if not message.data else None
        if status is None:
            self._outstanding -= 1
            self._more_coming = _others_follow(message.reply)
            delivery = Delivery(body=message.data, reply=message.reply, subject=message.subject)
            self._arrived.append(delivery)
            with contextlib.suppress(EnvelopeUnreadable, EventTypeUnknown, ValidationError):
                decode(delivery.envelope())  # now, while the database is busy with those before it
        else:
            # 404/408: the request ended. 409 may say the consumer was deleted, 503 that nobody serves it.
            self._outstanding = 0
            self._more_coming = False
            self._missing = status in {"503", "409"}
        self._signal.set()
        if len(self._arrived) % ARRIVING_MAX == 0:
            await asyncio.sleep(0)  # what has waited for the database goes on before the rest of a burst is read

    async def receive(self, *, limit: int, timeout_seconds: float) -> list[Delivery]:
        """At least one message, or an empty list after ``timeout_seconds``.

        A lone message is handed out at once; while the broker says that more are pending, a moment is spent to take
        them together, because a transaction costs the same for one event as for hundreds.
        Raises `BusUnavailable` when the connection is down and `StreamMissing` when the durable is gone.
        """
        if not self._arrived:
            await self._wait(timeout_seconds)
        gathering_until = asyncio.get_running_loop().time() + GATHER_SECONDS
        while self._more_coming and 0 < len(self._arrived) < limit:
            left = gathering_until - asyncio.get_running_loop().time()
            if left <= 0:
                break
            await self._wait(left)
        if self._missing and not self._arrived:
            self._missing = False
            raise StreamMissing(self._durable)
        taken, self._arrived = self._arrived[:limit], self._arrived[limit:]
        if self._more_coming and len(self._arrived) < limit:
            await self._ask()  # they travel while these are worked on
        return taken

    async def _wait(self, seconds: float) -> None:
        self._signal.clear()
        await self._ask()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._signal.wait()

    async def _ask(self) -> None:
        now = asyncio.get_running_loop().time()
        connection = self._client.stats["reconnects"]
        open_here = self._outstanding > 0 and connection == self._requested_on  # a restarted broker forgot it
        if open_here and now - self._requested_at < PULL_EXPIRES_SECONDS:
            return
        if not self._client.is_connected:
            message = "not connected"
            raise BusUnavailable(message)
        request = {"batch": PULL_BATCH, "expires": int(PULL_EXPIRES_SECONDS * _SECOND_NS)}
        try:
            await self._client.publish(self._next, orjson.dumps(request), reply=self._inbox)
        except (NatsError, OSError) as error:
            raise BusUnavailable(str(error)) from error
        self._outstanding, self._requested_at, self._requested_on = PULL_BATCH, now, connection

    async def arrival(self) -> None:
        """Until something arrives. Raises `BusUnavailable` when the connection is down."""
        await self._ask()
        await self._signal.wait()

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Explicit acknowledgement, after commit. A lost one only causes a repeat, which the cursor drops."""
        await self._answer(deliveries, b"+ACK")

    async def in_progress(self, deliveries: Sequence[Delivery]) -> None:
        """Ask for more time before the broker delivers again."""
        await self._answer(deliveries, b"+WPI")

    async def _answer(self, deliveries: Sequence[Delivery], word: bytes) -> None:
        with contextlib.suppress(NatsError, OSError, NatsTimeout):
            await self._client.send(
                b"PUB %b %d\r\n%b\r\n" % (delivery.reply.encode(), len(word), word) for delivery in deliveries
            )


def _batch_headers(message: Message, batch: str, sequence: int) -> dict[str, str]:
    return {
        "Nats-Msg-Id": str(message.event_id),
        "Nats-Batch-Id": batch,
        "Nats-Batch-Sequence": str(sequence),
    }


def _published(message: Message, batch: str, sequence: int) -> bytes:
    """The command that publishes a message of a batch."""
    told = "".join(f"{name}: {value}\r\n" for name, value in _batch_headers(message, batch, sequence).items())
    headers = b"%b%b\r\n" % (_PLAIN_HEADERS, told.encode())
    body = message.to_json()
    sizes = (len(headers), len(headers) + len(body))
    return b"HPUB %b %d %d\r\n%b%b\r\n" % (message.subject.encode(), *sizes, headers, body)


def _others_follow(reply: str) -> bool:
    """Whether the broker has more for us behind this message: ``$JS.ACK.<stream>.<consumer>.….<pending>``."""
    words = reply.split(".")
    return len(words) >= _ACK_WORDS and words[8 if len(words) == _ACK_WORDS else 10] != "0"


async def require_durable_broker(monitor_url: str) -> None:
    """Raise `BrokerNotDurable` unless the broker says ``sync_always`` (``/jsz?config=true``).

    A broker that is down says nothing either way: that is `BusUnavailable`, to be asked again.
    """
    try:
        async with http_client(monitor_url) as client:
            answer = (await client.get(f"{monitor_url}/jsz", params={"config": "true"})).json()
    except httpx.TransportError as error:
        raise BusUnavailable(f"{monitor_url}: {error}") from error
    except (httpx.HTTPError, ValueError) as error:
        message = f"cannot read sync_always from {monitor_url}/jsz: {error}"
        raise BrokerNotDurable(message) from error
    if answer.get("config", {}).get("sync_always") is not True:
        message = "jetstream.sync_interval is not 'always'"
        raise BrokerNotDurable(message)

"""The broker behind the product's back: read, repeat, delete and forge messages of a stream."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import nats
import orjson
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from deploy.local.stack import Stack

STREAM: Final = "REGISTRY"
CANCELLED: Final = "registry.certificate.cancelled.v1.341502"


@dataclass(frozen=True, slots=True)
class Stream:
    """The registry's stream, as whoever may write to the broker sees it."""

    jetstream: JetStreamContext

    async def messages(self) -> list[RawStreamMsg]:
        """Everything in it, in order."""
        state = (await self.jetstream.stream_info(STREAM)).state
        found: list[RawStreamMsg] = []
        for sequence in range(state.first_seq, state.last_seq + 1):
            with suppress(NotFoundError):  # deleted
                found.append(await self.jetstream.get_msg(STREAM, seq=sequence))
        return found

    async def repeat(self, messages: Sequence[RawStreamMsg], *, shuffled: bool = False) -> None:
        """Publish again under other message ids, so that the broker does not recognise them."""
        order = random.sample(messages, len(messages)) if shuffled else messages
        for message in order:
            assert message.subject is not None
            await self.jetstream.publish(message.subject, message.data or b"", headers={"Nats-Msg-Id": uuid4().hex})

    async def delete_last(self) -> None:
        """The newest message disappears."""
        await self.jetstream.delete_msg(STREAM, (await self.jetstream.stream_info(STREAM)).state.last_seq)

    async def forge(self, body: bytes | dict[str, Any]) -> None:
        """Publish something that no relay wrote."""
        await self.jetstream.publish(CANCELLED, body if isinstance(body, bytes) else orjson.dumps(body))


@asynccontextmanager
async def stream_of(stack: Stack) -> AsyncIterator[Stream]:
    """A connection of our own."""
    client = await nats.connect(stack.nats.admin_url, allow_reconnect=False)
    try:
        yield Stream(client.jetstream(timeout=10))
    finally:
        await client.close()

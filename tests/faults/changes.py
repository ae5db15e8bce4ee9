"""What a test's process does otherwise than the product: wait at steps, bend the wire, or go without a defence.

Each function changes classes of the product in this process only, before its ordinary `main` runs.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar
from uuid import uuid4

from shared.contracts.event import Envelope
from shared.kit.anti_entropy import AntiEntropy
from shared.kit.bus import BrokerClient, Bus, Deliveries, Delivery, Message
from shared.kit.consumer import Consumer
from shared.kit.journal import Outgoing
from shared.kit.journal_client import JournalClient, JournalPage
from shared.kit.relay import Relay
from shared.kit.work import UnitOfWork, Works
from tests.faults.steps import Control, Step, Wire

HALF_A_BATCH: Final = b"\r\nNats-Batch-Sequence: 3\r\n"

T = TypeVar("T")


def api_steps(control: Control) -> None:
    """Wait around the append and the COMMIT of a request that announces something."""
    _around_commit(control, append=Step.API_APPEND, commit=Step.API_COMMIT, committed=Step.API_ANSWER)


def relay_steps(control: Control) -> None:
    """Wait around everything the relay does."""
    read, publish, advance, send = Relay.read, Bus.publish, Relay.advance, BrokerClient.send

    async def stepped_read(self: Relay) -> Sequence[Outgoing]:
        await control.reach(Step.RELAY_READ)
        return await read(self)

    async def stepped_publish(self: Bus, messages: Sequence[Message]) -> None:
        await control.reach(Step.RELAY_PUBLISH)
        await _bent(control.wire(), publish, self, messages)
        await control.reach(Step.RELAY_PUBLISHED)

    async def stepped_advance(self: Relay, position: int) -> None:
        await advance(self, position)
        await control.reach(Step.RELAY_ADVANCED)

    async def stepped_send(self: BrokerClient, commands: Iterable[bytes]) -> None:
        pieces = list(commands)
        half = next((place for place, piece in enumerate(pieces) if HALF_A_BATCH in piece), 0)
        if half:
            await send(self, pieces[:half])
            await control.reach(Step.RELAY_BATCH)
        await send(self, pieces[half:])

    Relay.read, Bus.publish, Relay.advance = stepped_read, stepped_publish, stepped_advance  # type: ignore[method-assign]
    BrokerClient.send = stepped_send  # type: ignore[method-assign]


def consumer_steps(control: Control) -> None:
    """Wait around everything the consumer does."""
    take, transact, acknowledge, page = Consumer.take, Consumer.transact, Deliveries.acknowledge, JournalClient.page
    _around_commit(control, append=None, commit=Step.CONSUMER_COMMIT, committed=None)

    async def stepped_take(self: Consumer[Any], batch: Sequence[Delivery]) -> None:
        await control.reach(Step.CONSUMER_TAKE)
        await take(self, batch)

    async def stepped_transact(self: Consumer[Any], run: Sequence[Envelope]) -> None:
        await control.reach(Step.CONSUMER_TRANSACT)
        await transact(self, run)
        await control.reach(Step.CONSUMER_COMMITTED)

    async def stepped_acknowledge(self: Deliveries, deliveries: Sequence[Delivery]) -> None:
        await acknowledge(self, deliveries)
        await control.reach(Step.CONSUMER_ACKNOWLEDGED)

    async def stepped_page(self: JournalClient, **question: Any) -> JournalPage:
        answer = await page(self, **question)
        if answer.envelopes:
            await control.reach(Step.CONSUMER_CATCH_UP)
        return answer

    Consumer.take, Consumer.transact = stepped_take, stepped_transact  # type: ignore[method-assign]
    Deliveries.acknowledge, JournalClient.page = stepped_acknowledge, stepped_page  # type: ignore[method-assign]


def _around_commit(control: Control, *, append: Step | None, commit: Step, committed: Step | None) -> None:
    """Wait in units of work that announce something."""
    flush, begin = UnitOfWork.flush, Works.begin

    async def stepped_flush(self: UnitOfWork, meanwhile: Callable[[], T]) -> T:
        announces = bool(self.announced)
        if announces and append is not None:
            await control.reach(append)
        ready = await flush(self, meanwhile)
        if announces:
            await control.reach(commit)
        return ready

    @asynccontextmanager
    async def stepped_begin(self: Works[Any], **options: Any) -> AsyncIterator[Any]:
        announces = False
        async with begin(self, **options) as work:
            yield work
            announces = bool(work.announced)
        if announces and committed is not None:
            await control.reach(committed)

    UnitOfWork.flush, Works.begin = stepped_flush, stepped_begin  # type: ignore[method-assign]


async def _bent(
    wire: Wire | None,
    publish: Callable[[Bus, Sequence[Message]], Awaitable[None]],
    bus: Bus,
    messages: Sequence[Message],
) -> None:
    match wire:
        case None:
            await publish(bus, messages)
        case Wire.DROP:
            pass
        case Wire.DROP_LAST:
            await publish(bus, messages[:-1])
        case Wire.DROP_MIDDLE:
            middle = len(messages) // 2
            await publish(bus, [*messages[:middle], *messages[middle + 1 :]])
        case Wire.SHUFFLE:
            await publish(bus, random.sample(messages, len(messages)))
        case Wire.REPEAT:
            await publish(bus, messages)
            for message in messages:
                # Another message id: the broker cannot know that it has it.
                await bus._client.request(message.subject, message.to_json(), headers={"Nats-Msg-Id": uuid4().hex})


# --- defences switched off -------------------------------------------------------------------------------------------


def no_cursor_check(_: Control) -> None:
    """The consumer applies whatever arrives, in the order in which it arrives, and believes that nothing is missing."""

    async def take(self: Consumer[Any], batch: Sequence[Delivery]) -> None:
        for envelope in await self._readable(batch):
            await self._settle([envelope])

    def unseen(self: Consumer[Any], run: Sequence[Envelope], stored: tuple[int, int]) -> Sequence[Envelope]:
        return run

    Consumer.take, Consumer.unseen = take, unseen  # type: ignore[method-assign]


def no_catch_up(_: Control) -> None:
    """The consumer reads the journal when it meets a publisher for the first time, and never again."""
    take_over = Consumer._take_over

    async def first_only(self: Consumer[Any], page: JournalPage) -> bool:
        return self.position == 0 and await take_over(self, page)

    Consumer._take_over = first_only  # type: ignore[method-assign]


def no_anti_entropy(_: Control) -> None:
    """Copies are never compared."""

    async def nothing(self: AntiEntropy[Any]) -> int:
        return 0

    AntiEntropy.round = nothing  # type: ignore[method-assign]


CHANGES: Final[dict[str, Callable[[Control], None]]] = {
    change.__name__: change
    for change in (api_steps, relay_steps, consumer_steps, no_cursor_check, no_catch_up, no_anti_entropy)
}

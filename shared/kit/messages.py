"""Messages to people: a port that answers with evidence, and a spool that keeps them, encrypted, for a gateway.

A service decides whom to tell what and keeps the receipt beside the reason. What nobody answered for waits and is sent
again with the same id, by which whoever carries it delivers it once. `carry` is that round, for every service.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, TypeVar
from uuid import UUID

import orjson
import structlog
from uuid_utils.compat import uuid7

from shared.kit.crypto import Cipher, Keys
from shared.kit.work import UnitOfWork, Works

SPOOL: Final = b"message.spool"
MESSAGES_MAX: Final = 1_000
"""Of one call."""

log = structlog.get_logger()


class Medium(StrEnum):
    """How somebody is told."""

    SMS = "SMS"
    LETTER = "LETTER"
    IN_APP = "IN_APP"


@dataclass(frozen=True, slots=True)
class Message:
    """``recipient``: a telephone, an address, or for IN_APP the person's id. Never shown or logged, nor the text."""

    message_id: UUID
    medium: Medium
    recipient: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Whether somebody took the message, and what they say about it: evidence, or the reason why not."""

    taken: bool
    evidence: str


NOWHERE: Final = Receipt(taken=False, evidence="nowhere to send it")


class Messenger(Protocol):
    """Whoever carries messages."""

    async def send(self, messages: Sequence[Message]) -> Mapping[UUID, Receipt]:
        """A receipt for every message that was taken or refused. The others wait and are sent again with their ids."""


class FileSpool:
    """Keeps each batch as one encrypted file, named by time; a gateway's process reads and removes it."""

    def __init__(self, directory: Path, keys: Keys) -> None:
        self._directory = directory
        self._cipher = Cipher(keys)

    async def send(self, messages: Sequence[Message]) -> Mapping[UUID, Receipt]:
        """Durable when it returns; the evidence names the file and what it contained."""
        if not messages:
            return {}
        name = f"{uuid7()}.spool"
        try:
            digest = await asyncio.to_thread(self._write, name, messages)
        except OSError as error:
            log.warning("messages.postponed", reason=type(error).__name__, messages=len(messages))
            return {}
        return {each.message_id: Receipt(taken=True, evidence=f"spool:{name}:{digest}") for each in messages}

    def _write(self, name: str, messages: Sequence[Message]) -> str:
        content = orjson.dumps([line_of(each) for each in messages])
        sealed = self._cipher.encrypt(content, context=SPOOL, row=name.encode())
        self._directory.mkdir(parents=True, exist_ok=True)
        arriving = self._directory / f"{name}.arriving"
        with arriving.open("wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        arriving.rename(self._directory / name)
        return hashlib.sha256(sealed).hexdigest()[:16]

    def read(self, name: str) -> list[Message]:
        """What a batch contains, for whoever carries it on."""
        sealed = (self._directory / name).read_bytes()
        lines = orjson.loads(self._cipher.decrypt(sealed, context=SPOOL, row=name.encode()))
        return [Message(UUID(each["id"]), Medium(each["medium"]), each["to"], each["text"]) for each in lines]


def line_of(message: Message) -> dict[str, str]:
    """A message as the spool and a gateway are given it."""
    return {
        "id": str(message.message_id),
        "medium": message.medium,
        "to": message.recipient,
        "text": message.text,
    }


class Waiting(Protocol):
    """Something that waits to be told to somebody; without a message there is nowhere to send it."""

    @property
    def message(self) -> Message | None:
        """What is sent; the same id however often."""


T = TypeVar("T", bound=Waiting)
W = TypeVar("W", bound=UnitOfWork)


async def carry(
    works: Works[W],
    messenger: Messenger,
    *,
    waiting: Callable[[W], Awaitable[Sequence[T]]],
    record: Callable[[W, Sequence[tuple[T, Receipt]]], Awaitable[object]],
) -> int:
    """Send what waits until nothing does, or nobody takes it; how many were answered for.

    ``waiting`` loads at most `MESSAGES_MAX`, ``record`` keeps receipts and leaves alone what waits no more: no
    transaction stands still while a gateway thinks. A crash between the two sends the same ids again.
    """
    answered = 0
    while True:
        async with works.begin() as work:
            found = await waiting(work)
        if not found:
            return answered
        receipts = await messenger.send([each.message for each in found if each.message is not None])
        told = [(each, NOWHERE if each.message is None else receipts.get(each.message.message_id)) for each in found]
        known = [(each, receipt) for each, receipt in told if receipt is not None]
        if not known:
            return answered
        async with works.begin() as work:
            await record(work, known)
        answered += len(known)
